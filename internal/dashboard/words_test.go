package dashboard_test

import (
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dashboard"
)

func TestWords(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "just now", 4 * time.Second: "just now", 5 * time.Second: "5 seconds ago",
		time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 47 * time.Hour: "47 hours ago", 2 * day: "2 days ago",
		61 * day: "2 months ago", 800 * day: "2.1 years ago",
		(7*365 + 360) * day: "7.9 years ago",
		-3 * time.Second:    "now", -90 * time.Second: "in 1 minute",
	} {
		if got := dashboard.Ago(d); got != want {
			t.Errorf("%s ago: got %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 12 * time.Millisecond: "12 ms", 1300 * time.Millisecond: "1.3 s",
		2 * time.Second: "2 s", 125 * time.Second: "2 min 5 s",
		184 * time.Minute: "3 h 4 min", 5 * day: "5 days",
	} {
		if got := dashboard.Words(d); got != want {
			t.Errorf("%d: got %q, want %q", d, got, want)
		}
	}
	for what, want := range map[string]string{
		"row": "1,594 rows", "try": "1,594 tries", "batch": "1,594 batches", "day": "1,594 days",
	} {
		if got := dashboard.Counted(1594, what); got != want {
			t.Errorf("1594 of %s: got %q, want %q", what, got, want)
		}
		if got := dashboard.Counted(1, what); got != "1 "+what {
			t.Errorf("1 of %s: got %q, want %q", what, got, "1 "+what)
		}
	}
}
