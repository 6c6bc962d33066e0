// Package sample generates song objects, song-play event objects and baby names in the layout and
// with the oddities of the real bucket.
package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Where things lie under the folder of a sample.
const (
	songFolder    = "song_data"
	eventFolder   = "log_data"
	namesFolder   = "names"
	lateFolder    = "late"
	jsonPathsFile = "log_json_path.json"
	// marker tells a sample from other folders. Listings leave out what begins with a dot.
	marker = ".dwh-sample.json"
)

// Sources are the places in a sample's folder, with slashes, by the names of the embedded project's
// sources.
func Sources() map[string]string {
	return map[string]string{
		"song_data": songFolder, "log_data": eventFolder, "log_jsonpaths": jsonPathsFile, "names": namesFolder,
	}
}

// Largest is the limit of Options.Songs and Options.Events.
const Largest = 1_000_000_000

// LateShare is the number of late songs in a thousand songs, rounded up.
const LateShare = 20

var (
	// ErrOptions means options out of range: a usage error.
	ErrOptions = errors.New("invalid options")
	// ErrNotEmpty means that the output folder holds something else than a sample.
	ErrNotEmpty = errors.New("the folder is not empty and holds no earlier sample")
)

// Options say what to generate. The same Songs, Events and Seed give the same
// bytes on every system.
type Options struct {
	Songs  int    // song records in song_data, from 0 to Largest
	Events int    // event records in log_data, from 0 to Largest
	Seed   uint64 // of the random numbers; any value will do
	// Late also writes late/song_data: LateShare more songs whose plays are in
	// log_data already. Copied into song_data they heal those plays. Nothing
	// else depends on it.
	Late bool
	// Workers is the number of files written at once; 0: one a processor. It
	// changes no byte.
	Workers int
}

// Summary counts what was written.
type Summary struct {
	Dir         string `json:"dir"`          // the folder that was written
	Songs       int    `json:"songs"`        // song records in song_data
	SongIDs     int    `json:"song_ids"`     // different song_ids among them
	SongObjects int    `json:"song_objects"` // number of files in song_data
	Events      int    `json:"events"`       // event records in log_data
	// EventObjects are the files in log_data, one a day with events.
	EventObjects int `json:"event_objects"`
	// events with page NextSong, repeated ones and those without a user included
	NextSong int `json:"next_song"`
	// different plays by a known user: the rows of the fact table
	Songplays   int `json:"songplays"`
	Matched     int `json:"matched"`  // songplays of songs in song_data
	Repeated    int `json:"repeated"` // events that are a copy of one in another file
	LoggedOut   int `json:"logged_out"`
	Users       int `json:"users"`
	Names       int `json:"names"` // rows of baby names
	NameObjects int `json:"name_objects"`
	LateSongs   int `json:"late_songs"` // records in late/song_data
	LateObjects int `json:"late_objects"`
	// LatePlays are songplays of the late songs, written or not: what they heal.
	LatePlays int   `json:"late_plays"`
	Bytes     int64 `json:"bytes"`
}

// String says it in two or three lines.
func (s Summary) String() string {
	var b strings.Builder
	of := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return grouped(n) + " " + what + "s"
	}
	fmt.Fprintf(&b, "%s in %s; %s in %s, %s among them (%s of known songs), by %s; %s; %s in %s",
		of(s.Songs, "song"), of(s.SongObjects, "file"), of(s.Events, "event"), of(
			s.EventObjects, "file",
		), of(s.Songplays, "play"), percent(s.Matched, s.Songplays),
		of(s.Users, "user"), of(s.Names, "baby name"), megabytes(s.Bytes), s.Dir)
	if s.LateSongs > 0 {
		come, they := "come", "they match"
		if s.LateSongs == 1 {
			come, they = "comes", "it matches"
		}
		fmt.Fprintf(&b, "\n%s in %s %s late: copied into %s %s %s",
			of(s.LateSongs, "more song"), filepath.Join(lateFolder, songFolder), come, songFolder, they, of(
				s.LatePlays, "earlier play",
			))
	}
	return b.String()
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func percent(part, whole int) string {
	if whole == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%d %%", (100*part+whole/2)/whole)
}

func megabytes(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%d kB", (n+999)/1000)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}

// Write generates a sample in dir, which is made if need be and must be empty or
// hold an earlier sample; that one's files are removed first. Anything else is
// ErrNotEmpty and untouched.
func Write(ctx context.Context, dir string, o Options) (Summary, error) {
	for _, count := range []struct {
		name string
		n    int
	}{{"songs", o.Songs}, {"events", o.Events}, {"workers", o.Workers}} {
		if count.n < 0 || count.n > Largest {
			return Summary{}, fmt.Errorf(
				"%w: %s is %d, want a number from 0 to %d", ErrOptions, count.name, count.n,
				Largest,
			)
		}
	}
	if dir == "" {
		return Summary{}, fmt.Errorf("%w: no output folder is given", ErrOptions)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if err := ctx.Err(); err != nil {
		return Summary{}, fmt.Errorf("write sample data: %w", err)
	}
	if err := prepare(dir, o); err != nil {
		return Summary{}, fmt.Errorf("write sample data to %s: %w", dir, err)
	}
	late := (o.Songs*LateShare + 999) / 1000
	w := &writer{
		dir: dir, options: o, workers: o.Workers, catalogue: newCatalogue(o.Seed, o.Songs, late),
		made: map[string]bool{},
	}
	s, err := w.write(ctx, late)
	if err != nil {
		return Summary{}, fmt.Errorf("write sample data to %s: %w", dir, err)
	}
	return s, nil
}

// prepare makes dir an empty folder with a marker. The marker comes first, so
// that a sample broken off halfway can be written again.
func prepare(dir string, o Options) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		if info, err := os.Lstat(filepath.Join(dir, marker)); err != nil || !info.Mode().IsRegular() {
			return fmt.Errorf("%w: choose another one, or empty it", ErrNotEmpty)
		}
		for _, name := range []string{songFolder, eventFolder, namesFolder, lateFolder, jsonPathsFile} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"songs": o.Songs, "events": o.Events, "seed": o.Seed, "late": o.Late})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, marker), append(text, '\n'), 0o644)
}

// writer writes one sample.
type writer struct {
	dir       string
	options   Options
	workers   int
	catalogue *catalogue
	bytes     atomic.Int64

	mu   sync.Mutex
	made map[string]bool // folders
}

func (w *writer) write(ctx context.Context, late int) (s Summary, err error) {
	c, o := w.catalogue, w.options
	s = Summary{Dir: w.dir, Songs: o.Songs, SongIDs: c.ids, Events: o.Events}
	if s.SongObjects, err = w.writeSongs(ctx, filepath.Join(w.dir, songFolder), 0, o.Songs); err != nil {
		return s, err
	}
	if o.Late {
		s.LateSongs = late
		if s.LateObjects, err = w.writeSongs(
			ctx, filepath.Join(w.dir, lateFolder, songFolder), o.Songs, o.Songs+late,
		); err != nil {
			return s, err
		}
	}
	p := newPlan(o.Seed, c, o.Events)
	made, files, err := w.writeEvents(ctx, filepath.Join(w.dir, eventFolder), p)
	if err != nil {
		return s, err
	}
	s.EventObjects, s.NextSong, s.Songplays, s.Matched = files, made.nextSong, made.songplays, made.matched
	s.Repeated, s.LoggedOut, s.LatePlays, s.Users = made.repeated, made.loggedOut, made.late, len(p.users)
	if err := w.writeFile(filepath.Join(w.dir, jsonPathsFile), jsonPaths()); err != nil {
		return s, err
	}
	if s.Names, s.NameObjects, err = w.writeNames(ctx); err != nil {
		return s, err
	}
	s.Bytes = w.bytes.Load()
	return s, nil
}

func (w *writer) makeFolder(path string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made[path] {
		return nil
	}
	w.made[path] = true
	return os.MkdirAll(path, 0o755)
}

func (w *writer) writeFile(path string, body []byte) error {
	w.bytes.Add(int64(len(body)))
	return os.WriteFile(path, body, 0o644)
}
