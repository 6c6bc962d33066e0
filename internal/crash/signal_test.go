package crash_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// signals interrupts dwh as Ctrl-C and init do, at failpoints.
func (w *world) signals(t *testing.T) {
	first, once, replay := w.job(t, "first run"), w.job(t, "first run at once"), w.job(t, "replay")
	for _, tt := range []struct {
		job *job
		end string
	}{
		{first, "INT load.begun 3"}, {first, "TERM load.recorded 2"}, {first, "INT transform.built 1"}, {
			first, "INT transform.checked 1",
		},
		{once, "INT load.copied 2"}, {once, "TERM first.checked 1"},
		{replay, "INT replay.deleted.f_songplay 1"}, {replay, "TERM replay.checked 1"},
	} {
		t.Run(tt.end, func(t *testing.T) {
			t.Parallel()
			dsn := tt.job.start(t)
			child, err := call{dsn: dsn, home: w.home, args: tt.job.args, env: tt.job.env}.spawn(tt.end)
			if err != nil {
				t.Fatal(err)
			}
			ended, err := child.wait()
			if err != nil {
				t.Fatal(err)
			}
			interrupted(t, dsn, ended)
			tt.job.settle(t, w, dsn, ended)
		})
	}
}

// interrupted fails the test unless dwh says that it was interrupted, and its journal does.
func interrupted(t *testing.T, dsn string, ended outcome) {
	t.Helper()
	if ended.code != 130 {
		t.Errorf("got %s, want exit code 130", ended)
	}
	if got := dwhtest.Query(
		t, dsn, "SELECT outcome FROM dwh_run ORDER BY started_at DESC LIMIT 1",
	); len(got) != 1 || got[0][0] != "interrupted" {
		t.Errorf("journal: got %q, want interrupted", got)
	}
}

// signalWhileWaiting interrupts a dwh that waits for another one.
func (w *world) signalWhileWaiting(t *testing.T) {
	dsn := w.database(t, "half")
	before := snapshot(t, dsn)
	holder, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(t.Context())
	if _, err := holder.Exec(t.Context(), "BEGIN; LOCK TABLE dwh_lock"); err != nil {
		t.Fatal(err)
	}
	child, err := call{dsn: dsn, home: w.home, args: w.loadRun("--wait")}.spawn("")
	if err != nil {
		t.Fatal(err)
	}
	awaitRow(
		t, dsn,
		"SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "+
			"'Lock' AND query LIKE 'LOCK TABLE%'",
	)
	sent := time.Now()
	if err := child.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended, err := child.wait()
	if err != nil {
		t.Fatal(err)
	}
	interrupted(t, dsn, ended)
	t.Logf("it ended %s after the signal", time.Since(sent).Round(time.Millisecond))
	whole(t, "after the signal", snapshot(t, dsn), before, before, true)
}

// signalAtAnyTime interrupts dwh whatever it is doing.
func (w *world) signalAtAnyTime(t *testing.T) {
	j := w.job(t, "first run")
	rounds := 1 + dwhtest.Rounds(t, 1)
	for i := range rounds {
		dsn := j.start(t)
		child, err := call{dsn: dsn, home: w.home, args: j.args, env: j.env}.spawn("")
		if err != nil {
			t.Fatal(err)
		}
		// Its first connection tells that it listens to signals.
		awaitRow(
			t, dsn,
			"SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dwh'",
		)
		timer := time.AfterFunc(
			time.Duration(i)*j.took/time.Duration(rounds),
			func() { _ = child.command.Process.Signal(syscall.SIGINT) },
		)
		ended, err := child.wait()
		timer.Stop()
		if err != nil {
			t.Fatal(err)
		}
		if ended.code != 130 && ended.code != 0 {
			t.Errorf("got %s, want exit code 130, or 0 when it had ended", ended)
		}
		j.settle(t, w, dsn, ended)
	}
}

// awaitRow waits until a query has a row.
func awaitRow(t *testing.T, dsn, query string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for deadline := time.Now().Add(dwhtest.Patience); ; {
		var n int
		switch err := conn.QueryRow(t.Context(), query).Scan(&n); {
		case err == nil:
			return
		case err != pgx.ErrNoRows:
			t.Fatalf("%s: %v", query, err)
		case time.Now().After(deadline):
			t.Fatalf("%s: got no row within %s", query, dwhtest.Patience)
		}
		time.Sleep(time.Millisecond)
	}
}
