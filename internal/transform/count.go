package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
)

// CountsAfter is Counts behind a run, which may have counted already.
func (r *Runner) CountsAfter(ctx context.Context, ran Result) ([]TableCount, error) {
	if ran.counts != nil {
		return ran.counts, nil
	}
	return r.Counts(ctx)
}

// Counts counts the rows of every table that the steps write, in their order.
func (r *Runner) Counts(ctx context.Context) ([]TableCount, error) {
	schema, err := catalogue.CurrentSchema(ctx, r.Pool)
	if err != nil {
		return nil, err
	}
	none := func(catalogue.Name) (int64, bool) { return 0, false }
	return r.count(
		ctx, r.Pool, none,
		func(name catalogue.Name) catalogue.Table { return catalogue.Table{Schema: schema, Name: name} },
	)
}

// count counts the rows of the tables that the steps write, where they stand, but for those of
// which they are known.
func (r *Runner) count(
	ctx context.Context, q catalogue.Querier, known func(catalogue.Name) (int64, bool),
	at func(name catalogue.Name) catalogue.Table,
) ([]TableCount, error) {
	var out []TableCount
	for _, step := range r.Steps {
		for _, name := range step.Writes {
			if slices.ContainsFunc(out, func(c TableCount) bool { return c.Table == name }) {
				continue
			}
			counted, ok := known(name)
			if !ok {
				rows, err := q.Query(ctx, catalogue.CountRows(at(name)))
				if err != nil {
					return nil, fmt.Errorf("count %s: %w", name, err)
				}
				if counted, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
					return nil, fmt.Errorf("count %s: %w", name, err)
				}
			}
			out = append(out, TableCount{Table: name, Rows: counted})
		}
	}
	return out, nil
}

// hasRows tells whether a table has a row.
func hasRows(ctx context.Context, q catalogue.Querier, table catalogue.Table) (bool, error) {
	rows, err := q.Query(ctx, catalogue.HasRows(table))
	if err != nil {
		return false, fmt.Errorf("look for rows of %s: %w", table.Name, err)
	}
	filled, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("look for rows of %s: %w", table.Name, err)
	}
	return filled, nil
}
