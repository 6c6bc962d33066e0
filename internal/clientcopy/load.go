package clientcopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Sizes of the pipeline, bytes.
const (
	blockSize    = 256 << 10 // of tuples handed over to the connection in one piece
	blockSlack   = 32 << 10  // beyond it, so that the row that fills a block seldom moves it
	minBlockSize = 32 << 10
	windowSize   = 256 << 10 // of a worker's view of its object
	minWindow    = 32 << 10
	// smallObject is up to what size an object is fetched as a whole before a worker turns to it,
	// so that many can be on their way while the workers, which need memory, are few.
	smallObject = 256 << 10
	keptBuffer  = 32 << 10 // of a reader for such objects; a larger one is let go
)

// streams is how many objects of S3 at least are read at once while they are decoded: one
// connection gives 85 to 90 MB/s
// (docs.aws.amazon.com/whitepapers/latest/s3-optimizing-performance-best-practices), which is less
// than a decoder takes.
const streams = 8

// folderReaders is how many small files at least are read at once while a worker a CPU decodes
// them: where the files are not in memory, on a disk or behind a network, each read waits for an
// answer.
const folderReaders = 8

// load is one run of a COPY: readers get objects, workers turn them into blocks of tuples, the
// connection sends the blocks.
type load struct {
	plan    *plan
	store   *objectstore.Store
	stmt    *copystmt.Statement
	objects []Object
	bodies  [][]byte // the objects' bytes, where they are no objects of the store; nil: they are
	options Options
	*collector

	readers int          // goroutines, each with one object at a time
	workers int          // of which a reader needs one to decode
	idle    chan *worker // the workers that no reader has
	block   int          // size of a block
	window  int
	// share is the number of full blocks that a worker may hold back while it does not know yet
	// whether its object can be read to its end.
	share int
	// free holds the blocks that nobody uses, nil where one was never made. A worker has at most
	// share+2, so that all workers together always get what they wait for.
	free chan []byte
	// full takes blocks to the connection. It has room for all blocks; the workers' end closes it.
	full chan []byte
	// failure is what ended the workers early; it is set when full is closed.
	failure error

	next    atomic.Int64
	small   int64               // up to what size objects are fetched as a whole, bytes; 0: none is
	fetched *semaphore.Weighted // bytes of them at once; nil when none is
	huge    *semaphore.Weighted // windows of largeBuffer and more

	progress sync.Mutex
	bytes    atomic.Int64
	finished atomic.Int64
	rows     atomic.Int64
	refused  atomic.Int64
}

func newLoad(p *plan, store *objectstore.Store, stmt *copystmt.Statement, objects []Object, o Options) *load {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	budget := o.BufferBytes
	if budget <= 0 {
		budget = DefaultBufferBytes
	}
	cpus := runtime.GOMAXPROCS(0)
	remote := len(objects) > 0 && objects[0].URL.Scheme() == objectstore.SchemeS3
	readers, workers := o.Workers, cpus
	if remote {
		workers = max(streams, 2*cpus)
	}
	switch {
	case readers > 0 && remote:
		workers = min(workers, readers)
	case readers > 0:
		workers = readers
	case remote:
		readers = objectstore.DefaultConcurrency
	default:
		readers = max(folderReaders, workers)
	}
	readers = max(1, min(readers, len(objects)))
	workers = min(workers, readers)
	// Three quarters of the budget are blocks, at least four a worker; a quarter is windows.
	block := blockSize
	for block > minBlockSize && int64(workers*4*block) > budget*3/4 {
		block /= 2
	}
	workers = max(1, min(workers, int(budget*3/4)/(4*block)))
	blocks := max(4, int(budget*3/4)/block)
	window := windowSize
	for window > minWindow && int64(workers*window) > budget/4 {
		window /= 2
	}
	l := &load{
		plan: p, store: store, stmt: stmt, objects: objects, options: o,
		collector: newCollector(objects, max(1, stmt.MaxError)),
		readers:   readers, workers: workers, idle: make(
			chan *worker, workers,
		), block: block, window: window, share: blocks/workers - 2,
		free: make(chan []byte, blocks), full: make(chan []byte, blocks),
		huge: semaphore.NewWeighted(4),
	}
	if room := budget/4 - int64(workers*window); (remote || readers > workers) && room > 0 {
		l.fetched = semaphore.NewWeighted(room)
		l.small = min(smallObject, room/4)
	}
	for range blocks {
		l.free <- nil
	}
	return l
}

// rejectBytes bounds the text that all rejects together keep.
const rejectBytes = 32 << 20

// rawMost is the most that one reject's text keeps, bytes.
const rawMost = 64 << 10

// rawMax is the room of one reject's text. It depends on MAXERROR alone, so that what is kept does
// not depend on the order of work.
func (l *load) rawMax() int {
	if l.bodies != nil {
		return rawMost // they are bounded by what is at hand
	}
	return max(512, min(rawMost, rejectBytes/l.limit))
}

// A sink takes the rows of a load to the server. send returns when there are no more, or when the
// load gave up; aborted says that it did, so that the server's error only repeats it.
type sink interface {
	send(ctx context.Context, l *load) (aborted bool, err error)
}

// binaryCopy is PostgreSQL's COPY FROM STDIN.
type binaryCopy struct{ conn *pgconn.PgConn }

func (c binaryCopy) send(ctx context.Context, l *load) (aborted bool, err error) {
	r := &blockReader{load: l, closed: make(chan struct{})}
	_, err = c.conn.CopyFrom(ctx, r, l.plan.sql)
	return r.close(), err
}

// run does the work; to is nil for NOLOAD.
func (l *load) run(ctx context.Context, to sink) (Result, error) {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	group, groupCtx := errgroup.WithContext(working)
	for range l.workers {
		l.idle <- l.newWorker(groupCtx)
	}
	for range l.readers {
		group.Go(func() error { return l.reader(groupCtx) })
	}
	go func() { // ends with the readers; the loop over l.full below waits for it
		l.failure = group.Wait()
		for range l.workers {
			w := <-l.idle
			if l.failure == nil && w.out.buf != nil {
				w.send(w.out.buf)
			}
			w.expand.close()
		}
		close(l.full)
	}()

	var serverErr error
	if to != nil {
		var aborted bool
		if aborted, serverErr = to.send(ctx, l); aborted {
			serverErr = nil // it only repeats that we gave up
		}
		if serverErr != nil {
			cancel()
		}
	}
	for b := range l.full { // what the connection did not take any more
		l.put(b)
	}
	switch {
	case ctx.Err() != nil:
		return Result{}, fmt.Errorf("copy into %s: %w", l.stmt.Table, context.Cause(ctx))
	case serverErr != nil:
		return Result{}, fmt.Errorf("copy into %s: %w", l.stmt.Table, serverErr)
	case l.failure != nil:
		return Result{}, fmt.Errorf("copy into %s: %w", l.stmt.Table, l.failure)
	}
	result, err := l.outcome()
	if err == nil {
		result.Trimmed = l.plan.trimmed()
	}
	return result, err
}

// get waits for a free block.
func (l *load) get(ctx context.Context) ([]byte, error) {
	select {
	case b := <-l.free:
		if b == nil {
			b = make([]byte, 0, l.block+blockSlack)
		}
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// put gives a block back. One that had to grow for a huge record is let go.
func (l *load) put(b []byte) {
	if cap(b) > 2*(l.block+blockSlack) {
		b = nil
	}
	l.free <- b[:0:cap(b)]
}

// report tells the caller how far the load is.
func (l *load) report() {
	if l.options.Progress == nil {
		return
	}
	l.progress.Lock()
	defer l.progress.Unlock()
	l.options.Progress(
		Progress{
			Objects: int(l.finished.Load()), Bytes: l.bytes.Load(), Rows: l.rows.Load(),
			Rejects: l.refused.Load(),
		},
	)
}

// decoder turns the bytes of an object into tuples and rejects. It returns the window's errors and
// output's.
type decoder interface {
	decode(w *window, out *output) error
}

// worker is what a reader needs to turn an object into tuples. What it has of finished objects it
// keeps for the next.
type worker struct {
	*load
	ctx     context.Context
	decoder decoder
	expand  decompressor
	win     window
	out     output
	whole   bytes.Reader // of an object that was fetched

	object int    // index of the object at hand
	part   string // of a zip
	// length of out.buf when the object began: what is before is of finished objects
	mark     int
	held     [][]byte // full blocks of the object
	streamed bool     // rows of the object have gone out
	huge     bool     // leave for a huge window is taken
}

// newWorker is called before any block is taken, so that there is one for each worker.
func (l *load) newWorker(ctx context.Context) *worker {
	w := &worker{load: l, ctx: ctx, expand: decompressor{kind: l.stmt.Compression}}
	if l.plan.json != nil {
		w.decoder = newJSONDecoder(l.plan)
	} else {
		w.decoder = newTextDecoder(l.plan)
	}
	w.win.grow, w.win.compression, w.win.decoded = w.grow, l.stmt.Compression, !inUTF8(l.stmt)
	w.out = output{limit: l.block, full: w.full, reject: w.reject, rawMax: l.rawMax()}
	return w
}

// reader loads one object after another.
func (l *load) reader(ctx context.Context) error {
	var buf []byte
	for {
		i := int(l.next.Add(1) - 1)
		if i >= len(l.objects) || !l.matters(i) {
			return nil
		}
		var err error
		if l.bodies != nil {
			err = l.decode(ctx, i, &fetched{body: l.bodies[i]})
		} else if o := l.objects[i]; o.Size > 0 && o.Size <= l.small && !isZip(l.stmt, o) {
			buf, err = l.fetch(ctx, i, buf)
		} else {
			err = l.decode(ctx, i, nil)
		}
		if err != nil {
			return err
		}
	}
}

// fetch reads object i as a whole, into buf if that is large enough, and has it decoded. It returns
// the buffer for the next one.
func (l *load) fetch(ctx context.Context, i int, buf []byte) ([]byte, error) {
	o := l.objects[i]
	if err := l.fetched.Acquire(ctx, o.Size); err != nil {
		return nil, err
	}
	defer l.fetched.Release(o.Size)
	if int64(cap(buf)) < o.Size {
		buf = make([]byte, max(o.Size, 4<<10))
	}
	f := &fetched{body: buf[:o.Size]}
	f.err = l.fetchInto(ctx, o, f.body)
	if err := l.decode(ctx, i, f); err != nil || cap(buf) > keptBuffer {
		return nil, err
	}
	return buf, nil
}

// fetchInto reads all of o, whose size is body's.
func (l *load) fetchInto(ctx context.Context, o Object, body []byte) error {
	r, err := l.store.Open(ctx, o)
	if err != nil {
		return err
	}
	defer r.Close() // what it could say, reading to the end did
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	// Only at the end does the store know that the object is the one that was listed.
	var beyond [1]byte
	switch _, err := io.ReadFull(r, beyond[:]); {
	case err == nil:
		return fmt.Errorf("read %s: more than the %d bytes that were listed: %w", o.URL, o.Size, objectstore.ErrChanged)
	case err != io.EOF:
		return err
	}
	l.bytes.Add(o.Size)
	return nil
}

// decode has an idle worker load object i; f is nil where it has to read the object itself.
func (l *load) decode(ctx context.Context, i int, f *fetched) error {
	var w *worker
	select {
	case w = <-l.idle:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { l.idle <- w }()
	if w.out.buf == nil {
		var err error
		if w.out.buf, err = l.get(ctx); err != nil {
			return err
		}
	}
	return w.copy(i, f)
}

// fetched is an object that was read as a whole.
type fetched struct {
	body []byte
	err  error // why it could not be
}

// copy loads object i. It returns errors that end the whole load only.
func (w *worker) copy(i int, f *fetched) error {
	if !w.matters(i) {
		return nil
	}
	o := w.objects[i]
	w.object, w.part, w.mark, w.streamed, w.out.rows = i, "", len(w.out.buf), false, 0
	w.out.first = FirstLineFits
	if w.win.buf == nil {
		w.win.buf = make([]byte, w.load.window)
	}
	err := w.read(o, f)
	w.begun(i, w.out.first)
	w.shrink()
	if cause := w.ctx.Err(); cause != nil {
		return cause
	}
	var fatal *FatalError
	switch {
	case err == nil:
		for _, b := range w.held {
			w.send(b)
		}
		w.held = w.held[:0]
		w.done(i, w.out.rows)
		w.rows.Add(w.out.rows)
	case errors.Is(err, errStopped):
		w.drop()
		return nil
	case w.bodies != nil:
		if w.streamed {
			return err
		}
		w.drop()
		w.refuseWhole(i, err)
	case errors.As(err, &fatal):
		w.drop()
		fatal.Record.Object, fatal.Record.Part = o.URL, w.part
		w.fail(i, fatal)
	case errors.Is(err, objectstore.ErrCredentials):
		return err // no other object will fare better
	default:
		w.drop()
		w.options.Logger.Debug("object cannot be read", "url", o.URL, "error", err)
		w.unreadable(i, err, w.streamed)
	}
	w.finished.Add(1)
	w.report()
	return nil
}

// drop forgets the rows of the object at hand that have not gone out.
func (w *worker) drop() {
	for _, b := range w.held {
		w.put(b)
	}
	w.held = w.held[:0]
	w.out.buf = w.out.buf[:w.mark]
}

// send hands a block to the connection.
func (w *worker) send(b []byte) {
	if len(b) == 0 {
		w.put(b)
		return
	}
	w.load.full <- b
}

// full is called when out.buf is full after a row. Rows of an object that is not finished are held
// back, because it may turn out to be unreadable, until there are too many of them; then they go
// out as they come.
func (w *worker) full() error {
	w.report()
	if w.mark > 0 { // finished objects' rows go out, this one's move to the front
		next, err := w.get(w.ctx)
		if err != nil {
			return err
		}
		b := w.out.buf
		w.out.buf = append(next, b[w.mark:]...)
		w.send(b[:w.mark])
		w.mark = 0
		if len(w.out.buf) < w.out.limit {
			return nil
		}
	}
	if w.streamed {
		w.send(w.out.buf)
	} else {
		w.held = append(w.held, w.out.buf)
		if len(w.held) > w.share-1 {
			for _, b := range w.held {
				w.send(b)
			}
			w.held = w.held[:0]
			w.streamed = true
		}
	}
	w.out.buf = nil
	next, err := w.get(w.ctx)
	if err != nil {
		return err
	}
	w.out.buf = next
	return nil
}

func (w *worker) reject(rec RecordError) error {
	rec.Object, rec.Part = w.objects[w.object].URL, w.part
	w.refused.Add(1)
	return w.load.reject(w.object, rec)
}

// grow takes leave for a huge window, of which there are few at once.
func (w *worker) grow() error {
	if w.huge {
		return nil
	}
	if err := w.load.huge.Acquire(w.ctx, 1); err != nil {
		return err
	}
	w.huge = true
	return nil
}

// shrink gives a huge window up.
func (w *worker) shrink() {
	w.win.reset(nil)
	if w.huge {
		w.win.buf = make([]byte, w.load.window)
		w.load.huge.Release(1)
		w.huge = false
	}
}

// read reads an object to its end into out.
func (w *worker) read(o Object, f *fetched) error {
	if o.Size == 0 {
		return nil // loads nothing, whatever the compression
	}
	if f != nil && f.err != nil {
		return f.err
	}
	if f == nil && isZip(w.stmt, o) {
		return w.readZip(o)
	}
	if f != nil {
		w.whole.Reset(f.body)
		return w.readPlain(&w.whole)
	}
	body, err := w.store.Open(w.ctx, o)
	if err != nil {
		return err
	}
	source := &source{worker: w, r: body}
	err = w.readPlain(source)
	if closeErr := body.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close %s: %w", o.URL, closeErr)
	}
	if source.err != nil { // decompression may have dressed it up
		err = source.err
	}
	return err
}

func (w *worker) readPlain(source io.Reader) error {
	plain, err := w.expand.reader(source)
	if err != nil {
		return err
	}
	w.win.reset(decodeText(w.stmt, plain))
	if err := w.decoder.decode(&w.win, &w.out); err != nil {
		return err
	}
	// Only at the end does the store know that the object is the one that was listed.
	_, err = io.Copy(io.Discard, source)
	return err
}

// source reads an object's bytes, counts them, and ends early when the object no longer matters.
type source struct {
	*worker
	r   io.Reader
	err error // of r, other than io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	if !s.matters(s.object) {
		return 0, errStopped
	}
	n, err := s.r.Read(p)
	s.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// The frame of a binary COPY (sql-copy: Binary Format): signature, flags, no header extension; and
// the trailer.
var (
	copyHeader  = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	copyTrailer = []byte{0xff, 0xff}
)

// blockReader feeds the blocks to pgconn's CopyFrom.
type blockReader struct {
	*load
	closed chan struct{} // closed by close

	mu      sync.Mutex // held while Read runs
	begun   bool
	ended   bool
	aborted bool
	block   []byte // to give back
	rest    []byte // of block
}

// errAborted goes to the server, and its log, as the reason of CopyFail; data stays out of it.
var errAborted = errors.New("the client stopped the load")

// close ends the reader and tells whether it had given up. When the connection breaks, CopyFrom
// returns while its goroutine may still read: only after close nothing of the load is touched any
// more.
func (r *blockReader) close() (aborted bool) {
	close(r.closed)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.aborted
}

// Read fills p as far as there are blocks, and waits only for the first byte.
func (r *blockReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closed:
		return 0, errAborted
	default:
	}
	n := 0
	if !r.begun {
		r.begun = true
		n = copy(p, copyHeader)
	}
	for n < len(p) {
		if len(r.rest) == 0 {
			if r.ended {
				break
			}
			more, err := r.more(n == 0)
			if err != nil {
				return 0, err
			}
			if !more {
				break
			}
		}
		k := copy(p[n:], r.rest)
		r.rest = r.rest[k:]
		n += k
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// failed tells, once all workers are done, that nothing of the load is to be kept.
func (l *load) failed() bool {
	return l.failure != nil || !l.matters(len(l.objects)) || len(l.partial) > 0
}

// more makes the next block, or the trailer, r.rest; without wait it returns false when there is
// none yet.
func (r *blockReader) more(wait bool) (bool, error) {
	if r.block != nil {
		r.put(r.block)
		r.block = nil
	}
	var b []byte
	var open bool
	if wait {
		select {
		case b, open = <-r.load.full:
		case <-r.stopped:
			r.aborted = true
			return false, errAborted
		case <-r.closed:
			return false, errAborted
		}
	} else {
		select {
		case b, open = <-r.load.full:
		default:
			return false, nil
		}
	}
	if open {
		r.block, r.rest = b, b
		return true, nil
	}
	// A load that failed must not end in a trailer.
	if r.failed() {
		r.aborted = true
		return false, errAborted
	}
	r.rest, r.ended = copyTrailer, true
	return true, nil
}
