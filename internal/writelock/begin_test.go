package writelock_test

import (
	"context"
	"errors"
	"flag"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

func TestMain(m *testing.M) {
	flag.Parse()
	dwhtest.Main(m)
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// engines starts one of each engine and hands its DSN to test.
func engines(t *testing.T, test func(t *testing.T, engine sqlfile.Engine, dsn string)) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, sqlfile.Postgres, dwhtest.Database(t))
	})
	t.Run("redshift", func(t *testing.T) {
		t.Parallel()
		test(t, sqlfile.Redshift, redshiftstandin.Start(t, redshiftstandin.Options{}).DSN)
	})
}

func setting(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestStatementTimeoutIsSetBack reads the session's statement_timeout in a writer, and after its
// rollback, its commit and its refusal.
func TestStatementTimeoutIsSetBack(t *testing.T) {
	engines(t, func(t *testing.T, engine sqlfile.Engine, dsn string) {
		conn, other := connect(t, dsn), connect(t, dsn)
		if err := writelock.Ensure(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{"0", "3600000"} {
			if _, err := conn.Exec(t.Context(), "SET statement_timeout TO "+value); err != nil {
				t.Fatal(err)
			}
			want := setting(t, conn)
			for _, end := range []func(pgx.Tx) error{
				func(tx pgx.Tx) error { return tx.Rollback(t.Context()) },
				func(tx pgx.Tx) error { return tx.Commit(t.Context()) },
				func(tx pgx.Tx) error {
					if _, err := tx.Exec(t.Context(), "SELECT nothing FROM nowhere"); err == nil {
						t.Error("got no error of a table that does not exist")
					}
					return tx.Rollback(t.Context())
				},
			} {
				tx, err := writelock.Begin(t.Context(), conn, engine, false)
				if err != nil {
					t.Fatal(err)
				}
				if got := setting(t, conn); got != want {
					t.Errorf("in the writer: got statement_timeout %s, want %s", got, want)
				}
				if err := end(tx); err != nil {
					t.Fatal(err)
				}
				if got := setting(t, conn); got != want {
					t.Errorf("after the writer: got statement_timeout %s, want %s", got, want)
				}
			}
			held, err := writelock.Begin(t.Context(), other, engine, true)
			if err != nil {
				t.Fatal(err)
			}
			var busy *writelock.BusyError
			if _, err := writelock.Begin(t.Context(), conn, engine, false); !errors.As(err, &busy) {
				t.Errorf("got %v, want a *BusyError", err)
			}
			if got := setting(t, conn); got != want {
				t.Errorf("after a refusal: got statement_timeout %s, want %s", got, want)
			}
			if err := held.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
