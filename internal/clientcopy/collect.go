package clientcopy

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/sparkify/dwh/internal/objectstore"
)

// errStopped ends the reading of an object whose rows no longer matter.
var errStopped = errors.New("stopped")

// collector gathers what the workers find, and decides when to stop so that the outcome is that of
// reading the objects one after another: it stops after the first object with which the rejects so
// far reach the limit, and objects before it are still read to their end.
type collector struct {
	limit int

	mu      sync.Mutex
	results []ObjectResult
	rejects map[int][]RecordError // by object
	total   int                   // of rejects
	fatal   *FatalError           // of the last object that matters
	// partial lists objects that failed after rows of theirs had been streamed.
	partial []int

	stopAt  atomic.Int64 // index of the last object that still matters
	stopped chan struct{}
}

func newCollector(objects []Object, limit int) *collector {
	c := &collector{
		limit: limit, results: make([]ObjectResult, len(objects)),
		rejects: make(map[int][]RecordError), stopped: make(chan struct{}),
	}
	for i, o := range objects {
		c.results[i].Object = o
	}
	c.stopAt.Store(math.MaxInt64)
	return c
}

// matters reports whether object i is still to be read.
func (c *collector) matters(i int) bool { return int64(i) <= c.stopAt.Load() }

// reject adds a reject of object i; errStopped: the rest of it does not matter.
func (c *collector) reject(i int, rec RecordError) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.matters(i) {
		return errStopped
	}
	c.rejects[i] = append(c.rejects[i], rec)
	c.total++
	if c.total < c.limit {
		return nil
	}
	sum := 0
	for k := range c.results {
		if sum += len(c.rejects[k]); sum >= c.limit {
			c.stop(k)
			if i >= k {
				return errStopped
			}
			return nil
		}
	}
	return nil
}

// stop makes object k the last that matters; c.mu is held.
func (c *collector) stop(k int) {
	if !c.matters(k) {
		return
	}
	if c.stopAt.Swap(int64(k)) == math.MaxInt64 {
		close(c.stopped)
	}
	for i, list := range c.rejects {
		if i > k {
			c.total -= len(list)
			delete(c.rejects, i)
		}
	}
}

// fail ends the COPY at a record of object i.
func (c *collector) fail(i int, err *FatalError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.matters(i) {
		c.fatal = err
		c.stop(i)
	}
}

// begun records what the first line of object i is.
func (c *collector) begun(i int, first FirstLine) {
	if first == FirstLineFits {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[i].First = first
}

// left records the files of an archive, object i, that are not loaded.
func (c *collector) left(i int, names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[i].Left = names
}

// refuseWhole makes one reject of all of object i, which is a record by itself.
func (c *collector) refuseWhole(i int, err error) {
	rec := RecordError{Line: 1, Reason: err.Error()}
	var fatal *FatalError
	if errors.As(err, &fatal) {
		rec = fatal.Record
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total += 1 - len(c.rejects[i])
	c.rejects[i] = []RecordError{rec}
}

// done records that object i was read to its end.
func (c *collector) done(i int, rows int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[i].Rows = rows
}

// unreadable records that object i could not be read to its end: its own rejects give way to one of
// line 0, or to none if it changed.
func (c *collector) unreadable(i int, err error, streamed bool) {
	c.mu.Lock()
	if !c.matters(i) {
		c.mu.Unlock()
		return
	}
	c.total -= len(c.rejects[i])
	delete(c.rejects, i)
	if streamed {
		c.partial = append(c.partial, i)
	}
	r := &c.results[i]
	r.Err, r.Changed = err, errors.Is(err, objectstore.ErrChanged)
	c.mu.Unlock()
	if !r.Changed {
		// The object's URL stands in the reject already.
		reason := err.Error()
		var of *objectstore.Error
		if errors.As(err, &of) {
			reason = of.Op + ": " + of.Err.Error()
		}
		_ = c.reject(i, RecordError{Object: r.Object.URL, Reason: reason})
	}
}

// outcome is the result, and the error that the data asks for, if any. It is called when all
// workers are done.
func (c *collector) outcome() (Result, error) {
	result := Result{Objects: c.results}
	for i := range c.results {
		list := c.rejects[i]
		list = list[:min(len(list), c.limit-len(result.Rejects))]
		result.Rejects = append(result.Rejects, list...)
		result.Objects[i].Rejects = int64(len(list))
		result.Rows += c.results[i].Rows
	}
	switch {
	case len(result.Rejects) == c.limit:
		c.withdraw(&result)
		return Result{}, &MaxErrorError{Limit: c.limit, Result: result}
	case c.fatal != nil:
		c.withdraw(&result)
		c.fatal.Result = result
		return Result{}, c.fatal
	case len(c.partial) == 0 && c.matters(len(c.results)):
		return result, nil
	}
	// Either rows of an unreadable object went out, or the limit was reached with rejects of one
	// that then turned out to be unreadable.
	unreadable := &UnreadableError{}
	for i := range c.results {
		if c.results[i].Err != nil {
			unreadable.Objects = append(unreadable.Objects, c.results[i])
		}
	}
	return Result{}, unreadable
}

// withdraw clears what depends on how far the workers had come when the COPY failed: no row of it
// is loaded.
func (c *collector) withdraw(r *Result) {
	r.Rows = 0
	for i := range r.Objects {
		o := &r.Objects[i]
		o.Rows = 0
		if !c.matters(i) {
			o.Err, o.Changed, o.First, o.Left = nil, false, FirstLineFits, nil
		}
	}
}
