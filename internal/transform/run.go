package transform

import (
	"context"
	"errors"
	"slices"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/progress"
)

// Run loads what is new and transforms what is not processed yet. With only, just those steps run
// and nothing is flagged. A stale warehouse is replayed instead. command is how the journal calls
// it.
//
// Which mode a run takes:
//
//   - firstRun: an empty warehouse, and not too much to load;
//   - increment: new rows, which it may load in the same transaction;
//   - onlySteps: some of the steps;
//   - partialReplay: a stale warehouse.
func (r *Runner) Run(ctx context.Context, command string, only []string) (Result, error) {
	chosen, err := Select(r.Steps, only)
	if err != nil {
		return Result{}, err
	}
	if err := r.checkStatements(chosen); err != nil {
		return Result{}, err
	}
	result, err := r.journaled(ctx, command, func(run *activeRun) error {
		staleness, err := run.admit(ctx)
		if err != nil {
			return err
		}
		if len(only) > 0 {
			return run.some(ctx, chosen, staleness)
		}
		return run.all(ctx, staleness)
	})
	if err == nil && len(only) == 0 && !r.NoLoad {
		err = r.tellWaiting(ctx, &result)
	}
	r.nameCause(ctx, err)
	return result, err
}

// nameCause adds to the error of a refused run what its cause may be: rows that wait in staging, or
// without any a replay.
func (r *Runner) nameCause(ctx context.Context, err error) {
	r.nameStaged(ctx, err)
	var failed *check.FailedError
	if errors.As(err, &failed) && failed.Kept {
		failed.Replay = len(failed.Staged) == 0
	}
}

// nameStaged adds to the error of a refused run which staging tables have rows that it did not
// process.
func (r *Runner) nameStaged(ctx context.Context, err error) {
	var failed *check.FailedError
	if errors.As(err, &failed) && failed.Kept {
		failed.Staged = r.unprocessedTables(ctx)
	}
}

// unprocessedTables are the staging tables with rows that are not processed, in the order of their
// names; none where that cannot be read.
func (r *Runner) unprocessedTables(ctx context.Context) []string {
	w, err := r.waiting(ctx)
	if err != nil {
		r.Logger.Debug("the unprocessed rows cannot be counted", "error", err)
		return nil
	}
	var names []string
	for name, rows := range w.unprocessed {
		if rows > 0 {
			names = append(names, string(name))
		}
	}
	slices.Sort(names)
	return names
}

// checkStatements refuses loads that cannot be performed. What is wrong with the command line is
// said before anything runs.
func (r *Runner) checkStatements(steps []Step) error {
	for _, step := range steps {
		if !step.Load || r.NoLoad || !step.Configured(r.Vars) {
			continue
		}
		statement, err := step.file.Statement(r.Vars)
		if err != nil {
			return err
		}
		if err := r.Copier.Check(statement); err != nil {
			return err
		}
	}
	return nil
}

// admit reads whether the warehouse is stale, and refuses a run that cannot or must not go on.
func (r *activeRun) admit(ctx context.Context) (Staleness, error) {
	staleness, err := r.readStaleness(ctx)
	if err != nil {
		return staleness, err
	}
	if !staleness.Built() || staleness.Stale() {
		// Tables that were built from have passed. Others are checked before anything is loaded.
		if err := r.checkFlags(ctx, r.conn); err != nil {
			return staleness, err
		}
	}
	if r.NoReplay {
		return staleness, staleness.Err()
	}
	return staleness, nil
}

// all runs every step.
func (r *activeRun) all(ctx context.Context, staleness Staleness) error {
	built, stale := staleness.Built(), staleness.Stale()
	if !built && !stale {
		if done, err := r.first(ctx); done || err != nil {
			return err
		}
	}
	stages := []string{stageCheck}
	if !built || stale {
		stages = []string{stageCompare, stageApply, stageCheck}
	}
	if err := r.planWithIndexes(ctx, built, r.Steps, stages, r.fullCheckStage()); err != nil {
		return err
	}
	if built && !stale {
		if done, err := r.atOnce(ctx); done || err != nil {
			return err
		}
	}
	if err := r.loadSteps(ctx, r.Steps); err != nil || !hasModels(r.Steps) {
		return err
	}
	if !stale {
		return increment{activeRun: r}.run(ctx)
	}
	r.result.Stale = staleness.Reasons()
	for _, reason := range r.result.Stale {
		r.Observer(progress.Event{Kind: progress.Note, Text: "replay needed: " + reason})
	}
	return partialReplay{activeRun: r, staleness: staleness}.run(ctx)
}

// some runs the chosen steps.
func (r *activeRun) some(ctx context.Context, chosen []Step, staleness Staleness) error {
	built := staleness.Built()
	stages := []string{stageCheck}
	if !built {
		stages = []string{stageCompare, stageApply, stageCheck}
	}
	if err := r.planWithIndexes(ctx, built, chosen, stages, nil); err != nil {
		return err
	}
	if err := r.loadSteps(ctx, chosen); err != nil || !hasModels(chosen) {
		return err
	}
	return onlySteps{activeRun: r, steps: chosen}.run(ctx)
}

// planWithIndexes plans the steps of a run of these files: their stages, what closes a run, and
// last further stages. It builds the indexes that are missing, unless no model was built yet.
func (r *activeRun) planWithIndexes(
	ctx context.Context, built bool, chosen []Step, stages, last []string,
) error {
	if !built { // the tables may not be there, which the loads tell
		absent, err := r.absentIndexes(ctx)
		if err != nil {
			return err
		}
		if !hasModels(chosen) {
			r.planSteps(chosen)
			return nil
		}
		r.planSteps(chosen, slices.Concat(stages, closing(len(absent) > 0), last)...)
		return nil
	}
	missing, err := r.missingIndexes(ctx)
	if err != nil {
		return err
	}
	switch {
	case hasModels(chosen):
		r.planSteps(chosen, slices.Concat(stages, closing(missing.any()), last)...)
	case len(missing.buildable) > 0:
		r.planSteps(chosen, stageIndex)
	default:
		r.planSteps(chosen)
	}
	return r.buildIndexes(ctx, missing)
}

// loadSteps loads what is new of the loads among the steps.
func (r *activeRun) loadSteps(ctx context.Context, steps []Step) error {
	for _, step := range steps {
		if !step.Load || r.NoLoad {
			continue
		}
		loaded, err := r.load(ctx, step)
		r.result.Loads = append(r.result.Loads, loaded)
		if err != nil {
			return err
		}
	}
	return nil
}

// hasModels tells whether there is a model among the steps.
func hasModels(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return !s.Load })
}
