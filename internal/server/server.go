// Package server is the ETL server: it watches the sources and delivers what arrives in small
// batches.
package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/transform"
)

// Store looks up objects when an event gives only their names.
type Store interface {
	// Stat looks one object up. A missing one, and a folder, is objectstore.ErrNotExist.
	Stat(ctx context.Context, u objectstore.URL) (objectstore.Object, error)
}

// Notifications name objects that landed. The server lists its sources all the same, so that a lost
// one is only late.
type Notifications interface {
	// Receive hands on what arrives until ctx ends. arrived reports false when there is no room:
	// the notification is then left in the queue. done is called, from any goroutine, when the
	// object needs no more attention. An error is told and Receive is called again after a pause.
	Receive(ctx context.Context, arrived func(o objectstore.Object, done func()) bool) error
}

// Options are what a Server needs; a zero setting means its default.
type Options struct {
	Runner *transform.Runner // loads and transforms; required
	Pool   *pgxpool.Pool     // for the lease and for checks; required
	Store  Store             // looks up objects of which only the URL is known
	// RequireCurrent fails with a *migration.PendingError while a migration is pending, and with a
	// *bookkeeping.ForeignError where the tables are those of another dwh.
	RequireCurrent func(ctx context.Context) error
	// Revive starts a database server of dwh's own that was killed, and tells whether it did. It is
	// called after failures; nil: somebody else sees to the server.
	Revive  func(ctx context.Context) (bool, error)
	Command string // how the journal calls this server
	Target  string // the warehouse in words, without secrets
	Version string // of dwh

	Listen string        // host:port or unix:/path; "" serves no HTTP
	Token  config.Secret // that clients have to give; "" for none
	Hosts  []string      // Host headers that are served beside the loopback ones
	// Home makes the handler of "/"; nil lists the other pages.
	Home func(StateSource) http.Handler

	BatchAge     time.Duration // how long an object waits for others
	BatchObjects int           // objects in one batch, at most
	BatchBytes   int64         // bytes in one batch, at most, as stored
	MaxWaiting   int           // objects that may wait; what comes beyond is found again by listing
	Settle       time.Duration // how long a local file has to be left alone
	Sweep        time.Duration // between full listings of a source
	Poll         time.Duration // between listings of what is cheap to list, on S3
	Tries        int           // before an object is quarantined
	FullCheck    time.Duration // between checks over everything; negative: never
	Lease        time.Duration // how long a silent server keeps a standby waiting
	Shutdown     time.Duration // for the batch at hand when ctx ends
	// Abort rolls the batch at hand back when it closes; nil: only Shutdown does.
	Abort <-chan struct{}
	Queue Notifications // names new objects; nil for none

	// Origins say where the URL of each source comes from, by the source's name; for people.
	Origins map[string]string
	Logger  *slog.Logger
	// Watch is told of what people want to see; nil for nobody. It is called by several goroutines.
	Watch func(Event)
}

// The defaults of Options.
const (
	DefaultBatchAge     = 200 * time.Millisecond
	DefaultBatchObjects = 1000
	DefaultBatchBytes   = 64 << 20 // bytes of objects, as stored
	DefaultMaxWaiting   = 10_000   // objects in the queue
	DefaultSettle       = 100 * time.Millisecond
	DefaultSweep        = 2 * time.Minute
	DefaultPoll         = 2 * time.Second
	DefaultTries        = 5 // failures of an object before its quarantine
	DefaultFullCheck    = time.Hour
	DefaultLease        = 10 * time.Second
	DefaultShutdown     = 30 * time.Second
	DefaultListen       = "127.0.0.1:8080"
)

// Event is something that people want to see; exactly one of its fields is set.
type Event struct {
	Batch     *Batch   // a batch that was committed
	Problem   *Problem // something fails, and is tried again
	Recovered string   // what works again, as Problem.What named it
	// Mended is an object that this server quarantined and that was loaded since.
	Mended     objectstore.URL
	Quarantine *Quarantine
	Checks     []check.Result
	Phase      Phase
	Leader     string // with Standby
}

// Server watches sources and delivers new objects in batches, for dwh serve.
type Server struct {
	Options
	board    *board
	waiting  *waiting
	metrics  *metrics
	problems problems
	sweeping sync.Mutex
	refresh  chan struct{} // holds one when the cheap checks are to be made
}

var _ StateSource = (*Server)(nil)

// New returns a Server that has not started; Run starts it.
func New(o Options) (*Server, error) {
	if o.Listen != "" {
		if err := CheckAddress(o.Listen, o.Token != ""); err != nil {
			return nil, err
		}
	}
	def := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	def(&o.BatchAge, DefaultBatchAge)
	def(&o.Settle, DefaultSettle)
	def(&o.Sweep, DefaultSweep)
	def(&o.Poll, DefaultPoll)
	def(&o.FullCheck, DefaultFullCheck)
	def(&o.Lease, DefaultLease)
	def(&o.Shutdown, DefaultShutdown)
	if o.BatchObjects <= 0 {
		o.BatchObjects = DefaultBatchObjects
	}
	if o.BatchBytes <= 0 {
		o.BatchBytes = DefaultBatchBytes
	}
	if o.MaxWaiting <= 0 {
		o.MaxWaiting = DefaultMaxWaiting
	}
	if o.Tries <= 0 {
		o.Tries = DefaultTries
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Watch == nil {
		o.Watch = func(Event) {}
	}
	name, err := os.Hostname()
	if err != nil {
		name = "unknown host"
	}
	w := newWaiting(o.MaxWaiting)
	s := &Server{Options: o, waiting: w, refresh: make(chan struct{}, 1), metrics: newMetrics(o.Pool, w, o.Version)}
	s.board = newBoard(State{
		Phase: Starting, Started: time.Now(), Target: o.Target, Version: o.Version,
		Holder: fmt.Sprintf("%s/%d/%s", name[:min(len(name), 200)], os.Getpid(), strings.ToLower(rand.Text()[:6])),
	})
	s.metrics.setPhase(Starting)
	return s, nil
}

// State returns a copy of the server's state, and a channel that closes at the next change.
func (s *Server) State() (State, <-chan struct{}) {
	state, changed := s.board.read()
	state.Waiting.Objects, state.Waiting.Bytes, state.Waiting.Oldest = s.waiting.look()
	return state, changed
}

// Run works until ctx ends, which is no error: the batch at hand is then finished within
// Options.Shutdown, or rolled back when Options.Abort closes. It returns the error of what no
// patience helps against: tables of another dwh (*bookkeeping.ForeignError), a pending migration
// (*migration.PendingError), stale transforms (*transform.StaleError), a source that was never
// there, an address that cannot be listened on.
func (s *Server) Run(ctx context.Context) error {
	sources, err := s.Runner.Sources()
	if err != nil {
		return err
	}
	for _, source := range sources {
		if err := s.checkFolder(ctx, source); err != nil {
			return err
		}
	}
	s.board.change(func(state *State) {
		for _, source := range sources {
			name := cmp.Or(source.File.Source, source.File.Name)
			state.Sources = append(state.Sources, SourceState{
				Step: source.File.Name, Table: string(
					source.File.Table,
				), Name: name, URL: source.URL, Origin: s.Origins[name],
			})
		}
		for _, step := range s.Runner.Steps {
			if step.Load && !step.Configured(s.Runner.Vars) {
				state.Skipped = append(
					state.Skipped,
					SkippedSource{Name: step.Source, Step: step.Name, Table: string(step.Table)},
				)
			}
		}
	})
	// Each batch is a trace of its own; looking around for as long as the server lives is none.
	ctx = telemetry.Quiet(ctx)
	group, ctx := errgroup.WithContext(ctx)
	if s.Listen != "" {
		listener, err := listen(ctx, s.Listen)
		if err != nil {
			return err
		}
		address := s.address(listener.Addr().String())
		s.Logger.Info("listening; the dashboard is the page at this address", "address", address)
		group.Go(func() error { return s.serveHTTP(ctx, listener) })
	}
	// Work outlives ctx by a while, so that a batch is finished rather than broken off.
	work, abandon := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abandon(nil)
	stop := context.AfterFunc(ctx, func() {
		s.phase(Stopping, "")
		time.AfterFunc(s.Shutdown, func() { abandon(errDeadline) })
	})
	defer stop()
	ended := make(chan struct{})
	group.Go(func() error {
		defer close(ended)
		return s.takeTurns(ctx, work, sources)
	})
	group.Go(func() error {
		select {
		case <-s.Abort:
			abandon(errAborted)
		case <-ended:
		}
		return nil
	})
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		return context.Cause(work) // nil when all was finished
	}
	return err
}

var (
	errDeadline = errors.New("the current batch did not finish in time and was rolled back")
	errAborted  = errors.New("the current batch was aborted and rolled back")
)

func (s *Server) address(bound string) string {
	if strings.HasPrefix(s.Listen, socketScheme) {
		return s.Listen
	}
	return "http://" + bound
}

// phase shows what the server does now.
func (s *Server) phase(now Phase, leader string) {
	changed := false
	s.board.change(func(state *State) {
		if state.Phase == Stopping {
			return
		}
		changed = state.Phase != now || leader != "" && state.Leader != leader
		state.Phase = now
		if leader != "" {
			state.Leader = leader
		}
	})
	if changed {
		s.metrics.setPhase(now)
		s.Watch(Event{Phase: now, Leader: leader})
	}
}

// failed shows what fails, and tells how long to wait.
func (s *Server) failed(what string, err error) (Problem, time.Duration) {
	longest := min(longestPause, max(s.Lease, time.Second))
	problem, pause := s.problems.failed(
		what, err, hintOf(err), func(tries int) time.Duration { return pauseAfter(tries, longest) },
	)
	s.metrics.retries.WithLabelValues(causeOf(err)).Inc()
	s.Logger.Debug("failed", "what", what, "error", err, "try", problem.Tries, "pause", pause)
	s.board.change(func(state *State) {
		state.Problem = &problem
		state.Totals.Retries++
	})
	s.phase(Retrying, "")
	if problem.Tries == 1 || problem.Tries%10 == 0 {
		s.Watch(Event{Problem: &problem})
	}
	return problem, pause
}

// fine forgets that something failed.
func (s *Server) fine(what string) {
	was, left := s.problems.ended(what)
	if !was {
		return
	}
	s.board.change(func(state *State) { state.Problem = left })
	s.Watch(Event{Recovered: what})
	if left == nil {
		s.phase(Working, "")
	}
}

// until repeats work until it succeeds, or fails for good.
func (s *Server) until(ctx context.Context, what string, work func() error) error {
	for {
		err := work()
		switch {
		case err == nil:
			s.fine(what)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case final(err):
			return err
		}
		// What fails may do so because the schema is another one now.
		if err := s.require(ctx); final(err) {
			return err
		}
		_, pause := s.failed(what, err)
		s.revive(ctx)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// revive has the database server started again, if it is for this program to do so.
func (s *Server) revive(ctx context.Context) {
	if s.Revive == nil {
		return
	}
	switch started, err := s.Revive(ctx); {
	case err != nil && ctx.Err() == nil:
		s.Logger.Warn("the private PostgreSQL was killed, and does not start", "error", err)
	case started:
		s.Logger.Warn("the private PostgreSQL was killed; it is started again")
	}
}

// final tells the failures that patience does not help against.
func final(err error) bool {
	var foreign *bookkeeping.ForeignError
	var pending *migration.PendingError
	var stale *transform.StaleError
	return errors.As(err, &foreign) || errors.As(err, &pending) || errors.As(err, &stale) || errors.Is(err, errLost)
}

// takeTurns works while this server holds the lease, and stands by while another does.
func (s *Server) takeTurns(ctx, work context.Context, sources []load.Source) error {
	state, _ := s.State()
	l := newLease(s.Pool, state.Holder, s.Lease)
	for {
		// Before the lease is read: its table is one of those that a migration makes.
		if err := s.until(ctx, "read the schema", func() error { return s.require(ctx) }); err != nil {
			return err
		}
		for mine := false; !mine; {
			var holder string
			err := s.until(ctx, "read the lease", func() (err error) {
				mine, holder, err = l.try(ctx)
				return err
			})
			if err != nil {
				return err
			}
			if mine {
				break
			}
			if holder != "" {
				s.phase(Standby, holder)
			}
			if err := sleep(ctx, s.Lease/8); err != nil {
				return err
			}
		}
		s.phase(Working, state.Holder)
		err := s.lead(ctx, work, l, sources)
		if !errors.Is(err, errLost) {
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			if leaveErr := l.leave(leaving); leaveErr != nil {
				s.Logger.Debug("the lease could not be returned; it expires by itself", "error", leaveErr)
			}
			cancel()
			return err
		}
		s.Logger.Warn("another server took over; standing by")
	}
}

// lead watches, delivers and checks until ctx ends or the lease is lost.
func (s *Server) lead(ctx, work context.Context, l *lease, sources []load.Source) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for {
			if err := sleep(ctx, s.Lease/4); err != nil {
				return err
			}
			if err := s.until(ctx, "renew the lease", func() error { return l.renew(ctx) }); err != nil {
				return err
			}
		}
	})
	group.Go(func() error {
		d := deliverer{Server: s, stream: s.Runner.Stream(s.Command)}
		defer d.close(work)
		// What an earlier run staged and did not transform comes first, so that it is not taken for
		// a fault of the first batch.
		var fault *stagedError
		if err := s.until(ctx, "deliver", func() error {
			err := d.first(work)
			if errors.As(err, &fault) {
				return nil // catchUp tries again, with the objects that wait
			}
			return err
		}); err != nil {
			return err
		}
		for _, source := range sources {
			w := &watched{Server: s, source: source}
			group.Go(func() error { return w.watch(ctx) })
		}
		if s.Queue != nil {
			group.Go(func() error { return s.receive(ctx, sources) })
		}
		s.wantRefresh()
		group.Go(func() error { return s.refreshChecks(ctx) })
		if s.FullCheck > 0 {
			group.Go(func() error { return s.checkAll(ctx) })
		}
		if fault != nil {
			if err := d.catchUp(ctx, work, fault); err != nil {
				return err
			}
		}
		return d.run(ctx, work)
	})
	return group.Wait()
}

// receive takes names from the queue.
func (s *Server) receive(ctx context.Context, sources []load.Source) error {
	arrived := func(o objectstore.Object, done func()) bool {
		for _, source := range sources {
			if !source.Manifest && strings.HasPrefix(string(o.URL), string(source.URL)) {
				if ok, _ := source.File.Takes(o); ok {
					now := time.Now()
					return s.waiting.put(
						&item{
							step: source.File.Name, object: o, stale: true, seen: now, ready: now,
							done: []func(){done},
						},
					)
				}
			}
		}
		done() // of no source
		return true
	}
	for {
		err := s.Queue.Receive(ctx, arrived)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			s.fine("receive notifications")
			continue
		}
		_, pause := s.failed("receive notifications", err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// require fails while a migration is pending or the star is stale.
func (s *Server) require(ctx context.Context) error {
	if s.RequireCurrent != nil {
		if err := s.RequireCurrent(ctx); err != nil {
			return err
		}
	}
	return s.Runner.RequireFresh(ctx)
}

// checkAll checks everything at an interval. What fails is shown and does not stop the server:
// readers have it already.
func (s *Server) checkAll(ctx context.Context) error {
	for {
		if err := sleep(ctx, s.FullCheck); err != nil {
			return err
		}
		var results []check.Result
		err := s.until(ctx, "check everything", func() (err error) {
			if err = s.require(ctx); err != nil {
				return err
			}
			within, span := telemetry.BeginLinked(ctx, "check everything")
			defer func() { span.End(err) }()
			results, err = s.Runner.Check(within, "", nil)
			return err
		})
		if err != nil {
			return err
		}
		now := time.Now()
		s.metrics.checkedAt.Set(float64(now.UnixMilli()) / 1000)
		s.checked(results, now)
		s.board.change(func(state *State) { state.CheckedAt = now })
		s.Watch(Event{Checks: results})
	}
}
