package transform

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/gate"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// CheckAfter runs the checks over everything, as Check does, behind a run: what the run itself has
// checked over everything, as a first one and a replay do before they commit, is not checked again.
// It is the run's last step, and adds its time to the run's.
func (r *Runner) CheckAfter(ctx context.Context, ran *Result) ([]check.Result, error) {
	known := map[string]check.Result{}
	if ran.everything {
		for _, result := range slices.Concat(ran.Checks, ran.warnings) {
			known[result.Check.Name] = result
		}
	}
	var names []string
	for _, c := range r.Checks {
		if _, ok := known[c.Name]; !ok {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		r.numbering.Skip("the gate has checked everything", stageFullCheck)
	} else {
		checking := r.newStage(nil, stageFullCheck)
		rest, err := r.check(ctx, ran.Run, ran.noted+1, names)
		if err != nil {
			return nil, err
		}
		checking.end(checksText(rest))
		ran.Duration, ran.Steps = ran.Duration+time.Since(checking.started), r.numbering.Taken()
		for _, result := range rest {
			known[result.Check.Name] = result
		}
	}
	results := make([]check.Result, 0, len(r.Checks))
	for _, c := range r.Checks {
		results = append(results, known[c.Name])
	}
	return results, nil
}

// Check runs the named checks, or all, over everything, in one read-only snapshot, and keeps their
// results in the journal under the run, a new id when it is "".
func (r *Runner) Check(ctx context.Context, run string, names []string) (results []check.Result, err error) {
	return r.check(ctx, run, 0, names)
}

// check is Check as a step of a run at a position in the journal; 0: as no step.
func (r *Runner) check(
	ctx context.Context, run string, position int, names []string,
) (results []check.Result, err error) {
	started := time.Now()
	ctx, span := telemetry.Begin(ctx, "check")
	defer func() { span.End(err, gate.Attributes(results)...) }()
	chosen, err := check.Select(r.Checks, names)
	if err != nil {
		return nil, err
	}
	tx, err := r.beginSnapshot(ctx, r.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if r.Engine == sqlfile.Postgres {
		if err := catalogue.Exec(ctx, tx, parallelCosts); err != nil {
			return nil, fmt.Errorf("set planner costs: %w", err)
		}
	}
	checker := gate.Checker{Tx: tx, Engine: r.Engine, Settings: r.Settings}
	if results, err = checker.Run(ctx, chosen); err != nil {
		return results, err
	}
	if err := tx.Rollback(ctx); err != nil {
		return results, fmt.Errorf("end reading: %w", err)
	}
	ofRun := run != ""
	if !ofRun {
		run = journal.NewID(time.Now())
	}
	step := journal.Step{Name: stageFullCheck, Started: started, Uncounted: true, Note: checksText(results)}
	if position > 0 {
		err = r.journal.Extend(ctx, run, position, step, results)
	} else {
		err = r.journal.WriteChecks(ctx, run, results)
	}
	if err != nil {
		if ofRun && ctx.Err() == nil { // as in journaled
			r.Logger.Warn("the journal could not be written", "run", run, "error", err)
			return results, nil
		}
		return results, fmt.Errorf("keep check results: %w", err)
	}
	if failed := check.Failed(results, false); failed != nil && ofRun {
		if err := r.journal.FailChecked(ctx, run, failed); err != nil {
			r.Logger.Warn("the journal could not be written", "run", run, "error", err)
		}
	}
	return results, nil
}
