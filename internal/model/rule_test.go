package model_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ruleMigration and ruleModels are a project with a reference of each form: to a key, to a column
// that is no key (a customer has several versions), to two columns, from two columns to one table,
// to itself, to a seed, by a word that SQL reserves.
const ruleMigration = `
CREATE TABLE s_order (order_id INTEGER, line INTEGER, customer_id VARCHAR(20), bill_to INTEGER, ship_to INTEGER,
    country VARCHAR(2), unit VARCHAR(20), product INTEGER, "order" INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_customer (customer_id VARCHAR(20) NOT NULL, since DATE NOT NULL, PRIMARY KEY (customer_id, since));
CREATE TABLE d_address (address_id INTEGER NOT NULL, PRIMARY KEY (address_id));
CREATE TABLE d_product (product INTEGER NOT NULL, unit VARCHAR(20) NOT NULL, PRIMARY KEY (product, unit));
CREATE TABLE country (code VARCHAR(2) NOT NULL, PRIMARY KEY (code));
CREATE TABLE orders (order_id INTEGER NOT NULL, PRIMARY KEY (order_id));
CREATE TABLE f_line (order_id INTEGER NOT NULL, line INTEGER NOT NULL, customer_id VARCHAR(20), bill_to INTEGER,
    ship_to INTEGER, country VARCHAR(2), unit VARCHAR(20), product INTEGER, "order" INTEGER, PRIMARY KEY (order_id, line));
CREATE TABLE d_employee (employee_id INTEGER NOT NULL, boss INTEGER, PRIMARY KEY (employee_id));`

var ruleModels = map[string]string{
	"110_d_customer": "-- d_customer: one row per customer and day of a change.\n-- key: customer_id, since\n" +
		"SELECT DISTINCT RTRIM(customer_id) AS customer_id, DATE '2026-01-01' AS since FROM " +
		"s_order WHERE customer_id IS NOT NULL",
	"120_d_address": "-- d_address: one row per address.\n-- key: address_id\n" +
		"SELECT DISTINCT bill_to AS address_id FROM s_order WHERE bill_to IS NOT NULL",
	"130_d_product": "-- d_product: one row per product and unit.\n-- key: product, unit\n" +
		"SELECT DISTINCT product, RTRIM(unit) AS unit FROM s_order WHERE product IS NOT NULL AND unit IS NOT NULL",
	"140_d_employee": "-- d_employee: one row per employee.\n-- key: employee_id\n-- refers: " +
		"d_employee by boss (warn)\n" +
		"SELECT DISTINCT order_id AS employee_id, line AS boss FROM s_order WHERE order_id IS NOT NULL",
	"150_orders": "-- orders: one row per order, for sums.\n-- key: order_id\n" +
		"SELECT DISTINCT order_id FROM s_order WHERE order_id IS NOT NULL",
	"151_helper": "-- helper: no table has it.\n-- key: order_id\nSELECT DISTINCT order_id FROM " +
		"s_order WHERE order_id IS NOT NULL",
	"210_f_line": "-- f_line: one row per line of an order.\n-- key: order_id, line\n" +
		"-- refers: d_customer by customer_id (warn), d_address by bill_to, d_address by address_id = ship_to,\n" +
		"--    d_product by product, unit\n-- refers: country by country, orders by order_id, " +
		"orders by order_id = order\n" +
		"SELECT DISTINCT order_id, line, RTRIM(customer_id) AS customer_id, bill_to, ship_to, " +
		"RTRIM(country) AS country,\n" +
		"    RTRIM(unit) AS unit, product, \"order\" FROM s_order WHERE order_id IS NOT NULL AND line IS NOT NULL",
}

// rules are those of the project, as the engine gets its files.
func rules(t *testing.T, engine sqlfile.Engine, tables func(schema.Schema) schema.Schema) []model.Rule {
	t.Helper()
	p := inlineProject(t, ruleMigration, ruleModels)
	graph, err := p.compile(engine)
	if err != nil {
		t.Fatal(err)
	}
	made, err := schema.FromMigrations(p.migrations, engine)
	if err != nil {
		t.Fatal(err)
	}
	found, err := model.Rules(graph.Models, tables(made))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func all(tables schema.Schema) schema.Schema { return tables }

// ruleText is what `dwh check` sends, then what a gate sends.
func ruleText(rules []model.Rule) string {
	var out strings.Builder
	gate := model.Place{Rows: "dwh_scratch.touched", Live: "public"}
	for _, r := range rules {
		out.WriteString("-- " + r.Name + ": " + r.Description() + "\n")
		if r.Warn {
			out.WriteString("-- severity: warn\n")
		}
		if r.Hint() != "" {
			out.WriteString("-- hint: " + r.Hint() + "\n")
		}
		out.WriteString(r.Violations(model.Place{}) + ";\n\n-- in a gate\n" + r.Violations(gate) + ";\n\n")
	}
	for _, table := range []string{"d_employee", "f_line"} {
		for _, at := range []model.Place{{}, gate} {
			of := slices.DeleteFunc(
				slices.Clone(rules),
				func(r model.Rule) bool { return r.Table != table || !r.Countable(at) },
			)
			out.WriteString("-- the rules of " + table + " together\n" + model.CountBroken(of, at) + ";\n\n")
		}
	}
	out.WriteString("-- staging\n" + model.Unprocessed([]string{"s_order", "s_return"}) + ";\n")
	return out.String()
}

// TestRulesAsSQL holds the SQL of the rules of a project: one text for both engines, which keeps to
// the subset that they share.
func TestRulesAsSQL(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "rules.golden.sql")
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		got := ruleText(rules(t, engine, all))
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant %s", engine, got, golden)
		}
	}
	found := rules(t, sqlfile.Postgres, all)
	for _, r := range found {
		file, err := sqlfile.Parse("checks/"+r.Name+".sql", "-- A rule.\n"+r.Violations(model.Place{})+";\n")
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range lint.File(file, lint.Check) {
			t.Errorf("%s: %v", r.Name, finding.Err)
		}
	}
}

// TestRulesWithoutTables: the models' headers tell the rules of tables with d_ and f_ in front also
// where the migrations are not known.
func TestRulesWithoutTables(t *testing.T) {
	t.Parallel()
	known := map[string]model.Rule{}
	for _, r := range rules(t, sqlfile.Postgres, all) {
		known[r.Name] = r
	}
	found := rules(t, sqlfile.Postgres, func(schema.Schema) schema.Schema { return nil })
	if len(found) != len(known)-2 {
		t.Errorf("got %d rules, want all %d but the two of orders", len(found), len(known))
	}
	for _, r := range found {
		if r.Name == "f_line-country" {
			continue // which column of a seed is meant, only its table tells
		}
		if got, want := r.Violations(model.Place{}), known[r.Name].Violations(model.Place{}); got != want {
			t.Errorf("%s: got %s, want %s", r.Name, got, want)
		}
	}
}

// TestRuleNamesFit: a name fits into the journal, however long the columns' are, and two rules have
// two names.
func TestRuleNamesFit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 62)
	p := inlineProject(t, "CREATE TABLE s_a (a INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);\n"+
		"CREATE TABLE d_a (a INTEGER PRIMARY KEY, key INTEGER, "+long+"1 INTEGER, "+long+
		"2 INTEGER, "+long+"3 INTEGER);\n"+
		"CREATE TABLE d_b (key INTEGER PRIMARY KEY);\nCREATE TABLE d_c (x INTEGER, y INTEGER, "+
		"PRIMARY KEY (x, y));", map[string]string{
		"110_d_a": "-- d_a: one row per a.\n-- key: a\n-- refers: d_b by key, d_c by x = key\n" +
			"-- refers: d_c by x = " + long + "1, y = " + long + "2, d_c by x = " + long + "1, y = " + long + "3\n" +
			"SELECT DISTINCT a, a AS key, a AS " + long + "1, a AS " + long + "2, a AS " + long +
			"3 FROM s_a WHERE a IS NOT NULL",
	})
	graph, err := p.compile(sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	found, err := model.Rules(graph.Models, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var names []string
	for _, r := range found {
		names = append(names, r.Name)
		if len(r.Name) > 127 || seen[r.Name] {
			t.Errorf("got the name %s of %d bytes, want one of its own with at most 127", r.Name, len(r.Name))
		}
		seen[r.Name] = true
	}
	if want := []string{"d_a-unique", "d_a-key", "d_a-key-d_b", "d_a-key-d_c"}; !slices.Equal(names[:4], want) {
		t.Errorf("got %v, want %v first", names, want)
	}
}
