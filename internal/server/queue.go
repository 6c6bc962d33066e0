package server

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/sparkify/dwh/internal/objectstore"
)

// item is an object that waits for its batch.
type item struct {
	step   string // the load that takes it
	object objectstore.Object
	stale  bool      // the object has to be looked at again: only its URL is known for sure
	seen   time.Time // when the server first heard of it
	ready  time.Time // not before: it settles, or failed a moment ago
	tries  int       // how often it failed by itself; such an object travels alone
	waits  int       // how often the store, or a change, put it off
	cause  error     // of the last failure
	done   []func()  // called when it needs no more attention
}

type itemKey struct {
	step string
	url  objectstore.URL
}

func (i *item) key() itemKey { return itemKey{i.step, i.object.URL} }

// limits say when a batch is full.
type limits struct {
	age     time.Duration
	objects int
	bytes   int64
}

// waiting holds the objects that wait, at most size of them. What it refuses is found again by the
// next sweep.
type waiting struct {
	size int

	mu     sync.Mutex
	order  *list.List // of *item, by seen
	items  map[itemKey]*list.Element
	flight map[itemKey]string // etags of the batch that is being delivered
	// a batch went before an object that travels alone and was ready: that one is next
	passed bool
	wake   chan struct{} // something was put in; holds one token
	freed  chan struct{} // something was taken out; holds one token
}

func newWaiting(size int) *waiting {
	return &waiting{
		size: size, order: list.New(), items: map[itemKey]*list.Element{}, flight: map[itemKey]string{},
		wake: make(chan struct{}, 1), freed: make(chan struct{}, 1),
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put adds an object, or renews what is known of one that waits already. It reports false when
// there is no room.
func (w *waiting) put(i *item) bool {
	_, room := w.add(i)
	return room
}

// add is put; added tells whether the object was not waiting, nor on its way, before.
func (w *waiting) add(i *item) (added, room bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.flight[i.key()] == i.object.ETag && !i.stale {
		// It is on its way. Whoever wants to know how it ends asks again.
		return false, len(i.done) == 0
	}
	if held, ok := w.items[i.key()]; ok {
		held.Value.(*item).renew(i)
		return false, true
	}
	if w.order.Len() >= w.size {
		return false, false
	}
	_, flying := w.flight[i.key()]
	w.items[i.key()] = w.order.PushBack(i)
	signal(w.wake)
	return !flying, true
}

// renew takes over what came of the same object. A name that comes again, as a queue delivers it
// until the object is done with, is not yet another version of it: the object is looked at again,
// and its failures count until that shows one.
func (i *item) renew(with *item) {
	switch {
	case with.stale:
		i.stale = true
		if with.ready.After(i.ready) || i.tries == 0 {
			i.ready = with.ready
		}
	case i.object.ETag != with.object.ETag:
		i.object, i.stale, i.tries, i.cause = with.object, false, 0, nil
		i.ready = with.ready
	}
	i.done = append(i.done, with.done...)
}

// again puts items of a batch back that has to be tried again; they came in before, so that there
// is always room.
func (w *waiting) again(items ...*item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := len(items) - 1; k >= 0; k-- {
		i := items[k]
		delete(w.flight, i.key())
		if held, ok := w.items[i.key()]; ok {
			// Meanwhile there is a newer version of it, or just its name came again.
			newer := *held.Value.(*item)
			i.renew(&newer)
			held.Value = i
			continue
		}
		w.items[i.key()] = w.order.PushFront(i)
	}
	signal(w.wake)
}

// over says that items need no more attention.
func (w *waiting) over(items ...*item) {
	w.mu.Lock()
	for _, i := range items {
		delete(w.flight, i.key())
	}
	w.mu.Unlock()
	for _, i := range items {
		for _, done := range i.done {
			done()
		}
	}
}

// room waits until at least half of the places are free.
func (w *waiting) room(ctx context.Context) error {
	for {
		w.mu.Lock()
		free := w.order.Len() <= w.size/2
		w.mu.Unlock()
		if free {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.freed:
		}
	}
}

// look is what waits: how many objects and bytes, and since when.
func (w *waiting) look() (objects int, bytes int64, oldest time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := w.order.Front(); e != nil; e = e.Next() {
		i := e.Value.(*item)
		bytes += i.object.Size
		if oldest.IsZero() || i.seen.Before(oldest) {
			oldest = i.seen
		}
	}
	return w.order.Len(), bytes, oldest
}

// scanPause keeps a flood of arrivals from being looked through at each of them.
const scanPause = 5 * time.Millisecond

// take returns the next batch as soon as one is due: its oldest object has waited for the limit's
// age, or it is full. An object that failed by itself comes alone, when no batch is due or one went
// before it.
func (w *waiting) take(ctx context.Context, l limits) ([]*item, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		batch, wait := w.due(time.Now(), l)
		if len(batch) > 0 {
			return batch, ctx.Err()
		}
		timer.Reset(max(wait, scanPause))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
		case <-w.wake:
			timer.Reset(scanPause)
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-timer.C:
			}
		}
	}
}

// due returns a batch, or how long to wait before looking again.
func (w *waiting) due(now time.Time, l limits) ([]*item, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var batch []*item
	var bytes int64
	var oldest time.Time
	var suspect *item
	full := false
	next := now.Add(time.Hour)
	for e := w.order.Front(); e != nil && !full; e = e.Next() {
		i := e.Value.(*item)
		if i.ready.After(now) {
			if i.ready.Before(next) {
				next = i.ready
			}
			continue
		}
		if i.tries > 0 {
			if suspect == nil {
				suspect = i
			}
			continue
		}
		if len(batch) > 0 && bytes+i.object.Size > l.bytes {
			full = true
			break
		}
		if oldest.IsZero() || i.seen.Before(oldest) {
			oldest = i.seen
		}
		batch = append(batch, i)
		bytes += i.object.Size
		full = len(batch) >= l.objects || bytes >= l.bytes
	}
	switch {
	case (suspect == nil || !w.passed) && (full || len(batch) > 0 && now.Sub(oldest) >= l.age):
		w.passed = suspect != nil
	case suspect != nil:
		batch, w.passed = []*item{suspect}, false
	default:
		if len(batch) > 0 && oldest.Add(l.age).Before(next) {
			next = oldest.Add(l.age)
		}
		return nil, next.Sub(now)
	}
	for _, i := range batch {
		w.order.Remove(w.items[i.key()])
		delete(w.items, i.key())
		w.flight[i.key()] = i.object.ETag
	}
	signal(w.freed)
	return batch, 0
}
