package server

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Phase is what a server is doing.
type Phase string

// The phases.
const (
	Starting Phase = "starting" // it looks for who leads, or takes over
	Standby  Phase = "standby"  // another server works, this one waits for its end
	Working  Phase = "working"  // it watches and delivers
	Retrying Phase = "retrying" // something outside fails; it tries again for ever
	Stopping Phase = "stopping" // it ends the batch at hand
)

// keep is how many of the latest batches and quarantined objects a State holds.
const keep = 50

// State is what a server knows of itself at one moment. It is a copy: nobody changes it afterwards.
type State struct {
	Phase       Phase           // what the server does now
	Started     time.Time       // when the server started
	Holder      string          // this server's name in the lease
	Leader      string          // the name of the server that works, "" while unknown
	Target      string          // the warehouse, without secrets
	Version     string          // the version of dwh
	Problem     *Problem        // what fails now; nil for nothing
	Sources     []SourceState   // those that are watched
	Skipped     []SkippedSource // the sources of optional loads that nobody gave
	Waiting     WaitingState    // what the next batches deliver
	Totals      Totals          // since the server started
	Batches     []Batch         // the latest, newest first
	Quarantined []Quarantine    // the latest, newest first
	// of the last full check; the cheap ones that warn are made with each batch
	Checks      []CheckState
	CheckedAt   time.Time // of the last full check; zero before the first
	CommittedAt time.Time // of the latest batch; zero before the first
}

// Problem is what keeps a server, or one of its sources, from going on.
type Problem struct {
	What  string    // fails, as in Event.Recovered
	Text  string    // why it fails, for people
	Hint  string    // what to do about it, "" when unknown
	Since time.Time // of the first of these failures in a row
	Tries int       // how often it failed so far
	Next  time.Time // when it is tried again
}

// SourceState is a source and how it is watched.
type SourceState struct {
	Step  string // the load's, such as 020_s_order
	Table string // the staging table that it fills
	// as the COPY names it, such as orders; the load's where it names the place itself
	Name string
	URL  objectstore.URL
	// where the URL comes from: /shop/dwh.yaml:3, DWH_SOURCE_ORDERS, --source orders; "" when
	// unknown
	Origin   string
	Notified bool // the system, or a queue, tells of new objects; else they are found by listing
	SweptAt  time.Time
	Swept    time.Duration // of the last sweep
	Found    int64         // new objects so far
	Problem  *Problem
}

// SkippedSource is the source of an optional load that nobody gave. Name names the source,
// Step the load and Table the staging table.
type SkippedSource struct{ Name, Step, Table string }

// WaitingState is what waits to be delivered.
type WaitingState struct {
	Objects int       // how many objects wait
	Bytes   int64     // their sizes together, as stored
	Oldest  time.Time // when the server first heard of the oldest; zero for none
	Full    bool      // there is no room: the sources wait
}

// Totals are counted since the server started.
type Totals struct {
	// Batches were committed. Objects, Rows and Bytes were loaded; Bytes are as stored. Known are
	// objects that the ledger held already. Rejects are refused records. Quarantined are objects
	// that were given up. Retries are further tries.
	Batches, Objects, Known, Rows, Bytes, Rejects, Quarantined, Retries int64
}

// Batch is a batch that was committed.
type Batch struct {
	Run      string        // in the journal; batches of ten minutes share one
	At       time.Time     // when it was committed
	Objects  int64         // objects that were loaded
	Known    int64         // objects that the ledger held already
	Rows     int64         // staged
	Rejects  int64         // records that were refused
	Bytes    int64         // of the loaded objects, as stored
	Waited   time.Duration // of the oldest object until the batch began
	Duration time.Duration // from its beginning to its commit
	Steps    []BatchStep   // loads, then models, then the rest
}

// BatchStep is one load or model of a batch, or its gate or publishing.
type BatchStep struct {
	Step     string        // its name, such as 210_f_order
	Table    string        // that a model fills; "" of other steps
	RowsIn   int64         // of a load: objects
	RowsOut  int64         // that a load staged or a model wrote
	Change   model.Change  // what a model did to its rows
	Duration time.Duration // how long the step took
}

// Quarantine is an object that was given up.
type Quarantine struct {
	URL           objectstore.URL // where the object is
	ETag          string          // of the version that was given up
	Step          string          // the load's, such as 020_s_order
	Reason        string          // why it was given up
	WithViolation string          // the reason with the first violation that a check found
	Hint          string          // what to do about it, "" when unknown
	At            time.Time       // when it was given up
}

// CheckState is the outcome of a check.
type CheckState struct {
	Name, Description string         // name and description of the check
	Severity          check.Severity // whether a violation fails or warns
	Outcome           string         // ok, warn, fail or off
	Violations        int64          // how many rows it found
	At                time.Time      // when it was made
}

// StateSource is what a page needs of a server: its state, and word of the next change.
type StateSource interface {
	// State returns the state and a channel that is closed when it changes.
	State() (State, <-chan struct{})
}

// board holds the state and tells of changes.
type board struct {
	mu      sync.Mutex
	state   State
	changed chan struct{}
}

func newBoard(s State) *board { return &board{state: s, changed: make(chan struct{})} }

// change lets edit work on the state. What edit replaces inside slices must be replaced as a whole.
func (b *board) change(edit func(*State)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	edit(&b.state)
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) read() (State, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state
	s.Sources = slices.Clone(s.Sources)
	s.Batches = slices.Clone(s.Batches)
	s.Quarantined = slices.Clone(s.Quarantined)
	s.Checks = slices.Clone(s.Checks)
	return s, b.changed
}

// source edits the state of one source.
func (b *board) source(step string, edit func(*SourceState)) {
	b.change(func(s *State) {
		for i := range s.Sources {
			if s.Sources[i].Step == step {
				edit(&s.Sources[i])
			}
		}
	})
}

// latest puts one in front and keeps the latest.
func latest[T any](list []T, entry T) []T {
	return append([]T{entry}, list[:min(len(list), keep-1)]...)
}

// problems counts failures in a row by what fails, and shows the one that has lasted longest.
type problems struct {
	mu   sync.Mutex
	open map[string]*Problem
}

// failed notes a failure and returns a copy of what is known of it, with its next try.
func (p *problems) failed(
	what string, err error, hint string, pause func(tries int) time.Duration,
) (Problem, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = map[string]*Problem{}
	}
	problem := p.open[what]
	if problem == nil {
		problem = &Problem{What: what, Since: time.Now()}
		p.open[what] = problem
	}
	problem.Tries++
	d := pause(problem.Tries)
	problem.Text, problem.Hint, problem.Next = check.WithFirstViolation(err), hint, time.Now().Add(d)
	return *problem, d
}

// ended forgets a failure; it tells whether there was one, and the one that remains.
func (p *problems) ended(what string) (was bool, left *Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, was = p.open[what]
	delete(p.open, what)
	for _, name := range slices.Sorted(maps.Keys(p.open)) {
		if problem := p.open[name]; left == nil || problem.Since.Before(left.Since) {
			copied := *problem
			left = &copied
		}
	}
	return was, left
}
