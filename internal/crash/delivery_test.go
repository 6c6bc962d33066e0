package crash_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sample"
)

// world is a source that is delivered in two stages, and databases in the states that come of it.
type world struct {
	t    *testing.T
	home string // of every dwh: without a configuration
	dir  string // song_data, log_data, names, log_json_path.json
	// files holds what each file contains in stage 1 and in stage 2; nil: it is not there yet.
	files map[string][2][]byte
	jobs  []*job
}

// records that COPY refuses: one in the first stage, one more in the second.
const (
	refused1 = `{"artist":null,"page":"NextSong","sessionId":1,"itemInSession":1,"ts":"soon","userId":"7"}` + "\n"
	refused2 = `{"artist":null,"page":"NextSong","sessionId":"no","itemInSession":1,"ts":1541121934796,"userId":"7"}` + "\n"
)

// newWorld generates the source and leaves it in its second stage: more songs that were played in
// the first one, more events, names, an event object and a song object rewritten. Its databases
// "half" and "full" are made on the way.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir(), dir: t.TempDir(), files: map[string][2][]byte{}}
	if _, err := sample.Write(
		t.Context(), w.dir, sample.Options{Songs: 60, Events: 600, Seed: 7, Late: true},
	); err != nil {
		t.Fatal(err)
	}
	w.plan()
	w.stage(1)
	w.database(t, "half")
	w.stage(2)
	w.database(t, "full")
	return w
}

// plan decides what each stage holds.
func (w *world) plan() {
	t := w.t
	var events, songs []string
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(w.dir, path)
		if err != nil {
			return err
		}
		both := [2][]byte{text, text}
		switch top, rest, _ := strings.Cut(filepath.ToSlash(name), "/"); top {
		case "late":
			both[0] = nil
			name = rest
		case "log_data":
			events = append(events, name)
		case "song_data":
			songs = append(songs, name)
		case "names":
			if rest != "yob1985.txt" {
				both[0] = nil
			}
		}
		w.files[name] = both
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(events)
	slices.Sort(songs)
	for i, name := range events {
		if i%2 == 1 {
			w.files[name] = [2][]byte{nil, w.files[name][1]}
		}
	}
	// The first object is written again with the events of the second, which thereby come twice.
	first, second := w.files[events[0]], w.files[events[1]]
	w.files[events[0]] = [2][]byte{
		slices.Concat([]byte(refused1), first[0]),
		slices.Concat([]byte(refused1), first[0], []byte("\n"+refused2), second[1]),
	}
	w.files[songs[0]] = [2][]byte{
		w.files[songs[0]][0],
		bytes.Replace(w.files[songs[0]][0], []byte(`"year":`), []byte(`"year": 2018, "ignored":`), 1),
	}
	if bytes.Equal(w.files[songs[0]][0], w.files[songs[0]][1]) {
		t.Fatalf("%s: got no year in it, want one", songs[0])
	}
}

// stage makes the source that of a stage. A file's time follows from its contents, so that a stage
// is the same whenever it is made.
func (w *world) stage(n int) {
	t := w.t
	t.Helper()
	for name, both := range w.files {
		path, text := filepath.Join(w.dir, name), both[n-1]
		if text == nil {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		at := time.Date(2018, 12, 1, 0, 0, len(text)%60, len(text), time.UTC)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// source are the flags that name it.
func (w *world) source() []string { return sourceIn(w.dir) }

func sourceIn(dir string) []string {
	return []string{
		"--song-data", dir + "/song_data", "--log-data", dir + "/log_data", "--log-jsonpaths",
		dir + "/log_json_path.json", "--names", dir + "/names",
	}
}

// loadRun is the main job without the checks over everything, which change nothing.
func (w *world) loadRun(more ...string) []string {
	return slices.Concat([]string{"run", "--no-full-check"}, w.source(), more)
}

// database returns a database of the test's own: "empty", "migrated", "half" (the first stage is
// loaded and transformed) or "full" (both).
func (w *world) database(t *testing.T, state string) string {
	t.Helper()
	build := func(stages int) func(string) error {
		return func(dsn string) error {
			if stages == 0 {
				return succeed(t, call{dsn: dsn, home: w.home, args: []string{"migrate", "up"}})
			}
			for n := 1; n <= stages; n++ {
				if stages > 1 {
					w.stage(n)
				}
				if err := succeed(t, call{dsn: dsn, home: w.home, args: w.loadRun()}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	var dsn string
	switch state {
	case "empty":
		dsn = dwhtest.Database(t)
	case "migrated":
		dsn = dwhtest.TemplateDatabase(t, "migrated", build(0))
	case "half":
		dsn = dwhtest.TemplateDatabase(t, w.dir+" half", build(1))
	case "full":
		dsn = dwhtest.TemplateDatabase(t, w.dir+" full", build(2))
	default:
		t.Fatalf("unknown state %q", state)
	}
	// It is the client that dies here, never the server's machine.
	return dsn + "&synchronous_commit=off"
}

func succeed(t *testing.T, c call) error {
	if got := c.run(t.Context()); got.code != 0 {
		return fmt.Errorf("dwh %s: %s", strings.Join(c.args, " "), got)
	}
	return nil
}
