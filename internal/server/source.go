package server

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
)

// watched is one source and what is known of its layout.
type watched struct {
	*Server
	source load.Source
	// tail is the greatest URL seen so far: on a store that lists in order, what is behind it is
	// new.
	tail objectstore.URL
	// dated is the pattern of the date in the keys, nil while none was seen; day is the prefix of
	// the greatest one.
	dated *datePattern
	day   objectstore.URL
	// folder tells of changes under a local source; nil for S3.
	folder *folderWatch
	seen   bool // a sweep has succeeded
}

// watch finds new objects of a source until ctx ends: by sweeps over all of it, and between them by
// what costs little.
func (w *watched) watch(ctx context.Context) error {
	if w.source.URL.Scheme() == objectstore.SchemeFile && !w.source.Manifest {
		folder, err := newFolderWatch(w.source.URL, w.Logger)
		if err != nil {
			w.Logger.Warn("the folder cannot be watched; dwh finds changes by listing "+
				"it", "url", w.source.URL, "error", err)
		} else {
			w.folder = folder
			defer folder.close()
		}
	}
	swept := time.Time{}
	var dayDue time.Time
	for {
		if w.swept(swept) {
			if err := w.try(ctx, "sweep "+w.source.File.Name, w.sweep); err != nil {
				return err
			}
			swept = time.Now()
		}
		if w.folder != nil {
			again, err := w.folder.next(ctx, w.Sweep-time.Since(swept), w.arrived)
			if err != nil {
				return err
			}
			if again {
				swept = time.Time{}
			}
			continue
		}
		if err := sleep(ctx, w.Poll); err != nil {
			return err
		}
		if w.source.Manifest {
			continue
		}
		err := w.try(ctx, "list "+w.source.File.Name, func(ctx context.Context) error {
			if w.source.URL.Scheme() != objectstore.SchemeS3 {
				return w.scan(ctx, load.Part{}) // a folder that nobody tells changes of
			}
			if err := w.scan(ctx, load.Part{After: w.tail}); err != nil {
				return err
			}
			if time.Now().Before(dayDue) {
				return nil
			}
			started := time.Now()
			for _, prefix := range w.days(started) {
				if err := w.scan(ctx, load.Part{Prefix: prefix}); err != nil {
					return err
				}
			}
			// A day of very many objects is listed less often.
			dayDue = time.Now().Add(10*time.Since(started) - w.Poll)
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// swept tells whether the next sweep is due.
func (w *watched) swept(last time.Time) bool {
	return last.IsZero() || time.Since(last) >= w.Sweep
}

// try repeats work until it succeeds, with growing pauses, and shows what fails. A source that was
// never there is an error: its name is wrong.
func (w *watched) try(ctx context.Context, what string, work func(ctx context.Context) error) error {
	for {
		err := work(ctx)
		switch {
		case err == nil:
			w.trouble(nil)
			w.fine(what)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !w.seen && (errors.Is(err, objectstore.ErrNotExist) || errors.Is(err, objectstore.ErrURL)):
			return err
		}
		problem, pause := w.failed(what, err)
		w.trouble(&problem)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (w *watched) trouble(problem *Problem) {
	w.board.source(w.source.File.Name, func(s *SourceState) { s.Problem = problem })
}

// sweep lists everything, as much at a time as there is room for.
func (w *watched) sweep(ctx context.Context) error {
	w.sweeping.Lock() // one at a time: each holds a connection
	defer w.sweeping.Unlock()
	started := time.Now()
	if w.folder != nil {
		if err := w.folder.watchTree(); err != nil {
			return err
		}
	}
	if err := w.scan(ctx, load.Part{}); err != nil {
		return err
	}
	w.seen = true
	w.metrics.sweeps.WithLabelValues(w.source.File.Name).Observe(time.Since(started).Seconds())
	w.board.source(w.source.File.Name, func(s *SourceState) {
		s.SweptAt, s.Swept, s.Notified = time.Now(), time.Since(started), w.folder != nil || w.Queue != nil
	})
	return nil
}

// scan puts what is new in a part of the source among the waiting. Where there is no room it waits,
// without keeping anything open, and goes on behind the last object.
func (w *watched) scan(ctx context.Context, part load.Part) error {
	for {
		full := false
		for object, err := range w.Runner.Loader().Unloaded(ctx, w.source, part, w.listed) {
			if err != nil {
				return err
			}
			now := time.Now()
			ready := now
			if w.source.URL.Scheme() == objectstore.SchemeFile {
				ready = object.LastModified.Add(w.Settle)
				if ready.After(now.Add(w.Settle)) {
					ready = now // its time lies in the future
				}
			}
			added, room := w.waiting.add(&item{step: w.source.File.Name, object: object, seen: now, ready: ready})
			if !room {
				full = true
				break
			}
			part.After = object.URL
			w.found(added)
		}
		if !full {
			return nil
		}
		w.full(true)
		if err := w.waiting.room(ctx); err != nil {
			return err
		}
		w.full(false)
	}
}

// found counts an object of the source, unless it was waiting already: one that is tried again is
// listed again.
func (w *watched) found(added bool) {
	if !added {
		return
	}
	w.board.source(w.source.File.Name, func(s *SourceState) { s.Found++ })
}

func (w *watched) full(yes bool) {
	w.board.change(func(s *State) { s.Waiting.Full = yes })
}

// arrived takes note of a local file that was made or written to. It reports false when there is no
// room.
func (w *watched) arrived(u objectstore.URL, at time.Time) bool {
	object := objectstore.Object{URL: u}
	if ok, _ := w.source.File.Takes(object); !ok {
		return true
	}
	added, room := w.waiting.add(&item{
		step: w.source.File.Name, object: object, stale: true, seen: at, ready: at.Add(w.Settle),
	})
	if !room {
		return false
	}
	w.found(added)
	return true
}

// listed follows the listing: the greatest key, and the date in it.
func (w *watched) listed(o objectstore.Object) {
	if o.URL <= w.tail {
		return
	}
	w.tail = o.URL
	if w.source.URL.Scheme() != objectstore.SchemeS3 {
		return
	}
	for _, p := range datePatterns() {
		if at := p.find(w.source.URL, o.URL); at != "" {
			w.dated, w.day = &p, at
			return
		}
	}
}

// days are the prefixes where objects with keys before the greatest one may still arrive: the
// newest day (or month) there is, and those of today and yesterday.
func (w *watched) days(now time.Time) []objectstore.URL {
	if w.dated == nil {
		return nil
	}
	out := []objectstore.URL{w.day}
	base := w.dated.base(w.day)
	for _, day := range []time.Time{now.UTC(), now.UTC().AddDate(0, 0, -1)} {
		prefix := base + objectstore.URL(day.Format(w.dated.layout))
		if prefix != out[len(out)-1] && prefix != out[0] {
			out = append(out, prefix)
		}
	}
	return out
}

// datePattern is a way to write dates in keys.
type datePattern struct {
	pattern *regexp.Regexp
	layout  string // time's
}

// datePatterns lists the layouts that are known, the finer one first.
func datePatterns() []datePattern {
	return []datePattern{
		{regexp.MustCompile(`^(?:.*/)?[0-9]{4}/[0-9]{2}/[0-9]{2}/`), "2006/01/02/"},
		{regexp.MustCompile(`^(?:.*/)?year=[0-9]{4}/month=[0-9]{2}/day=[0-9]{2}/`), "year=2006/month=01/day=02/"},
		{regexp.MustCompile(`^(?:.*/)?[0-9]{4}/[0-9]{2}/`), "2006/01/"},
		{regexp.MustCompile(`^(?:.*/)?year=[0-9]{4}/month=[0-9]{2}/`), "year=2006/month=01/"},
		{regexp.MustCompile(`^(?:.*/)?dt=[0-9]{4}-[0-9]{2}-[0-9]{2}/`), "dt=2006-01-02/"},
		{regexp.MustCompile(`^(?:.*/)?[0-9]{4}-[0-9]{2}-[0-9]{2}/`), "2006-01-02/"},
	}
}

// find is the prefix of an object up to its date, "" when there is none in it.
func (p datePattern) find(under, u objectstore.URL) objectstore.URL {
	key := u.Key()
	found := p.pattern.FindString(key)
	if found == "" || !strings.HasPrefix(
		found, under.Key()[:min(len(under.Key()), len(found))],
	) || len(found) < len(under.Key()) {
		return ""
	}
	return u[:len(u)-len(key)] + objectstore.URL(found)
}

// base is the part of a day's prefix before its date.
func (p datePattern) base(day objectstore.URL) objectstore.URL { return day[:len(day)-len(p.layout)] }

// checkFolder says at the start what would be wrong for ever: a local source that does not exist.
func (s *Server) checkFolder(ctx context.Context, source load.Source) error {
	if source.URL.Scheme() != objectstore.SchemeFile {
		return nil
	}
	for _, err := range s.Runner.Store.List(ctx, source.URL) {
		if errors.Is(err, objectstore.ErrNotExist) {
			return fmt.Errorf("source of %s: %w", source.File.Name, err)
		}
		return nil
	}
	return nil
}

// hidden tells whether a listing would leave a name out.
func hidden(p string) bool { return strings.HasPrefix(path.Base(p), ".") }
