package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Delivery is what became of one batch.
type Delivery struct {
	Result
	Known int64 // objects that the ledger held already
	// Left are objects that could not be read, or changed meanwhile: nothing of them is loaded or
	// recorded.
	Left []load.Left
}

// period is how long a stream's batches share a row of the journal: a row for each would swamp it.
const period = 10 * time.Minute

// Stream delivers batches of objects, each in one transaction: load, transform, gate and ledger
// together, so that a batch that cannot be loaded leaves nothing behind. It keeps its connection
// between batches, and it is not safe for concurrent use.
type Stream struct {
	r       *Runner
	command string
	conn    *pgx.Conn
	release func()
	j       *journal.Run             // of the period; nil between them
	steps   map[string]*journal.Step // what the period's batches did, by step
}

// Stream returns a Stream; command is how the journal calls it. Close it.
func (r *Runner) Stream(command string) *Stream { return &Stream{r: r, command: command} }

// Run is the id under which the journal and the ledger know the batches of the current period; ""
// between periods.
func (s *Stream) Run() string {
	if s.j == nil {
		return ""
	}
	return s.j.ID
}

// open readies the connection and the journal.
func (s *Stream) open(ctx context.Context) error {
	if s.j != nil && time.Since(s.j.Started) >= period {
		if err := s.Close(ctx); err != nil {
			return err
		}
	}
	if s.conn != nil && s.conn.IsClosed() {
		s.release()
		s.conn = nil
	}
	if s.conn == nil {
		conn, release, err := s.r.connect(ctx)
		if err != nil {
			return err
		}
		s.conn, s.release = conn, release
	}
	if s.j == nil {
		j, err := s.r.begin(ctx, s.command)
		if err != nil {
			return err
		}
		s.j, s.steps = j, map[string]*journal.Step{}
		return s.complete(ctx)
	}
	return nil
}

// complete fills in, once a period, what earlier loads could not say.
func (s *Stream) complete(ctx context.Context) error {
	for _, step := range s.r.Steps {
		if !step.Load || s.r.Copier == nil {
			continue
		}
		if err := s.r.loader.Complete(ctx, s.r.loadRun(s.conn, s.j), step.file); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the connection, and the row of the journal.
func (s *Stream) Close(ctx context.Context) error {
	if s.conn != nil {
		s.release()
		s.conn = nil
	}
	if s.j == nil {
		return nil
	}
	j := s.j
	s.j = nil
	for _, step := range s.r.Steps {
		if sum := s.steps[step.Name]; sum != nil {
			j.Step(*sum)
		}
	}
	if err := j.End(ctx, nil); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// RequireFresh returns a *StaleError where the warehouse needs a replay.
func (r *Runner) RequireFresh(ctx context.Context) error {
	staleness, err := ReadStaleness(ctx, r.Pool, r.Engine, r.Steps, ReadOnly)
	if err != nil {
		return err
	}
	return staleness.Err()
}

// Deliver loads the objects of each load, by its name, transforms what is not processed, and
// commits if the checks let it; all in one transaction. Errors that the data are to blame for are
// *RefusedError, *check.FailedError and those of the transforms' SQL. A *StaleError says that a
// replay has to come first.
func (s *Stream) Deliver(ctx context.Context, objects map[string][]objectstore.Object) (Delivery, error) {
	r := s.r
	started := time.Now()
	if err := r.RequireFresh(ctx); err != nil {
		return Delivery{}, err
	}
	if err := s.open(ctx); err != nil {
		return Delivery{}, err
	}
	batch := map[string][]objectstore.Object{}
	for name, list := range objects {
		list = slices.Clone(list)
		slices.SortFunc(
			list,
			func(a, b objectstore.Object) int { return strings.Compare(string(a.URL), string(b.URL)) },
		)
		batch[name] = slices.CompactFunc(list, func(a, b objectstore.Object) bool { return a.URL == b.URL })
	}
	var excluded []load.Left
	for {
		j := s.j.Part()
		d := Delivery{Result: Result{Run: j.ID}}
		err := r.incrementalAfter(ctx, s.conn, j, r.Steps, true, &d.Result, func(tx pgx.Tx, a *load.Arrivals) error {
			d.Loads, d.Left, d.Known = nil, nil, 0
			for _, step := range r.Steps {
				if step.Load && len(batch[step.Name]) > 0 {
					if err := s.load(ctx, tx, a, step, batch[step.Name], &d); err != nil {
						return err
					}
				}
			}
			return nil
		})
		s.j.Retries += j.Retries
		var unreadable *clientcopy.UnreadableError
		if errors.As(err, &unreadable) {
			// Rows of theirs had gone out already.
			for _, object := range unreadable.Objects {
				for name, list := range batch {
					batch[name] = slices.DeleteFunc(list, func(o objectstore.Object) bool {
						if o.URL == object.Object.URL {
							excluded = append(
								excluded,
								load.Left{Step: name, Object: o, Err: object.Err, Changed: object.Changed},
							)
						}
						return o.URL == object.Object.URL
					})
				}
			}
			continue
		}
		d.Left = append(d.Left, excluded...)
		d.Duration = time.Since(started)
		if err == nil {
			s.account(d)
		}
		return d, err
	}
}

// load copies one source's objects into the open transaction.
func (s *Stream) load(
	ctx context.Context, tx pgx.Tx, a *load.Arrivals, step Step, objects []objectstore.Object,
	d *Delivery,
) error {
	plan, err := s.r.loader.PlanObjects(step.file, objects)
	if err != nil {
		return err
	}
	loaded, err := s.r.loadBeside(ctx, s.conn, tx, a, s.j, plan)
	if err != nil {
		return err
	}
	d.Known += loaded.Known
	d.Left = append(d.Left, loaded.Left...)
	if loaded.Known < int64(len(objects)) {
		d.Loads = append(d.Loads, loaded)
	}
	return nil
}

// account adds a batch to the period's row of each step.
func (s *Stream) account(d Delivery) {
	add := func(name string, in, out int64, duration time.Duration) {
		now := time.Now()
		sum := s.steps[name]
		if sum == nil {
			sum = &journal.Step{Name: name, Started: now.Add(-duration)}
			for _, step := range s.r.Steps {
				if step.Name == name {
					sum.Fingerprint = step.Fingerprint
				}
			}
			s.steps[name] = sum
		}
		sum.RowsIn += in
		sum.RowsOut += out
		sum.Ended = now
	}
	for _, load := range d.Loads {
		add(load.Step, load.Objects, load.Rows, load.Duration)
	}
	for _, step := range d.Transforms {
		add(step.Step, step.RowsIn, step.RowsOut, step.Duration)
	}
}

// Quarantine gives an object of a load up: it is written down as a reject, with the records that
// cause names, and into the ledger, so that this version of it is not tried again.
func (s *Stream) Quarantine(ctx context.Context, name string, object objectstore.Object, cause error) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	i := slices.IndexFunc(s.r.Steps, func(step Step) bool { return step.Load && step.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no load %q", name)
	}
	return s.r.loader.Quarantine(ctx, s.r.loadRun(s.conn, s.j), s.r.Steps[i].file, object, cause)
}
