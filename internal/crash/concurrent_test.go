package crash_test

import (
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
)

const busy = "another dwh is writing to this warehouse"

// twoAtOnce holds one dwh in the middle of its work: a second one says so and ends, a third one
// waits.
func (w *world) twoAtOnce(t *testing.T) {
	first, once, replay := w.job(t, "first run"), w.job(t, "first run at once"), w.job(t, "replay")
	for _, tt := range []struct {
		job   *job
		point string
	}{
		{first, "load.copied"}, {first, "transform.flagged"}, {once, "first.checked"},
		{replay, "replay.deleted.d_user"},
	} {
		t.Run(tt.point, func(t *testing.T) {
			t.Parallel()
			dsn := tt.job.start(t)
			// closed when the first one holds, and when it may go on
			reached, release := make(chan struct{}), make(chan struct{})
			held := false
			var works, waits outcome
			var group errgroup.Group
			group.Go(func() error {
				works = call{
					dsn: dsn, home: w.home, args: tt.job.args, env: tt.job.env,
					failpoint: func(name string) {
						if name == tt.point && !held {
							held = true
							close(reached)
							<-release
						}
					}}.run(t.Context())
				return nil
			})
			<-reached
			for _, args := range [][]string{
				w.loadRun(), {"transform", "--replay"}, {"migrate", "redo"},
				{"staging", "delete", "--user-id", "10", "--yes"},
			} {
				refused := call{dsn: dsn, home: w.home, args: args}.run(t.Context())
				// What finds nothing to do need not be told.
				if strings.HasPrefix(refused.stdout, "0 rows") && refused.code == 0 {
					continue
				}
				if refused.code != 1 || !strings.Contains(refused.stderr, busy) || !strings.Contains(
					refused.stderr, "--wait",
				) {
					t.Errorf("%s: got %s, want exit code 1 and %q", strings.Join(args, " "), refused, busy)
				}
			}
			if verify := (call{
				dsn: dsn, home: w.home, args: []string{"report", "songplays-by-level"},
			}).run(t.Context()); verify.code != 0 {
				t.Errorf("a reader: got %s, want exit code 0", verify)
			}
			group.Go(func() error {
				waits = call{dsn: dsn, home: w.home, args: w.loadRun("--wait")}.run(t.Context())
				return nil
			})
			awaitRow(
				t, dsn,
				"SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND "+
					"wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'",
			)
			close(release)
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			if works.code != 0 {
				t.Errorf("the one that works: got %s, want exit code 0", works)
			}
			if waits.code != 0 {
				t.Errorf("the one that waits: got %s, want exit code 0", waits)
			}
			if got := dwhtest.Query(
				t, dsn, "SELECT count(*) > 0 FROM dwh_run WHERE outcome = 'refused'",
			)[0][0]; got != "t" {
				t.Error("journal: got no run that was refused")
			}
			tt.job.settle(t, w, dsn, works)
		})
	}
}

// race starts four dwh at once on an empty database.
func (w *world) race(t *testing.T) {
	// Undisturbed, from nothing.
	undisturbed := w.database(t, "empty")
	if err := succeed(t, call{dsn: undisturbed, home: w.home, args: w.loadRun()}); err != nil {
		t.Fatal(err)
	}
	want := snapshot(t, undisturbed)
	for round := range dwhtest.Rounds(t, 1) {
		for _, more := range [][]string{nil, {"--wait"}} {
			dsn := w.database(t, "empty")
			ends := make([]outcome, 4)
			var group errgroup.Group
			for i := range ends {
				group.Go(func() error {
					child, err := call{dsn: dsn, home: w.home, args: w.loadRun(more...)}.spawn("")
					if err != nil {
						return err
					}
					ends[i], err = child.wait()
					return err
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			done := 0
			for _, ended := range ends {
				switch {
				case ended.code == 0:
					done++
				case len(more) > 0 || ended.code != 1 || !strings.Contains(ended.stderr, busy):
					t.Errorf("round %d, %q: got %s, want it to end well or to be refused", round, more, ended)
				}
			}
			if done == 0 {
				t.Errorf("round %d, %q: got no run that ended well, want at least one", round, more)
			}
			t.Logf("round %d, %q: %d of %d ended well", round, more, done, len(ends))
			if err := succeed(t, call{dsn: dsn, home: w.home, args: w.loadRun()}); err != nil {
				t.Error(err)
			}
			same(t, "in the end", snapshot(t, dsn), want)
			if err := succeed(t, call{dsn: dsn, home: w.home, args: []string{"verify"}}); err != nil {
				t.Error(err)
			}
		}
	}
}
