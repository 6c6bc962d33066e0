package redshiftstandin_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

var ruleTables = []string{
	"CREATE TABLE s_item (item_id INTEGER, kind VARCHAR(10), unit INTEGER, parent INTEGER, " +
		"processed BOOLEAN DEFAULT FALSE NOT NULL)",
	"CREATE TABLE s_kind (kind VARCHAR(10), unit INTEGER, ends BOOLEAN, processed BOOLEAN DEFAULT FALSE NOT NULL)",
	"CREATE TABLE d_kind (kind VARCHAR(10) NOT NULL, unit INTEGER NOT NULL, PRIMARY KEY (kind, unit))",
	"CREATE TABLE f_item (item_id INTEGER NOT NULL, kind VARCHAR(10), unit INTEGER, parent " +
		"INTEGER, PRIMARY KEY (item_id))",
}

// ruleSteps refer to a key of two columns, to one of them, which has several rows, and to the table
// itself.
var ruleSteps = fstest.MapFS{
	"110_d_kind.sql": {Data: []byte(`-- d_kind: one row per kind and unit that has not ended.
-- key:  kind, unit
-- from: s_kind
SELECT RTRIM(kind) AS kind, unit FROM s_kind WHERE NOT ends AND kind IS NOT NULL AND unit IS NOT NULL;`)},
	"210_f_item.sql": {Data: []byte(`-- f_item: one row per item.
-- key:  item_id
-- from: s_item
-- refers: d_kind by kind, unit, d_kind by kind, f_item by parent
SELECT item_id, RTRIM(kind) AS kind, unit, parent FROM s_item WHERE item_id IS NOT NULL;`)},
}

// TestRules: where no key is enforced, the gate of an increment finds keys that stand twice and
// missing rows among what the run touched, and a check of everything finds them all.
func TestRules(t *testing.T) {
	t.Parallel()
	server, conn := newServer(t, redshiftstandin.Options{})
	p := pool(t, server.DSN)
	if _, err := migrator(t, p).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, ruleTables...)
	steps, err := transform.Steps(ruleSteps, "transforms", sqlfile.Redshift)
	if err != nil {
		t.Fatal(err)
	}
	checks, err := transform.Derived(steps, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := func(results []check.Result) string {
		var out []string
		for _, item := range results {
			if item.Violations > 0 {
				out = append(out, fmt.Sprintf("%s %d", item.Check.Name, item.Violations))
			}
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	r, err := transform.New(transform.Options{
		Pool: p, Engine: sqlfile.Redshift, Version: "test", Steps: steps, Checking: transform.Checking{Checks: checks},
	})
	if err != nil {
		t.Fatal(err)
	}
	run := func(want string) {
		t.Helper()
		got := ""
		result, err := r.Run(t.Context(), "test", nil)
		var failed *check.FailedError
		switch {
		case errors.As(err, &failed):
			got = found(failed.Results)
		case err != nil:
			t.Fatal(err)
		default:
			got = found(result.Checks)
		}
		if got != want {
			t.Errorf("gate: got %q, want %q", got, want)
		}
	}
	everything := func(want string) {
		t.Helper()
		results, err := r.Check(t.Context(), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := found(results); got != want {
			t.Errorf("everything: got %q, want %q", got, want)
		}
	}
	exec(t, conn,
		"INSERT INTO s_kind (kind, unit, ends) VALUES ('a', 1, FALSE), ('a', 2, FALSE), ('b', 1, FALSE)",
		"INSERT INTO s_item (item_id, kind, unit, parent) VALUES (1, 'a', 1, NULL), (2, 'a', 2, "+
			"1), (3, NULL, NULL, 1), (4, NULL, 7, NULL)")
	run("")
	everything("")

	exec(t, conn, "INSERT INTO s_item (item_id, kind, unit, parent) VALUES (5, 'b', 2, 4), (6, 'c', 1, 9)")
	run("f_item-kind 1, f_item-kind-unit 2, f_item-parent 1")
	everything("")
	exec(t, conn, "DELETE FROM s_item WHERE item_id > 4")

	// What nobody enforces, and the run does not touch.
	exec(
		t, conn, "INSERT INTO d_kind (kind, unit) VALUES ('a', 1)",
		"INSERT INTO f_item (item_id, kind, unit, parent) VALUES (1, 'a', 1, NULL), (8, 'z', 1, NULL)",
		"INSERT INTO s_item (item_id, kind, unit, parent) VALUES (9, 'b', 1, 2)",
	)
	run("")
	everything("d_kind-unique 1, f_item-kind 1, f_item-kind-unit 1, f_item-unique 1")

	// And what it touches.
	exec(t, conn, "INSERT INTO s_item (item_id, kind, unit, parent) VALUES (1, 'a', 1, NULL)")
	run("f_item-unique 1")
}
