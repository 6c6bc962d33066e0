package migration_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/migrations"
)

func TestCurrent(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	pool := open(t, dsn)
	check := func(state string, fsys fs.FS, want bool) {
		t.Helper()
		if got, err := migration.Current(t.Context(), pool, fsys); got != want || err != nil {
			t.Errorf("%s: got %t, %v, want %t", state, got, err, want)
		}
	}
	check("empty database", migrations.FS, false)
	if got := one(t, dsn, "SELECT to_regclass('goose_db_version') IS NULL"); got != "true" && got != "t" {
		t.Errorf("got a table made by looking (%s)", got)
	}
	m := migrator(t, pool, migrations.FS)
	up(t, m, newest(t)-1)
	check("one pending", migrations.FS, false)
	up(t, m, newest(t))
	check("migrated", migrations.FS, true)
	check("no files", fstest.MapFS{}, false)
	check("a name without a version", fstest.MapFS{"plays.sql": {}}, false)
	check("a version twice", fstest.MapFS{"00001_a.sql": {}, "1_b.sql": {}}, false)
	if _, err := m.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("one taken back", migrations.FS, false)
	pool.Close()
	check("no connection", migrations.FS, false)
}
