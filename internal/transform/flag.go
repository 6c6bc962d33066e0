package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/load"
)

// checkFlags is CheckFlags over the tables of the warehouse.
func (r *Runner) checkFlags(ctx context.Context, q catalogue.Querier) error {
	name, err := r.currentSchema(ctx, q)
	if err != nil {
		return err
	}
	tables, err := catalogue.ReadSchema(ctx, q, r.Engine, name)
	if err != nil {
		return err
	}
	return CheckFlags(r.Steps, tables)
}

// flag marks as processed what the run's snapshot holds, in each staging table whose every
// transform ran, and stages what has arrived.
func (r *Runner) flag(ctx context.Context, tx pgx.Tx, w *work, a *load.Arrivals, ran []Step) (int64, error) {
	var flagged int64
	for _, table := range w.staged {
		if w.unprocessed[table.Name] == 0 {
			continue
		}
		complete := true
		for _, step := range r.Steps {
			if step.Model != nil && slices.Contains(step.Reads, table.Name) && !slices.ContainsFunc(
				ran, func(s Step) bool { return s.Name == step.Name },
			) {
				complete = false
			}
		}
		rows, err := a.Stage(ctx, table, complete)
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
