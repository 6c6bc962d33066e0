package writelock_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// TestWatcher lets a session wait for another's lock: it is told once, after its time, with who
// holds the lock and how that is seen. While nobody is busy, the server is not asked.
func TestWatcher(t *testing.T) {
	engines(t, func(t *testing.T, engine sqlfile.Engine, dsn string) {
		holder, waiter := connect(t, dsn), connect(t, dsn)
		for _, sql := range []string{"CREATE TABLE wanted (a INTEGER)", "BEGIN", "LOCK TABLE wanted"} {
			if _, err := holder.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		pid := func(conn *pgx.Conn) int64 {
			var n int64
			if err := conn.QueryRow(t.Context(), "SELECT CAST(pg_backend_pid() AS BIGINT)").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		sessions := &writelock.Sessions{}
		sessions.Add(pid(waiter), waiter.PgConn().CleanupDone())
		if got := sessions.Open(); got != 1 {
			t.Errorf("got %d open sessions, want 1", got)
		}
		var busy atomic.Bool
		var connected atomic.Int64
		told := make(chan writelock.Wait, 10)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			(&writelock.Watcher{
				Engine: engine, Sessions: sessions, Busy: busy.Load, After: 1500 * time.Millisecond,
				Connect: func(ctx context.Context) (*pgx.Conn, error) {
					connected.Add(1)
					config, err := pgx.ParseConfig(dsn)
					if err != nil {
						return nil, err
					}
					config.DefaultQueryExecMode = pgx.QueryExecModeExec
					return pgx.ConnectConfig(ctx, config)
				},
				Tell: func(w writelock.Wait) { told <- w }, Failed: func(err error) { t.Error(err) },
			}).Run(ctx)
		}()
		locked := make(chan error, 1)
		go func() {
			if _, err := waiter.Exec(context.Background(), "BEGIN"); err != nil {
				locked <- err
				return
			}
			_, err := waiter.Exec(context.Background(), "LOCK TABLE wanted")
			locked <- err
		}()
		time.Sleep(1200 * time.Millisecond)
		if connected.Load() != 0 {
			t.Error("got a connection while nobody is busy")
		}
		busy.Store(true)
		var got writelock.Wait
		select {
		case got = <-told:
		case <-time.After(dwhtest.Patience):
			t.Fatal("the wait was not told")
		}
		id := pid(holder)
		for _, want := range []string{"waiting for a lock: table wanted is locked by ",
			fmt.Sprintf("session %d (user ", id), "in a transaction since ", fmt.Sprintf("WHERE pid = %d", id)} {
			if !strings.Contains(got.String(), want) {
				t.Errorf("got %q, want %q in it", got, want)
			}
		}
		if got.Waited < 1500*time.Millisecond {
			t.Errorf("told after %s, want 1.5s at least", got.Waited)
		}
		time.Sleep(1200 * time.Millisecond)
		if len(told) != 0 {
			t.Errorf("got %q told again", <-told)
		}
		if _, err := holder.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		if err := <-locked; err != nil {
			t.Error(err)
		}
		stop()
		<-ended
		if err := waiter.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := sessions.Open(); got != 0 {
			t.Errorf("got %d open sessions after the end, want none", got)
		}
	})
}

// TestWaitForRow waits for a row that another transaction has changed: PostgreSQL says which table
// it is in.
func TestWaitForRow(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	holder, waiter, asker := connect(t, dsn), connect(t, dsn), connect(t, dsn)
	for _, sql := range []string{
		"CREATE TABLE wanted (a INTEGER)", "INSERT INTO wanted VALUES (1)", "BEGIN", "UPDATE wanted SET a = 2",
	} {
		if _, err := holder.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	sessions := &writelock.Sessions{}
	sessions.Add(int64(waiter.PgConn().PID()), waiter.PgConn().CleanupDone())
	changed := make(chan error, 1)
	go func() {
		_, err := waiter.Exec(context.Background(), "UPDATE wanted SET a = 3")
		changed <- err
	}()
	var waits []writelock.Wait
	dwhtest.Await(t, func() string {
		var err error
		if waits, err = writelock.Waits(t.Context(), asker, sqlfile.Postgres, sessions); err != nil {
			t.Fatal(err)
		}
		if len(waits) != 1 {
			return fmt.Sprintf("got %d waits, want 1", len(waits))
		}
		return ""
	})
	want := fmt.Sprintf("waiting for a lock: a row of table wanted is locked by session %d (", holder.PgConn().PID())
	if got := waits[0].String(); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}
	if _, err := holder.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-changed; err != nil {
		t.Error(err)
	}
}
