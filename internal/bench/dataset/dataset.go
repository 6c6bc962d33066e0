// Package dataset lays out what a benchmark loads: a base, a late delivery of one percent, and a
// small batch.
package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The small batch.
const (
	BatchEvents = 1000
	BatchSongs  = 10
)

// Base is how many events and songs to generate so that, with the late delivery and the batch taken
// out, n remain.
func Base(songs, events int) (withSongs, withEvents int) {
	withLate := events + (events+99)/100
	return songs + BatchSongs, withLate + min(BatchEvents, withLate/9)
}

// Set is a laid out set of data. All folders are in the layout of the real bucket.
type Set struct {
	Dir       string
	Songs     string // song_data of the base
	Events    string // log_data of the base, newline-delimited
	JSONPaths string
	Late      string // log_data of one more percent of events
	// BatchSongs and BatchEvents are the batch's folders.
	BatchSongs, BatchEvents string

	Counts
}

// Counts is what a set holds.
type Counts struct {
	Source       string `json:"source"`
	SongObjects  int64  `json:"song_objects"`
	EventRecords int64  `json:"event_records"` // of the base
	EventObjects int64  `json:"event_objects"`
	LateRecords  int64  `json:"late_records"`
	BatchRecords int64  `json:"batch_records"`
	BatchObjects int64  `json:"batch_objects"` // song objects of the batch
	Bytes        int64  `json:"bytes"`         // of the base
}

// marker is written last, so that a folder with one is complete.
const marker = "set.json"

// at is the set that lies, or will lie, in dir.
func at(dir string) *Set {
	return &Set{
		Dir: dir, Songs: filepath.Join(
			dir, "song_data",
		), Events: filepath.Join(dir, "log_data"), JSONPaths: filepath.Join(dir, "log_json_path.json"),
		Late: filepath.Join(dir, "late", "log_data"), BatchSongs: filepath.Join(
			dir, "batch", "song_data",
		), BatchEvents: filepath.Join(dir, "batch", "log_data"),
	}
}

// Open returns the set in dir if it is complete and was made from that source, nil if there is
// none.
func Open(dir, source string) (*Set, error) {
	text, err := os.ReadFile(filepath.Join(dir, marker))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	set := at(dir)
	if err := json.Unmarshal(text, &set.Counts); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, marker), err)
	}
	if set.Source != source {
		return nil, nil
	}
	// A process that was killed may have left the late delivery with the base.
	files, err := Files(set.Events)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !strings.HasPrefix(filepath.Base(file), cutPrefix) {
			continue
		}
		relative, err := filepath.Rel(set.Events, file)
		if err != nil {
			return nil, err
		}
		if err := os.Rename(file, filepath.Join(set.Late, relative)); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Make lays out what lies in from (song_data and log_data, and perhaps log_json_path.json) in dir,
// whose earlier contents are removed. Events become one a line. With move the song objects are
// moved, not copied. source names it for Open.
func Make(ctx context.Context, from, dir, source string, move bool) (*Set, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	set := at(dir)
	for _, folder := range []string{set.Dir, set.Events, set.Late, set.BatchSongs, set.BatchEvents} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	set.Source = source
	if err := set.takeSongs(ctx, filepath.Join(from, "song_data"), move); err != nil {
		return nil, fmt.Errorf("songs: %w", err)
	}
	if err := set.takeEvents(ctx, filepath.Join(from, "log_data")); err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	paths, err := os.ReadFile(filepath.Join(from, "log_json_path.json"))
	if errors.Is(err, fs.ErrNotExist) {
		paths, err = jsonPaths(), nil
	}
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(set.JSONPaths, paths, 0o644); err != nil {
		return nil, err
	}
	for _, folder := range []string{set.Songs, set.Events} {
		_, bytes, err := Measure(folder)
		if err != nil {
			return nil, err
		}
		set.Bytes += bytes
	}
	text, err := json.Marshal(set.Counts)
	if err != nil {
		return nil, err
	}
	return set, os.WriteFile(filepath.Join(dir, marker), append(text, '\n'), 0o644)
}

// Deliver puts the late events beside the base's, as a bucket grows; the function that it returns
// takes them away again.
func (s *Set) Deliver() (takeBack func() error, err error) {
	files, err := Files(s.Late)
	if err != nil {
		return nil, err
	}
	var moves [][2]string
	takeBack = func() error {
		var errs []error
		for _, m := range moves {
			errs = append(errs, os.Rename(m[1], m[0]))
		}
		moves = nil
		return errors.Join(errs...)
	}
	for _, file := range files {
		relative, err := filepath.Rel(s.Late, file)
		if err != nil {
			return nil, err
		}
		to := filepath.Join(s.Events, relative)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, errors.Join(err, takeBack())
		}
		if err := os.Rename(file, to); err != nil {
			return nil, errors.Join(err, takeBack())
		}
		moves = append(moves, [2]string{file, to})
	}
	return takeBack, nil
}

// Files are the regular files below dir, hidden ones left out, in the order of their paths.
func Files(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() && d.Name()[0] != '.' {
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return files, err
}

// Measure counts the regular files below dir and their bytes.
func Measure(dir string) (files, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		return nil
	})
	return files, bytes, err
}

// jsonPaths maps the keys of an event to the columns in the order of the real bucket's file.
func jsonPaths() []byte {
	var paths struct {
		Paths []string `json:"jsonpaths"`
	}
	for _, key := range []string{
		"artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level",
		"location", "method", "page", "registration", "sessionId", "song", "status", "ts",
		"userAgent", "userId",
	} {
		paths.Paths = append(paths.Paths, "$['"+key+"']")
	}
	text, err := json.Marshal(paths)
	if err != nil {
		panic(err) // strings marshal
	}
	return text
}
