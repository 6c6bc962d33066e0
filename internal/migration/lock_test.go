package migration_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/warehouse"
	"github.com/sparkify/dwh/internal/writelock"
	"github.com/sparkify/dwh/migrations"
)

const holders = "SELECT COUNT(*) FROM pg_locks WHERE relation = 'dwh_lock'::regclass AND granted AND mode = " +
	"'AccessExclusiveLock'"

// TestLostLock ends the session that holds the lock while a migration runs: nothing is committed
// any more, whether the migration takes long enough to be interrupted or comes to its end before
// anybody has noticed.
func TestLostLock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, kept string }{
		"interrupted": {"-- +goose Up\nCREATE TABLE made (a INTEGER);\nSELECT pg_sleep(60);\n\n-- +goose " +
			"Down\nDROP TABLE made;\n", "0"},
		"at its end": {"-- +goose Up\nCREATE TABLE made (a INTEGER);\nSELECT pg_sleep(0.6);\n\n-- +goose " +
			"Down\nDROP TABLE made;\n", "0"},
		"no transaction": {"-- +goose NO TRANSACTION\n-- +goose Up\nSELECT pg_sleep(0.6);\nCREATE TABLE made (a " +
			"INTEGER);\n\n-- +goose Down\nDROP TABLE made;\n", "0"},
		"what was before": {"-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE made (a INTEGER);\nSELECT " +
			"pg_sleep(0.6);\nDROP TABLE made;\n\n-- +goose Down\nDROP TABLE made;\n", "1"},
		"in a long session": {"-- +goose Up\nCREATE TABLE made (a INTEGER);\nSELECT pg_sleep(2.5);\n\n-- +goose " +
			"Down\nDROP TABLE made;\n", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			up(t, migrator(t, open(t, dsn), migrations.FS), newest(t))
			m := migrator(t, open(t, dsn), extended(t, "00099_slow.sql", "-- Slow.\n\n"+c.text))
			var group errgroup.Group
			began := time.Now()
			group.Go(func() error {
				_, err := m.Up(t.Context())
				return err
			})
			await(
				t,
				dsn,
				"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE "+
					"'%pg_sleep(%' AND pid <> pg_backend_pid() AND state = 'active'",
				"1",
			)
			if got := one(t, dsn, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_locks WHERE relation = "+
				"'dwh_lock'::regclass AND granted AND mode = 'AccessExclusiveLock'"); got != "1" {
				t.Fatalf("got %s sessions that hold the lock, want 1", got)
			}
			err := group.Wait()
			var lost *writelock.LostError
			if !errors.As(err, &lost) || !strings.Contains(lost.Hint(), "rolled back") {
				t.Errorf("got %v, want a *LostError", err)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("took %s, want the migration interrupted", took)
			}
			if got := one(t, dsn, "SELECT COUNT(*) FROM pg_class WHERE relname = 'made'"); got != c.kept {
				t.Errorf("got %s tables made, want %s", got, c.kept)
			}
			if got := one(t, dsn, "SELECT COUNT(*) FROM goose_db_version WHERE version_id = 99"); got != "0" {
				t.Errorf("got the migration applied %s times, want 0", got)
			}
		})
	}
}

// TestConcurrentIndex builds an index while the lock is watched: it waits for every transaction
// with a snapshot, and the lock's has none.
func TestConcurrentIndex(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	up(t, migrator(t, open(t, dsn), migrations.FS), newest(t))
	m := migrator(t, open(t, dsn), extended(
		t,
		"00099_index.sql",
		"-- Index.\n\n-- +goose NO TRANSACTION\n-- +goose Up\nSELECT pg_sleep(2.2);\nCREATE INDEX CONCURRENTLY "+
			"more ON s_song (year);\n\n-- +goose Down\nDROP INDEX more;\n",
	))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := m.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if got := one(t, dsn, "SELECT COUNT(*) FROM pg_index WHERE indexrelid = 'more'::regclass AND "+
		"indisvalid"); got != "1" {
		t.Errorf("got %s valid indexes, want 1", got)
	}
}

// TestIdleTimeout migrates for longer than a server lets sessions be idle in a transaction: the
// lock stays.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	up(t, migrator(t, open(t, dsn), migrations.FS), newest(t))
	for _, setting := range []string{"idle_in_transaction_session_timeout", "idle_session_timeout"} {
		one(
			t,
			dsn,
			fmt.Sprintf(
				"DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET %s = ''500ms''', current_database()); END $$; "+
					"SELECT 1",
				setting,
			),
		)
	}
	w, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret(dsn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	m := migrator(
		t,
		w.Pool(),
		extended(t, "00099_slow.sql", "-- Slow.\n\n-- +goose Up\nSELECT pg_sleep(2);\n\n-- +goose Down\nSELECT 1;\n"),
	)
	var group errgroup.Group
	group.Go(func() error {
		_, err := m.Up(t.Context())
		return err
	})
	await(t, dsn, holders, "1")
	time.Sleep(1200 * time.Millisecond)
	if got := one(t, dsn, holders); got != "1" {
		t.Errorf("got %s sessions that hold the lock, want 1", got)
	}
	if err := group.Wait(); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

// TestMigrationGivesUp waits for somebody who reads a table that a migration changes, gives up
// after the stated time, and names the session.
func TestMigrationGivesUp(t *testing.T) {
	t.Parallel()
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dwhtest.Database(t)
			address := dsn
			if engine == sqlfile.Redshift {
				dsn = dwhtest.Admin(t, dsn) // who owns the tables behind the stand-in
				address = redshiftstandin.Start(t, redshiftstandin.Options{Backing: dsn}).DSN
			}
			w, err := warehouse.Open(
				t.Context(),
				warehouse.Options{DSN: config.Secret(address), Engine: string(engine)},
			)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(w.Close)
			o := func(o *migration.Options) { o.Engine, o.Patience = engine, 3*time.Second }
			up(t, migrator(t, w.Pool(), migrations.FS, o), newest(t))
			reader, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = reader.Close(context.Background()) }()
			if _, err := reader.Exec(t.Context(), "SET application_name = 'some reader'; BEGIN; SELECT COUNT(*) "+
				"FROM s_song"); err != nil {
				t.Fatal(err)
			}
			told := make(chan writelock.Wait, 10)
			w.WatchWaits(t.Context(), func(wait writelock.Wait) { told <- wait }, func(err error) { t.Error(err) })
			m := migrator(
				t,
				w.Pool(),
				extended(
					t,
					"00099_wait.sql",
					"-- Wait.\n\n-- +goose Up\nALTER TABLE s_song ADD COLUMN more INTEGER;\n\n-- +goose "+
						"Down\nALTER TABLE s_song DROP COLUMN more;\n",
				),
				o,
			)
			began := time.Now()
			_, err = m.Up(t.Context())
			var gaveUp *migration.WaitError
			if !errors.As(err, &gaveUp) {
				t.Fatalf("got %v, want a *WaitError", err)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("took %s, want about 3s", took)
			}
			pid := fmt.Sprint(reader.PgConn().PID())
			for _, want := range []string{"3s", "table s_song", "session " + pid, "in a transaction since "} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if engine == sqlfile.Postgres &&
				(!strings.Contains(err.Error(), "some reader, idle in transaction") || !strings.Contains(err.Error(),
					"00099_wait.sql: ")) {
				t.Errorf("got %q, want the reader's name and state, and the migration", err)
			}
			for _, want := range []string{"WHERE pid = " + pid, "pg_terminate_backend(" + pid + ")"} {
				if !strings.Contains(gaveUp.Hint(), want) {
					t.Errorf("got the hint %q, want %q in it", gaveUp.Hint(), want)
				}
			}
			select {
			case wait := <-told:
				if text := wait.String(); !strings.Contains(text, "table s_song is locked by session "+pid) ||
					wait.Waited < 2*time.Second ||
					wait.Waited > 10*time.Second {
					t.Errorf("got %q after %s, want it told after two seconds", text, wait.Waited)
				}
			default:
				t.Error("got nothing told of the wait")
			}
			if _, err := reader.Exec(t.Context(), "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Up(t.Context()); err != nil {
				t.Errorf("after the reader has ended: %v", err)
			}
			// Down looks for staged rows first, which waits for whoever changes the table.
			if _, err := reader.Exec(t.Context(), "BEGIN; LOCK TABLE s_song"); err != nil {
				t.Fatal(err)
			}
			if engine == sqlfile.Postgres {
				if err := m.GuardStaging(t.Context(), 0); !errors.As(err, &gaveUp) ||
					!strings.Contains(err.Error(), "session "+pid) {
					t.Errorf("the guard: got %v, want a *WaitError that names the session", err)
				}
			}
		})
	}
}
