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
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/telemetry"
)

// firstRun loads and builds an empty warehouse in one transaction. The rows are staged as
// processed, since nobody sees them before the facts that they are in. Flagging them afterwards
// would write each of them twice, which costs as much as all the transforms.
type firstRun struct {
	*activeRun
	plans []*load.Plan // all that there is to load
}

// first makes a firstRun, if the warehouse is empty and there is neither nothing nor too much to
// load. Where something goes wrong but the connection or the lock, done is false, and the run loads
// batch by batch (fallback.go).
func (r *activeRun) first(ctx context.Context) (done bool, err error) {
	if !r.loadsAsProcessed() {
		return false, nil
	}
	if fresh, err := r.fresh(ctx, r.conn); err != nil || !fresh {
		return false, err
	}
	plans, whole, err := r.planLoads(ctx, r.fitsFirst)
	if err != nil || !whole || !slices.ContainsFunc(plans, func(p *load.Plan) bool { return p.Objects() > 0 }) {
		return false, err
	}
	return firstRun{r, plans}.run(ctx)
}

func (m firstRun) run(ctx context.Context) (done bool, err error) {
	mark := m.entry.Mark()
	forget := func() {
		m.entry.Forget(mark)
		*m.result, m.publishing = Result{Run: m.result.Run}, nil
	}
	err = m.write(ctx, func(tx pgx.Tx) error {
		forget()
		return m.transact(ctx, tx)
	})
	switch {
	case err == nil:
	case cannotGoOn(ctx, m.conn, err):
		m.entry.RolledBack(mark)
		return false, err
	default:
		forget()
		if !errors.Is(err, errNotEmpty) {
			m.goPiecemeal(err)
		}
		return false, nil
	}
	m.Failpoint("first.committed")
	for _, plan := range m.plans {
		plan.Tell()
	}
	return true, m.settle(ctx)
}

func (m firstRun) transact(ctx context.Context, tx pgx.Tx) error {
	if fresh, err := m.fresh(ctx, tx); err != nil {
		return err
	} else if !fresh {
		return errNotEmpty
	}
	w, err := m.openWork(ctx, tx, m.Scratch+scratchSuffix)
	if err != nil {
		return err
	}
	defer w.handover.Close()
	if err := w.enter(ctx); err != nil {
		return err
	}
	if err := m.planStages(ctx); err != nil {
		return err
	}
	if err := m.loadAll(ctx, w); err != nil {
		return err
	}
	m.result.everything = true
	if err := w.preferParallel(ctx, m.result.Flagged); err != nil {
		return err
	}
	if !w.givesAll() {
		return errNotEmpty
	}
	if err := m.indexLoaded(ctx, w); err != nil {
		return err
	}
	w.idle = time.Now()
	w.beginModels(nil, nil)
	if err := m.buildAll(ctx, w, w.graph.Models); err != nil {
		return err
	}
	m.noteBuilt(0)
	m.Failpoint("transform.built")
	if err := m.checkAll(ctx, w); err != nil {
		return err
	}
	if err := m.remember(ctx, w); err != nil {
		return err
	}
	m.Failpoint("first.checked")
	if err := m.publishBuilt(ctx, w); err != nil {
		return err
	}
	m.Failpoint("first.published")
	return w.leave(ctx)
}

// planStages plans the steps of the run.
func (m firstRun) planStages(ctx context.Context) error {
	index, err := m.indexes(ctx)
	if err != nil {
		return err
	}
	stages := []string{stageCheck, stagePublish}
	if index {
		stages = append(stages, stageIndex)
	}
	m.planSteps(m.Steps, stages...)
	return nil
}

// indexes tells whether the run has indexes to build: those of the loads that are not there, or
// those of a staging table that a large load may fill beside it.
func (m firstRun) indexes(ctx context.Context) (bool, error) {
	if slices.ContainsFunc(m.plans, func(p *load.Plan) bool { return m.publishOptions().LargeLoad(p.Bytes()) }) {
		return true, nil
	}
	absent, err := m.absentIndexes(ctx)
	return len(absent) > 0, err
}

// loadAll stages the rows of all sources as processed.
func (m firstRun) loadAll(ctx context.Context, w *work) error {
	loaded := map[catalogue.Name]int64{}
	for _, plan := range m.plans {
		did, err := m.loadSource(ctx, w, plan)
		if err != nil {
			return err
		}
		m.result.Loads = append(m.result.Loads, did)
		loaded[did.Table] += did.Rows
		m.result.Flagged += did.Rows
	}
	w.unprocessed, w.loads = loaded, m.result.Loads
	return nil
}

// loadSource stages the rows of one source as processed.
func (m firstRun) loadSource(ctx context.Context, w *work, plan *load.Plan) (load.Result, error) {
	if plan.Statement == nil {
		return m.loader.Load(ctx, m.loadRun(), plan)
	}
	if _, err := w.copyStaging(ctx, plan); err != nil {
		return load.Result{}, err
	}
	plan.Processed = true
	result, err := m.loadInto(ctx, w, plan)
	if err == nil {
		m.noteLoad(plan.File, result, "")
		m.Observer(result.Done())
	}
	return result, err
}

// checkAll runs the gate and, if wanted, the checks that warn, over what was loaded and built.
func (m firstRun) checkAll(ctx context.Context, w *work) error {
	checking := m.beginStage(stageCheck)
	g, err := m.checkBuilt(ctx, w)
	if err != nil {
		return err
	}
	if m.FullCheck {
		if err := m.checkFully(ctx, w, g.Checker); err != nil {
			return err
		}
	}
	m.publishing = m.publishAfter(checking, 0, checksText(slices.Concat(m.result.Checks, m.result.warnings)))
	return nil
}

// indexLoaded renames and indexes the staging copies before the models read them. An index finds
// repeated values in half the time of a sort.
func (m firstRun) indexLoaded(ctx context.Context, w *work) error {
	if !slices.ContainsFunc(m.Steps, func(s Step) bool { return s.Load && w.handover.HasCopy(s.Table) }) {
		return nil
	}
	indexing := m.beginStage(stageIndex)
	built, err := w.handover.Finish(ctx)
	if err != nil {
		return err
	}
	// The loads name their tables without a schema.
	if err := w.behindScratch(ctx); err != nil {
		return err
	}
	more, err := m.indexCopies(ctx, w)
	if err != nil {
		return err
	}
	if err := catalogue.Exec(ctx, w.tx, catalogue.SetSearchPath(w.live)); err != nil {
		return err
	}
	indexing.end(indexesText(built + more))
	return nil
}

// checkFully makes the checks that warn, and counts the rows, while they are at hand. Whoever reads
// rows first behind a commit looks each up in the commit log and writes down in its page what
// became of it (https://wiki.postgresql.org/wiki/Hint_Bits).
func (m firstRun) checkFully(ctx context.Context, w *work, checker gate.Checker) (err error) {
	ctx, span := telemetry.Begin(ctx, "check")
	defer func() { span.End(err, gate.Attributes(m.result.warnings)...) }()
	warning := slices.DeleteFunc(
		w.direct(m.Checks), func(c check.Check) bool { return c.Severity == check.Error },
	)
	if m.result.warnings, err = checker.Run(ctx, warning); err != nil {
		return err
	}
	m.entry.Checks(m.result.warnings)
	known := func(name catalogue.Name) (int64, bool) {
		if rows, loaded := w.unprocessed[name]; loaded {
			return rows, true // it was empty
		}
		return w.handover.Rows(name)
	}
	m.result.counts, err = m.count(ctx, w.tx, known, func(name catalogue.Name) catalogue.Table {
		return w.handover.At(catalogue.Table{Schema: w.live, Name: name})
	})
	return err
}

// built tells whether models have built their tables before.
func (r *Runner) built(ctx context.Context) (bool, error) {
	known, err := dwhdb.New(r.Pool).Fingerprints(ctx)
	if err != nil {
		return false, fmt.Errorf("read fingerprints: %w", err)
	}
	return len(known) > 0, nil
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
				return false, nil // loading batch by batch says what is missing
			}
			if filled, err := hasRows(ctx, q, table); err != nil || filled {
				return false, err
			}
		}
	}
	return true, nil
}
