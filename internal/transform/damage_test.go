package transform_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// A damage is a statement that changes one row of a table, and what it does.
type damage struct{ what, sql string }

// TestDamage damages each column of each stored table: NULL to a value and back, a value to
// another, a row more, a row less. A comparison sees it and a replay repairs it.
func TestDamage(t *testing.T) {
	t.Parallel()
	t.Run("star", func(t *testing.T) {
		t.Parallel()
		w := newWarehouse(t)
		s, two := song("S1", "A1"), song("S2", "A2")
		two.Year, two.Location, two.Latitude, two.Longitude, two.Duration = nil, nil, nil, nil, nil
		first, second := play("a", 1000), play("b", 2000)
		second.FirstName, second.LastName, second.Gender = nil, nil, nil
		second.Level, second.Location, second.UserAgent = nil, nil, nil
		w.exec(insert(star.Staging{Songs: []star.Song{s, two},
			Events: []star.Event{first, second, play("c", 7_200_000)}}))
		w.damage(t, nil)
	})
	t.Run("shop", func(t *testing.T) {
		t.Parallel()
		w := newWarehouse(t)
		files, err := sqlfile.ParseFS(os.DirFS("../model/testdata/shop/migrations"), "", "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, statement := range file.Statements(sqlfile.Postgres) {
				if statement.Section() == "up" {
					w.exec(statement.SQL())
				}
			}
		}
		steps, err := transform.Steps(os.DirFS("../model/testdata/shop/transforms"), "", sqlfile.Postgres)
		if err != nil {
			t.Fatal(err)
		}
		w.exec(`
			INSERT INTO s_customer (customer_no, name, segment, updated) VALUES
				(1, 'Ann', 'x', 1), (2, NULL, NULL, NULL), (3, 'Kim', 'x', 2), (4, NULL, NULL, 3);
			INSERT INTO s_segment (segment, title) VALUES ('x', 'big');
			INSERT INTO s_product (product_no, name) VALUES (1, 'Tea'), (2, NULL);
			INSERT INTO s_price (product_no, valid_from, price) VALUES (1, 1, 5), (1, 4, 6), (2, 1, NULL);
			INSERT INTO s_address (address_no, city, country) VALUES (1, 'Ulm', 'DE'), (2, NULL, NULL);
			INSERT INTO s_order_line (order_no, line, customer_no, product_no, day, quantity, bill_to, ship_to) VALUES
				(1, 1, 1, 1, 2, 3, 1, 1), (2, 1, 2, 2, NULL, NULL, NULL, 2),
				(3, 1, NULL, NULL, 5, NULL, 2, NULL), (4, 1, 1, 1, 5, 1, 1, 2);
			INSERT INTO s_return (order_no, line, reason, quantity) VALUES (1, 1, 'late', 1), (2, 1, NULL, NULL);
			INSERT INTO s_reason (reason, fault) VALUES ('late', 1)`)
		w.damage(t, func(o *transform.Options) { o.Steps, o.Checks = steps, []check.Check{} })
	})
}

// damage runs, and then damages all tables at once, each in another way a round.
func (w *warehouse) damage(t *testing.T, change func(*transform.Options)) {
	t.Helper()
	if change == nil {
		change = func(*transform.Options) {}
	}
	w.run(nil, change)
	tables := map[string][]damage{}
	rounds := 0
	for _, step := range w.runner(nil, change).Steps {
		if step.Model == nil ||
			w.one("SELECT COUNT(*) FROM pg_tables WHERE tablename = '"+string(step.Table)+"'") == "0" {
			continue
		}
		tables[string(step.Table)] = w.damages(t, string(step.Table), step.Model.Columns)
		rounds = max(rounds, len(tables[string(step.Table)]))
	}
	state := func() string {
		var out strings.Builder
		for _, step := range w.runner(nil, change).Steps {
			if _, ok := tables[string(step.Table)]; ok {
				var columns []string
				for _, name := range step.Model.Columns {
					if w.one(fmt.Sprintf(`SELECT COUNT(*) FROM information_schema.columns
						WHERE table_name = '%s' AND column_name = '%s'`, step.Table, name)) != "0" {
						columns = append(columns, name)
					}
				}
				fmt.Fprintln(&out, step.Table, w.rows("SELECT "+strings.Join(columns,
					", ")+" FROM "+string(step.Table)+" AS t ORDER BY CAST(ROW("+strings.Join(columns,
					", ")+") AS TEXT)"))
			}
		}
		return out.String()
	}
	want := state()
	for round := range rounds {
		var done []string
		damaged := map[string]string{}
		for table, damages := range tables {
			if round < len(damages) {
				w.exec(damages[round].sql)
				damaged[table] = damages[round].what
				done = append(done, damages[round].sql)
			}
		}
		slices.Sort(done)
		found := [][]publish.Difference{nil}
		if round%4 == 0 { // a replay compares in the same way
			compared, err := w.runner(nil, change).Compare(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, compared.Differences)
		}
		found[0] = w.replay(change).Differences
		for _, differences := range found {
			for _, d := range differences {
				seen := d.Added + d.Changed + d.Removed
				if what, ok := damaged[string(d.Table)]; ok != (seen > 0) {
					t.Errorf("%s (%s): a comparison finds %+v, after\n%s", d.Table, what, d, strings.Join(done, "\n"))
				}
			}
		}
		if got := state(); got != want {
			t.Fatalf("replay: got\n%s\nwant\n%s\nafter\n%s", got, want, strings.Join(done, "\n"))
		}
	}
	compared, err := w.runner(nil, change).Compare(t.Context())
	if err != nil || compared.Changed() {
		t.Errorf("after all repairs: got %+v, %v, want no difference", compared.Differences, err)
	}
}

// damages are the ways in which a table's columns can be damaged, by what they hold now.
func (w *warehouse) damages(t *testing.T, table string, given []string) []damage {
	t.Helper()
	if w.one("SELECT COUNT(*) FROM "+table) == "0" {
		t.Fatalf("%s is empty: its damages would not be seen", table)
	}
	var out []damage
	var columns, more []string
	for _, row := range w.rows(fmt.Sprintf(`SELECT column_name, data_type, is_nullable
		FROM information_schema.columns WHERE table_name = '%s' AND table_schema = 'public'
		ORDER BY ordinal_position`, table)) {
		name, kind, nullable := row[0], row[1], row[2] == "YES"
		if !slices.Contains(given, name) {
			continue // has its default
		}
		value, other := "7", name+" + 7"
		switch {
		case (schema.Column{Type: kind}).Text():
			value, other = "'z'", "LEFT('z' || "+name+", 2)"
		case strings.HasPrefix(kind, "timestamp"):
			value, other = "TIMESTAMP '2001-02-03'", name+" + INTERVAL '1 day'"
		}
		columns, more = append(columns, name), append(more, other)
		f := func(condition string) string {
			return fmt.Sprintf(" WHERE ctid = (SELECT MIN(ctid) FROM %s WHERE %s)", table, condition)
		}
		holds := func(condition string) bool { return w.one("SELECT COUNT(*) FROM "+table+" WHERE "+condition) != "0" }
		if holds(name + " IS NOT NULL") {
			out = append(out, damage{name + " to another", "UPDATE " + table + " SET " + name + " = " + other +
				f(name+" IS NOT NULL")})
		}
		if nullable && holds(name+" IS NOT NULL") {
			out = append(out, damage{name + " to NULL", "UPDATE " + table + " SET " + name + " = NULL" +
				f(name+" IS NOT NULL")})
		}
		if nullable && holds(name+" IS NULL") {
			out = append(out, damage{name + " from NULL", "UPDATE " + table + " SET " + name + " = " + value +
				f(name+" IS NULL")})
		}
	}
	list := strings.Join(columns, ", ")
	return append(out,
		damage{"a row less", "DELETE FROM " + table + " WHERE ctid = (SELECT MIN(ctid) FROM " + table + ")"},
		damage{"a row more", "INSERT INTO " + table + " (" + list + ") SELECT " + strings.Join(more,
			", ") + " FROM " + table + " WHERE ctid = (SELECT MIN(ctid) FROM " + table + ")"},
	)
}
