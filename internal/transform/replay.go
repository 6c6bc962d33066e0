package transform

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Replay rebuilds d_ and f_ from staging alone and applies the difference.
func (r *Runner) Replay(ctx context.Context, command string) (Result, error) {
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal.Run, result *Result) error {
		return r.replay(ctx, conn, j, result)
	})
}

// Compare rebuilds d_ and f_ from staging in a scratch schema and returns how the live tables
// differ. It writes nothing that lasts, and neither takes nor waits for the lock.
func (r *Runner) Compare(ctx context.Context) (Result, error) {
	started := time.Now()
	r.numbering.Begin()
	r.planSteps(r.modelSteps(), stageCompare)
	conn, release, err := r.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer release()
	tx, err := r.beginSnapshot(ctx, conn, pgx.TxOptions{})
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	w, err := r.openWork(ctx, tx, r.Scratch+comparisonSuffix)
	if err != nil {
		return Result{}, err
	}
	result := Result{Replayed: true}
	if err := r.rebuild(ctx, w, nil, w.graph.Models, &result); err != nil {
		return result, err
	}
	result.Duration, result.Steps = time.Since(started), r.numbering.Taken()
	return result, nil
}

// replay is one transaction: the lock is held from before its snapshot to its commit, so that the
// flags it sets are of rows that the rebuilt star holds. What readers could notice, the difference,
// is written at its end.
func (r *Runner) replay(ctx context.Context, conn *pgx.Conn, j *journal.Run, result *Result) error {
	r.planSteps(r.modelSteps(), append([]string{stageCompare, stageApply, stageCheck}, r.closing(false, false)...)...)
	return r.replayAfter(ctx, conn, j, result, func(pgx.Tx) error { return nil }, Staleness{})
}

// replayAfter is replay with something done first in the same transaction. Of a stale warehouse it
// builds the stale models; the others are brought up to date with what is new.
func (r *Runner) replayAfter(
	ctx context.Context, conn *pgx.Conn, j *journal.Run, result *Result, first func(tx pgx.Tx) error,
	staleness Staleness,
) error {
	mark := j.Mark()
	err := r.write(ctx, conn, j, func(tx pgx.Tx) error {
		result.Transforms, result.Checks, result.Differences, result.Flagged = nil, nil, nil, 0
		j.Forget(mark)
		result.publishing = nil

		if err := first(tx); err != nil {
			return err
		}
		w, err := r.openWork(ctx, tx, r.Scratch+scratchSuffix)
		if err != nil {
			return err
		}
		result.Replayed, result.everything, result.waiting = true, true, w.unprocessed
		chosen := w.graph.Models
		if staleness.Stale() && !w.first {
			chosen = staleness.Models(w.graph)
		}
		if err := r.incrementOthers(ctx, w, j, chosen, result); err != nil {
			return err
		}
		if err := r.rebuild(ctx, w, j, chosen, result); err != nil {
			return err
		}
		r.Failpoint("replay.built")
		applying := r.beginStage(j, stageApply)
		if err := w.handover.Apply(ctx, result.Differences); err != nil {
			return err
		}
		if result.Flagged, err = r.flag(ctx, tx, w, nil, r.Steps); err != nil {
			return err
		}
		if err := w.leave(ctx); err != nil {
			return err
		}
		r.Failpoint("replay.flagged")
		applying.end(differencesText(result.Differences))
		checking := r.beginStage(j, stageCheck)
		if result.Checks, err = r.newGate(w, r.Steps).Everything(ctx); err != nil {
			return err
		}
		if err := j.Judge(result.Checks); err != nil {
			return err
		}
		result.publishing = r.publishAfter(checking, 0, checksText(result.Checks))
		if err := r.remember(ctx, tx, j, w.built); err != nil {
			return err
		}
		if err := dwhdb.New(tx).ForgetStaleMarks(ctx); err != nil {
			return fmt.Errorf("forget stale marks: %w", err)
		}
		r.Failpoint("replay.checked")
		return nil
	})
	if err != nil {
		j.RolledBack(mark)
		return err
	}
	r.Failpoint("replay.committed")
	return r.settle(ctx, conn, j, result)
}

// incrementOthers brings the models up to date that a partial replay does not build.
func (r *Runner) incrementOthers(
	ctx context.Context, w *work, j *journal.Run, chosen []*model.Model, result *Result,
) error {
	others := slices.DeleteFunc(
		slices.Clone(w.graph.Models),
		func(m *model.Model) bool { return slices.Contains(chosen, m) || !m.Stored },
	)
	if len(others) == 0 || total(w.unprocessed) == 0 {
		return nil
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	r.beginModels(w, nil, nil)
	return r.incrementModels(ctx, w, j, others, result)
}

// note writes the models that were built into the journal, with how they differ from what was
// stored. from is the place of the first among the result's transforms.
func (r *Runner) note(j *journal.Run, result *Result, from int) {
	for i := from; i < len(result.Transforms); i++ {
		stepResult := result.Transforms[i]
		step := r.Steps[slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == stepResult.Step })]
		note := ""
		if len(result.Differences) == 0 && !result.Replayed && !stepResult.Helper {
			// A first run fills empty tables, and compares nothing.
			result.Transforms[i].Change = model.Change{Added: stepResult.RowsOut}
			note = Summary(result.Transforms[i].Change)
		}
		for _, change := range result.Differences {
			if change.Table != stepResult.Table {
				continue
			}
			result.Transforms[i].Change = model.Change{
				Added: change.Added, Changed: change.Changed, Removed: change.Removed,
			}
			if note = Summary(result.Transforms[i].Change); result.Replayed {
				note = "replay: " + cmp.Or(note, "nothing differs")
			}
		}
		j.Step(journal.Step{
			Name: stepResult.Step, Started: stepResult.ended.Add(-stepResult.Duration), Ended: stepResult.ended,
			RowsIn: stepResult.RowsIn, RowsOut: stepResult.RowsOut, Fingerprint: step.Fingerprint, Note: note,
		})
	}
}

// rebuild builds models from all that is staged, in a scratch schema of its own, and compares. j is
// nil where nothing is written.
func (r *Runner) rebuild(
	ctx context.Context, w *work, j *journal.Run, chosen []*model.Model, result *Result,
) (err error) {
	ctx, span := telemetry.Begin(ctx, "rebuild")
	defer func() { span.End(err) }()
	if err := w.enter(ctx); err != nil {
		return err
	}
	for _, table := range w.staged {
		var count int64
		if err := w.tx.QueryRow(ctx, catalogue.CountRows(table)).Scan(&count); err != nil {
			return fmt.Errorf("count %s: %w", table.Name, err)
		}
		w.unprocessed[table.Name] = count
	}
	if err := r.preferParallel(ctx, w, total(w.unprocessed)); err != nil {
		return err
	}
	r.beginModels(w, nil, nil)
	from := len(result.Transforms)
	if err := r.buildAll(ctx, w, chosen, result); err != nil {
		return err
	}
	return r.compare(ctx, w, j, result, from)
}

// buildAll builds models in the scratch schema.
func (r *Runner) buildAll(ctx context.Context, w *work, chosen []*model.Model, result *Result) error {
	if err := r.comparable(w, chosen); err != nil {
		return err
	}
	err := w.run.Build(ctx, chosen, func(m *model.Model, built *model.Table) error {
		step, err := r.stepOf(m)
		if err != nil {
			return err
		}
		stepResult := StepResult{
			Step: step.Name, Table: step.Table, Helper: !m.Stored, RowsIn: w.rowsIn(m),
			RowsOut: built.Rows, Duration: time.Since(w.idle), ended: time.Now(),
		}
		w.idle = stepResult.ended
		result.Transforms = append(result.Transforms, stepResult)
		for _, name := range stores(m) {
			if table := w.run.BuiltTable(string(name)); table != nil {
				w.handover.Add(givenColumns(w.tables[name], m), table.Rows)
			}
		}
		r.Observer(
			progress.Event{
				Kind: progress.StepDone, Step: step.Name, Rows: stepResult.RowsOut, RowsIn: stepResult.RowsIn,
				Duration: stepResult.Duration,
			},
		)
		r.Failpoint("transform.ran." + step.Name)
		return nil
	})
	if err == nil {
		r.skipModels(w.graph.Models)
	}
	return err
}

// comparable refuses models whose tables do not exist, or cannot be compared with what is built.
func (r *Runner) comparable(w *work, chosen []*model.Model) error {
	for _, m := range chosen {
		step, err := r.stepOf(m)
		if err != nil {
			return err
		}
		for _, name := range stores(m) {
			live, ok := w.tables[name]
			if !ok {
				return step.File.ErrorAt(
					1, 1, fmt.Sprintf("table %s does not exist", name),
					`create it in a migration and run "dwh migrate up"`, nil,
				)
			}
			if columns, _ := publish.ComparedBy(live); len(columns) == 0 {
				return errIncomparable(step.File, name)
			}
		}
	}
	return nil
}

// givenColumns is a table with just the columns that the model gives. A column that the SELECT
// leaves out has a default, and is none of the model's.
func givenColumns(live catalogue.Table, m *model.Model) catalogue.Table {
	if m.Kind == model.Script {
		return live
	}
	given := m.Live()
	live.Columns = slices.DeleteFunc(
		slices.Clone(live.Columns),
		func(c catalogue.Name) bool { return !slices.Contains(given, string(c)) },
	)
	return live
}

// errIncomparable says that a table has no column by which a replay can compare it.
func errIncomparable(file *sqlfile.File, name catalogue.Name) error {
	return file.ErrorAt(1, 1, fmt.Sprintf(
		"table %s has neither a PRIMARY KEY nor a NOT NULL column, and replay compares by one",
		name,
	),
		"declare one in a migration", nil)
}

// compare compares what was built with the live tables, and writes both into the journal, if there
// is one. from is the place of the first built model among the result's transforms.
func (r *Runner) compare(ctx context.Context, w *work, j *journal.Run, result *Result, from int) (err error) {
	comparing := r.beginStage(j, stageCompare)
	if result.Differences, err = w.handover.Compare(ctx); err != nil {
		return err
	}
	if j != nil {
		r.note(j, result, from)
	}
	comparing.end(differencesText(result.Differences))
	return nil
}
