package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
)

// flag marks as processed what the run's snapshot holds, in each staging table whose every
// transform ran, and stages what has arrived.
func (r *Runner) flag(ctx context.Context, tx pgx.Tx, w *work, a *arrivals, ran []Step) (int64, error) {
	var flagged int64
	for _, table := range w.staged {
		if w.unprocessed[table.Name] == 0 {
			continue
		}
		complete := true
		for _, step := range r.Steps {
			if step.Model != nil && slices.Contains(step.Reads, table.Name) && !slices.ContainsFunc(ran, func(s Step) bool { return s.Name == step.Name }) {
				complete = false
			}
		}
		rows, err := a.settle(ctx, table, complete)
		if err != nil {
			return flagged, err
		}
		if !complete {
			continue
		}
		if flagged += rows; w.unprocessed[table.Name] == rows {
			continue
		}
		tag, err := tx.Exec(ctx, catalogue.FlagProcessed(table))
		if err != nil {
			return flagged, fmt.Errorf("flag %s: %w", table.Name, err)
		}
		flagged += tag.RowsAffected()
	}
	return flagged, nil
}
