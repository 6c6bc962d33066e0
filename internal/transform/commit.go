package transform

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
)

// commit runs the one transaction of a mode, and what follows it. failpoint is the name of the
// moment behind the commit.
func (r *activeRun) commit(ctx context.Context, failpoint string, transact func(tx pgx.Tx) error) error {
	mark := r.entry.Mark()
	err := r.write(ctx, func(tx pgx.Tx) error {
		// A retry begins from nothing.
		r.result.Transforms, r.result.Checks, r.result.Differences, r.result.Flagged = nil, nil, nil, 0
		r.publishing = nil
		r.entry.Forget(mark)
		return transact(tx)
	})
	if err != nil {
		r.entry.RolledBack(mark)
		return err
	}
	r.Failpoint(failpoint)
	return r.settle(ctx)
}

// settle is what follows the commit of a run: statistics and indexes. A run that ends before leaves
// it to the next.
func (r *activeRun) settle(ctx context.Context) error {
	if err := r.analyzeWritten(ctx); err != nil {
		return err
	}
	missing, err := r.missingIndexes(ctx)
	if err != nil {
		return err
	}
	apart := r.numbering.Open(stageIndex)
	if apart {
		r.publishing.end("")
	}
	if err := r.buildIndexes(ctx, missing); err != nil {
		return err
	}
	if !apart {
		r.publishing.end("")
	}
	r.numbering.Skip("no index to build", stageIndex)
	return nil
}

// analyzeWritten refreshes the statistics of what a run wrote much of. The flags count: the indexes
// that an increment follows cover processed rows only, and as long as the planner takes those for
// few, it reads everything instead.
func (r *activeRun) analyzeWritten(ctx context.Context) error {
	written := map[catalogue.Name]int64{}
	if r.result.Flagged > 0 {
		maps.Copy(written, r.result.waiting)
	}
	for _, step := range r.result.Transforms {
		written[step.Table] += step.RowsOut
	}
	for _, name := range r.result.analyzed {
		delete(written, name)
	}
	return r.analyzeAfter(ctx, written)
}
