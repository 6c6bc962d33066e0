package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// Sizes of a walk.
const (
	// walkers is how many goroutines read folders ahead, beside the one that lists. Where a folder
	// is at hand one or two keep it busy; over a network each waits for an answer most of the time.
	walkers = 16
	// walkAhead is from how many entries on, read and not yet yielded, nobody reads ahead. An entry
	// takes about 250 bytes.
	walkAhead = 8192
	// walkPiece is how many entries of one folder are looked at in one go.
	walkPiece = 256
)

// walk lists a tree in byte order of the whole keys, while goroutines read what comes next.
type walk struct {
	ctx   context.Context
	root  URL
	store *folderStore
	yield func(Object, error) bool

	group   errgroup.Group // of the walkers
	started int            // of them

	mu      sync.Mutex
	more    sync.Cond // walkers without work wait for it
	idle    int       // of them
	ready   sync.Cond // the one that lists waits for it
	awaited *node     // what it waits for
	stack   []*node   // to be read, the next one last; also some that are read by now
	ahead   int       // entries that are read and not yet yielded
	over    bool
}

// node is a folder, or a piece of a large one.
type node struct {
	url   string   // of the folder, without a slash at its end
	above *node    // the folder that it stands in, nil for the root
	names []dirent // of a piece
	state state

	// Once it is read:
	status status
	items  []item
	gone   []notice
	err    error // what ended it, behind the items
}

type state uint8

const (
	waiting state = iota
	taken
	done
)

// item is an object, or what stands in its place in the order.
type item struct {
	object Object
	sub    *node
}

// notice is a link that is left out.
type notice struct{ text, path string }

func newWalk(ctx context.Context, root URL, s *folderStore, yield func(Object, error) bool) *walk {
	w := &walk{ctx: ctx, root: root, store: s, yield: yield}
	w.more.L, w.ready.L = &w.mu, &w.mu
	return w
}

// run yields the tree.
func (w *walk) run() {
	defer func() {
		w.mu.Lock()
		w.over = true
		w.more.Broadcast()
		w.mu.Unlock()
		_ = w.group.Wait() // a walker's errors stand in its nodes
	}()
	top := newFileURL(filepath.ToSlash(w.root.Path()))
	w.folder(&node{url: strings.TrimSuffix(string(top), "/")}, w.newReader())
}

// folder yields what is under n and reports whether to go on.
func (w *walk) folder(n *node, r *reader) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(Object{}, &Error{Op: "list", URL: w.root, Err: err})
		return false
	}
	w.await(n, r)
	for _, left := range n.gone {
		w.store.logger.Warn(left.text, "path", left.path)
	}
	items := n.items
	n.items = nil
	for i := range items {
		on := true
		if sub := items[i].sub; sub != nil {
			items[i].sub = nil // its memory is free once it is yielded
			on = w.folder(sub, r)
		} else {
			on = w.yield(items[i].object, nil)
		}
		if !on {
			return false
		}
	}
	if n.err != nil {
		w.yield(Object{}, n.err)
	}
	return n.err == nil
}

// await has n read, by r if no walker has taken it yet. While one has it, r reads what comes next.
func (w *walk) await(n *node, r *reader) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n.state != done {
		next := n
		if n.state == taken {
			next = w.next()
		}
		if next != nil {
			w.read(next, r)
			continue
		}
		w.awaited = n
		w.ready.Wait()
		w.awaited = nil
	}
	w.ahead -= n.weight()
	if w.idle > 0 && w.ahead < w.store.ahead/2 && len(w.stack) > 1 {
		w.more.Broadcast()
	}
}

// next returns what is to be read ahead, or nil. w.mu is held.
func (w *walk) next() *node {
	if w.ahead >= w.store.ahead {
		return nil
	}
	for len(w.stack) > 0 {
		last := len(w.stack) - 1
		n := w.stack[last]
		w.stack[last] = nil
		w.stack = w.stack[:last]
		if n.state == waiting {
			return n
		}
	}
	return nil
}

// read reads n, and starts or wakes walkers for what comes behind what is found. w.mu is held,
// though not meanwhile.
func (w *walk) read(n *node, r *reader) {
	n.state = taken
	if last := len(w.stack) - 1; last >= 0 && w.stack[last] == n {
		w.stack = w.stack[:last]
	}
	w.mu.Unlock()
	r.read(n)
	w.mu.Lock()
	n.state = done
	if w.awaited == n {
		w.ready.Signal()
	}
	w.ahead += n.weight()
	found := 0
	for i := len(n.items) - 1; i >= 0; i-- {
		if sub := n.items[i].sub; sub != nil {
			w.stack = append(w.stack, sub)
			found++
		}
	}
	// The next one is this goroutine's own, be it a walker or the one that lists.
	for i := 1; i < found && w.ahead < w.store.ahead; i++ {
		switch {
		case w.idle >= i:
			w.more.Signal()
		case w.started < walkers:
			w.started++
			w.group.Go(w.walker)
		}
	}
}

// path is where n is.
func (n *node) path() string {
	if path := URL(n.url).Path(); path != "" {
		return path
	}
	return string(filepath.Separator)
}

// weight is what n adds to walk.ahead.
func (n *node) weight() int { return len(n.items) + 1 }

// walker reads ahead until the walk is over.
func (w *walk) walker() error {
	r := w.newReader()
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.over && w.ctx.Err() == nil {
		if n := w.next(); n != nil {
			w.read(n, r)
			continue
		}
		w.idle++
		w.more.Wait()
		w.idle--
	}
	return nil
}

// reader reads folders, with what it keeps from one to the next.
type reader struct {
	walk    *walk
	folder  folder
	entries []dirent
	text    []byte
}

func (w *walk) newReader() *reader { return &reader{walk: w, folder: w.store.system.folder()} }

// read fills n in.
func (r *reader) read(n *node) {
	path := n.path()
	piece := n.names != nil
	err := r.folder.open(path)
	if err == nil {
		defer r.folder.close()
		n.status, err = r.folder.status()
		switch {
		case err != nil:
		case piece:
			err = r.look(n, n.names)
		default:
			err = r.list(n, path)
		}
	}
	n.names = nil
	if errors.Is(err, fs.ErrNotExist) && (n.above != nil || piece) {
		return // removed while we walked, as an object may be while S3 lists
	}
	if err != nil {
		n.err = err
		var said *Error
		if !errors.As(err, &said) {
			n.err = folderError("list", r.walk.root, err)
		}
	}
}

// list reads the names in the folder n, and looks at them unless they are many.
func (r *reader) list(n *node, path string) error {
	for above := n.above; above != nil; above = above.above {
		if above.status.same(n.status) {
			n.gone = append(n.gone, notice{"symbolic link points back to its own folder; skipped", path})
			return nil
		}
	}
	var err error
	if r.entries, err = r.folder.entries(r.entries[:0]); err != nil {
		return err
	}
	list := r.entries[:0]
	plain := true // names and kinds say all
	for _, e := range r.entries {
		if e.name[0] == '.' {
			continue
		}
		e.folder = e.kind == directory
		plain = plain && e.kind != link && e.kind != unknown && utf8.Valid(e.name)
		list = append(list, e)
	}
	if !plain {
		if list, err = r.resolve(n, path, list); err != nil {
			return err
		}
	}
	list = slices.DeleteFunc(list, func(e dirent) bool { return e.kind == special })
	// S3 sorts whole keys by bytes, so a folder counts with its slash: "a.b"
	// comes before "a/b", though "a" comes before "a.b".
	slices.SortFunc(list, compareKeys)
	if len(list) <= walkPiece {
		return r.look(n, list)
	}
	// The reader's own entries are for the next folder.
	list, r.entries = cloneEntries(list), nil
	for piece := range slices.Chunk(list, walkPiece) {
		n.items = append(n.items, item{sub: &node{url: n.url, above: n.above, names: piece}})
	}
	return nil
}

// cloneEntries copies the names too.
func cloneEntries(list []dirent) []dirent {
	size := 0
	for _, e := range list {
		size += len(e.name)
	}
	names := make([]byte, 0, size)
	list = slices.Clone(list)
	for i := range list {
		start := len(names)
		names = append(names, list[i].name...)
		list[i].name = names[start:len(names):len(names)]
	}
	return list
}

// compareKeys compares as if a folder's name ended in a slash. No two names of a folder are equal.
func compareKeys(a, b dirent) int {
	n := min(len(a.name), len(b.name))
	if c := bytes.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	return a.at(n) - b.at(n)
}

// at is the byte at i of the name with its slash, -1 behind the end.
func (e dirent) at(i int) int {
	switch {
	case i < len(e.name):
		return int(e.name[i])
	case e.folder:
		return '/'
	}
	return -1
}

// resolve finds out where links lead, and what a file system did not tell the kind of.
func (r *reader) resolve(n *node, path string, list []dirent) ([]dirent, error) {
	slices.SortFunc(list, func(a, b dirent) int { return bytes.Compare(a.name, b.name) })
	left := list[:0]
	for _, e := range list {
		if !utf8.Valid(e.name) {
			return nil, &Error{Op: "list", URL: r.walk.root, Err: fmt.Errorf(
				"the name of %q is not valid UTF-8", filepath.Join(path, string(e.name)),
			),
				hint: "rename the file"}
		}
		if e.kind == unknown {
			status, err := r.folder.stat(e.name, false)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			e.kind, e.folder = status.kind, status.kind == directory
		}
		if e.kind == link {
			status, err := r.folder.stat(e.name, true)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
				n.gone = append(
					n.gone,
					notice{"symbolic link has no target; skipped", filepath.Join(path, string(e.name))},
				)
				continue
			}
			if err != nil {
				return nil, err
			}
			e.folder = status.kind == directory
		}
		left = append(left, e)
	}
	return left, nil
}

// look makes items of entries. Sizes and times are taken here, as late as possible.
func (r *reader) look(n *node, list []dirent) error {
	n.items = make([]item, 0, len(list))
	for _, e := range list {
		r.text = append(append(append(r.text[:0], n.url...), '/'), e.name...)
		if e.folder {
			n.items = append(n.items, item{sub: &node{url: string(r.text), above: n}})
			continue
		}
		status, err := r.folder.stat(e.name, e.kind == link)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case status.kind != regular:
			continue
		}
		end := len(r.text)
		r.text = status.appendETag(r.text)
		text := string(r.text) // both in one piece
		n.items = append(
			n.items,
			item{
				object: Object{
					URL: URL(text[:end]), ETag: text[end:], Size: status.size,
					LastModified: status.modified(),
				},
			},
		)
	}
	return nil
}
