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
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// What is loaded and transformed in one transaction need not be flagged afterwards, which would write each row and its index entries a second time, and leave
// the first for VACUUM: the rows go into a table beside staging, the transforms and checks see them through a view as what is not processed, and then they are
// staged as processed. As long as the transaction lasts nobody else sees any of that, and when it breaks off nothing is left.

// arrival is the schema of those tables and views. It stands behind the scratch schema in search_path, since the gate's views have the same names.
const arrival catalogue.Name = "dwh_arrival"

// arrivedPrefix marks the tables in it.
const arrivedPrefix = "arrived_"

// arrivals are the rows that a transaction has loaded beside staging.
type arrivals struct {
	r    *Runner
	tx   pgx.Tx
	live catalogue.Name
	rows map[catalogue.Name]int64 // by staging table; one that has none can have no table beside it
}

// arrivals returns none yet. nil says that rows go into staging itself: so it is on Redshift, where COPY takes its time whatever it loads.
func (r *Runner) arrivals(ctx context.Context, tx pgx.Tx) (*arrivals, error) {
	if _, ok := r.Copier.(FlaggingCopier); !ok || r.Engine != sqlfile.Postgres {
		return nil, nil
	}
	live, err := r.currentSchema(ctx, tx)
	if err != nil {
		return nil, err
	}
	return &arrivals{r: r, tx: tx, live: live, rows: map[catalogue.Name]int64{}}, nil
}

// indexed tells whether the load of a table names indexes. The rows of another go into staging itself: they are few, and transforms look them up together with those
// that are there.
func (a *arrivals) indexed(name catalogue.Name) bool {
	return slices.ContainsFunc(a.r.Steps, func(s Step) bool { return s.Table == name && len(s.indexes) > 0 })
}

// copy is Copier.Copy into a table beside the statement's, if that is worth it and can be.
func (a *arrivals) copy(ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement, objects []objectstore.Object, progress func(clientcopy.Progress)) (clientcopy.Result, error) {
	name := catalogue.Name(statement.Name)
	if schema := catalogue.Name(statement.Schema); !a.indexed(name) || schema != "" && schema != a.live {
		return a.r.Copier.Copy(ctx, conn, statement, objects, progress)
	}
	into := catalogue.Table{Schema: arrival, Name: arrivedPrefix + name}
	if _, made := a.rows[name]; !made {
		staged := catalogue.Table{Schema: a.live, Name: name}
		if plain, err := catalogue.Plain(ctx, a.tx, staged); err != nil {
			return clientcopy.Result{}, err
		} else if !plain {
			return a.r.Copier.Copy(ctx, conn, statement, objects, progress)
		}
		steps := []string{catalogue.CreateEmpty(into, staged)}
		if len(a.rows) == 0 {
			steps = append([]string{catalogue.DropSchema(arrival), catalogue.CreateSchema(arrival)}, steps...)
		}
		if err := execAll(ctx, a.tx, steps...); err != nil {
			return clientcopy.Result{}, fmt.Errorf("make a table beside %s: %w", name, err)
		}
		a.rows[name] = 0
	}
	beside := *statement
	beside.Schema, beside.Name = string(into.Schema), string(into.Name)
	copied, err := a.r.Copier.Copy(ctx, conn, &beside, objects, progress)
	a.rows[name] += copied.Rows
	return copied, err
}

// copyInto is how a transaction copies.
func (r *Runner) copyInto(a *arrivals) copyFunc {
	if a == nil {
		return r.Copier.Copy
	}
	return a.copy
}

// arrived is how many rows of a staging table there are.
func (a *arrivals) arrived(name catalogue.Name) int64 {
	if a == nil {
		return 0
	}
	return a.rows[name]
}

// beside is where the rows of a staging table stand.
func (a *arrivals) beside(table catalogue.Table) catalogue.Table {
	return table.In(arrival).Named(arrivedPrefix + table.Name)
}

// show counts the rows as waiting.
func (a *arrivals) show(ctx context.Context, w *work) error {
	if a == nil {
		return nil
	}
	for _, table := range w.staged {
		rows := a.rows[table.Name]
		w.unprocessed[table.Name] += rows
		if rows >= a.r.ParallelRows { // fewer are looked at as quickly by whatever plan, and to tell would take 50 ms
			if _, err := a.tx.Exec(ctx, catalogue.AnalyzeLoaded(a.beside(table))); err != nil {
				return fmt.Errorf("analyze what arrived for %s: %w", table.Name, err)
			}
		}
	}
	return nil
}

// reveal has the checks see the rows as if they stood in staging.
func (a *arrivals) reveal(ctx context.Context, w *work) error {
	if a == nil || total(a.rows) == 0 {
		return nil
	}
	for _, table := range w.staged {
		if a.rows[table.Name] == 0 {
			continue
		}
		if _, err := a.tx.Exec(ctx, catalogue.CreateArrived(table.In(arrival), a.beside(table), table)); err != nil {
			return fmt.Errorf("show what arrived for %s: %w", table.Name, err)
		}
	}
	if err := execAll(ctx, a.tx, catalogue.SetSearchPath(w.schema, arrival, w.live)); err != nil {
		return fmt.Errorf("set search_path: %w", err)
	}
	return nil
}

// settle stages the rows of a table.
func (a *arrivals) settle(ctx context.Context, table catalogue.Table, processed bool) (int64, error) {
	if a.arrived(table.Name) == 0 {
		return 0, nil
	}
	tag, err := a.tx.Exec(ctx, catalogue.InsertArrived(table, a.beside(table), processed))
	if err != nil {
		return 0, fmt.Errorf("stage %s: %w", table.Name, err)
	}
	return tag.RowsAffected(), nil
}

// hide has everybody see staging itself again.
func (a *arrivals) hide(ctx context.Context, w *work) error {
	if a == nil || len(a.rows) == 0 {
		return nil
	}
	if err := execAll(ctx, a.tx, catalogue.SetSearchPath(w.schema, w.live)); err != nil {
		return fmt.Errorf("set search_path: %w", err)
	}
	return nil
}

// leave drops the schema.
func (a *arrivals) leave(ctx context.Context) error {
	if a == nil || len(a.rows) == 0 {
		return nil
	}
	if err := execAll(ctx, a.tx, catalogue.DropSchema(arrival)); err != nil {
		return fmt.Errorf("drop schema %s: %w", arrival, err)
	}
	return nil
}

// oneBatch tells whether so much is no more than what one transaction loads.
func (r *Runner) oneBatch(objects int, bytes int64) bool {
	return objects <= r.BatchObjects && bytes <= r.BatchBytes
}

// atOnce loads and transforms in one transaction what is new, if that is no more than a batch. Whatever goes wrong but the connection or the lock is left to the usual
// way, which keeps what it has loaded and tells the fault.
func (r *Runner) atOnce(ctx context.Context, conn *pgx.Conn, j *journal, result *Result) (done bool, err error) {
	if _, ok := r.Copier.(FlaggingCopier); !ok || r.Engine != sqlfile.Postgres {
		return false, nil
	}
	loads, _, err := r.listWhole(ctx, r.oneBatch)
	if err != nil {
		return false, ctx.Err() // the usual way comes as far as it can
	}
	noted := len(j.steps)
	err = r.incrementalAfter(ctx, conn, j, r.Steps, true, result, func(tx pgx.Tx, a *arrivals) error {
		result.Loads = nil
		for i := range loads {
			one, err := r.loadArrivals(ctx, conn, tx, a, j, &loads[i])
			if err != nil {
				return err
			}
			result.Loads = append(result.Loads, one)
		}
		return nil
	})
	switch {
	case err == nil:
		for _, load := range loads {
			if load.statement != nil { // it has a source
				r.tell(load.step, load.statement, load.found)
			}
		}
		return true, nil
	case !slices.ContainsFunc(result.Loads, func(l LoadResult) bool { return l.Rows > 0 }) && !r.refused(err), cannotGoOn(ctx, conn, err):
		return true, err // nothing of the loads is to blame, or to be kept
	}
	j.steps, j.checks = j.steps[:noted], nil
	*result = Result{Run: result.Run}
	r.goPiecemeal(err)
	return false, nil
}

// refused tells whether the data of a load are to blame for an error.
func (r *Runner) refused(err error) bool {
	var unreadable *clientcopy.UnreadableError
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	return errors.As(err, &unreadable) || errors.As(err, &tooMany) || errors.As(err, &fatal)
}

// loadArrivals loads one source into the open transaction.
func (r *Runner) loadArrivals(ctx context.Context, conn *pgx.Conn, tx pgx.Tx, a *arrivals, j *journal, load *wholeLoad) (result LoadResult, err error) {
	step := load.step
	if load.statement == nil {
		return r.skipped(step), nil
	}
	result = load.result
	ctx, span := telemetry.Begin(ctx, "load "+step.Name, telemetry.Step(step.Name))
	defer func() { span.End(err, result.attributes()...) }()
	started := time.Now()
	for _, batch := range load.batches {
		// Another dwh may have loaded some of them since the ledger was read.
		unknown, err := r.unknownObjects(ctx, tx, step.Table, batch)
		if err != nil {
			return result, err
		}
		r.Failpoint("load.begun")
		copied, err := r.copyInto(a)(ctx, conn, load.statement, unknown, r.loadProgress(step, &result))
		if err != nil {
			return result, err
		}
		r.Failpoint("load.copied")
		if err := r.record(ctx, tx, j, step, copied); err != nil {
			return result, err
		}
		r.Failpoint("load.recorded")
		r.account(step, copied, &result)
	}
	result.Duration = time.Since(started)
	j.load(step, started, result, "done")
	r.Observer(result.done())
	return result, nil
}
