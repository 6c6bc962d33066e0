package transform

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/progress"
)

// incremental brings the models up to date with what is unprocessed, flags it, and commits if the
// checks let it.
func (r *Runner) incremental(
	ctx context.Context, conn *pgx.Conn, j *journal.Run, steps []Step, flag bool, result *Result,
) error {
	return r.incrementalAfter(ctx, conn, j, steps, flag, result, func(pgx.Tx, *load.Arrivals) error { return nil })
}

// incrementalAfter is incremental with something done first in the same transaction.
func (r *Runner) incrementalAfter(
	ctx context.Context, conn *pgx.Conn, j *journal.Run, steps []Step, flag bool, result *Result,
	first func(tx pgx.Tx, a *load.Arrivals) error,
) error {
	return r.increment(ctx, conn, j, increment{steps: steps, flag: flag, first: first}, result)
}

// increment is one incremental run.
type increment struct {
	steps []Step
	flag  bool                                    // flag what the models have computed
	first func(tx pgx.Tx, a *load.Arrivals) error // done first in the transaction
	// erase, where set, says which staged rows the run erases, when the scratch schema is there.
	erase func(ctx context.Context, w *work) (map[string][]model.Erasure, error)
	// erased is told how many rows were, behind the last model.
	erased func(ctx context.Context, tx pgx.Tx, rows int64) error
}

func (r *Runner) increment(ctx context.Context, conn *pgx.Conn, j *journal.Run, in increment, result *Result) error {
	mark := j.Mark()
	err := r.write(ctx, conn, j, func(tx pgx.Tx) error {
		// A retry begins from nothing.
		result.Transforms, result.Checks, result.Differences, result.Flagged = nil, nil, nil, 0
		result.publishing = nil
		j.Forget(mark)
		return r.incrementOnce(ctx, tx, j, in, result)
	})
	if err != nil {
		j.RolledBack(mark)
		return err
	}
	r.Failpoint("transform.committed")
	return r.settle(ctx, conn, j, result)
}

// incrementOnce is the work of increment's transaction.
func (r *Runner) incrementOnce(ctx context.Context, tx pgx.Tx, j *journal.Run, in increment, result *Result) error {
	var a *load.Arrivals
	if in.flag {
		var err error
		if a, err = r.newArrivals(ctx, tx); err != nil {
			return err
		}
	}
	if err := in.first(tx, a); err != nil {
		return err
	}
	w, err := r.openWork(ctx, tx, r.Scratch+scratchSuffix)
	if err != nil {
		return err
	}
	if err := r.countArrivals(ctx, w, a); err != nil {
		return err
	}
	waiting := total(w.unprocessed)
	result.waiting = w.unprocessed
	script := slices.ContainsFunc(in.steps, func(s Step) bool { return s.Model != nil && s.Model.Kind == model.Script })
	if waiting == 0 && !w.first && in.erase == nil && !script {
		if err := catalogue.Exec(ctx, tx, a.Drop()...); err != nil {
			return fmt.Errorf("drop what arrived: %w", err)
		}
		r.skipRest()
		if in.flag {
			return r.remember(ctx, tx, j, w.built)
		}
		return nil
	}
	result.everything = w.first
	if err := r.preferParallel(ctx, w, waiting); err != nil {
		return err
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	var erase map[string][]model.Erasure
	if in.erase != nil {
		if erase, err = in.erase(ctx, w); err != nil {
			return err
		}
	}
	r.beginModels(w, a, erase)
	if err := r.compute(ctx, w, j, in, result); err != nil {
		return err
	}
	if in.erase != nil {
		rows, err := w.run.Erase(ctx)
		if err != nil {
			return err
		}
		if err := in.erased(ctx, tx, rows); err != nil {
			return err
		}
	}
	checking := r.beginStage(j, stageCheck)
	// Before the flags are set: what the gate looks at depends on them.
	if err := w.behindScratch(ctx); err != nil {
		return err
	}
	if err := a.Reveal(ctx, w.schema, w.staged); err != nil {
		return err
	}
	g := r.newGate(w, in.steps)
	if result.Checks, err = g.Pass(ctx, gate.BeforeFlags); err != nil {
		return err
	}
	var flagging time.Duration
	if in.flag {
		started := time.Now()
		if result.Flagged, err = r.flag(ctx, tx, w, a, in.steps); err != nil {
			return err
		}
		if err := a.Hide(ctx, w.schema); err != nil {
			return err
		}
		flagging = time.Since(started)
		r.Failpoint("transform.flagged")
		late, err := g.Pass(ctx, gate.AfterFlags)
		if err != nil {
			return err
		}
		result.Checks = append(result.Checks, late...)
	}
	if err := j.Judge(result.Checks); err != nil {
		return err
	}
	result.publishing = r.publishAfter(checking, flagging, checksText(result.Checks))
	if err := w.leave(ctx, a.Drop()...); err != nil {
		return err
	}
	if in.flag {
		if err := r.remember(ctx, tx, j, w.built); err != nil {
			return err
		}
	}
	r.Failpoint("transform.checked")
	return nil
}

// compute runs the models among an increment's steps. Where nothing was built before, everything is
// built and the difference applied.
func (r *Runner) compute(ctx context.Context, w *work, j *journal.Run, in increment, result *Result) error {
	var chosen []*model.Model
	for _, step := range in.steps {
		if step.Model != nil {
			chosen = append(chosen, w.graph.Model(step.Model.Name))
		}
	}
	if w.first {
		if err := r.buildAll(ctx, w, chosen, result); err != nil {
			return err
		}
		if err := r.compare(ctx, w, j, result, 0); err != nil {
			return err
		}
		applying := r.beginStage(j, stageApply)
		if err := w.handover.Apply(ctx, result.Differences); err != nil {
			return err
		}
		r.Failpoint("transform.built")
		if err := w.handover.Drop(ctx); err != nil { // the checks look at what readers see
			return err
		}
		applying.end(differencesText(result.Differences))
		return nil
	}
	if err := r.incrementModels(ctx, w, j, chosen, result); err != nil {
		return err
	}
	r.skipModels(w.graph.Models)
	r.Failpoint("transform.built")
	return nil
}

// incrementModels brings the tables of models up to date, with the helpers that they read.
func (r *Runner) incrementModels(
	ctx context.Context, w *work, j *journal.Run, chosen []*model.Model, result *Result,
) error {
	chosen = withHelpers(w.graph, chosen)
	return w.run.Increment(ctx, chosen, func(m *model.Model, change model.Change) error {
		step, err := r.stepOf(m)
		if err != nil {
			return err
		}
		stepResult := StepResult{
			Step: step.Name, Table: step.Table, Helper: !m.Stored, Change: change,
			RowsOut: change.Added + change.Changed + change.Healed, Duration: time.Since(w.idle),
		}
		w.idle = time.Now()
		if !w.run.Computed(m) && m.Kind != model.Script && !m.Stored {
			return nil
		}
		stepResult.RowsIn = w.rowsIn(m)
		if !m.Stored {
			stepResult.RowsOut = w.run.Rows(m)
		}
		r.finish(j, step, stepResult, result)
		return nil
	})
}

// finish tells of a model that was computed.
func (r *Runner) finish(j *journal.Run, step Step, stepResult StepResult, result *Result) {
	result.Transforms = append(result.Transforms, stepResult)
	j.Step(journal.Step{
		Name: step.Name, Started: time.Now().Add(-stepResult.Duration), Fingerprint: step.Fingerprint,
		RowsIn: stepResult.RowsIn, RowsOut: stepResult.RowsOut, Note: Summary(stepResult.Change),
	})
	r.Observer(
		progress.Event{
			Kind: progress.StepDone, Step: step.Name, Rows: stepResult.RowsOut, RowsIn: stepResult.RowsIn,
			Duration: stepResult.Duration, Text: Summary(stepResult.Change),
		},
	)
	r.Failpoint("transform.ran." + step.Name)
}
