package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/telemetry"
)

// errNotFirst says that another dwh came first.
var errNotFirst = errors.New("the warehouse is not empty any more")

// first loads and builds an empty warehouse in one transaction, if it can: the rows are staged as
// processed, since nobody sees them before the facts that they are in. Flagging them afterwards
// would write each of them twice, which costs as much as all the transforms. Whatever goes wrong
// but the connection or the lock is left to the usual way, which keeps what it has loaded and tells
// the fault.
func (r *Runner) first(ctx context.Context, conn *pgx.Conn, j *journal.Run, result *Result) (done bool, err error) {
	if !r.loadsAsProcessed() {
		return false, nil
	}
	if fresh, err := r.fresh(ctx, conn); err != nil || !fresh {
		return false, err
	}
	plans, whole, err := r.planLoads(ctx, r.fitsFirst)
	if err != nil || !whole || !slices.ContainsFunc(plans, func(p *load.Plan) bool { return p.Objects() > 0 }) {
		return false, err
	}
	mark := j.Mark()
	err = r.write(ctx, conn, j, func(tx pgx.Tx) error {
		*result = Result{Run: result.Run}
		j.Forget(mark)
		return r.buildFirst(ctx, conn, tx, j, plans, result)
	})
	switch {
	case err == nil:
	case cannotGoOn(ctx, conn, err):
		j.RolledBack(mark)
		return false, err
	default:
		j.Forget(mark)
		*result = Result{Run: result.Run}
		if !errors.Is(err, errNotFirst) {
			r.goPiecemeal(err)
		}
		return false, nil
	}
	r.Failpoint("first.committed")
	for _, plan := range plans {
		plan.Tell()
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
			if !ok && !step.Load && slices.ContainsFunc(
				r.Steps, func(s Step) bool { return s.Table == name && s.Model != nil },
			) {
				continue // a helper
			}
			if !ok || step.Load && !table.Has(flagColumn) {
				return false, nil // the usual way says what is missing
			}
			if filled, err := hasRows(ctx, q, table); err != nil || filled {
				return false, err
			}
		}
	}
	return true, nil
}

// hasRows tells whether a table has a row.
func hasRows(ctx context.Context, q catalogue.Querier, table catalogue.Table) (bool, error) {
	rows, err := q.Query(ctx, catalogue.HasRows(table))
	if err != nil {
		return false, fmt.Errorf("look for rows of %s: %w", table.Name, err)
	}
	filled, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("look for rows of %s: %w", table.Name, err)
	}
	return filled, nil
}

// buildFirst is the work of first's transaction.
func (r *Runner) buildFirst(
	ctx context.Context, conn *pgx.Conn, tx pgx.Tx, j *journal.Run, plans []*load.Plan, result *Result,
) error {
	if fresh, err := r.fresh(ctx, tx); err != nil {
		return err
	} else if !fresh {
		return errNotFirst
	}
	w, err := r.openWork(ctx, tx, r.Scratch+scratchSuffix)
	if err != nil {
		return err
	}
	defer w.handover.Close()
	if err := w.enter(ctx); err != nil {
		return err
	}
	index, err := r.indexesFirst(ctx, conn, plans)
	if err != nil {
		return err
	}
	stages := []string{stageCheck, stagePublish}
	if index {
		stages = append(stages, stageIndex)
	}
	r.planSteps(r.Steps, stages...)
	loaded := map[catalogue.Name]int64{}
	for _, plan := range plans {
		item, err := r.loadFirst(ctx, conn, w, j, plan)
		if err != nil {
			return err
		}
		result.Loads = append(result.Loads, item)
		loaded[item.Table] += item.Rows
		result.Flagged += item.Rows
	}
	w.unprocessed = loaded
	if err := r.buildStar(ctx, conn, w, j, result); err != nil {
		return err
	}
	return w.leave(ctx)
}

// indexesFirst tells whether a first run has indexes to build: those of the loads that are not
// there, or those of a staging table that a large load may fill beside it.
func (r *Runner) indexesFirst(ctx context.Context, conn *pgx.Conn, plans []*load.Plan) (bool, error) {
	if slices.ContainsFunc(plans, func(p *load.Plan) bool { return r.publishing().LargeLoad(p.Bytes()) }) {
		return true, nil
	}
	absent, err := r.absentIndexes(ctx, conn)
	return len(absent) > 0, err
}

// buildStar builds the star of what a first run has loaded, checks it, and gives it to readers.
func (r *Runner) buildStar(ctx context.Context, conn *pgx.Conn, w *work, j *journal.Run, result *Result) error {
	result.everything = true
	if err := r.preferParallel(ctx, w, result.Flagged); err != nil {
		return err
	}
	if slices.ContainsFunc(w.graph.Models, func(m *model.Model) bool { return m.Stored && !m.Complete() }) {
		return errNotFirst // a table of what the models give does not stand for the table
	}
	if err := r.indexLoaded(ctx, conn, w, j); err != nil {
		return err
	}
	w.idle = time.Now()
	r.beginModels(w, nil, nil)
	if err := r.buildAll(ctx, w, w.graph.Models, result); err != nil {
		return err
	}
	r.note(j, result, 0)
	r.Failpoint("transform.built")
	checking := r.beginStage(j, stageCheck) // to make a key is a check too
	if err := w.handover.Prepare(ctx, w.parallel); err != nil {
		return err
	}
	// From here on, the names of tables mean those that were loaded and built aside.
	if err := w.behindScratch(ctx); err != nil {
		return err
	}
	g := r.newGate(w, r.Steps)
	g.Cache = check.NewPrecheckCache(w.tx) // the flags are set already, and nothing more is written
	for _, stage := range []gate.Stage{gate.BeforeFlags, gate.AfterFlags} {
		found, err := g.Pass(ctx, stage)
		if err != nil {
			return err
		}
		result.Checks = append(result.Checks, found...)
	}
	if err := j.Judge(result.Checks); err != nil {
		return err
	}
	if r.FullCheck {
		if err := r.checkFirst(ctx, w, g.Checker, j, result); err != nil {
			return err
		}
	}
	result.publishing = r.publishAfter(checking, 0, checksText(slices.Concat(result.Checks, result.warnings)))
	if err := r.remember(ctx, w.tx, j, w.built); err != nil {
		return err
	}
	r.Failpoint("first.checked")
	if err := w.handover.Publish(ctx); err != nil {
		return err
	}
	result.analyzed = w.handover.Replaced()
	r.Failpoint("first.published")
	return nil
}

// indexLoaded renames and indexes the staging copies before the models read them. An index finds
// repeated values in half the time of a sort.
func (r *Runner) indexLoaded(ctx context.Context, conn *pgx.Conn, w *work, j *journal.Run) error {
	if !slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Load && w.handover.HasCopy(s.Table) }) {
		return nil
	}
	indexing := r.beginStage(j, stageIndex)
	built, err := w.handover.Finish(ctx)
	if err != nil {
		return err
	}
	// The loads name their tables without a schema.
	if err := w.behindScratch(ctx); err != nil {
		return err
	}
	more, err := r.indexCopies(ctx, conn, w)
	if err != nil {
		return err
	}
	if err := catalogue.Exec(ctx, w.tx, catalogue.SetSearchPath(w.live)); err != nil {
		return err
	}
	indexing.end(indexesText(built + more))
	return nil
}

// checkFirst makes the checks that warn, and counts the rows, while they are at hand. Whoever reads
// rows first behind a commit looks each up in the commit log and writes down in its page what
// became of it (https://wiki.postgresql.org/wiki/Hint_Bits).
func (r *Runner) checkFirst(
	ctx context.Context, w *work, checker gate.Checker, j *journal.Run, result *Result,
) (err error) {
	ctx, span := telemetry.Begin(ctx, "check")
	defer func() { span.End(err, gate.Attributes(result.warnings)...) }()
	warning := slices.DeleteFunc(
		slices.Clone(r.Checks), func(c check.Check) bool { return c.Severity == check.Error },
	)
	found, err := checker.Run(ctx, warning)
	if err != nil {
		return err
	}
	result.warnings = found
	j.Checks(result.warnings)
	known := func(name catalogue.Name) (int64, bool) {
		if rows, loaded := w.unprocessed[name]; loaded {
			return rows, true // it was empty
		}
		return w.handover.Rows(name)
	}
	counts, err := r.count(ctx, w.tx, known, func(name catalogue.Name) catalogue.Table {
		return w.handover.At(catalogue.Table{Schema: w.live, Name: name})
	})
	result.counts = counts
	return err
}

// loadFirst stages the rows of one source as processed.
func (r *Runner) loadFirst(
	ctx context.Context, conn *pgx.Conn, w *work, j *journal.Run, plan *load.Plan,
) (load.Result, error) {
	if plan.Statement == nil {
		return r.loader.Load(ctx, r.loadRun(conn, j), plan)
	}
	if _, err := r.copyStaging(ctx, w, plan); err != nil {
		return load.Result{}, err
	}
	plan.Processed = true
	result, err := r.loadInto(ctx, conn, w, j, plan)
	if err == nil {
		noteLoad(j, plan.File, result, "")
		r.Observer(result.Done())
	}
	return result, err
}
