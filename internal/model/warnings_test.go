package model_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// graphOf is the graph of models, each a name and a text, over a migration's tables.
func graphOf(t *testing.T, migration string, texts ...[2]string) (*model.Graph, error) {
	t.Helper()
	file, err := sqlfile.Parse("00001_x.sql", "-- +goose Up\n"+migration)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schema.FromMigrations([]*sqlfile.File{file}, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	var models []*model.Model
	for i, text := range texts {
		step := fmt.Sprintf("%d_%s", 100+i, text[0])
		file, err := sqlfile.Parse(step+".sql", text[1])
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Parse(file, text[0], step, sqlfile.Postgres)
		if err != nil {
			return nil, err
		}
		models = append(models, m)
	}
	return model.New(models, tables, nil, sqlfile.Postgres)
}

func TestWarnings(t *testing.T) {
	const tables = `
CREATE TABLE s_sale (id INTEGER, shop INTEGER, price DOUBLE PRECISION, amount NUMERIC(10, 2), processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_shop (shop INTEGER PRIMARY KEY, a DOUBLE PRECISION);`
	const head = "-- d_shop: one row per shop\n-- key: shop\n-- from: sale by shop\n"
	sale := [2]string{
		"sale",
		"-- sale: a sale\n-- from: s_sale\nSELECT id, shop, price * 2 AS price, amount FROM s_sale;",
	}
	for _, c := range []struct{ body, want string }{
		{"SELECT shop, SUM(price) AS a FROM sale GROUP BY shop;", "float-sum 4:14"},
		{"SELECT shop, avg(COALESCE(price, 0)) AS a FROM sale GROUP BY shop;", "float-sum 4:14"},
		{"SELECT shop, SUM(CAST(amount AS DOUBLE PRECISION)) AS a FROM sale GROUP BY shop;", "float-sum 4:14"},
		{"SELECT shop, SUM(p) AS a FROM (SELECT shop, price AS p FROM sale) AS x GROUP BY shop;", "float-sum 4:14"},
		{
			"WITH x AS (SELECT shop, SUM(price) AS p FROM sale GROUP BY shop) SELECT shop, p AS a FROM x;",
			"float-sum 4:25",
		},
		{"SELECT shop, SUM(amount) AS a FROM sale GROUP BY shop;", ""},
		{"SELECT shop, SUM(CAST(price AS NUMERIC(10, 2))) AS a FROM sale GROUP BY shop;", ""},
		{"SELECT shop, COUNT(price) AS a FROM sale GROUP BY shop;", ""},
		{"SELECT shop, MAX(price) AS a FROM sale GROUP BY shop;", ""},
		{"SELECT shop, SUM(LENGTH(CAST(price AS VARCHAR(20)))) AS a FROM sale GROUP BY shop;", ""},
		{
			"SELECT s.shop, MAX(s.id) AS a FROM sale AS s WHERE NOT EXISTS (SELECT 1 FROM sale " +
				"AS o WHERE o.shop = s.shop AND o.id > s.id) GROUP BY s.shop;",
			"correlated-from 4:63",
		},
		{
			"SELECT s.shop, MAX(s.id) AS a FROM sale AS s WHERE s.id IN (SELECT MAX(o.id) FROM " +
				"sale AS o GROUP BY o.shop) GROUP BY s.shop;",
			"",
		},
	} {
		graph, err := graphOf(t, tables, sale, [2]string{"d_shop", head + c.body})
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		got := ""
		for _, w := range graph.Warnings() {
			got += fmt.Sprintf("%s %d:%d", w.Rule, w.Err.Line, w.Err.Column)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.body, diff)
		}
	}
}

// TestAverages: what surely is a whole number is told, in a model and in other statements.
func TestAverages(t *testing.T) {
	const tables = `
CREATE TABLE s_sale (id INTEGER, shop INTEGER, price NUMERIC(10, 2), seconds DOUBLE PRECISION,
    processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_shop (shop INTEGER PRIMARY KEY, pieces BIGINT, name VARCHAR(20));`
	sale := [2]string{
		"sale",
		"-- sale: a sale\n-- from: s_sale\nSELECT id, shop, price, seconds, " +
			"CASE WHEN price > 1.5 THEN 1 ELSE 0 END AS dear FROM s_sale;",
	}
	graph, err := graphOf(t, tables, sale)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		average string
		told    bool
	}{
		{"AVG(s.id)", true},
		{"avg(DISTINCT id)", true},
		{"AVG(id + 1)", true},
		{"AVG(s.dear)", true},
		{"AVG(CASE WHEN s.price > 1.5 THEN 1 END)", true},
		{"AVG(CASE WHEN s.price > 1.5 THEN id ELSE CASE s.shop WHEN 7.5 THEN NULL ELSE 0 END END)", true},
		{"AVG(COALESCE(id, 0))", true},
		{"AVG(CAST(price AS INTEGER))", true},
		{"AVG(CAST(price\nAS integer ))", true},
		{"AVG(LENGTH(CAST(price AS VARCHAR(20))))", true},
		{"ROUND(1.0 * AVG(id), 2)", true},
		{"AVG(h.pieces)", true},
		{"AVG(x.n)", true},
		{"AVG(s.price)", false},
		{"AVG(s.seconds)", false},
		{"AVG(id + 1.0)", false},
		{"AVG(1.0 * id)", false},
		{"AVG(CAST(id AS NUMERIC(18, 4)))", false},
		{"AVG(CASE WHEN s.id = 1 THEN 0.5 ELSE 1 END)", false},
		{"AVG(CASE WHEN s.id = 1 THEN s.price ELSE 1 END)", false},
		{"AVG(COALESCE(s.price, 0))", false},
		{"AVG(no_such_function(id))", false},
		{"AVG((SELECT MAX(shop) FROM d_shop))", false},
		{"AVG(NULL)", false},
		{"SUM(s.id)", false},
	} {
		file, err := sqlfile.Parse("x.sql", "SELECT "+c.average+" FROM sale AS s "+
			"INNER JOIN d_shop AS h ON h.shop = s.shop "+
			"INNER JOIN (SELECT shop AS k, COUNT(*) AS n FROM sale GROUP BY shop) AS x ON x.k = s.shop;")
		if err != nil {
			t.Fatal(err)
		}
		got := graph.Averages(file.Statements(sqlfile.Postgres)[0])
		if (len(got) == 1) != c.told || len(got) > 1 {
			t.Errorf("%s: got %v, want it told: %t", c.average, got, c.told)
		}
	}
}

// TestStarHasNoWarning keeps the shipped models free of them.
func TestStarHasNoWarning(t *testing.T) {
	graph, _ := star(t)
	for _, w := range graph.Warnings() {
		t.Error(w.Err)
	}
	for _, m := range graph.Models {
		for _, statement := range m.File().Statements(graph.Engine) {
			for _, err := range graph.Averages(statement) {
				t.Error(err)
			}
		}
	}
}
