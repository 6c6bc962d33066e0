package redshift_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/migrations"
)

// distribution is the migration that docs/redshift.md shows for a d_time that has grown.
const distribution = `-- d_time is spread by its key, and no longer copied to every node.

-- +goose Up
/*redshift ALTER TABLE d_time ALTER DISTSTYLE KEY DISTKEY start_time */;

-- +goose Down
/*redshift ALTER TABLE d_time ALTER DISTSTYLE ALL */;
`

func TestDistributionMigration(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		body, err := migrations.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(project, "migrations", name), body)
	}
	write(t, filepath.Join(project, "migrations", "00099_spread_d_time.sql"), []byte(distribution))
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	for _, dsn := range []string{server.DSN, dwhtest.Database(t)} {
		dwh := on(t, dsn)
		dwh.must("migrate", "up", "--project", project)
		dwh.must("migrate", "redo", "--project", project)
	}
	want := "ALTER TABLE d_time ALTER DISTSTYLE KEY DISTKEY start_time"
	if !slices.ContainsFunc(server.Statements(), func(sql string) bool { return strings.Contains(sql, want) }) {
		t.Errorf("got no %s, want it sent", want)
	}
}
