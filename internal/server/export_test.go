package server

import (
	"time"

	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Days are the prefixes that a server lists between sweeps when these objects are there.
func Days(under objectstore.URL, now time.Time, objects ...objectstore.URL) []objectstore.URL {
	w := &watched{source: load.Source{URL: under}}
	for _, u := range objects {
		w.listed(objectstore.Object{URL: u})
	}
	return w.days(now)
}

// Waiting is the queue of objects, for tests of its own.
type Waiting struct{ w *waiting }

// NewWaiting makes one.
func NewWaiting(size int) Waiting { return Waiting{newWaiting(size)} }

// Put adds an object.
func (w Waiting) Put(u objectstore.URL, etag string, size int64, seen, ready time.Time) bool {
	return w.w.put(
		&item{step: "load", object: objectstore.Object{URL: u, ETag: etag, Size: size}, seen: seen, ready: ready},
	)
}

// Hear adds an object that only its name is known of.
func (w Waiting) Hear(u objectstore.URL, at time.Time) bool {
	return w.w.put(&item{step: "load", object: objectstore.Object{URL: u}, stale: true, seen: at, ready: at})
}

// Tries are how often a waiting object has failed by itself.
func (w Waiting) Tries(u objectstore.URL) int {
	return w.w.items[itemKey{"load", u}].Value.(*item).tries
}

// Due takes the batch that is due at a moment, as URLs, or tells how long to wait.
func (w Waiting) Due(now time.Time, age time.Duration, objects int, bytes int64) ([]objectstore.URL, time.Duration) {
	batch, wait := w.w.due(now, limits{age: age, objects: objects, bytes: bytes})
	var out []objectstore.URL
	for _, i := range batch {
		out = append(out, i.object.URL)
	}
	return out, wait
}

// Fail puts the objects of a batch back, as failed by themselves.
func (w Waiting) Fail(ready time.Time, urls ...objectstore.URL) {
	for _, u := range urls {
		w.w.again(
			&item{step: "load", object: objectstore.Object{URL: u, ETag: "1"}, seen: ready, ready: ready, tries: 1},
		)
	}
}

// PauseAfter is the pause after the nth failure.
func PauseAfter(n int, longest time.Duration) time.Duration { return pauseAfter(n, longest) }
