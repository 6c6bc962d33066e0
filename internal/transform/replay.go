package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Replay rebuilds d_ and f_ from staging alone and applies the difference.
func (r *Runner) Replay(ctx context.Context, command string) (Result, error) {
	result, err := r.journaled(ctx, command, func(run *activeRun) error {
		stages := append([]string{stageCompare, stageApply, stageCheck}, closing(false)...)
		run.planSteps(run.modelSteps(), stages...)
		return replay{run}.run(ctx)
	})
	r.nameCause(ctx, err)
	return result, err
}

// replay builds every model again from all that is staged, and writes the difference. It is one
// transaction: the lock is held from before its snapshot to its commit, so that the flags it sets
// are of rows that the rebuilt tables hold. What readers could notice, the difference, is written
// at its end.
type replay struct{ *activeRun }

func (m replay) run(ctx context.Context) error {
	return m.commit(ctx, "replay.committed", func(tx pgx.Tx) error { return m.transact(ctx, tx) })
}

func (m replay) transact(ctx context.Context, tx pgx.Tx) error {
	w, err := m.openReplay(ctx, tx)
	if err != nil {
		return err
	}
	if err := m.rebuild(ctx, w, w.graph.Models); err != nil {
		return err
	}
	return m.applyRebuilt(ctx, w)
}

// partialReplay builds the stale models again. The others are brought up to date with what is new.
type partialReplay struct {
	*activeRun
	staleness Staleness
}

func (m partialReplay) run(ctx context.Context) error {
	return m.commit(ctx, "replay.committed", func(tx pgx.Tx) error { return m.transact(ctx, tx) })
}

func (m partialReplay) transact(ctx context.Context, tx pgx.Tx) error {
	w, err := m.openReplay(ctx, tx)
	if err != nil {
		return err
	}
	stale := m.staleness.Models(w.graph)
	if w.first() {
		stale = w.graph.Models
	}
	if err := m.incrementOthers(ctx, w, stale); err != nil {
		return err
	}
	if err := m.rebuild(ctx, w, stale); err != nil {
		return err
	}
	return m.applyRebuilt(ctx, w)
}

// incrementOthers brings the models up to date that are not stale.
func (m partialReplay) incrementOthers(ctx context.Context, w *work, stale []*model.Model) error {
	others := slices.DeleteFunc(
		slices.Clone(w.graph.Models),
		func(other *model.Model) bool { return slices.Contains(stale, other) || !other.Stored },
	)
	if len(others) == 0 || total(w.unprocessed) == 0 {
		return nil
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	w.beginModels(nil, nil)
	return m.incrementModels(ctx, w, others)
}

// openReplay is open for a replay, whose gate checks everything.
func (r *activeRun) openReplay(ctx context.Context, tx pgx.Tx) (*work, error) {
	w, err := r.open(ctx, tx)
	r.result.Replayed, r.result.everything = true, true
	return w, err
}

// rebuild builds models from all that is staged, in the scratch schema, and compares them with what
// is stored.
func (r *activeRun) rebuild(ctx context.Context, w *work, chosen []*model.Model) (err error) {
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
	if err := w.preferParallel(ctx, total(w.unprocessed)); err != nil {
		return err
	}
	w.beginModels(nil, nil)
	if err := w.compareFirst(ctx); err != nil {
		return err
	}
	from := len(r.result.Transforms)
	if err := r.buildAll(ctx, w, chosen); err != nil {
		return err
	}
	return r.compare(ctx, w, from)
}

// compareFirst has the build of a model compare the rows that it computes with the stored ones,
// before it makes a table of them. Most replays find that nothing differs, and need no table. Rows
// of a stale model are expected to differ: they are not compared first.
func (w *work) compareFirst(ctx context.Context) error {
	if w.Engine != sqlfile.Postgres || w.first() {
		return nil
	}
	staleness, err := ReadStaleness(ctx, w.tx, w.Engine, w.Steps, ReadOnly)
	if err != nil {
		return err
	}
	stale := staleness.Models(w.graph)
	w.run.Holds = func(ctx context.Context, m *model.Model, rows string) (int64, bool, error) {
		if slices.Contains(stale, m) {
			return 0, false, nil
		}
		return w.handover.Holds(ctx, givenColumns(w.tables[catalogue.Name(m.Name)], m), rows)
	}
	return nil
}

// applyRebuilt is the end of a replay: the difference, the flags, and the checks over everything.
func (r *activeRun) applyRebuilt(ctx context.Context, w *work) error {
	r.Failpoint("replay.built")
	applying := r.beginStage(stageApply)
	if err := w.handover.Apply(ctx, r.result.Differences); err != nil {
		return err
	}
	var err error
	if r.result.Flagged, err = r.flag(ctx, w, nil); err != nil {
		return err
	}
	if err := w.leave(ctx); err != nil {
		return err
	}
	r.Failpoint("replay.flagged")
	applying.end(differencesText(r.result.Differences))
	checking := r.beginStage(stageCheck)
	if r.result.Checks, err = w.newGate(r.Steps).Everything(ctx); err != nil {
		return err
	}
	if err := r.entry.Judge(r.result.Checks); err != nil {
		return err
	}
	r.publishing = r.publishAfter(checking, 0, checksText(r.result.Checks))
	if err := r.remember(ctx, w); err != nil {
		return err
	}
	if err := dwhdb.New(w.tx).ForgetStaleMarks(ctx); err != nil {
		return fmt.Errorf("forget stale marks: %w", err)
	}
	r.Failpoint("replay.checked")
	return nil
}
