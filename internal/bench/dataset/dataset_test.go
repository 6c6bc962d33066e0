package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/bench/dataset"
)

// raw writes 24 songs and four days of events: one a line, pretty, with nothing between them, and
// one a line again.
func raw(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 24 {
		write(fmt.Sprintf("song_data/A/%c/%02d.json", 'A'+i%3, i), fmt.Sprintf(`{"song_id":"S%d"}`, i))
	}
	event := func(n int, colon string) string { return fmt.Sprintf(`{"ts"%s%d,"song":"a\nb{"}`, colon, n) }
	for day, how := range []struct{ between, colon, end string }{
		{"\n", ":", ""}, {"\n\n", ":\n  ", "\n"}, {"", ":", ""}, {"\n", ": ", "\n"},
	} {
		var lines []string
		for i := range 606 {
			lines = append(lines, event(day*1000+i, how.colon))
		}
		write(fmt.Sprintf("log_data/2018/11/%02d.json", day+1), strings.Join(lines, how.between)+how.end)
	}
	return dir
}

func lines(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := dataset.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(text), "\n") {
			t.Errorf("%s does not end in a line's end", file)
		}
		all = append(all, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")...)
	}
	return all
}

func TestMake(t *testing.T) {
	for _, move := range []bool{false, true} {
		from, dir := raw(t), filepath.Join(t.TempDir(), "set")
		set, err := dataset.Make(t.Context(), from, dir, "here", move)
		if err != nil {
			t.Fatal(err)
		}
		// 2424 events: a tenth in the batch, and a hundredth of what the base keeps.
		base, late, batch := lines(t, set.Events), lines(t, set.Late), lines(t, set.BatchEvents)
		if len(base) != 2161 || len(late) != 21 || len(batch) != 242 {
			t.Errorf("move %v: got %d, %d and %d events, want 2161, 21 and 242", move, len(base), len(late), len(batch))
		}
		if set.EventRecords != int64(
			len(base),
		) || set.LateRecords != int64(len(late)) || set.BatchRecords != int64(len(batch)) {
			t.Errorf("move %v: got counts %+v, want those of the files", move, set.Counts)
		}
		all := slices.Concat(base, late, batch)
		slices.Sort(all)
		if n := len(slices.Compact(slices.Clone(all))); n != 2424 {
			t.Errorf("move %v: got %d different events, want 2424", move, n)
		}
		for _, line := range all {
			if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}") {
				t.Fatalf("move %v: got %q, want one object a line", move, line)
			}
		}
		songs, err := dataset.Files(set.Songs)
		if err != nil {
			t.Fatal(err)
		}
		apart, err := dataset.Files(set.BatchSongs)
		if err != nil {
			t.Fatal(err)
		}
		if len(songs) != 14 || len(apart) != 10 || set.SongObjects != 14 || set.BatchObjects != 10 {
			t.Errorf("move %v: got %d songs and %d apart, want 14 and 10", move, len(songs), len(apart))
		}
		_, err = os.Stat(filepath.Join(from, "song_data"))
		if gone := os.IsNotExist(err); gone != move {
			t.Errorf("move %v: got the source gone %v, want %v", move, gone, move)
		}
		if text, err := os.ReadFile(set.JSONPaths); err != nil || !strings.Contains(
			string(text), "$['itemInSession']",
		) {
			t.Errorf("move %v: got JSONPaths %s (%v), want the built-in ones", move, text, err)
		}
	}
}

func TestBaseRemains(t *testing.T) {
	for _, events := range []int{100, 1000, 8999, 200_000, 5_000_000} {
		_, with := dataset.Base(10, events)
		batch := min(dataset.BatchEvents, with/10)
		if got := with - batch - (with-batch)/101; got < events-1 || got > events+1 {
			t.Errorf("%d events: got a base of %d, want that many", events, got)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "set")
	if set, err := dataset.Open(dir, "here"); set != nil || err != nil {
		t.Fatalf("nothing there: got %v (%v), want none", set, err)
	}
	made, err := dataset.Make(t.Context(), raw(t), dir, "here", false)
	if err != nil {
		t.Fatal(err)
	}
	if set, err := dataset.Open(dir, "elsewhere"); set != nil || err != nil {
		t.Errorf("another source: got %v (%v), want none", set, err)
	}
	before := lines(t, made.Events)
	// Delivered, and then the process was killed.
	if _, err := made.Deliver(); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(dir, "here")
	if err != nil || set == nil || set.Counts != made.Counts {
		t.Fatalf("got %+v (%v), want %+v", set, err, made)
	}
	if got := lines(t, set.Events); !slices.Equal(got, before) {
		t.Errorf("got %d events, want the %d of the base again", len(got), len(before))
	}
}

func TestDeliver(t *testing.T) {
	set, err := dataset.Make(t.Context(), raw(t), filepath.Join(t.TempDir(), "set"), "here", false)
	if err != nil {
		t.Fatal(err)
	}
	base, late := lines(t, set.Events), lines(t, set.Late)
	for range 2 {
		takeBack, err := set.Deliver()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(lines(t, set.Events)), len(base)+len(late); got != want {
			t.Errorf("delivered: got %d events, want %d", got, want)
		}
		if err := takeBack(); err != nil {
			t.Fatal(err)
		}
		if got := lines(t, set.Events); !slices.Equal(got, base) {
			t.Errorf("taken back: got %d events, want %d", len(got), len(base))
		}
	}
}

func TestMakeRefusesWhatIsNoJSON(t *testing.T) {
	from := raw(t)
	file := filepath.Join(from, "log_data", "2018", "11", "02.json")
	if err := os.WriteFile(file, []byte(`{"a":1}{`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := dataset.Make(t.Context(), from, filepath.Join(t.TempDir(), "set"), "here", false)
	if err == nil || !strings.Contains(err.Error(), "02.json: record 2") {
		t.Errorf("got %v, want an error that names file and record", err)
	}
}
