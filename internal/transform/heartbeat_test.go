package transform_test

import (
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
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

// A run that works has not ended; one that has said nothing for minutes was interrupted. What has
// ended stays as it is.
func TestSeen(t *testing.T) {
	t.Parallel()
	start := time.Date(2018, 11, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) *time.Time {
		moment := start.Add(time.Duration(minutes) * time.Minute)
		return &moment
	}
	for _, c := range []struct {
		outcome   string
		ended     *time.Time
		now       int // minutes after the start
		want      string
		wantEnded *time.Time
	}{
		{"running", nil, 1, "running", nil},
		{"running", nil, 5, "interrupted", nil},
		{"running", at(3), 7, "running", nil},
		{"running", at(3), 8, "interrupted", at(3)},
		{"running", at(3), -60, "running", nil}, // another machine's clock
		{"done", at(3), 60, "done", at(3)},
		{"failed", at(3), 4, "failed", at(3)},
	} {
		got := transform.Seen(dwhdb.DwhRun{StartedAt: start, EndedAt: c.ended, Outcome: c.outcome}, *at(c.now))
		same := (got.EndedAt == nil) == (c.wantEnded == nil) && (got.EndedAt == nil || got.EndedAt.Equal(*c.wantEnded))
		if got.Outcome != c.want || !same {
			t.Errorf(
				"%s, last heard of at %v, %d minutes after its start: got %s, end %v, want %s, end %v",
				c.outcome, c.ended, c.now, got.Outcome, got.EndedAt, c.want, c.wantEnded,
			)
		}
	}
}
