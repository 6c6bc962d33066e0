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

// TestStarHasNoWarning keeps the shipped models free of them.
func TestStarHasNoWarning(t *testing.T) {
	graph, _ := star(t)
	for _, w := range graph.Warnings() {
		t.Error(w.Err)
	}
}
