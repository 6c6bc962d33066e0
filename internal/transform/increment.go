package transform

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
)

// increment brings every model up to date with the staged rows that are not processed, and flags
// them.
type increment struct {
	*activeRun
	plans []*load.Plan // loaded first, in the same transaction
}

func (m increment) run(ctx context.Context) error {
	return m.commit(ctx, "transform.committed", func(tx pgx.Tx) error { return m.transact(ctx, tx) })
}

func (m increment) transact(ctx context.Context, tx pgx.Tx) error {
	arrivals, err := m.newArrivals(ctx, tx)
	if err != nil {
		return err
	}
	if err := m.loadPlans(ctx, tx, arrivals); err != nil {
		return err
	}
	w, err := m.open(ctx, tx)
	if err != nil {
		return err
	}
	if err := w.countArrivals(ctx, arrivals); err != nil {
		return err
	}
	if w.nothingNew(m.Steps) {
		if err := catalogue.Exec(ctx, tx, arrivals.Drop()...); err != nil {
			return fmt.Errorf("drop what arrived: %w", err)
		}
		m.skipRest()
		return m.remember(ctx, w)
	}
	if err := w.enterFor(ctx, total(w.unprocessed)); err != nil {
		return err
	}
	w.beginModels(arrivals, nil)
	if empty, err := m.fillsEmpty(ctx, w); err != nil {
		return err
	} else if empty {
		return m.fill(ctx, w, arrivals)
	}
	if err := m.compute(ctx, w, m.Steps); err != nil {
		return err
	}
	return m.checkAndFlag(ctx, w, arrivals)
}

// loadPlans loads the plans in the open transaction.
func (m increment) loadPlans(ctx context.Context, tx pgx.Tx, arrivals *load.Arrivals) error {
	if len(m.plans) > 0 {
		m.result.Loads = nil
	}
	for _, plan := range m.plans {
		loaded, err := m.loadBeside(ctx, tx, arrivals, plan)
		if err != nil {
			return err
		}
		if plan.Statement != nil {
			m.noteLoad(plan.File, loaded, "")
			m.Observer(loaded.Done())
		}
		m.result.Loads = append(m.result.Loads, loaded)
	}
	return nil
}

// nothingNew tells whether there is nothing to do for the models among the steps.
func (w *work) nothingNew(steps []Step) bool {
	script := slices.ContainsFunc(steps, func(s Step) bool { return s.Model != nil && s.Model.Kind == model.Script })
	return total(w.unprocessed) == 0 && !w.first() && !script
}

// compute runs the models among the steps over what changed. Where nothing was built before,
// everything is built and the difference applied.
func (r *activeRun) compute(ctx context.Context, w *work, steps []Step) error {
	var chosen []*model.Model
	for _, step := range steps {
		if step.Model != nil {
			chosen = append(chosen, w.graph.Model(step.Model.Name))
		}
	}
	if w.first() {
		return r.buildAndApply(ctx, w, chosen)
	}
	if err := r.incrementModels(ctx, w, chosen); err != nil {
		return err
	}
	r.skipModels(w.graph.Models)
	r.Failpoint("transform.built")
	return nil
}

// checkAndFlag is the end of a run that changed the tables of models: the gate, the flags, and what
// the gate says of these.
func (r *activeRun) checkAndFlag(ctx context.Context, w *work, arrivals *load.Arrivals) error {
	checking := r.beginStage(stageCheck)
	g, err := r.checkTouched(ctx, w, arrivals, r.Steps)
	if err != nil {
		return err
	}
	flagging := time.Now()
	if r.result.Flagged, err = r.flag(ctx, w, arrivals); err != nil {
		return err
	}
	if err := arrivals.Hide(ctx, w.schema); err != nil {
		return err
	}
	flagged := time.Since(flagging)
	r.Failpoint("transform.flagged")
	late, err := g.Check(ctx, gate.AfterFlags)
	if err != nil {
		return err
	}
	r.result.Checks = append(r.result.Checks, late...)
	if err := r.entry.Judge(r.result.Checks); err != nil {
		return err
	}
	r.publishing = r.publishAfter(checking, flagged, checksText(r.result.Checks))
	if err := w.leave(ctx, arrivals.Drop()...); err != nil {
		return err
	}
	if err := r.remember(ctx, w); err != nil {
		return err
	}
	r.Failpoint("transform.checked")
	return nil
}

// checkTouched runs the gate over what the steps changed, before the flags are set: what the gate
// looks at depends on them.
func (r *activeRun) checkTouched(
	ctx context.Context, w *work, arrivals *load.Arrivals, steps []Step,
) (*gate.Gate, error) {
	if err := w.behindScratch(ctx); err != nil {
		return nil, err
	}
	if err := arrivals.Reveal(ctx, w.schema, w.staged); err != nil {
		return nil, err
	}
	g := w.newGate(steps)
	var err error
	r.result.Checks, err = g.Check(ctx, gate.BeforeFlags)
	return g, err
}

// atOnce loads and transforms in one transaction what is new, if that is no more than a batch.
// Where something goes wrong but the connection or the lock, done is false (fallback.go).
func (r *activeRun) atOnce(ctx context.Context) (done bool, err error) {
	if !r.loadsAsProcessed() {
		return false, nil
	}
	plans, whole, err := r.planLoads(ctx, r.fitsBatch)
	if err != nil || !whole {
		return false, ctx.Err() // loading batch by batch comes as far as it can
	}
	mark := r.entry.Mark()
	err = increment{r, plans}.run(ctx)
	switch {
	case err == nil:
		for _, plan := range plans {
			plan.Tell()
		}
		return true, nil
	case !slices.ContainsFunc(r.result.Loads, func(l load.Result) bool { return l.Rows > 0 }) && !refused(err),
		cannotGoOn(ctx, r.conn, err):
		return true, err // nothing of the loads is to blame, or to be kept
	}
	r.entry.Forget(mark)
	*r.result = Result{Run: r.result.Run}
	r.goPiecemeal(err)
	return false, nil
}
