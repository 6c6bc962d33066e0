package transform

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A run loads in one of four ways, by how much there is to load and what the warehouse holds:
//
//   - firstRun: all into an empty warehouse, in one transaction with the build of the models;
//   - increment: no more than one batch, in one transaction with the increment of the models;
//   - loadAside: one load into its empty table, in one transaction;
//   - load: batch by batch, each in its own transaction.
//
// The first three fall back to the last where something is wrong (fallback.go).

// firstObjects and firstBytes bound what a first run, or a load into an empty table, loads in one
// transaction, a minute or two, unless the options bound it. A larger load commits batch by batch,
// so that it resumes where it broke off.
const (
	firstObjects = 160_000
	firstBytes   = 16 << 30
)

// fitsFirst tells whether so much may go into the one transaction of a first run. The limits of a
// batch hold where they are set: whoever says how large a batch is means it.
func (r *Runner) fitsFirst(objects int, bytes int64) bool {
	mostObjects, mostBytes := firstObjects, int64(firstBytes)
	if r.BatchObjects != DefaultBatchObjects {
		mostObjects = r.BatchObjects
	}
	if r.BatchBytes != DefaultBatchBytes {
		mostBytes = r.BatchBytes
	}
	return objects <= mostObjects && bytes <= mostBytes
}

// fitsBatch tells whether so much is no more than one batch.
func (r *Runner) fitsBatch(objects int, bytes int64) bool {
	return objects <= r.BatchObjects && bytes <= r.BatchBytes
}

// loadsAsProcessed tells whether rows can be staged as processed, on PostgreSQL. On Redshift COPY
// takes its time whatever it loads.
func (r *Runner) loadsAsProcessed() bool {
	return r.Engine == sqlfile.Postgres && r.Copier != nil && r.Copier.Can().SetTrue
}

// planLoads lists what all loads have to load, as long as that fits. whole says that it does.
func (r *Runner) planLoads(
	ctx context.Context,
	fits func(objects int, bytes int64) bool,
) (plans []*load.Plan, whole bool, err error) {
	var objects int
	var bytes int64
	for _, step := range r.Steps {
		if !step.Load {
			continue
		}
		plan, err := r.loader.Plan(ctx, step.file)
		if err != nil {
			return nil, false, err
		}
		whole, err := plan.Gather(func(more int, moreBytes int64) bool { return fits(objects+more, bytes+moreBytes) })
		if err != nil || !whole {
			plan.Close()
			return nil, false, err
		}
		objects += plan.Objects()
		bytes += plan.Bytes()
		plans = append(plans, plan)
	}
	return plans, true, nil
}

// load copies the objects of one source that the ledger does not know.
func (r *activeRun) load(ctx context.Context, step Step) (result load.Result, err error) {
	started := time.Now()
	plan, err := r.loader.Plan(ctx, step.file)
	if err != nil {
		return load.Result{Step: step.Name, Table: step.Table}, err
	}
	defer plan.Close()
	if plan.Statement == nil {
		return r.loader.Load(ctx, r.loadRun(), plan)
	}
	result, analyzed, err := r.loadNew(ctx, plan)
	outcome := ""
	if err != nil {
		outcome = journal.Failed
	} else if result.Rows >= publish.AnalyzeFirst && !analyzed { // fewer can wait for the run's end
		err = r.analyzeAfter(ctx, map[catalogue.Name]int64{step.Table: result.Rows})
	}
	result.Duration = time.Since(started)
	r.noteLoad(step.file, result, outcome)
	if err != nil {
		return result, err
	}
	r.Observer(result.Done())
	return result, nil
}

// noteLoad notes a load in the journal. outcome "" means done.
func (r *activeRun) noteLoad(file *load.File, result load.Result, outcome string) {
	r.entry.Step(journal.Step{
		Name: file.Name, Started: time.Now().Add(-result.Duration), RowsIn: result.Objects, RowsOut: result.Rows,
		Fingerprint: file.Fingerprint, Outcome: outcome,
		Note: fmt.Sprintf(
			"%d objects, %d known, %d rejects", result.Objects, result.Known+result.GivenUp, result.Rejects,
		),
	})
}

// loadNew carries out the plan of one load, aside where its table is empty and there is much to
// load.
func (r *activeRun) loadNew(
	ctx context.Context, plan *load.Plan,
) (result load.Result, analyzed bool, err error) {
	result = load.Result{Step: plan.File.Name, Table: plan.File.Table}
	if err := r.loader.Complete(ctx, r.loadRun(), plan.File); err != nil {
		return result, false, err
	}
	// The first batch decides whether the load goes aside as a whole.
	var aside bool
	var asked error
	whole, broken := plan.Gather(func(objects int, bytes int64) bool {
		if !aside {
			if aside, asked = r.mayLoadAside(ctx, plan); asked != nil {
				return false
			}
		}
		return aside && r.fitsFirst(objects, bytes)
	})
	if asked != nil {
		return result, false, asked
	}
	if aside && whole {
		// Also where the listing broke off: what it has found is loaded.
		if result, analyzed, err = r.loadAside(ctx, plan); err != nil {
			return result, false, err
		}
	}
	if !analyzed {
		if result, err = r.loader.Load(ctx, r.loadRun(), plan); err != nil {
			return result, false, err
		}
	}
	if broken != nil {
		return result, analyzed, broken
	}
	plan.Tell()
	return result, analyzed, nil
}

// loadBeside loads a plan in the open transaction, beside staging where that is worth it.
func (r *activeRun) loadBeside(
	ctx context.Context, tx pgx.Tx, arrivals *load.Arrivals, plan *load.Plan,
) (load.Result, error) {
	plan.Tx, plan.Into = tx, catalogue.Table{}
	if plan.Statement != nil {
		if err := arrivals.Take(ctx, plan); err != nil {
			return load.Result{}, err
		}
	}
	result, err := r.loader.Load(ctx, r.loadRun(), plan)
	arrivals.Add(plan, result)
	return result, err
}

// Skip records an object, as it is now, as skipped for the tables: no load tries this version of it
// again.
func (r *Runner) Skip(ctx context.Context, command string, object objectstore.Object, tables []string) error {
	_, err := r.journaled(ctx, command, func(run *activeRun) error {
		return r.loader.Skip(ctx, run.loadRun(), object, tables)
	})
	return err
}

// ForgetFailed removes the refused records of failed loads of an object that no longer exists, for
// the tables. It returns the tables that had any.
func (r *Runner) ForgetFailed(
	ctx context.Context, command string, url objectstore.URL, tables []string,
) (forgotten []string, err error) {
	_, err = r.journaled(ctx, command, func(run *activeRun) (err error) {
		forgotten, err = r.loader.ForgetFailed(ctx, run.loadRun(), url, tables)
		return err
	})
	return forgotten, err
}

// newArrivals returns where an increment's rows go beside staging; nil: into staging itself.
func (r *Runner) newArrivals(ctx context.Context, tx pgx.Tx) (*load.Arrivals, error) {
	if !r.loadsAsProcessed() {
		return nil, nil
	}
	live, err := r.currentSchema(ctx, tx)
	if err != nil {
		return nil, err
	}
	return load.NewArrivals(tx, live), nil
}

// countArrivals counts what arrived as unprocessed.
func (w *work) countArrivals(ctx context.Context, arrivals *load.Arrivals) error {
	for _, table := range w.staged {
		rows := arrivals.Rows(table.Name)
		w.unprocessed[table.Name] += rows
		// fewer are read as quickly by any plan, and to analyze would take 50 ms
		if rows >= w.ParallelRows {
			if err := arrivals.Analyze(ctx, table); err != nil {
				return err
			}
		}
	}
	return nil
}
