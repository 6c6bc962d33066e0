package bookkeeping_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/migrations"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// The internal migrations keep to the rules that dwh lint has for everybody's.
func TestPortable(t *testing.T) {
	t.Parallel()
	files, err := bookkeeping.Files()
	if err != nil {
		t.Fatal(err)
	}
	if err := lint.Err(lint.Files(files, lint.Migration)); err != nil {
		t.Error(err)
	}
	versions := bookkeeping.Versions()
	if len(files) != len(versions) || bookkeeping.Newest() != int64(len(files)) {
		t.Errorf("got versions %d of %d files, want them from 1 without a gap", versions, len(files))
	}
	for i, file := range files {
		if want := fmt.Sprintf("%s/%05d_", bookkeeping.Name, i+1); !strings.HasPrefix(file.Name(), want) {
			t.Errorf("got %s, want it to begin with %s", file.Name(), want)
		}
	}
}

// Every migration has a Down, though no command runs it, and all that they make is dwh's by name.
func TestDown(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	files, err := bookkeeping.Files()
	if err != nil {
		t.Fatal(err)
	}
	const shape = `SELECT COALESCE(STRING_AGG(CONCAT(c.relname, ' ', c.relkind), ', ' ORDER BY c.relname), '')
		FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace`
	f := func() string { return dwhtest.Query(t, dsn, shape)[0][0] }
	run := func(file *sqlfile.File, section string) {
		for _, statement := range file.Statements(sqlfile.Postgres) {
			if statement.Section() == section {
				dwhtest.Query(t, dsn, statement.SQL())
			}
		}
	}
	var shapes []string
	for _, file := range files {
		shapes = append(shapes, f())
		run(file, "up")
	}
	for _, row := range dwhtest.Query(t, dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") {
		if !bookkeeping.Owns(row[0]) {
			t.Errorf("table %s: got a name that dwh does not own", row[0])
		}
	}
	for i, file := range slices.Backward(files) {
		run(file, "down")
		if got := f(); got != shapes[i] {
			t.Errorf("after Down of %s: got %s, want %s", file.Name(), got, shapes[i])
		}
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"s_object": true, "s_reject": true, "dwh_run": true, "dwh_lock": true, bookkeeping.VersionTable: true,
		"dwh_of_tomorrow": true,
		"s_objects":       false, "s_song": false, "d_object": false, "goose_db_version": false, "dwh": false,
	} {
		if got := bookkeeping.Owns(name); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}

// engines gives test a migrated warehouse of each engine, and the DSN of the PostgreSQL behind it.
func engines(t *testing.T, test func(t *testing.T, pool *pgxpool.Pool, dsn string)) {
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			address := dsn
			if engine == sqlfile.Redshift {
				dsn = dwhtest.Admin(t, dsn) // who owns the tables behind the stand-in
				address = redshiftstandin.Start(t, redshiftstandin.Options{Backing: dsn}).DSN
			}
			config, err := pgxpool.ParseConfig(address)
			if err != nil {
				t.Fatal(err)
			}
			if engine == sqlfile.Redshift {
				config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
			}
			pool, err := pgxpool.NewWithConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			got, err := bookkeeping.Read(t.Context(), pool)
			if err != nil || got.Version != 0 || got.Current() || !got.At.IsZero() {
				t.Errorf("an empty database: got %+v, %v, want version 0", got, err)
			}
			m, err := migration.New(t.Context(), pool, migration.Options{Engine: engine, FS: migrations.FS})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(m.Close)
			if _, err := m.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, pool, dsn)
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, pool *pgxpool.Pool, dsn string) {
		got, err := bookkeeping.Read(t.Context(), pool)
		if err != nil || !got.Current() || got.Version != bookkeeping.Newest() || got.At.IsZero() {
			t.Errorf("migrated: got %+v, %v, want the newest version", got, err)
		}
		// Each table that the migrations make is noticed by itself in a database without versions.
		there := dwhtest.Query(t, dsn, `SELECT tablename FROM pg_tables
			WHERE schemaname = 'public' AND (tablename LIKE 'dwh\_%' OR tablename IN ('s_object', 's_reject'))
				AND tablename NOT IN ('dwh_lock', 'dwh_db_version')`)
		if len(there) < 8 {
			t.Errorf("got %d tables, want all of dwh's", len(there))
		}
		other := dwhtest.Database(t)
		empty, err := pgxpool.New(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		defer empty.Close()
		for _, row := range there {
			dwhtest.Query(t, other, `CREATE TABLE `+row[0]+` (a INTEGER)`)
			_, err := bookkeeping.Read(t.Context(), empty)
			if err == nil || !strings.Contains(err.Error(), "the table "+row[0]+",") {
				t.Errorf("%s without a version: got %v, want an error that names it", row[0], err)
			}
			dwhtest.Query(t, other, `DROP TABLE `+row[0])
		}
	})
}

// Tables that are not those of this dwh are told apart, and each has its sentence.
func TestForeign(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, message, advice string }{
		"an earlier build": {
			`DROP TABLE dwh_db_version;
			INSERT INTO goose_db_version (version_id, is_applied) VALUES (6, TRUE), (7, TRUE), (8, TRUE)`,
			"this warehouse was made by an earlier, unreleased build of dwh, and this dwh cannot upgrade it",
			"dwh local reset --yes",
		},
		"a newer dwh": {
			`INSERT INTO dwh_db_version (version_id, is_applied) VALUES (99, TRUE)`,
			fmt.Sprintf(
				"by a newer dwh: it has version 99, and this dwh knows version %d", bookkeeping.Newest(),
			), "use the newer dwh",
		},
		"somebody else's": {
			`DROP TABLE dwh_db_version, goose_db_version, s_object, dwh_run, dwh_step, dwh_check, dwh_transform,
			dwh_stale, dwh_lease`,
			"dwh did not make the table s_reject", "rename the table",
		},
		"somebody else's, tried before": {
			`DROP TABLE goose_db_version, s_object, dwh_run, dwh_step, dwh_check, dwh_transform, dwh_stale, dwh_lease;
			DELETE FROM dwh_db_version WHERE version_id > 0`,
			"dwh did not make the table s_reject", "rename the table",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engines(t, func(t *testing.T, pool *pgxpool.Pool, dsn string) {
				dwhtest.Query(t, dsn, c.sql)
				_, err := bookkeeping.Read(t.Context(), pool)
				var foreign *bookkeeping.ForeignError
				if !errors.As(err, &foreign) {
					t.Fatalf("got %v, want a *ForeignError", err)
				}
				if !strings.Contains(foreign.Error(), c.message) || !strings.Contains(foreign.Hint(), c.advice) {
					t.Errorf("got %q (%q), want %q (%q)", foreign, foreign.Hint(), c.message, c.advice)
				}
			})
		})
	}
}

func TestStateInWords(t *testing.T) {
	t.Parallel()
	for want, state := range map[string]bookkeeping.State{
		"version 2, current":                  {Version: 2, Newest: 2},
		"version 1, version 2 is pending":     {Version: 1, Newest: 2},
		"not there yet, version 2 is pending": {Newest: 2},
	} {
		if got := state.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
