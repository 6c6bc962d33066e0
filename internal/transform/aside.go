package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/load"
)

// indexCopies builds the indexes that loads name on the staging copies that they have filled.
// Behind the commit they would take half as long again: each row is then looked up in the commit
// log and marked.
func (r *activeRun) indexCopies(ctx context.Context, w *work) (built int, err error) {
	absent, err := r.absentIndexes(ctx)
	if err != nil {
		return 0, err
	}
	for _, step := range r.Steps {
		if !step.Load || !w.handover.HasCopy(step.Table) {
			continue
		}
		for _, index := range step.file.Indexes {
			if !absent[index.Name] {
				continue
			}
			if err := r.buildIndex(ctx, w.tx, index); err != nil {
				return built, err
			}
			built++
		}
	}
	return built, nil
}

// copyStaging has a plan load into a copy of its staging table, if that is worth it and can take
// the place of the table.
func (w *work) copyStaging(ctx context.Context, plan *load.Plan) (made bool, err error) {
	schema := catalogue.Name(plan.Statement.Schema)
	if !w.publishOptions().LargeLoad(plan.Bytes()) || schema != "" && schema != w.live {
		return false, nil
	}
	into, made, err := w.handover.CopyStaging(ctx, w.tables[plan.File.Table])
	if made {
		plan.Into, plan.Copied = into, w.handover.Loaded
	}
	return made, err
}

// loadInto loads a plan in the open transaction, and tells the planner of the rows.
func (r *activeRun) loadInto(ctx context.Context, w *work, plan *load.Plan) (load.Result, error) {
	plan.Tx = w.tx
	result, err := r.loader.Load(ctx, r.loadRun(), plan)
	if err != nil || result.Rows == 0 {
		return result, err
	}
	into := plan.Into
	if into.Name == "" {
		into = w.tables[plan.File.Table]
	}
	started := time.Now()
	if err := catalogue.Exec(ctx, w.tx, catalogue.AnalyzeLoaded(into)); err != nil {
		return result, fmt.Errorf("analyze %s: %w", plan.File.Table, err)
	}
	result.Duration += time.Since(started)
	return result, nil
}

// mayLoadAside tells whether a load whose first batch is listed may go into a staging copy: its
// table is empty. Whether the table can be replaced is seen under the lock.
func (r *activeRun) mayLoadAside(ctx context.Context, plan *load.Plan) (bool, error) {
	if r.piecemeal || !r.publishOptions().LargeLoad(plan.Bytes()) {
		return false, nil
	}
	schema, err := r.currentSchema(ctx, r.conn)
	if err != nil {
		return false, err
	}
	filled, err := hasRows(ctx, r.conn, catalogue.Table{Schema: schema, Name: plan.File.Table})
	if catalogue.SQLState(err) == catalogue.UndefinedTable {
		return false, nil // loading batch by batch says so, and where
	}
	return !filled, err
}

// loadAside loads into an empty table in one transaction, so that its rows can be staged in a copy.
// Where it is not done, it has loaded nothing: the table was not empty any more, or cannot be
// replaced, or something went wrong, and the load goes on batch by batch (fallback.go).
func (r *activeRun) loadAside(
	ctx context.Context, plan *load.Plan,
) (result load.Result, done bool, err error) {
	err = r.write(ctx, func(tx pgx.Tx) error {
		w, err := r.openWork(ctx, tx, r.Scratch+scratchSuffix)
		if err != nil {
			return err
		}
		if filled, err := hasRows(ctx, tx, w.tables[plan.File.Table]); err != nil || filled {
			return cmp.Or(err, errNotEmpty)
		}
		defer w.handover.Close()
		if err := w.enter(ctx); err != nil {
			return err
		}
		aside := *plan
		if made, err := w.copyStaging(ctx, &aside); err != nil || !made {
			return cmp.Or(err, errNotEmpty)
		}
		if result, err = r.loadInto(ctx, w, &aside); err != nil {
			return err
		}
		if _, err := w.handover.Finish(ctx); err != nil {
			return err
		}
		if err := w.handover.Prepare(ctx, false); err != nil {
			return err
		}
		if err := w.handover.Publish(ctx); err != nil {
			return err
		}
		r.Failpoint("aside.published")
		return w.leave(ctx)
	})
	switch {
	case err == nil:
		r.Failpoint("load.committed")
		return result, true, nil
	case cannotGoOn(ctx, r.conn, err):
		return result, false, fmt.Errorf("load %s: %w", plan.File.Name, err)
	case !errors.Is(err, errNotEmpty):
		r.goPiecemeal(err)
	}
	return result, false, nil
}
