package transform_test

import (
	"context"
	"flag"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

// migrateUp applies the project's migrations to an empty database.
func migrateUp(dsn string) error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	m, err := migration.New(ctx, pool, migration.Options{Engine: sqlfile.Postgres, FS: migrations.FS})
	if err != nil {
		return err
	}
	defer m.Close()
	_, err = m.Up(ctx)
	return err
}

// tester is what a *testing.T and a *rapid.T have in common.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// warehouse is a migrated database of the test's own.
type warehouse struct {
	t    tester
	dsn  string
	pool *pgxpool.Pool
}

func newWarehouse(t testing.TB) *warehouse {
	t.Helper()
	dwhtest.Superuser(t) // tests make, beside their tables, what only a superuser may make
	dsn := dwhtest.TemplateDatabase(t, "migrated", migrateUp)
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody pulls the plug of the test's server.
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return &warehouse{t: t, dsn: dsn, pool: pool}
}

// with is the same warehouse for another test, such as a round of a property.
func (w *warehouse) with(t tester) *warehouse { return &warehouse{t: t, dsn: w.dsn, pool: w.pool} }

// exec runs one or several statements.
func (w *warehouse) exec(sql string) {
	w.t.Helper()
	conn, err := w.pool.Acquire(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().Exec(w.t.Context(), sql).ReadAll(); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// rows returns a query's rows in PostgreSQL's text form.
func (w *warehouse) rows(sql string) [][]string {
	w.t.Helper()
	conn, err := w.pool.Acquire(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Release()
	return textRows(w.t, conn.Conn(), sql)
}

func textRows(t tester, conn *pgx.Conn, sql string) [][]string {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var out [][]string
	for _, values := range results[len(results)-1].Rows {
		row := make([]string, len(values))
		for i, value := range values {
			row[i] = dwhtest.Null
			if value != nil {
				row[i] = string(value)
			}
		}
		out = append(out, row)
	}
	return out
}

// one returns the only value of a query.
func (w *warehouse) one(sql string) string {
	w.t.Helper()
	rows := w.rows(sql)
	if len(rows) != 1 || len(rows[0]) != 1 {
		w.t.Fatalf("%s: got %v, want one value", sql, rows)
	}
	return rows[0][0]
}

// empty takes everything out of the warehouse, the journal included.
func (w *warehouse) empty() {
	w.t.Helper()
	// For a few rows DELETE is faster than TRUNCATE, which makes a file for each table and index.
	for _, table := range []string{
		"s_song", "s_songplay_event", "s_name", "s_object", "s_reject", "d_song", "d_artist", "d_user", "d_time",
		"dwh_run", "dwh_step", "dwh_check", "dwh_transform", "dwh_stale",
	} {
		w.exec("DELETE FROM " + table)
	}
	w.exec("TRUNCATE f_songplay") // a table that has held rows is none for a first run to replace
}

// steps are the project's transforms.
func steps(t tester) []transform.Step {
	t.Helper()
	all, err := transform.Steps(transforms.FS, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// runner runs the project's transforms with the built-in checks; it loads from where vars say.
func (w *warehouse) runner(vars map[string]string, change ...func(*transform.Options)) *transform.Runner {
	w.t.Helper()
	store := objectstore.New(objectstore.Options{})
	o := transform.Options{
		Pool: w.pool, Engine: sqlfile.Postgres, Version: "test", Steps: steps(w.t), Vars: vars,
		Loading:  transform.Loading{Copier: load.ClientCopier{Store: store}, Store: store},
		Checking: transform.Checking{Checks: star.Checks(w.t)},
	}
	for _, f := range change {
		f(&o)
	}
	r, err := transform.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// run makes one incremental run that has to succeed.
func (w *warehouse) run(vars map[string]string, change ...func(*transform.Options)) transform.Result {
	w.t.Helper()
	result, err := w.runner(vars, change...).Run(w.t.Context(), "test", nil)
	if err != nil {
		w.t.Fatalf("run: %v", err)
	}
	return result
}

// same fails the test when the live tables differ from what staging gives.
func (w *warehouse) same() {
	w.t.Helper()
	result, err := w.runner(nil).Compare(w.t.Context())
	if err != nil {
		w.t.Fatalf("compare: %v", err)
	}
	if result.Changed() {
		w.t.Errorf("live and rebuilt tables differ: %+v", result.Differences)
	}
}
