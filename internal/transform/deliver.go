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
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/telemetry"
)

// objectQuarantined stands in s_object for an object that was given up: it is not tried again until its etag changes.
const objectQuarantined = "quarantined"

// Delivery is what became of one batch.
type Delivery struct {
	Result
	Known int64 // objects that the ledger held already
	// Left are objects that could not be read, or changed meanwhile: nothing of them is loaded or recorded.
	Left []Left
}

// Left is an object that was not loaded.
type Left struct {
	Step   string
	Object objectstore.Object
	Err    error
	// Changed says that it was replaced or written to since it was listed.
	Changed bool
}

// period is how long a stream's batches share a row of the journal: a row for each would swamp it.
const period = 10 * time.Minute

// Stream delivers batches of objects, each in one transaction: load, transform, gate and ledger together, so that a batch
// that cannot be loaded leaves nothing behind. It keeps its connection between batches, and it is not safe for concurrent use.
type Stream struct {
	r       *Runner
	command string
	conn    *pgx.Conn
	release func()
	j       *journal // of the period; nil between them
	steps   map[string]*dwhdb.AddStepParams
}

// Stream returns a Stream; command is how the journal calls it. Close it.
func (r *Runner) Stream(command string) *Stream { return &Stream{r: r, command: command} }

// Run is the id under which the journal and the ledger know the batches of the current period; "" between periods.
func (s *Stream) Run() string {
	if s.j == nil {
		return ""
	}
	return s.j.run
}

// open readies the connection and the journal.
func (s *Stream) open(ctx context.Context) error {
	if s.j != nil && time.Since(s.j.started) >= period {
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
			return fmt.Errorf("write journal: %w", err)
		}
		s.j, s.steps = j, map[string]*dwhdb.AddStepParams{}
		return s.complete(ctx)
	}
	return nil
}

// complete fills in, once a period, what earlier loads could not say.
func (s *Stream) complete(ctx context.Context) error {
	for _, step := range s.r.Steps {
		if !step.Load || !step.Configured(s.r.Vars) {
			continue
		}
		statement, err := s.r.copyOf(step)
		if err != nil {
			return err
		}
		if err := s.r.complete(ctx, s.conn, s.j, step, statement); err != nil {
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
		if one := s.steps[step.Name]; one != nil {
			j.steps = append(j.steps, *one)
		}
	}
	if err := s.r.end(ctx, j, nil); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// Stale returns a *StaleError when d_ and f_ do not follow from staging.
func (r *Runner) Stale(ctx context.Context) error {
	marks, err := Stale(ctx, r.Pool, r.Engine, r.Steps)
	if err != nil {
		return err
	}
	if len(marks) > 0 {
		return &StaleError{Marks: marks}
	}
	return nil
}

// Deliver loads the objects of each load, by its name, transforms what is not processed, and commits if the checks let it; all in one
// transaction. Errors that the data are to blame for are *RefusedError, *check.FailedError and those of the transforms'
// SQL. A *StaleError says that a replay has to come first.
func (s *Stream) Deliver(ctx context.Context, objects map[string][]objectstore.Object) (Delivery, error) {
	r := s.r
	started := time.Now()
	if err := r.Stale(ctx); err != nil {
		return Delivery{}, err
	}
	if err := s.open(ctx); err != nil {
		return Delivery{}, err
	}
	batch := map[string][]objectstore.Object{}
	for name, list := range objects {
		list = slices.Clone(list)
		slices.SortFunc(list, func(a, b objectstore.Object) int { return strings.Compare(string(a.URL), string(b.URL)) })
		batch[name] = slices.CompactFunc(list, func(a, b objectstore.Object) bool { return a.URL == b.URL })
	}
	var excluded []Left
	for {
		j := &journal{run: s.j.run, started: started, db: s.j.db}
		d := Delivery{Result: Result{Run: j.run}}
		err := r.incrementalAfter(ctx, s.conn, j, r.Steps, true, &d.Result, func(tx pgx.Tx, a *arrivals) error {
			d.Loads, d.Left, d.Known = nil, nil, 0
			for _, step := range r.Steps {
				if step.Load && len(batch[step.Name]) > 0 {
					if err := s.load(ctx, tx, a, j, step, batch[step.Name], &d); err != nil {
						return err
					}
				}
			}
			return nil
		})
		s.j.retries += j.retries
		var unreadable *clientcopy.UnreadableError
		if errors.As(err, &unreadable) {
			// Rows of theirs had gone out already.
			for _, one := range unreadable.Objects {
				for name, list := range batch {
					batch[name] = slices.DeleteFunc(list, func(o objectstore.Object) bool {
						if o.URL == one.Object.URL {
							excluded = append(excluded, Left{Step: name, Object: o, Err: one.Err, Changed: one.Changed})
						}
						return o.URL == one.Object.URL
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
func (s *Stream) load(ctx context.Context, tx pgx.Tx, a *arrivals, j *journal, step Step, objects []objectstore.Object, d *Delivery) (err error) {
	result := LoadResult{Step: step.Name, Table: step.Table}
	ctx, span := telemetry.Begin(ctx, "load "+step.Name, telemetry.Step(step.Name))
	defer func() { span.End(err, result.attributes()...) }()
	started := time.Now()
	statement, err := s.r.copyOf(step)
	if err != nil {
		return err
	}
	unknown, err := s.r.unknownObjects(ctx, tx, step.Table, objects)
	if err != nil {
		return err
	}
	d.Known += int64(len(objects) - len(unknown))
	if len(unknown) == 0 {
		return nil
	}
	s.r.Failpoint("load.begun")
	copied, err := s.r.copyInto(a)(ctx, s.conn, statement, unknown, func(clientcopy.Progress) {})
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	switch {
	case errors.As(err, &tooMany):
		s.warn(step, tooMany.Result)
		return &RefusedError{Step: step.Name, Cause: err}
	case errors.As(err, &fatal):
		s.warn(step, fatal.Result)
		return &RefusedError{Step: step.Name, Cause: err}
	case err != nil:
		return fmt.Errorf("load %s: %w", step.Name, err)
	}
	s.r.Failpoint("load.copied")
	s.warn(step, copied)
	result.Rows, result.Known = max(copied.Rows, 0), int64(len(objects)-len(unknown))
	left := map[objectstore.URL]bool{}
	for _, object := range copied.Objects {
		if object.Err != nil || object.Changed {
			left[object.Object.URL] = true
			d.Left = append(d.Left, Left{Step: step.Name, Object: object.Object, Err: object.Err, Changed: object.Changed})
			continue
		}
		result.Objects++
		result.Bytes += object.Object.Size
	}
	// What is left is tried again, and told when it is given up.
	copied.Objects = slices.DeleteFunc(copied.Objects, func(o clientcopy.ObjectResult) bool { return left[o.Object.URL] })
	copied.Rejects = slices.DeleteFunc(copied.Rejects, func(e clientcopy.RecordError) bool { return left[e.Object] })
	result.Rejects = int64(len(copied.Rejects))
	if err := s.r.record(ctx, tx, j, step, copied); err != nil {
		return err
	}
	s.r.Failpoint("load.recorded")
	result.Duration = time.Since(started)
	d.Loads = append(d.Loads, result)
	return nil
}

// warn logs of which objects IGNOREHEADER seems not to fit the first line.
func (s *Stream) warn(step Step, copied clientcopy.Result) {
	for _, text := range s.r.firstLines(step, copied) {
		s.r.Logger.Warn(text, "step", step.Name)
	}
}

// account adds a batch to the period's row of each step.
func (s *Stream) account(d Delivery) {
	add := func(name string, in, out int64, duration time.Duration) {
		now := time.Now().UTC()
		one := s.steps[name]
		if one == nil {
			one = &dwhdb.AddStepParams{RunID: s.j.run, Step: clip(name, 127), StartedAt: now.Add(-duration), Outcome: "done", RowsIn: new(int64), RowsOut: new(int64)}
			for _, step := range s.r.Steps {
				if step.Name == name {
					one.Fingerprint = &step.Fingerprint
				}
			}
			s.steps[name] = one
		}
		*one.RowsIn += in
		*one.RowsOut += out
		one.EndedAt = &now
	}
	for _, load := range d.Loads {
		add(load.Step, load.Objects, load.Rows, load.Duration)
	}
	for _, step := range d.Transforms {
		add(step.Step, step.RowsIn, step.RowsOut, step.Duration)
	}
}

// Quarantine gives an object up: it is written down as a reject, with the records that cause names, and into the ledger, so that this version of it is
// not tried again.
func (s *Stream) Quarantine(ctx context.Context, name string, object objectstore.Object, cause error) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	i := slices.IndexFunc(s.r.Steps, func(step Step) bool { return step.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no load %q", name)
	}
	step := s.r.Steps[i]
	var rejects []clientcopy.RecordError
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	switch {
	case errors.As(cause, &tooMany):
		rejects = slices.Clone(tooMany.Result.Rejects)
	case errors.As(cause, &fatal):
		rejects = append(slices.Clone(fatal.Result.Rejects), fatal.Record)
	}
	rejects = slices.DeleteFunc(rejects, func(e clientcopy.RecordError) bool { return e.Object != object.URL || e.Line == 0 })
	rejects = append(rejects, clientcopy.RecordError{Object: object.URL, Reason: "quarantined: " + cause.Error()})
	return s.r.write(ctx, s.conn, s.j, func(tx pgx.Tx) error {
		unknown, err := s.r.unknownObjects(ctx, tx, step.Table, []objectstore.Object{object})
		if err != nil || len(unknown) == 0 {
			return err
		}
		if err := s.r.insertRejects(ctx, tx, s.j, step, rejects, []clientcopy.ObjectResult{{Object: object}}, rejectFailed); err != nil {
			return err
		}
		return s.r.insert(ctx, tx, "s_object", ledgerColumns, [][]any{{
			string(object.URL), object.ETag, string(step.Table), object.Size, object.LastModified.UTC(), int64(0), int64(len(rejects)),
			time.Now().UTC(), s.j.run, objectQuarantined,
		}})
	})
}
