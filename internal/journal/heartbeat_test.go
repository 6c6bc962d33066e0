package journal_test

import (
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
)

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
		got := journal.Seen(dwhdb.DwhRun{StartedAt: start, EndedAt: c.ended, Outcome: c.outcome}, *at(c.now))
		same := (got.EndedAt == nil) == (c.wantEnded == nil) && (got.EndedAt == nil || got.EndedAt.Equal(*c.wantEnded))
		if got.Outcome != c.want || !same {
			t.Errorf(
				"%s, last heard of at %v, %d minutes after its start: got %s, end %v, want %s, end %v",
				c.outcome, c.ended, c.now, got.Outcome, got.EndedAt, c.want, c.wantEnded,
			)
		}
	}
}
