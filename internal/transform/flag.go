package transform

import (
	"context"
	"fmt"

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

// flag marks as processed what the run's snapshot holds, and stages what has arrived.
func (r *activeRun) flag(ctx context.Context, w *work, arrivals *load.Arrivals) (int64, error) {
	var flagged int64
	for _, table := range w.staged {
		if w.unprocessed[table.Name] == 0 {
			continue
		}
		rows, err := arrivals.Stage(ctx, table, true)
		if err != nil {
			return flagged, err
		}
		if flagged += rows; w.unprocessed[table.Name] == rows {
			continue
		}
		tag, err := w.tx.Exec(ctx, catalogue.FlagProcessed(table))
		if err != nil {
			return flagged, fmt.Errorf("flag %s: %w", table.Name, err)
		}
		flagged += tag.RowsAffected()
	}
	return flagged, nil
}
