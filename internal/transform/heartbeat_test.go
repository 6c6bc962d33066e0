package transform_test

import (
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/transform"
)

// A run says that it works for as long as it does, and ends with its own word.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	const beat = "SELECT COALESCE(CAST(ended_at AS VARCHAR), '') FROM dwh_run"
	beats := map[string]bool{}
	w.run(nil, func(o *transform.Options) {
		o.Heartbeat = 2 * time.Millisecond
		o.Failpoint = func(name string) {
			if name != "run.begun" {
				return
			}
			dwhtest.Await(t, func() string {
				if got := w.one(beat); got != "" {
					beats[got] = true
				}
				if len(beats) < 2 {
					return "the run says nothing"
				}
				return ""
			})
			if got := w.one("SELECT outcome FROM dwh_run"); got != "running" {
				t.Errorf("outcome of a run that works: got %s, want running", got)
			}
		}
	})
	if got := w.one("SELECT outcome FROM dwh_run"); got != "done" {
		t.Errorf("outcome: got %s, want done", got)
	}
	if end := w.one(beat); beats[end] {
		t.Errorf("got the end %s, want a later one than the last word", end)
	}
}
