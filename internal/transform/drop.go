package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// A Dropped table is one that Drop empties.
type Dropped struct {
	Table catalogue.Name // the name of the staging table
	Rows  int64
	// Erased tells whether Delete erased rows of the table. The next load brings them back.
	Erased bool
	// Models are the steps that follow from the table, directly or not, in order.
	Models []string
}

// PreviewDrop returns what Drop would delete, and what is computed again without it. The tables
// have to be staging tables.
func (r *Runner) PreviewDrop(ctx context.Context, tables []catalogue.Name) ([]Dropped, error) {
	live, err := r.currentSchema(ctx, r.Pool)
	if err != nil {
		return nil, err
	}
	erased, err := r.erasedTables(ctx)
	if err != nil {
		return nil, err
	}
	var out []Dropped
	for _, name := range tables {
		dropped := Dropped{
			Table: name, Models: Followers(r.Steps, name), Erased: slices.Contains(erased, string(name)),
		}
		counted := catalogue.CountRows(catalogue.Table{Schema: live, Name: name})
		if err := r.Pool.QueryRow(ctx, counted).Scan(&dropped.Rows); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		out = append(out, dropped)
	}
	return out, nil
}

// erasedTables are the tables that the journal says rows were erased from.
func (r *Runner) erasedTables(ctx context.Context) ([]string, error) {
	rows, err := r.Pool.Query(ctx, `SELECT DISTINCT step FROM dwh_step WHERE step LIKE 'staging delete %'`)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	var tables []string
	for _, step := range steps {
		tables = append(tables, strings.Split(strings.TrimPrefix(step, erasureStep), ", ")...)
	}
	return tables, nil
}

// Drop deletes every staged row of the tables, with their ledger and rejects, so that the next load
// begins from nothing, and replays the models from what is left.
func (r *Runner) Drop(ctx context.Context, command string, tables []catalogue.Name) (Result, error) {
	live, err := r.currentSchema(ctx, r.Pool)
	if err != nil {
		return Result{}, err
	}
	return r.journaled(ctx, command, func(run *activeRun) error {
		return emptying{run, live, tables}.run(ctx)
	})
}

// emptying empties staging tables, and replays the models from what is left.
type emptying struct {
	*activeRun
	live   catalogue.Name // the schema of the tables
	tables []catalogue.Name
}

func (m emptying) run(ctx context.Context) error {
	return m.commit(ctx, "replay.committed", func(tx pgx.Tx) error { return m.transact(ctx, tx) })
}

func (m emptying) transact(ctx context.Context, tx pgx.Tx) error {
	for _, name := range m.tables {
		if err := empty(ctx, tx, catalogue.Table{Schema: m.live, Name: name}); err != nil {
			return err
		}
	}
	return replay{m.activeRun}.transact(ctx, tx)
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
