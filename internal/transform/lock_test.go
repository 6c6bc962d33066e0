package transform_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/writelock"
)

// role is a name for a role of this test: roles belong to the server, not the database.
func (w *warehouse) role() string {
	return "reader_" + w.one("SELECT oid FROM pg_database WHERE datname = CURRENT_DATABASE()")
}

func TestTwoRunners(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 0)}}, "lines")
	// The first stands still in the middle of its transaction until the second has been refused.
	inside, leave := make(chan struct{}), make(chan struct{})
	slow := func(o *transform.Options) {
		o.Failpoint = func(name string) {
			if name == "transform.built" {
				close(inside)
				<-leave
			}
		}
	}
	var group errgroup.Group
	group.Go(func() error {
		_, err := w.runner(s.vars(), slow).Run(t.Context(), "first", nil)
		return err
	})
	<-inside
	s.object("log_data/3.json", star.Staging{Events: []star.Event{play("10", 0)}}, "lines")
	for _, act := range []func(*transform.Runner) (transform.Result, error){
		func(r *transform.Runner) (transform.Result, error) { return r.Run(t.Context(), "second", nil) },
		func(r *transform.Runner) (transform.Result, error) { return r.Replay(t.Context(), "second") },
	} {
		_, err := act(w.runner(s.vars()))
		var busy *writelock.BusyError
		if !errors.As(err, &busy) {
			t.Errorf("the second runner: got %v, want a *BusyError", err)
		}
	}
	// Comparing needs no lock.
	if _, err := w.runner(s.vars()).Compare(t.Context()); err != nil {
		t.Errorf("compare beside a run: got %v, want no error", err)
	}
	group.Go(func() error {
		_, err := w.runner(s.vars(), func(o *transform.Options) { o.Wait = true }).Run(t.Context(), "waiting", nil)
		return err
	})
	w.await("SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'dwh_lock'::regclass", "1")
	close(leave)
	if err := group.Wait(); err != nil {
		t.Fatalf("first and waiting runner: got %v, want both to succeed", err)
	}
	if got := fmt.Sprint(
		w.rows("SELECT command, outcome FROM dwh_run WHERE command <> 'test' ORDER BY command, started_at"),
	); got != "[[first done] [second refused] [second refused] [waiting done]]" {
		t.Errorf("journal: got %s", got)
	}
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "4" {
		t.Errorf("plays: got %s, want 4", got)
	}
	w.same()
}

// await asks until the answer is as wanted.
func (w *warehouse) await(sql, want string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), dwhtest.Patience)
	defer cancel()
	for w.one(sql) != want {
		if ctx.Err() != nil {
			w.t.Fatalf("%s: got %s for %s, want %s", sql, w.one(sql), dwhtest.Patience, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestOnlyWhatTheSnapshotHeldIsFlagged stages an event while a run is building: it is the next
// run's.
func TestOnlyWhatTheSnapshotHeldIsFlagged(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	late := func(moment, user string) func(*transform.Options) {
		return func(o *transform.Options) {
			o.Failpoint = func(name string) {
				if name == moment {
					w.exec(insert(star.Staging{Events: []star.Event{play(user, 5)}}))
				}
			}
		}
	}
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 0)}}, "lines")
	w.run(s.vars(), late("transform.built", "20"))
	if got := w.one("SELECT STRING_AGG(user_id, ', ') FROM s_songplay_event WHERE NOT processed"); got != "20" {
		t.Errorf("unprocessed after an incremental run: got users %s, want 20", got)
	}
	if _, err := w.runner(nil, late("replay.built", "21")).Replay(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if got := w.one("SELECT STRING_AGG(user_id, ', ') FROM s_songplay_event WHERE NOT processed"); got != "21" {
		t.Errorf("unprocessed after a replay: got users %s, want 21", got)
	}
	w.run(nil)
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "5" {
		t.Errorf("plays: got %s, want 5", got)
	}
	w.same()
}
