package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/writelock"
)

// A FlaggingCopier can stage rows that are processed from the start.
type FlaggingCopier interface {
	Copier
	// CopyFlagged is Copy with TRUE in the column that the statement leaves out.
	CopyFlagged(ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement, column string, objects []objectstore.Object, progress func(clientcopy.Progress)) (clientcopy.Result, error)
}

// firstObjects and firstBytes bound what a first run loads in one transaction, a minute or two, unless the options bound it. A larger load
// commits batch by batch, so that it resumes where it broke off.
const (
	firstObjects = 160_000
	firstBytes   = 16 << 30
)

// firstLimits are the bounds in force: whoever says how large a batch is means it.
func (r *Runner) firstLimits() (objects int, bytes int64) {
	objects, bytes = firstObjects, firstBytes
	if r.BatchObjects != DefaultBatchObjects {
		objects = r.BatchObjects
	}
	if r.BatchBytes != DefaultBatchBytes {
		bytes = r.BatchBytes
	}
	return objects, bytes
}

// firstLoad is a load of a first run, listed as a whole.
type firstLoad struct {
	step      Step
	statement *copystmt.Statement
	batches   [][]objectstore.Object
	found     listing
	result    LoadResult
}

// errTooMuch ends the listing of what is no matter of one transaction.
var errTooMuch = errors.New("more than one transaction should hold")

// errNotFirst says that another dwh came first.
var errNotFirst = errors.New("the warehouse is not empty any more")

// first loads and builds an empty warehouse in one transaction, if it can: the rows are staged as processed, since nobody sees them before
// the facts that they are in. Flagging them afterwards would write each of them twice, which costs as much as all the transforms. Whatever
// goes wrong but the connection or the lock is left to the usual way, which keeps what it has loaded and tells the fault.
func (r *Runner) first(ctx context.Context, conn *pgx.Conn, j *journal, result *Result) (done bool, err error) {
	copier, ok := r.Copier.(FlaggingCopier)
	if !ok {
		return false, nil
	}
	if fresh, err := r.fresh(ctx, conn); err != nil || !fresh {
		return false, err
	}
	loads, objects, err := r.listFirst(ctx)
	if errors.Is(err, errTooMuch) || objects == 0 && err == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	noted := len(j.steps)
	err = r.write(ctx, conn, j, func(tx pgx.Tx) error {
		*result = Result{Run: result.Run}
		j.steps = j.steps[:noted]
		return r.buildFirst(ctx, conn, tx, j, copier, loads, result)
	})
	var busy *writelock.BusyError
	switch {
	case err == nil:
	case ctx.Err() != nil, conn.IsClosed(), errors.As(err, &busy):
		j.rolledBack(noted)
		return false, err
	default:
		j.steps, j.checks = j.steps[:noted], nil
		*result = Result{Run: result.Run}
		if !errors.Is(err, errNotFirst) {
			r.Observer(Event{Kind: Note, Text: fmt.Sprintf("loading again, batch by batch: %v", err)})
		}
		return false, nil
	}
	r.Failpoint("first.committed")
	for _, load := range loads {
		if load.statement != nil { // it has a source
			r.tell(load.step, load.statement, load.found)
		}
	}
	return true, r.settle(ctx, conn, j, result)
}

// fresh tells whether nothing is staged and nothing was built.
func (r *Runner) fresh(ctx context.Context, q catalogue.Querier) (bool, error) {
	if built, err := r.built(ctx); err != nil || built {
		return false, err
	}
	schema, err := r.currentSchema(ctx, q)
	if err != nil {
		return false, err
	}
	tables, err := catalogue.Read(ctx, q, r.Engine, schema)
	if err != nil {
		return false, err
	}
	for _, step := range r.Steps {
		for _, name := range slices.Concat(step.Reads, step.Writes) {
			table, ok := tables[name]
			if !ok || step.Load && !table.Has(flagColumn) {
				return false, nil // the usual way says what is missing
			}
			rows, err := q.Query(ctx, catalogue.HasRows(table))
			if err != nil {
				return false, fmt.Errorf("look for rows of %s: %w", name, err)
			}
			if filled, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]); err != nil || filled {
				return false, err
			}
		}
	}
	return true, nil
}

// listFirst lists all that is to be loaded.
func (r *Runner) listFirst(ctx context.Context) (loads []firstLoad, objects int, err error) {
	var bytes int64
	mostObjects, mostBytes := r.firstLimits()
	for _, step := range r.Steps {
		if !step.Load {
			continue
		}
		load := firstLoad{step: step, result: LoadResult{Step: step.Name, Table: step.Table}}
		if !step.Configured(r.Vars) {
			loads = append(loads, load)
			continue
		}
		r.Observer(Event{Kind: StepStarted, Step: step.Name})
		if load.statement, err = r.copyOf(step); err != nil {
			return nil, 0, err
		}
		load.found, err = r.list(ctx, step, load.statement, &load.result, func(batch []objectstore.Object) error {
			load.batches = append(load.batches, batch)
			objects += len(batch)
			for _, object := range batch {
				bytes += object.Size
			}
			if objects > mostObjects || bytes > mostBytes {
				return errTooMuch
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
		loads = append(loads, load)
	}
	return loads, objects, nil
}

// buildFirst is the work of first's transaction.
func (r *Runner) buildFirst(ctx context.Context, conn *pgx.Conn, tx pgx.Tx, j *journal, copier FlaggingCopier, loads []firstLoad, result *Result) error {
	if fresh, err := r.fresh(ctx, tx); err != nil {
		return err
	} else if !fresh {
		return errNotFirst
	}
	loaded := map[catalogue.Name]int64{}
	for i := range loads {
		load := &loads[i]
		one, err := r.loadFirst(ctx, conn, tx, j, copier, load)
		if err != nil {
			return err
		}
		result.Loads = append(result.Loads, one)
		loaded[one.Table] += one.Rows
		result.Flagged += one.Rows
	}
	w, err := r.openWork(ctx, tx)
	if err != nil {
		return err
	}
	w.unprocessed = loaded
	if result.Flagged > 0 {
		result.everything = true
		if err := r.parallel(ctx, w, result.Flagged); err != nil {
			return err
		}
		if err := w.enter(ctx, w.live); err != nil {
			return err
		}
		w.handsOver = true
		if err := w.anew(ctx, w.written(r.Steps)); err != nil {
			return err
		}
		if err := w.unflag(ctx); err != nil {
			return err
		}
		if err := r.build(ctx, tx, w, j, r.Steps, result); err != nil {
			return err
		}
		if err := w.reflag(ctx); err != nil {
			return err
		}
		flushed, err := r.flush(ctx, w)
		if err != nil {
			return err
		}
		defer flushed()
		r.Observer(Event{Kind: StepStarted, Step: "check"})
		for _, late := range []bool{false, true} {
			found, err := r.gate(ctx, tx, w, r.Steps, late)
			if err != nil {
				return err
			}
			result.Checks = append(result.Checks, found...)
		}
		if err := j.judge(result.Checks); err != nil {
			return err
		}
		if err := r.remember(ctx, tx, j, w.built); err != nil {
			return err
		}
		r.Failpoint("first.checked")
		if err := w.publish(ctx, flushed()); err != nil {
			return err
		}
		r.Failpoint("first.published")
		return w.leave(ctx)
	}
	return r.remember(ctx, tx, j, w.built)
}

// written are the dimensions and facts that the steps write.
func (w *work) written(steps []Step) []catalogue.Name {
	var names []catalogue.Name
	for _, step := range steps {
		for _, name := range step.Writes {
			if _, known := w.tables[name]; known && !step.Load && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// loadFirst stages the rows of one source.
func (r *Runner) loadFirst(ctx context.Context, conn *pgx.Conn, tx pgx.Tx, j *journal, copier FlaggingCopier, load *firstLoad) (result LoadResult, err error) {
	step := load.step
	if load.statement == nil {
		return r.skipped(step), nil
	}
	result = load.result
	ctx, span := telemetry.Begin(ctx, "load "+step.Name, telemetry.Step(step.Name))
	defer func() { span.End(err, result.attributes()...) }()
	started := time.Now()
	r.Observer(Event{Kind: StepStarted, Step: step.Name})
	for _, batch := range load.batches {
		copied, err := copier.CopyFlagged(ctx, conn, load.statement, flagColumn, batch, r.progress(step, &result))
		if err != nil {
			return result, err
		}
		r.Failpoint("first.copied")
		if err := r.record(ctx, tx, j, step, copied); err != nil {
			return result, err
		}
		r.account(step, copied, &result)
	}
	if result.Rows > 0 {
		if err := r.analyze(ctx, conn, step.Table); err != nil {
			return result, err
		}
	}
	result.Duration = time.Since(started)
	j.load(step, started, result, "done")
	r.Observer(result.done())
	return result, nil
}
