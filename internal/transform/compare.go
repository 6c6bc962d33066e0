package transform

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Compare rebuilds d_ and f_ from staging in a scratch schema and returns how the live tables
// differ, with examples. It writes nothing that lasts, and neither takes nor waits for the lock.
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
	run := &activeRun{Runner: r, conn: conn, result: &result}
	if err := run.rebuild(ctx, w, w.graph.Models); err != nil {
		return result, err
	}
	for _, d := range result.Differences {
		if !d.Some() {
			continue
		}
		examples, err := w.handover.Examples(ctx, d)
		if err != nil {
			return result, err
		}
		result.Examples = append(result.Examples, examples...)
	}
	result.Duration, result.Steps = time.Since(started), r.numbering.Taken()
	return result, nil
}
