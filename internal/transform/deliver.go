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
	entry   *journal.Run             // of the period, in the journal; nil between periods
	steps   map[string]*journal.Step // what the period's batches did, by step
}

// Stream returns a Stream; command is how the journal calls it. Close it.
func (r *Runner) Stream(command string) *Stream { return &Stream{r: r, command: command} }

// Run is the id under which the journal and the ledger know the batches of the current period; ""
// between periods.
func (s *Stream) Run() string {
	if s.entry == nil {
		return ""
	}
	return s.entry.ID
}

// open readies the connection and the journal.
func (s *Stream) open(ctx context.Context) error {
	if s.entry != nil && time.Since(s.entry.Started) >= period {
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
	if s.entry == nil {
		entry, err := s.r.beginEntry(ctx, s.command)
		if err != nil {
			return err
		}
		s.entry, s.steps = entry, map[string]*journal.Step{}
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
		if err := s.r.loader.Complete(ctx, s.active(s.entry, nil).loadRun(), step.file); err != nil {
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
	if s.entry == nil {
		return nil
	}
	entry := s.entry
	s.entry = nil
	for _, step := range s.r.Steps {
		if sum := s.steps[step.Name]; sum != nil {
			entry.Step(*sum)
		}
	}
	for _, name := range []string{stageCheck, stagePublish} {
		if sum := s.steps[name]; sum != nil {
			entry.Step(*sum)
		}
	}
	if err := entry.End(ctx, nil); err != nil {
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
		d, err := s.try(ctx, batch)
		var unreadable *clientcopy.UnreadableError
		if errors.As(err, &unreadable) {
			// Rows of theirs had gone out already.
			excluded = append(excluded, exclude(batch, unreadable.Objects)...)
			continue
		}
		d.Left = append(d.Left, excluded...)
		d.Duration = time.Since(started)
		if err == nil {
			s.account(d)
		} else if len(objects) == 0 { // the rows of a batch are rolled back with it
			r.nameStaged(ctx, err)
		}
		return d, err
	}
}

// try delivers a batch. It leaves objects out that it finds unreadable before rows of theirs have
// gone out; later they are an error.
func (s *Stream) try(ctx context.Context, batch map[string][]objectstore.Object) (Delivery, error) {
	d := Delivery{Result: Result{Run: s.entry.ID}}
	s.r.numbering.Begin()
	m := increment{activeRun: s.active(s.entry.Part(), &d.Result)}
	for _, step := range s.r.Steps {
		if !step.Load || len(batch[step.Name]) == 0 {
			continue
		}
		plan, err := s.r.loader.PlanObjects(step.file, batch[step.Name])
		if err != nil {
			return d, err
		}
		m.plans = append(m.plans, plan)
	}
	err := m.run(ctx)
	s.entry.Retries += m.entry.Retries
	d.Steps = s.r.numbering.Taken()
	for _, loaded := range d.Loads {
		d.Known += loaded.Known + loaded.GivenUp
		d.Left = append(d.Left, loaded.Left...)
	}
	d.Loads = slices.DeleteFunc(d.Loads, func(loaded load.Result) bool {
		held := loaded.Known + loaded.GivenUp
		return held >= int64(len(batch[loaded.Step])) // nothing of it was new
	})
	return d, err
}

// active is a run over the stream's connection.
func (s *Stream) active(entry *journal.Run, result *Result) *activeRun {
	return &activeRun{Runner: s.r, conn: s.conn, entry: entry, result: result}
}

// exclude takes objects out of a batch.
func exclude(batch map[string][]objectstore.Object, unreadable []clientcopy.ObjectResult) []load.Left {
	var out []load.Left
	for _, object := range unreadable {
		for name, list := range batch {
			batch[name] = slices.DeleteFunc(list, func(o objectstore.Object) bool {
				if o.URL == object.Object.URL {
					out = append(out, load.Left{Step: name, Object: o, Err: object.Err, Changed: object.Changed})
				}
				return o.URL == object.Object.URL
			})
		}
	}
	return out
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
	for _, step := range d.Stages() {
		add(step.Name, 0, 0, step.Duration)
		s.steps[step.Name].Uncounted = true
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
	return s.r.loader.Quarantine(ctx, s.active(s.entry, nil).loadRun(), s.r.Steps[i].file, object, cause)
}
