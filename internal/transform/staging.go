package transform

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/table"
)

// keepStaged is how many of the selected rows, and of the refused records, are shown.
const keepStaged = 20

// Staged shows what a selection means in one table.
type Staged struct {
	Table   catalogue.Name // the name of the staging table
	Rows    int64
	Sample  table.Table // the first of the rows
	Rejects int64       // refused records that hold the values
	Refused table.Table // the first of them: object, line, reason, raw
}

// PreviewDelete returns what Delete would delete. A selection that does not fit is a
// *SelectionError.
func (r *Runner) PreviewDelete(ctx context.Context, s Selection) ([]Staged, error) {
	all, err := r.resolve(ctx, r.Pool, s)
	if err != nil {
		return nil, err
	}
	var out []Staged
	for _, c := range all {
		staged := Staged{Table: c.table.Name}
		if err := r.sampleRows(ctx, c, &staged); err != nil {
			return nil, err
		}
		refused, err := c.refusedOf(ctx, r.Pool)
		if err != nil {
			return nil, err
		}
		staged.Rejects = int64(len(refused))
		staged.Refused.Columns = table.Columns("object", "line", "reason", "raw")
		staged.Refused.Columns[1].Kind = table.KindLabel
		for _, record := range refused[:min(keepStaged, len(refused))] {
			staged.Refused.Rows = append(staged.Refused.Rows, []any{record.url, record.line, record.reason, record.raw})
		}
		out = append(out, staged)
	}
	return out, nil
}

// sampleRows counts the chosen rows of a table, and reads the first ones.
func (r *Runner) sampleRows(ctx context.Context, c *chosen, staged *Staged) error {
	where, values := c.condition(r.Engine, "staged")
	var names []string
	args := map[string]any{}
	for i, value := range values {
		name := "value" + strconv.Itoa(i+1)
		names, args[name] = append(names, name), value
	}
	columns := slices.DeleteFunc(
		slices.Clone(c.table.Columns),
		func(name catalogue.Name) bool { return name == flagColumn },
	)
	if where == "" {
		for _, name := range columns {
			staged.Sample.Columns = append(
				staged.Sample.Columns,
				table.Column{Name: string(name), Kind: table.KindLabel},
			)
		}
		return nil
	}
	text := catalogue.SelectWhere(c.table, columns, where, c.sortable(), keepStaged)
	sample, err := query.Text("rows of "+string(c.table.Name), text, names...).Run(ctx, r.Pool, args, 0)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.table.Name, err)
	}
	staged.Sample = sample.Table
	for i := range staged.Sample.Columns {
		staged.Sample.Columns[i].Kind = table.KindLabel
	}
	if staged.Rows = sample.Count; sample.Count < keepStaged {
		return nil
	}
	if err := r.Pool.QueryRow(ctx, catalogue.CountWhere(c.table, where), values...).Scan(&staged.Rows); err != nil {
		return fmt.Errorf("count rows of %s: %w", c.table.Name, err)
	}
	return nil
}

// StagingTables are the tables that the steps load, in their order.
func StagingTables(steps []Step) []string { return loaded(steps) }
