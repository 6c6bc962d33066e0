package transform

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	udiff "github.com/aymanbagabas/go-udiff"
	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/model"
)

// An Outlook says what the next run would find to do. Making one writes nothing.
type Outlook struct {
	Steps   []StepOutlook // in the order of their numbers
	Reasons []string      // why the tables do not follow from staging; empty: nothing is replayed
}

// A StepOutlook says what the next run would find to do for one step.
type StepOutlook struct {
	Step Step // the step that it is about
	// Change is "", "new", or "changed": a model's text since the tables were built with it.
	Change string
	// Diff is a unified diff of the file, from what the tables were built with to what stands there
	// now; "" where the text is not known.
	Diff string
	// Replayed says that a replay would compute the model.
	Replayed bool
	// Objects and Bytes are those of a load that are not loaded yet. Problem says why they are not
	// known; "" where they are.
	Objects, Bytes int64
	Problem        string
	// Rows is how many new rows would come in; -1 where nothing was loaded before to guess from.
	Rows int64
	// Estimate is how long it would take, by the last runs in the journal; 0 for nothing to do, -1
	// where the journal does not tell.
	Estimate time.Duration
}

// longestText is how many bytes of a file dwh_transform holds.
const longestText = 65535

// keptText is the text of a step's file, for Outlook to compare with; nil of one that is too long.
func keptText(step Step) *string {
	text := step.File.Text()
	if len(text) > longestText {
		return nil
	}
	return &text
}

// Outlook tells what a run of these steps would find to do. They are the runner's steps, or some of
// them. It lists the sources of their loads.
func (r *Runner) Outlook(ctx context.Context, steps []Step) (Outlook, error) {
	var out Outlook
	staleness, err := ReadStaleness(ctx, r.Pool, r.Engine, r.Steps, ReadOnly)
	if err != nil {
		return out, err
	}
	out.Reasons = staleness.Reasons()
	w, err := r.waiting(ctx)
	if err != nil {
		return out, err
	}
	stale := staleness.Models(w.graph)
	db := dwhdb.New(r.Pool)
	built, err := db.TransformTexts(ctx)
	if err != nil {
		return out, fmt.Errorf("read the texts of transforms: %w", err)
	}
	guess, err := newEstimator(ctx, db)
	if err != nil {
		return out, err
	}
	unknown := map[string]bool{} // staging tables into which nobody knows how many rows come
	for _, step := range steps {
		stepOutlook := StepOutlook{Step: step}
		if step.Load {
			if err := r.listNew(ctx, &stepOutlook, guess); err != nil {
				return out, err
			}
			w.unprocessed[step.Table] += max(0, stepOutlook.Rows)
			unknown[string(step.Table)] = stepOutlook.Rows < 0
		} else {
			m := w.graph.Model(step.Model.Name)
			stepOutlook.Replayed = staleness.Stale() && slices.Contains(stale, m)
			stepOutlook.Change, stepOutlook.Diff = changeOf(step, built)
			stepOutlook.Rows = w.rowsIn(m)
			if slices.ContainsFunc(w.graph.Upstream(m), func(m *model.Model) bool {
				return slices.ContainsFunc(m.Follows, func(name string) bool { return unknown[name] })
			}) {
				stepOutlook.Rows = -1
			}
		}
		guess.estimate(&stepOutlook)
		out.Steps = append(out.Steps, stepOutlook)
	}
	return out, nil
}

// changeOf compares a model's file with the one that the tables were built with. change is "" where
// nothing was built yet, or the model says the same.
func changeOf(step Step, built []dwhdb.DwhTransform) (change, diff string) {
	at := slices.IndexFunc(built, func(row dwhdb.DwhTransform) bool { return row.Name == step.Name })
	switch {
	case len(built) == 0:
		return "", ""
	case at < 0:
		return "new", ""
	case built[at].Fingerprint == step.Fingerprint:
		return "", ""
	case built[at].FileText == nil:
		return "changed", ""
	}
	return "changed", udiff.Unified(
		"built in run "+built[at].RunID, step.File.Name(), *built[at].FileText, step.File.Text(),
	)
}

// listNew lists what is new of a load's source.
func (r *Runner) listNew(ctx context.Context, stepOutlook *StepOutlook, guess *estimator) error {
	plan, err := r.loader.Plan(ctx, stepOutlook.Step.file)
	if err != nil || plan.Statement == nil {
		return err
	}
	defer plan.Close()
	for batch, err := range plan.Batches {
		if err != nil {
			stepOutlook.Problem, stepOutlook.Rows = err.Error(), -1
			return ctx.Err()
		}
		stepOutlook.Objects += int64(len(batch))
	}
	stepOutlook.Bytes = plan.Bytes()
	stepOutlook.Rows = guess.rows(string(stepOutlook.Step.Table), stepOutlook.Objects, stepOutlook.Bytes)
	return nil
}

// waiting reads the graph of the models, and counts the rows that are staged and not processed.
func (r *Runner) waiting(ctx context.Context) (*work, error) {
	tx, err := r.beginSnapshot(ctx, r.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return r.openWork(ctx, tx, r.Scratch+scratchSuffix)
}

// An estimator tells from the journal how long steps take.
type estimator struct {
	times map[string][]stepTime // by step, the newest first
	sizes map[string]dwhdb.LoadedSizesRow
}

// A stepTime is how many rows came into a step, and how long it took.
type stepTime struct {
	rows int64
	took time.Duration
}

func newEstimator(ctx context.Context, db *dwhdb.Queries) (*estimator, error) {
	e := &estimator{times: map[string][]stepTime{}, sizes: map[string]dwhdb.LoadedSizesRow{}}
	times, err := db.StepTimes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	for _, row := range times {
		rows := row.RowsIn
		if rows == nil || *rows == 0 {
			rows = row.RowsOut // of a load
		}
		if rows != nil && row.EndedAt != nil {
			e.times[row.Step] = append(e.times[row.Step], stepTime{*rows, row.EndedAt.Sub(row.StartedAt)})
		}
	}
	sizes, err := db.LoadedSizes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	for _, row := range sizes {
		e.sizes[row.TableName] = row
	}
	return e, nil
}

// rows guesses how many rows so many bytes hold; -1 where nothing was loaded before.
func (e *estimator) rows(table string, objects, bytes int64) int64 {
	size, ok := e.sizes[table]
	switch {
	case objects == 0:
		return 0
	case !ok || size.Bytes == 0:
		return -1
	}
	return max(1, int64(math.Round(float64(bytes)*float64(size.Rows)/float64(size.Bytes))))
}

// estimate guesses how long a step takes: as long as the run took whose number of rows was nearest,
// and in proportion where there are more rows than ever. A replay takes as long as the largest run.
func (e *estimator) estimate(stepOutlook *StepOutlook) {
	known := e.times[stepOutlook.Step.Name]
	switch {
	case stepOutlook.Rows == 0 && !stepOutlook.Replayed:
		return
	case len(known) == 0 || stepOutlook.Rows < 0 && !stepOutlook.Replayed:
		stepOutlook.Estimate = -1
		return
	}
	nearest := slices.MinFunc(known, func(a, b stepTime) int {
		if stepOutlook.Replayed {
			return cmp.Compare(b.rows, a.rows) // the largest
		}
		return cmp.Compare(
			max(a.rows-stepOutlook.Rows, stepOutlook.Rows-a.rows),
			max(b.rows-stepOutlook.Rows, stepOutlook.Rows-b.rows),
		)
	})
	stepOutlook.Estimate = nearest.took
	if nearest.rows > 0 && stepOutlook.Rows > nearest.rows {
		stepOutlook.Estimate = time.Duration(float64(nearest.took) * float64(stepOutlook.Rows) / float64(nearest.rows))
	}
}
