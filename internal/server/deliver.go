package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/warehouse"
)

// deliverer takes batches from the waiting objects and delivers them, one at a time.
type deliverer struct {
	*Server
	stream *transform.Stream
	// quarantined are the versions that this server has given up and not loaded since.
	quarantined map[itemKey]string
}

func (d *deliverer) close(work context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), 5*time.Second)
	defer cancel()
	if err := d.stream.Close(ctx); err != nil {
		d.Logger.Warn("the journal could not be written", "error", err)
	}
}

// first transforms what is staged already. Where what these rows hold is at fault, the error is a
// *stagedError.
func (d *deliverer) first(work context.Context) error {
	if err := d.require(work); err != nil {
		return err
	}
	within, span := telemetry.BeginLinked(work, "batch")
	delivery, err := d.stream.Deliver(within, nil)
	span.End(err, delivered(delivery)...)
	switch {
	case err == nil && delivery.Flagged > 0:
		d.committed(work, delivery, nil, time.Now())
	case dataFault(err) && !final(err):
		return &stagedError{err}
	}
	return err
}

// A stagedError says that rows which are staged already cannot be transformed, so that no batch
// beside them can be committed unless it corrects them.
type stagedError struct{ cause error }

func (e *stagedError) Error() string {
	return fmt.Sprintf("rows that are staged already cannot be transformed: %v", e.cause)
}

func (e *stagedError) Unwrap() error { return e.cause }

// catchUp repeats first after it failed because of what the staged rows hold. An object that waits
// may correct them, so all that waits is delivered with them. The failure is blamed on none of it.
func (d *deliverer) catchUp(ctx, work context.Context, cause error) error {
	everything := limits{objects: math.MaxInt, bytes: math.MaxInt64}
	for {
		if err := d.rest(ctx, cause); err != nil {
			return err
		}
		if cause = d.require(work); cause != nil {
			if final(cause) {
				return cause
			}
			continue
		}
		waiting, _ := d.waiting.due(time.Now(), everything)
		if batch := d.look(work, waiting); len(batch) == 0 {
			cause = d.first(work)
		} else if cause = d.together(work, batch); cause != nil {
			d.waiting.again(batch...)
		}
		switch {
		case cause == nil:
			d.fine("deliver")
			return nil
		case final(cause):
			return cause
		case work.Err() != nil:
			return context.Cause(work)
		}
	}
}

// run delivers until ctx ends; the batch at hand then goes on until work ends.
func (d *deliverer) run(ctx, work context.Context) error {
	l := limits{age: d.BatchAge, objects: d.BatchObjects, bytes: d.BatchBytes}
	for {
		batch, err := d.waiting.take(ctx, l)
		if err != nil {
			d.waiting.again(batch...)
			return err
		}
		if err := d.require(work); err != nil {
			d.waiting.again(batch...)
			if final(err) {
				return err
			}
			if err := d.rest(ctx, err); err != nil {
				return err
			}
			continue
		}
		batch = d.look(work, batch)
		if err := d.deliver(ctx, work, batch); err != nil {
			if final(err) {
				return err
			}
			if cause := context.Cause(work); cause != nil {
				return cause
			}
			if staged := (*stagedError)(nil); errors.As(err, &staged) {
				if err := d.catchUp(ctx, work, err); err != nil {
					return err
				}
				continue
			}
			if err := d.require(work); final(err) {
				return err
			}
			if err := d.rest(ctx, err); err != nil {
				return err
			}
			continue
		}
		d.fine("deliver")
	}
}

// rest waits after a failure that is not the objects' fault.
func (d *deliverer) rest(ctx context.Context, err error) error {
	_, pause := d.failed("deliver", err)
	return sleep(ctx, pause)
}

// lookers is how many objects are looked up at once.
const lookers = 16

// look brings up to date what is known of the objects by name only. Those that are gone are
// forgotten.
func (d *deliverer) look(ctx context.Context, batch []*item) []*item {
	var mu sync.Mutex
	gone := map[*item]bool{}
	var group errgroup.Group
	group.SetLimit(lookers)
	for _, i := range batch {
		if !i.stale {
			continue
		}
		group.Go(func() error {
			object, err := d.Store.Stat(ctx, i.object.URL)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				gone[i] = true
				d.putOff(ctx, load.Left{Step: i.step, Object: i.object, Err: err}, i)
				return nil
			}
			if object.ETag != i.object.ETag {
				i.tries, i.cause = 0, nil // another version
			}
			i.object, i.stale = object, false
			return nil
		})
	}
	_ = group.Wait() // nothing of it fails
	return slices.DeleteFunc(batch, func(i *item) bool { return gone[i] })
}

// deliver delivers a batch. One that its data break is split until the objects at fault stand
// alone; an error is the fault of nothing in it, and it is then back among the waiting.
func (d *deliverer) deliver(ctx, work context.Context, batch []*item) error {
	if len(batch) == 0 {
		return nil
	}
	err := d.together(work, batch)
	switch {
	case err == nil:
		return nil
	case work.Err() != nil || !dataFault(err):
		d.waiting.again(batch...)
		return err
	case len(batch) == 1:
		return d.suspect(work, batch[0], err)
	}
	half := len(batch) / 2
	d.Logger.Debug("a batch failed and is split to find the object that causes "+
		"it", "objects", len(batch), "error", err)
	for k, part := range [][]*item{batch[:half], batch[half:]} {
		if ctx.Err() != nil {
			d.waiting.again(part...)
			continue
		}
		if err := d.deliver(ctx, work, part); err != nil {
			if k == 0 {
				d.waiting.again(batch[half:]...)
			}
			return err
		}
	}
	return nil
}

// together delivers a batch in one transaction, with all that is staged already.
func (d *deliverer) together(work context.Context, batch []*item) error {
	began := time.Now()
	objects := map[string][]objectstore.Object{}
	for _, i := range batch {
		objects[i.step] = append(objects[i.step], i.object)
	}
	within, span := telemetry.BeginLinked(work, "batch", telemetry.Waiting(len(batch)))
	delivery, err := d.stream.Deliver(within, objects)
	span.End(err, delivered(delivery)...)
	if err == nil {
		d.committed(work, delivery, batch, began)
	}
	return err
}

// delivered is what a batch's span says of it.
func delivered(d transform.Delivery) []telemetry.Attribute {
	var objects, rows, rejects, bytes int64
	for _, load := range d.Loads {
		objects, rows, rejects, bytes = objects+load.Objects, rows+load.Rows, rejects+load.Rejects, bytes+load.Bytes
	}
	return []telemetry.Attribute{
		telemetry.Run(d.Run), telemetry.Objects(
			objects,
		), telemetry.Rows(rows), telemetry.Rejects(rejects), telemetry.Bytes(bytes),
	}
}

// dataFault tells whether an error may come from what the objects hold.
func dataFault(err error) bool {
	var refused *load.RefusedError
	var failed *check.FailedError
	var server *pgconn.PgError
	switch {
	case errors.As(err, &refused), errors.As(err, &failed):
		return true
	case errors.As(err, &server):
		// 22: data exception, 23: constraint violation, 54: program limit exceeded.
		return strings.HasPrefix(
			server.Code, "22",
		) || strings.HasPrefix(server.Code, "23") || strings.HasPrefix(server.Code, "54")
	}
	return false
}

// suspect deals with an object that failed by itself: after enough tries it is quarantined.
func (d *deliverer) suspect(work context.Context, i *item, cause error) error {
	i.tries, i.cause = i.tries+1, cause
	if i.tries < d.Tries {
		d.retried("data")
		attributes := []any{"url", i.object.URL, "try", i.tries, "tries", d.Tries,
			"error", check.WithFirstViolation(cause)}
		if hint := hintOf(cause); hint != "" {
			attributes = append(attributes, "hint", hint)
		}
		d.Logger.Warn("an object failed alone; trying again", attributes...)
		i.ready = time.Now().Add(pauseAfter(i.tries, longestPause))
		d.waiting.again(i)
		return nil
	}
	if err := d.blame(work, cause); err != nil {
		i.tries--
		d.waiting.again(i)
		return err
	}
	if err := d.stream.Quarantine(work, i.step, i.object, cause); err != nil {
		i.tries--
		d.waiting.again(i)
		return err
	}
	d.waiting.over(i)
	if d.quarantined == nil {
		d.quarantined = map[itemKey]string{}
	}
	d.quarantined[i.key()] = i.object.ETag
	q := Quarantine{
		URL: i.object.URL, ETag: i.object.ETag, Step: i.step, Reason: cause.Error(),
		WithViolation: check.WithFirstViolation(cause), Hint: hintOf(cause), At: time.Now(),
	}
	d.metrics.objects.WithLabelValues(d.table(i.step), "quarantined").Inc()
	d.board.change(func(s *State) {
		s.Quarantined = latest(s.Quarantined, q)
		s.Totals.Quarantined++
	})
	d.Watch(Event{Quarantine: &q})
	return nil
}

// retried counts an object that is tried again; cause is that of the metric dwh_retries_total.
func (d *deliverer) retried(cause string) {
	d.metrics.retries.WithLabelValues(cause).Inc()
	d.board.change(func(s *State) { s.Totals.Retries++ })
}

// blame makes sure that a failure is the object's fault: what fails without it too is not.
func (d *deliverer) blame(ctx context.Context, cause error) error {
	if err := d.first(ctx); err != nil {
		return err
	}
	var failed *check.FailedError
	if !errors.As(cause, &failed) {
		return nil
	}
	settings := d.Runner.Settings
	settings.Now = time.Now()
	for _, result := range failed.Results {
		live, err := result.Check.Run(ctx, d.Pool, settings)
		if err != nil {
			return err
		}
		if live.Violations > 0 {
			return &brokenError{check: result.Check.Name, cause: cause}
		}
	}
	return nil
}

// A brokenError says that the warehouse fails a check already, so that no batch can pass it.
type brokenError struct {
	check string
	cause error
}

func (e *brokenError) Error() string {
	return fmt.Sprintf(
		"the warehouse already violates the check %s, so no batch can be committed: %v", e.check,
		e.cause,
	)
}

func (e *brokenError) Unwrap() error { return e.cause }

// Hint says what to do about it.
func (*brokenError) Hint() string {
	return `see the violations with "dwh check"; "dwh transform --replay" rebuilds d_ and f_ tables from staging`
}

// committed accounts for a batch.
func (d *deliverer) committed(work context.Context, delivery transform.Delivery, batch []*item, began time.Time) {
	now := time.Now()
	b := Batch{Run: delivery.Run, At: now, Known: delivery.Known, Duration: now.Sub(began)}
	for _, load := range delivery.Loads {
		b.Objects += load.Objects
		b.Rows += load.Rows
		b.Rejects += load.Rejects
		b.Bytes += load.Bytes
		b.Steps = append(
			b.Steps,
			BatchStep{Step: load.Step, RowsIn: load.Objects, RowsOut: load.Rows, Duration: load.Duration},
		)
		table := string(load.Table)
		d.metrics.objects.WithLabelValues(table, "loaded").Add(float64(load.Objects))
		d.metrics.rows.WithLabelValues(table).Add(float64(load.Rows))
		d.metrics.rejects.WithLabelValues(table).Add(float64(load.Rejects))
	}
	for _, step := range delivery.Transforms {
		b.Steps = append(
			b.Steps,
			BatchStep{
				Step: step.Step, Table: string(step.Table), RowsIn: step.RowsIn,
				RowsOut: step.RowsOut, Change: step.Change, Duration: step.Duration,
			},
		)
	}
	for _, step := range delivery.Stages() {
		b.Steps = append(b.Steps, BatchStep{Step: step.Name, Duration: step.Duration})
	}
	left := map[itemKey]load.Left{}
	for _, l := range delivery.Left {
		left[itemKey{l.Step, l.Object.URL}] = l
	}
	state, _ := d.State()
	var over []*item
	for _, i := range batch {
		if wait := began.Sub(i.seen); wait > b.Waited {
			b.Waited = wait
		}
		if l, ok := left[i.key()]; ok {
			d.putOff(work, l, i)
			continue
		}
		over = append(over, i)
		if i.object.LastModified.After(state.Started) {
			d.metrics.landed.Observe(now.Sub(i.object.LastModified).Seconds())
		}
	}
	d.waiting.over(over...)
	for _, i := range over {
		etag, ok := d.quarantined[i.key()]
		if !ok || etag == i.object.ETag && delivery.Known > 0 { // it may be known as given up
			continue
		}
		delete(d.quarantined, i.key())
		d.Watch(Event{Mended: i.object.URL})
	}
	if delivery.Known > 0 {
		d.metrics.objects.WithLabelValues("", "known").Add(float64(delivery.Known))
	}
	if b.Objects == 0 && len(b.Steps) == 0 {
		return // all of it was known
	}
	d.metrics.committed(b)
	d.board.change(func(s *State) {
		s.Batches = latest(s.Batches, b)
		s.CommittedAt = now
		s.Totals.Batches++
		s.Totals.Objects += b.Objects
		s.Totals.Known += b.Known
		s.Totals.Rows += b.Rows
		s.Totals.Bytes += b.Bytes
		s.Totals.Rejects += b.Rejects
	})
	d.Watch(Event{Batch: &b})
	d.wantRefresh()
}

// putOff deals with an object that could not be read, or changed meanwhile.
func (d *deliverer) putOff(work context.Context, left load.Left, i *item) {
	var store *objectstore.Error
	d.metrics.objects.WithLabelValues(d.table(i.step), "left").Inc()
	switch {
	case errors.Is(left.Err, objectstore.ErrNotExist):
		d.Logger.Debug("object no longer exists", "url", i.object.URL)
		d.waiting.over(i)
		return
	case left.Changed || errors.Is(left.Err, objectstore.ErrChanged):
		i.waits++
		i.stale = true
		i.ready = time.Now().Add(max(d.Settle, pauseAfter(min(i.waits, 6), longestPause)))
	case errors.As(left.Err, &store):
		// The store's fault, or that of the rights in it: nothing that the object holds.
		i.waits++
		pause := pauseAfter(i.waits, longestPause)
		i.stale = true
		i.ready = time.Now().Add(pause)
		d.retried("store")
		d.Logger.Warn(
			"object cannot be read now; trying again", "url", i.object.URL, "error", left.Err,
			"pause", pause.Round(time.Millisecond),
		)
	default:
		if err := d.suspect(work, i, left.Err); err != nil {
			d.Logger.Warn("object could not be quarantined", "url", i.object.URL, "error", err)
		}
		return
	}
	d.waiting.again(i)
}

func (d *deliverer) table(step string) string {
	state, _ := d.State()
	for _, source := range state.Sources {
		if source.Step == step {
			return source.Table
		}
	}
	return ""
}

// causeOf sorts a failure for the metrics.
func causeOf(err error) string {
	var store *objectstore.Error
	switch {
	case errors.As(err, &store):
		return "store"
	case dataFault(err):
		return "data"
	default:
		return "database"
	}
}

// hintOf is what to do about an error, "" when that is unknown. Where a command has to run again,
// the server tries again by itself.
func hintOf(err error) string {
	return strings.ReplaceAll(commandHint(err), "run the command again", "dwh serve tries again by itself")
}

// commandHint is what to do about an error in a command.
func commandHint(err error) string {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if hinter, ok := inner.(interface{ Hint() string }); ok && hinter.Hint() != "" {
			return hinter.Hint()
		}
	}
	return warehouse.PgErrorHint(err)
}
