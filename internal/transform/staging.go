package transform

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/table"
)

// keepStaged is how many of the selected rows, and of the refused records, are shown.
const keepStaged = 20

// Staged shows what a selection means in one table.
type Staged struct {
	Table   catalogue.Name
	Rows    int64
	Sample  table.Table // the first rows
	Rejects int64       // refused records that hold the values
	Refused table.Table // the first of them: object, line, reason, raw
}

// Look returns what Delete would delete. A selection that does not fit is a *SelectionError.
func (r *Runner) Look(ctx context.Context, s Selection) ([]Staged, error) {
	all, err := r.resolve(ctx, r.Pool, s)
	if err != nil {
		return nil, err
	}
	var out []Staged
	for _, c := range all {
		staged := Staged{Table: c.table.Name}
		if err := r.lookAtRows(ctx, c, &staged); err != nil {
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

// lookAtRows counts the chosen rows of a table, and reads the first ones.
func (r *Runner) lookAtRows(ctx context.Context, c *chosen, staged *Staged) error {
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

// A Dropped table is one that Drop empties.
type Dropped struct {
	Table catalogue.Name
	Rows  int64
	// Models are the steps that follow from the table, directly or not, in order.
	Models []string
}

// LookDrop returns what Drop would delete, and what is computed again without it. A table that is
// no staging table is a *SelectionError.
func (r *Runner) LookDrop(ctx context.Context, tables []catalogue.Name) ([]Dropped, error) {
	live, err := r.currentSchema(ctx, r.Pool)
	if err != nil {
		return nil, err
	}
	var out []Dropped
	for _, name := range tables {
		dropped := Dropped{Table: name, Models: Followers(r.Steps, name)}
		counted := catalogue.CountRows(catalogue.Table{Schema: live, Name: name})
		if err := r.Pool.QueryRow(ctx, counted).Scan(&dropped.Rows); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		out = append(out, dropped)
	}
	return out, nil
}

// Followers are the names of the steps that follow from a table, directly or not, in order.
func Followers(steps []Step, name catalogue.Name) []string {
	reached := map[catalogue.Name]bool{name: true}
	var out []string
	for _, step := range steps {
		if step.Load || !slices.ContainsFunc(step.Reads, func(n catalogue.Name) bool { return reached[n] }) {
			continue
		}
		reached[step.Table] = true
		for _, written := range step.Writes {
			reached[written] = true
		}
		out = append(out, step.Name)
	}
	return out
}

// StagingTables are the tables that the steps load, in their order.
func StagingTables(steps []Step) []string { return loaded(steps) }

// Drop deletes every staged row of the tables, with their ledger and rejects, so that the next load
// begins from nothing, and replays the models from what is left.
func (r *Runner) Drop(ctx context.Context, command string, tables []catalogue.Name) (Result, error) {
	live, err := r.currentSchema(ctx, r.Pool)
	if err != nil {
		return Result{}, err
	}
	return r.journaled(ctx, command, func(run *activeRun) error {
		return run.commit(ctx, "replay.committed", func(tx pgx.Tx) error {
			for _, name := range tables {
				if err := empty(ctx, tx, catalogue.Table{Schema: live, Name: name}); err != nil {
					return err
				}
			}
			return replay{run}.transact(ctx, tx)
		})
	})
}

// empty deletes the rows of a staging table, with their ledger and rejects.
func empty(ctx context.Context, tx pgx.Tx, table catalogue.Table) error {
	if _, err := tx.Exec(ctx, catalogue.DeleteAll(table)); err != nil {
		return fmt.Errorf("delete from %s: %w", table.Name, err)
	}
	db := dwhdb.New(tx)
	if err := db.DeleteObjects(ctx, string(table.Name)); err != nil {
		return fmt.Errorf("delete the ledger of %s: %w", table.Name, err)
	}
	if err := db.DeleteRejects(ctx, string(table.Name)); err != nil {
		return fmt.Errorf("delete the rejects of %s: %w", table.Name, err)
	}
	return nil
}
