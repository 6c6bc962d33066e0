package server

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/sparkify/dwh/internal/objectstore"
)

// folderWatch is told by the system of new and changed files under a folder, or of one file.
type folderWatch struct {
	root    string // as configured, which is how URLs begin
	single  bool   // the source is one file
	watcher *fsnotify.Watcher
	logger  *slog.Logger
}

func newFolderWatch(u objectstore.URL, logger *slog.Logger) (*folderWatch, error) {
	info, err := os.Stat(u.Path())
	if err != nil {
		return nil, err
	}
	// A queue of our own before the system's: bursts are long.
	watcher, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		return nil, err
	}
	return &folderWatch{root: u.Path(), single: !info.IsDir(), watcher: watcher, logger: logger}, nil
}

func (f *folderWatch) close() { _ = f.watcher.Close() }

// watchTree watches every folder of the tree; those that are watched already stay so. Linked
// folders are left to the sweeps.
func (f *folderWatch) watchTree() error {
	if f.single {
		return f.watcher.Add(filepath.Dir(f.root))
	}
	return f.add(f.root, nil)
}

// add watches the folders under dir and tells each of the files that are there.
func (f *folderWatch) add(dir string, file func(path string) bool) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != f.root:
			return nil // gone meanwhile
		case err != nil:
			return err
		case path != f.root && hidden(path):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || path == f.root:
			if err := f.watcher.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		case file != nil && !file(path):
			return errNoRoom
		}
		return nil
	})
}

var errNoRoom = errors.New("no room")

// next hands on what happens for at most a time. It returns true when a sweep has to find what was
// missed: the system's queue ran over, or there was no room.
func (f *folderWatch) next(
	ctx context.Context, atMost time.Duration, arrived func(u objectstore.URL, at time.Time) bool,
) (sweep bool, err error) {
	timer := time.NewTimer(max(atMost, 0))
	defer timer.Stop()
	tell := func(path string) bool {
		u, err := objectstore.ParseURL(path)
		return err != nil || arrived(u, time.Now())
	}
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-timer.C:
			return true, nil
		case err := <-f.watcher.Errors:
			f.logger.Warn("some changes in the folder were not reported; listing the "+
				"folder", "path", f.root, "error", err)
			return true, nil
		case event := <-f.watcher.Events:
			if !event.Has(fsnotify.Create) && !event.Has(fsnotify.Write) || f.outside(event.Name) {
				continue
			}
			if event.Has(fsnotify.Create) {
				if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
					// What was put into it before it was watched is found here.
					if err := f.add(event.Name, tell); err != nil {
						if !errors.Is(err, errNoRoom) {
							f.logger.Warn(
								"a new folder cannot be watched; dwh lists it instead", "path",
								event.Name, "error", err,
							)
						}
						return true, nil
					}
					continue
				}
			}
			if !tell(event.Name) {
				return true, nil
			}
		}
	}
}

// outside tells whether a listing of the source would leave the path out.
func (f *folderWatch) outside(path string) bool {
	if f.single {
		return path != f.root
	}
	below, err := filepath.Rel(f.root, path)
	if err != nil {
		return true
	}
	for _, name := range strings.Split(filepath.ToSlash(below), "/") {
		if hidden(name) {
			return true
		}
	}
	return false
}
