package server_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/server"
)

func TestBatches(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_000_000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	const age = 200 * time.Millisecond
	w := server.NewWaiting(4)
	expect := func(what string, ms, objects int, bytes int64, want []objectstore.URL, wait time.Duration) {
		t.Helper()
		got, later := w.Due(at(ms), age, objects, bytes)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: got another batch than wanted (-want +got):\n%s", what, diff)
		}
		if want == nil && later != wait {
			t.Errorf("%s: got %s to wait, want %s", what, later, wait)
		}
	}
	w.Put("file:///a", "1", 10, at(0), at(0))
	w.Put("file:///b", "1", 10, at(50), at(150))
	expect("young", 100, 10, 100, nil, 50*time.Millisecond) // b settles
	expect("young, settled", 160, 10, 100, nil, 40*time.Millisecond)
	expect("old enough", 200, 10, 100, []objectstore.URL{"file:///a", "file:///b"}, 0)

	w.Put("file:///a", "1", 10, at(300), at(300))
	if got, _ := w.Due(at(900), age, 10, 100); got != nil {
		t.Errorf("an object that is on its way: got %v, want nothing", got)
	}
	w.Fail(at(400), "file:///a")
	w.Put("file:///c", "1", 10, at(300), at(300))
	expect("full by count", 301, 1, 100, []objectstore.URL{"file:///c"}, 0)
	w.Put("file:///d", "1", 60, at(300), at(300))
	w.Put("file:///e", "1", 60, at(300), at(300))
	expect("full by bytes", 301, 10, 100, []objectstore.URL{"file:///d"}, 0)
	expect("what is due goes before what failed", 500, 10, 100, []objectstore.URL{"file:///e"}, 0)
	expect("what failed travels alone", 500, 10, 100, []objectstore.URL{"file:///a"}, 0)

	for i, u := range []objectstore.URL{"file:///1", "file:///2", "file:///3", "file:///4", "file:///5", "file:///1"} {
		if got, want := w.Put(u, "2", 1, at(600), at(600)), i != 4; got != want {
			t.Errorf("object %d into 4 places: got %t, want %t", i+1, got, want)
		}
	}
}

// Where batches are always due, what failed is tried again all the same: else it would never be
// given up.
func TestFailedAmongMany(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_000_000, 0)
	w := server.NewWaiting(10)
	w.Fail(start, "file:///bad", "file:///worse")
	var got []objectstore.URL
	for _, u := range []objectstore.URL{"file:///1", "file:///2", "file:///3", "file:///4"} {
		w.Put(u, "1", 1, start, start)
	}
	for range 6 {
		batch, _ := w.Due(start.Add(time.Second), 0, 1, 100)
		got = append(got, batch...)
	}
	want := []objectstore.URL{"file:///1", "file:///worse", "file:///2", "file:///bad", "file:///3", "file:///4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// A queue delivers a name again until its object is done with. That takes nothing from how often
// the object has failed: else it would never be given up.
func TestHeardAgain(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_000_000, 0)
	later := start.Add(time.Second)
	w := server.NewWaiting(10)
	w.Hear("file:///bad", start)
	if got, _ := w.Due(start, 0, 1, 100); len(got) != 1 {
		t.Fatalf("got %v, want one object", got)
	}
	w.Hear("file:///bad", start) // while it is on its way
	w.Fail(later, "file:///bad")
	if got := w.Tries("file:///bad"); got != 1 {
		t.Errorf("tries of an object that failed while its name came again: got %d, want 1", got)
	}
	w.Hear("file:///bad", start)
	if got := w.Tries("file:///bad"); got != 1 {
		t.Errorf("tries of an object whose name came again: got %d, want 1", got)
	}
	if got, _ := w.Due(start, 0, 1, 100); got != nil {
		t.Errorf("before its pause is over: got %v, want nothing", got)
	}
	w.Put("file:///bad", "2", 1, start, later)
	if got := w.Tries("file:///bad"); got != 0 {
		t.Errorf("tries of another version: got %d, want 0", got)
	}
	if got, _ := w.Due(later, 0, 1, 100); len(got) != 1 {
		t.Errorf("another version: got %v, want it", got)
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2018, 12, 1, 3, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		under   objectstore.URL
		objects []objectstore.URL
		want    []objectstore.URL
	}{
		{
			"s3://b/log_data", []objectstore.URL{"s3://b/log_data/2018/11/2018-11-12-events.json"},
			[]objectstore.URL{"s3://b/log_data/2018/11/", "s3://b/log_data/2018/12/"},
		},
		{
			"s3://b/log/",
			[]objectstore.URL{"s3://b/log/2018/11/02/a.json", "s3://b/log/2018/11/30/a.json"},
			[]objectstore.URL{"s3://b/log/2018/11/30/", "s3://b/log/2018/12/01/"},
		},
		{
			"s3://b/", []objectstore.URL{"s3://b/x/year=2018/month=12/day=01/a"},
			[]objectstore.URL{"s3://b/x/year=2018/month=12/day=01/", "s3://b/x/year=2018/month=11/day=30/"},
		},
		{"s3://b/song_data/", []objectstore.URL{"s3://b/song_data/A/B/C/TRABC.json"}, nil},
		{
			"s3://b/log/2018/", []objectstore.URL{"s3://b/log/2018/11/a.json"},
			[]objectstore.URL{"s3://b/log/2018/11/", "s3://b/log/2018/12/"},
		},
	} {
		if diff := cmp.Diff(c.want, server.Days(c.under, now, c.objects...)); diff != "" {
			t.Errorf("%s with %v (-want +got):\n%s", c.under, c.objects, diff)
		}
	}
}

func TestPauses(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		full := 30 * time.Second
		if n < 10 { // 100 ms doubled eight times is 25.6 s
			full = 100 * time.Millisecond << max(n-1, 0)
		}
		if got := server.PauseAfter(n, 30*time.Second); got < full/2 || got > full {
			t.Errorf("pause after %d failures: got %s, want between %s and %s", n, got, full/2, full)
		}
	}
}
