package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// beginModels begins the run of the models. arrivals are rows beside staging, erase are rows to
// erase.
func (w *work) beginModels(arrivals *load.Arrivals, erase map[string][]model.Erasure) {
	staged := map[string]model.Staged{}
	for _, table := range w.staged {
		s := model.Staged{Unprocessed: w.unprocessed[table.Name], Erase: erase[string(table.Name)]}
		if rows := arrivals.Rows(table.Name); rows > 0 {
			s.Arrived = &model.Table{SQL: arrivals.Beside(table).SQL(), Rows: rows}
			s.Unprocessed -= rows // countArrivals has added them
		}
		if w.handover.HasCopy(table.Name) {
			s.At = w.handover.At(table).SQL()
			s.Trimmed = load.Trimmed(w.loads, table.Name)
		}
		staged[string(table.Name)] = s
	}
	w.run = model.NewRun(model.Options{
		Graph: w.graph, Session: &modelSession{engine: w.Engine, w: w}, Vars: w.Vars,
		Scratch: string(w.schema), Live: string(w.live), Staged: staged, Large: w.ParallelRows,
		Begin: w.beginModel,
	})
}

// beginModel tells that a model is computed. end tells how it went.
func (w *work) beginModel(ctx context.Context, m *model.Model) (_ context.Context, end func(error)) {
	rows := w.rowsIn(m)
	w.Observer(progress.Event{Kind: progress.StepStarted, Step: m.Step, RowsIn: rows})
	ctx, span := telemetry.Begin(ctx, "transform "+m.Step, telemetry.Step(m.Step))
	return ctx, func(err error) {
		change := w.run.Changes[m.Name]
		written := change.Added + change.Changed + change.Healed
		if built := w.run.BuiltTable(m.Name); built != nil {
			written = built.Rows
		}
		span.End(err, telemetry.RowsIn(rows), telemetry.Rows(written))
	}
}

// errNoStep says that a model belongs to no step, which cannot be.
var errNoStep = errors.New("the model belongs to no step")

// stepOf is the step of a model.
func (r *Runner) stepOf(m *model.Model) (Step, error) {
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == m.Step })
	if i < 0 {
		return Step{}, fmt.Errorf("%s: %w", m.Step, errNoStep)
	}
	return r.Steps[i], nil
}

// incrementModels brings the tables of models up to date, with the helpers that they read.
func (r *activeRun) incrementModels(ctx context.Context, w *work, chosen []*model.Model) error {
	chosen = withHelpers(w.graph, chosen)
	return w.run.Increment(ctx, chosen, func(m *model.Model, change model.Change) error {
		step, err := r.stepOf(m)
		if err != nil {
			return err
		}
		did := StepResult{
			Step: step.Name, Table: step.Table, Helper: !m.Stored, Change: change,
			RowsOut: change.Added + change.Changed + change.Healed, Duration: time.Since(w.idle),
		}
		w.idle = time.Now()
		if !w.run.Computed(m) && m.Kind != model.Script && !m.Stored {
			return nil
		}
		did.RowsIn = w.rowsIn(m)
		if !m.Stored {
			did.RowsOut = w.run.Rows(m)
		}
		r.entry.Step(journal.Step{
			Name: step.Name, Started: time.Now().Add(-did.Duration), Fingerprint: step.Fingerprint,
			RowsIn: did.RowsIn, RowsOut: did.RowsOut, Note: Summary(change),
		})
		r.tellModel(did)
		return nil
	})
}

// buildAll builds models in the scratch schema.
func (r *activeRun) buildAll(ctx context.Context, w *work, chosen []*model.Model) error {
	if err := w.requireComparable(chosen); err != nil {
		return err
	}
	err := w.run.Build(ctx, chosen, func(m *model.Model, built *model.Table) error {
		step, err := r.stepOf(m)
		if err != nil {
			return err
		}
		did := StepResult{
			Step: step.Name, Table: step.Table, Helper: !m.Stored, RowsIn: w.rowsIn(m),
			RowsOut: built.Rows, Duration: time.Since(w.idle), ended: time.Now(),
		}
		w.idle = did.ended
		for _, name := range stores(m) {
			if table := w.run.BuiltTable(string(name)); table != nil {
				w.handover.Add(givenColumns(w.tables[name], m), table.Rows)
			}
		}
		r.tellModel(did)
		return nil
	})
	if err == nil {
		r.skipModels(w.graph.Models)
	}
	return err
}

// tellModel tells of a model that was computed.
func (r *activeRun) tellModel(did StepResult) {
	r.result.Transforms = append(r.result.Transforms, did)
	r.Observer(progress.Event{
		Kind: progress.StepDone, Step: did.Step, Rows: did.RowsOut, RowsIn: did.RowsIn,
		Duration: did.Duration, Text: Summary(did.Change),
	})
	r.Failpoint("transform.ran." + did.Step)
}

// buildAndApply builds models where nothing was built before, and applies the difference.
func (r *activeRun) buildAndApply(ctx context.Context, w *work, chosen []*model.Model) error {
	if err := r.buildAll(ctx, w, chosen); err != nil {
		return err
	}
	if err := r.compare(ctx, w, 0); err != nil {
		return err
	}
	applying := r.beginStage(stageApply)
	if err := w.handover.Apply(ctx, r.result.Differences); err != nil {
		return err
	}
	r.Failpoint("transform.built")
	if err := w.handover.Drop(ctx); err != nil { // the checks look at what readers see
		return err
	}
	applying.end(differencesText(r.result.Differences))
	return nil
}

// compare compares what was built with the live tables, and writes both into the journal, if there
// is one. from is the place of the first built model among the result's transforms.
func (r *activeRun) compare(ctx context.Context, w *work, from int) (err error) {
	comparing := r.beginStage(stageCompare)
	if r.result.Differences, err = w.handover.Compare(ctx); err != nil {
		return err
	}
	if r.entry != nil {
		r.noteBuilt(from)
	}
	comparing.end(differencesText(r.result.Differences))
	return nil
}

// noteBuilt writes the models that were built into the journal, with how they differ from what was
// stored. from is the place of the first among the result's transforms.
func (r *activeRun) noteBuilt(from int) {
	result := r.result
	for i := from; i < len(result.Transforms); i++ {
		did := &result.Transforms[i]
		step := r.Steps[slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == did.Step })]
		note := ""
		if len(result.Differences) == 0 && !result.Replayed && !did.Helper {
			// A first run fills empty tables, and compares nothing.
			did.Change = model.Change{Added: did.RowsOut}
			note = Summary(did.Change)
		}
		for _, change := range result.Differences {
			if change.Table != did.Table {
				continue
			}
			did.Change = model.Change{Added: change.Added, Changed: change.Changed, Removed: change.Removed}
			if note = Summary(did.Change); result.Replayed {
				note = "replay: " + cmp.Or(note, "nothing differs")
			}
		}
		r.entry.Step(journal.Step{
			Name: did.Step, Started: did.ended.Add(-did.Duration), Ended: did.ended,
			RowsIn: did.RowsIn, RowsOut: did.RowsOut, Fingerprint: step.Fingerprint, Note: note,
		})
	}
}

// requireComparable refuses models whose tables do not exist, or cannot be compared with what is
// built.
func (w *work) requireComparable(chosen []*model.Model) error {
	for _, m := range chosen {
		step, err := w.stepOf(m)
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

// givenColumns is a table with just the columns that the model gives, and which of them are texts.
// A column that the SELECT leaves out has a default, and is none of the model's.
func givenColumns(live catalogue.Table, m *model.Model) catalogue.Table {
	if m.Kind == model.Script {
		return live
	}
	given := m.Live()
	live.Columns = slices.DeleteFunc(
		slices.Clone(live.Columns),
		func(c catalogue.Name) bool { return !slices.Contains(given, string(c)) },
	)
	for _, name := range m.LiveTexts() {
		live.Texts = append(live.Texts, catalogue.Name(name))
	}
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

// withHelpers adds to models the helpers that they read. Stored ones that are not chosen stay as
// they are.
func withHelpers(graph *model.Graph, chosen []*model.Model) []*model.Model {
	isChosen := map[string]bool{}
	for _, m := range chosen {
		isChosen[m.Name] = true
	}
	stays := func(m *model.Model) bool { return m.Stored && !isChosen[m.Name] }
	return slices.DeleteFunc(graph.Upstream(chosen...), stays)
}
