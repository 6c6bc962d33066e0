package migration_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/migrations"
)

// cafe is a project that has tables of its own alone.
var cafe = fstest.MapFS{
	"00001_staging.sql": {Data: []byte(`-- Orders.

-- +goose Up
CREATE TABLE s_order (order_id VARCHAR(64), amount INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);

-- +goose Down
DROP TABLE s_order;
`)},
	"00002_star.sql": {Data: []byte(`-- The star.

-- +goose Up
CREATE TABLE f_order (order_id VARCHAR(64) NOT NULL, amount INTEGER, PRIMARY KEY (order_id));

-- +goose Down
DROP TABLE f_order;
`)},
}

// versions are those of dwh's own tables and of the project's.
func versions(t *testing.T, dsn string) string {
	t.Helper()
	return one(t, dsn, `SELECT (SELECT STRING_AGG(version_id::text, ' ' ORDER BY id) FROM dwh_db_version) || '; ' ||
		(SELECT STRING_AGG(version_id::text, ' ' ORDER BY id) FROM goose_db_version)`)
}

// A project holds its own tables alone. dwh's come before them, and nothing reverts them.
func TestProjectOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			address := dsn
			if engine == sqlfile.Redshift {
				dsn = dwhtest.Admin(t, dsn)
				address = redshiftstandin.Start(t, redshiftstandin.Options{Backing: dsn}).DSN
			}
			m := migrator(t, open(t, address), cafe, func(o *migration.Options) { o.Engine = engine })
			pending, err := m.PendingBookkeeping(t.Context())
			if err != nil || len(pending) != int(bookkeeping.Newest()) ||
				pending[0].Name != "bookkeeping/00001_create_bookkeeping.sql" {
				t.Fatalf("pending: got %+v, %v, want every version", pending, err)
			}
			if text, err := m.BookkeepingSQL(t.Context(), 1); err != nil || !strings.Contains(
				text, "CREATE TABLE s_object",
			) {
				t.Errorf("SQL of version 1: got %q, %v, want the ledger", text, err)
			}
			if got := one(t, dsn, "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'dwh_db_version'"); got != "0" {
				t.Errorf("after looking: got %s version tables, want 0", got)
			}
			steps, err := m.Up(t.Context())
			if err != nil || len(steps) != 2 {
				t.Fatalf("up: got %+v, %v, want the project's two steps", steps, err)
			}
			own := m.BookkeepingSteps()
			if len(own) != len(pending) || own[1].Name != "bookkeeping/00002_create_lease.sql" || !own[1].Up {
				t.Errorf("up: got %+v, want a step for each of %d", own, len(pending))
			}
			if got := versions(t, dsn); got != "0 1 2; 0 1 2" {
				t.Errorf("up: got versions %s", got)
			}
			if _, err := m.Redo(t.Context()); err != nil {
				t.Errorf("redo: %v", err)
			}
			if _, err := m.DownTo(t.Context(), 0); err != nil {
				t.Errorf("down to 0: %v", err)
			}
			if got := versions(t, dsn); got != "0 1 2; 0" {
				t.Errorf("down to 0: got versions %s", got)
			}
			if got := one(t, dsn, "SELECT COUNT(*) FROM dwh_lease"); got != "1" {
				t.Errorf("down to 0: got %s leases, want bookkeeping left alone", got)
			}
			err = m.RequireCurrent(t.Context())
			if fmt.Sprint(err) != "2 migrations are pending, from 00001_staging.sql to 00002_star.sql" {
				t.Errorf("got %v, want the project's two pending", err)
			}
		})
	}
}

// behind takes dwh's own tables back to version 1.
const behind = `DELETE FROM dwh_db_version WHERE version_id = 2; DROP TABLE dwh_lease; DROP INDEX s_reject_failed`

// A newer dwh brings its own tables up to date, and nothing is stale for that.
func TestBookkeepingIsUpgraded(t *testing.T) {
	t.Parallel()
	dsn, pool := built(t)
	dwhtest.Query(t, dsn, behind)
	m := migrator(t, pool, migrations.FS)
	var pending *migration.PendingError
	err := m.RequireCurrent(t.Context())
	if !errors.As(err, &pending) || err.Error() != "bookkeeping: version 1, version 2 is pending" {
		t.Errorf("got %v, want a *PendingError of the bookkeeping", err)
	}
	if current, err := migration.Current(t.Context(), pool, migrations.FS); current || err != nil {
		t.Errorf("got current %t, %v, want false", current, err)
	}
	if steps, err := m.Up(t.Context()); err != nil || len(steps) != 0 || len(m.BookkeepingSteps()) != 1 {
		t.Fatalf("up: got %+v and %+v, %v, want one step of the bookkeeping", steps, m.BookkeepingSteps(), err)
	}
	if err := m.RequireCurrent(t.Context()); err != nil {
		t.Error(err)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM dwh_stale"); got != "0" {
		t.Errorf("got %s stale marks, want 0", got)
	}
	if result, err := runner(t, pool).Run(t.Context(), "test", nil); err != nil || result.Replayed {
		t.Errorf("run: got replayed %t, %v, want no replay", result.Replayed, err)
	}
	// Every change of the schema upgrades first, a Down too.
	dwhtest.Query(t, dsn, behind)
	if _, err := m.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := one(t, dsn, "SELECT MAX(version_id) FROM dwh_db_version"); got != "2" {
		t.Errorf("after down: got version %s, want 2", got)
	}
}

// The tables of an earlier build are not touched.
func TestEarlierBuildIsRefused(t *testing.T) {
	t.Parallel()
	dsn, pool := built(t)
	dwhtest.Query(t, dsn, `DROP TABLE dwh_db_version;
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (6, TRUE), (7, TRUE), (8, TRUE)`)
	before := versionsOfProject(t, dsn)
	const more = "-- More.\n\n-- +goose Up\nSELECT 1;\n\n-- +goose Down\nSELECT 1;\n"
	m := migrator(t, pool, extended(t, "00009_more.sql", more))
	for name, work := range map[string]func() error{
		"up":      func() error { _, err := m.Up(t.Context()); return err },
		"up to":   func() error { _, err := m.UpTo(t.Context(), 9); return err },
		"down":    func() error { _, err := m.Down(t.Context()); return err },
		"down to": func() error { _, err := m.DownTo(t.Context(), 0); return err },
		"redo":    func() error { _, err := m.Redo(t.Context()); return err },
		"guard":   func() error { return m.GuardStaging(t.Context(), 0) },
		"status":  func() error { _, err := m.Status(t.Context()); return err },
		"current": func() error { return m.RequireCurrent(t.Context()) },
		"pending": func() error { _, err := m.PendingBookkeeping(t.Context()); return err },
	} {
		var foreign *bookkeeping.ForeignError
		if err := work(); !errors.As(err, &foreign) || foreign.Error() != err.Error() {
			t.Errorf("%s: got %v, want a *ForeignError and nothing around it", name, err)
		}
	}
	if current, err := migration.Current(t.Context(), pool, migrations.FS); current || err != nil {
		t.Errorf("got current %t, %v, want false", current, err)
	}
	if got := versionsOfProject(t, dsn); got != before {
		t.Errorf("got versions %s, want %s", got, before)
	}
	if got := one(t, dsn, "SELECT to_regclass('dwh_db_version') IS NULL"); got != "t" {
		t.Error("got a version table, want none made")
	}
}

func versionsOfProject(t *testing.T, dsn string) string {
	t.Helper()
	return one(t, dsn, "SELECT STRING_AGG(version_id::text, ' ' ORDER BY id) FROM goose_db_version")
}

// A migration that makes one of dwh's tables is an error with its place, however it is spelt.
func TestOwnedTablesAreRefused(t *testing.T) {
	t.Parallel()
	pool := open(t, dwhtest.Database(t))
	for statement, column := range map[string]int{
		"CREATE TABLE s_object (a INTEGER)":                           14,
		"create table if not exists S_Reject (a INTEGER)":             28,
		`CREATE TABLE "dwh_run" (a INTEGER)`:                          14,
		"CREATE UNLOGGED TABLE dwh_mine AS SELECT 1 AS a":             23,
		"CREATE /* why */ TEMPORARY TABLE public.dwh_lock (a INT)":    41,
		"/*postgres*/ CREATE TABLE dwh_step (a INTEGER) /*redshift*/": 27,
		"CREATE TABLE other.s_object (a INTEGER)":                     0,
		"CREATE TABLE s_objects (a INTEGER)":                          0,
		"CREATE INDEX mine ON s_object (url)":                         0,
		"CREATE VIEW v_object AS SELECT 1 AS a FROM s_object":         0,
	} {
		text := "-- X.\n\n-- +goose Up\n" + statement + ";\n\n-- +goose Down\nSELECT 1;\n"
		files := fstest.MapFS{"00001_x.sql": {Data: []byte(text)}}
		_, err := migration.New(t.Context(), pool, migration.Options{Engine: sqlfile.Postgres, FS: files})
		if _, filesErr := migration.Files(files, ""); fmt.Sprint(filesErr) != fmt.Sprint(err) {
			t.Errorf("%s: got %v of the files, want %v", statement, filesErr, err)
		}
		var placed *sqlfile.Error
		switch {
		case column == 0 && err != nil:
			t.Errorf("%s: got %v, want no error", statement, err)
		case column > 0 && (!errors.As(err, &placed) || placed.Line != 4 || placed.Column != column ||
			!strings.Contains(placed.Msg, "belongs to dwh")):
			t.Errorf("%s: got %v, want an error at 4:%d", statement, err, column)
		}
	}
}

const noteObjects = `INSERT INTO s_object (url, etag, table_name, loaded_at, load_id, outcome)
	VALUES ('file:///a', 'e', 's_order', now(), 'l', 'loaded'), ('file:///a', 'e', 's_item', now(), 'l', 'loaded'),
		('file:///a', 'e', 'v_item', now(), 'l', 'loaded');
	INSERT INTO s_reject (load_id, table_name, url, line, outcome, rejected_at)
	VALUES ('l', 's_order', 'file:///a', 1, 'loaded', now()), ('l', 's_item', 'file:///a', 1, 'loaded', now())`

// The ledger outlives the project's tables. Where staged rows go, their objects leave it: the next
// load reads them again.
func TestLedgerForgetsWhatIsGone(t *testing.T) {
	t.Parallel()
	const empty = "DELETE FROM s_order;"
	const remade = "DROP TABLE s_order;\nCREATE TABLE s_order (order_id VARCHAR(64), amount INTEGER);"
	const copied = "ALTER TABLE s_order RENAME TO s_old;\nCREATE TABLE s_order AS SELECT * FROM s_old;\n" +
		"DROP TABLE s_old;"
	for name, c := range map[string]struct {
		up, down string
		reverts  bool
		want     string // the tables in the ledger and the rejects afterwards
	}{
		"dropped by Down": {
			up: "SELECT 1;", down: "DROP TABLE s_order;", reverts: true,
			want: "s_item v_item; s_item",
		},
		"emptied by Down": {up: "SELECT 1;", down: empty, reverts: true, want: "s_item v_item; s_item"},
		"emptied by Up":   {up: empty, down: "SELECT 1;", want: "s_item v_item; s_item"},
		"made anew by Up": {up: remade, down: "SELECT 1;", want: "s_item v_item; s_item"},
		"copied by Up":    {up: copied, down: "SELECT 1;", want: "s_item s_order v_item; s_item s_order"},
		"renamed by Up": {
			up: "ALTER TABLE s_order RENAME TO s_sale;", down: "SELECT 1;",
			want: "s_item s_sale v_item; s_item s_sale",
		},
		"renamed and made anew": {
			up:   "ALTER TABLE s_order RENAME TO s_sale;\nCREATE TABLE s_order (order_id VARCHAR(64));",
			down: "SELECT 1;", want: "s_item s_sale v_item; s_item s_sale",
		},
		"renamed back by Down": {
			up: "ALTER TABLE s_order RENAME TO s_sale;", down: "ALTER TABLE s_sale RENAME TO s_order;", reverts: true,
			want: "s_item s_order v_item; s_item s_order",
		},
		"not touched by Up": {up: "SELECT 1;", down: "SELECT 1;", want: "s_item s_order v_item; s_item s_order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			pool := open(t, dsn)
			text := "-- Change.\n\n-- +goose Up\n" + c.up + "\n\n-- +goose Down\n" + c.down + "\n"
			files := fstest.MapFS{"00003_change.sql": {Data: []byte(text)}}
			for name, file := range cafe {
				files[name] = file
			}
			m := migrator(t, pool, files)
			up(t, m, 2)
			// s_item has no rows, and v_item is a view.
			dwhtest.Query(t, dsn, `CREATE TABLE s_item (a INTEGER); CREATE VIEW v_item AS SELECT 1 AS a;
				INSERT INTO s_order (order_id) VALUES ('a'); `+noteObjects)
			if _, err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.reverts {
				if _, err := m.Down(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := one(
				t, dsn,
				`SELECT (SELECT STRING_AGG(table_name, ' ' ORDER BY table_name) FROM s_object) || '; ' ||
				(SELECT STRING_AGG(table_name, ' ' ORDER BY table_name) FROM s_reject)`,
			); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A table whose rows need no staged row is stale too when it was made anew after a run.
func TestBuiltWithoutStagedRows(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	m := migrator(t, open(t, dsn), cafe)
	up(t, m, 2)
	redo := func() {
		if _, err := m.Redo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	dwhtest.Query(t, dsn, `INSERT INTO f_order (order_id) VALUES ('a')`) // as a migration does it
	redo()
	if got := one(t, dsn, "SELECT COUNT(*) FROM dwh_stale"); got != "0" {
		t.Errorf("before a run: got %s stale marks, want 0", got)
	}
	dwhtest.Query(t, dsn, `INSERT INTO f_order (order_id) VALUES ('a');
		INSERT INTO dwh_transform (name, fingerprint, run_id) VALUES ('210_f_order', 'x', 'r')`)
	redo()
	got := dwhtest.Query(t, dsn, "SELECT subject || ': ' || reason FROM dwh_stale")
	const reverted = "00002_star.sql: the migration was reverted"
	if !slices.ContainsFunc(got, func(row []string) bool { return row[0] == reverted }) {
		t.Errorf("after a run: got stale marks %q, want that the migration was reverted", got)
	}
}

// cafeModels are the transforms of cafe that need no source.
var cafeModels = fstest.MapFS{
	"210_f_order.sql": {Data: []byte(`-- f_order: one row per order.
-- key:  order_id
-- from: s_order
SELECT
    staged.order_id,
    staged.amount
FROM s_order AS staged
WHERE staged.order_id IS NOT NULL;
`)},
}

// A run needs no table of the embedded project, whatever its migrations have been through.
func TestProjectOfItsOwnRuns(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	pool := open(t, dsn)
	steps, err := transform.Steps(cafeModels, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	m := migrator(t, pool, cafe, func(o *migration.Options) { o.Models = transform.Dependents(steps) })
	run := func(state, orders string, replayed bool) {
		t.Helper()
		dwhtest.Query(t, dsn, `INSERT INTO s_order (order_id, amount) VALUES `+orders)
		own := func(o *transform.Options) { o.Steps, o.Checks = steps, nil }
		result, err := runner(t, pool, own).Run(t.Context(), "test", nil)
		if err != nil || result.Replayed != replayed {
			t.Fatalf("%s: got replayed %t, %v, want %t", state, result.Replayed, err, replayed)
		}
		got := one(
			t, dsn,
			`SELECT (SELECT COUNT(*) FROM s_order WHERE processed) || ' ' || (SELECT COUNT(*) FROM f_order)`,
		)
		if want := one(t, dsn, `SELECT COUNT(*) || ' ' || COUNT(DISTINCT order_id) FROM s_order`); got != want {
			t.Errorf("%s: got %s rows processed and in the fact, want %s", state, got, want)
		}
	}
	up(t, m, 2)
	run("first", "('a', 1), ('b', 2)", false)
	run("increment", "('c', 3)", false)
	if _, err := m.Redo(t.Context()); err != nil {
		t.Fatal(err)
	}
	run("after redo", "('d', 4)", true)
	if _, err := m.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	up(t, m, 2)
	run("after down to 0", "('e', 5)", true)
	run("increment", "('f', 6)", false)
}
