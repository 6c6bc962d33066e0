package transform

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
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
	for _, one := range all {
		staged := Staged{Table: one.table.Name}
		if err := r.lookAtRows(ctx, one, &staged); err != nil {
			return nil, err
		}
		refused, err := one.refusedOf(ctx, r.Pool)
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
func (r *Runner) lookAtRows(ctx context.Context, one *chosen, staged *Staged) error {
	var names []string
	args := map[string]any{}
	where := one.where(func(n int, m resolved) string {
		name := "value" + strconv.Itoa(n)
		names, args[name] = append(names, name), m.value
		value := "CAST($" + strconv.Itoa(n) + " AS VARCHAR(65535))"
		return model.Holds(r.Engine, m.column, "staged."+catalogue.Name(m.column.Name).SQL(), value)
	})
	columns := slices.DeleteFunc(
		slices.Clone(one.table.Columns),
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
	text := catalogue.SelectWhere(one.table, columns, where, one.sortable(), keepStaged)
	sample, err := query.Text("rows of "+string(one.table.Name), text, names...).Run(ctx, r.Pool, args, 0)
	if err != nil {
		return fmt.Errorf("read %s: %w", one.table.Name, err)
	}
	staged.Sample = sample.Table
	for i := range staged.Sample.Columns {
		staged.Sample.Columns[i].Kind = table.KindLabel
	}
	if staged.Rows = sample.Count; sample.Count < keepStaged {
		return nil
	}
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = args[name]
	}
	if err := r.Pool.QueryRow(ctx, catalogue.CountWhere(one.table, where), values...).Scan(&staged.Rows); err != nil {
		return fmt.Errorf("count rows of %s: %w", one.table.Name, err)
	}
	return nil
}

// Delete erases the selected rows of staging, and the texts of the refused records that hold the
// same values, in one transaction: the models are brought up to date as in any other run, whose
// changes are rows that go away.
func (r *Runner) Delete(ctx context.Context, command string, s Selection) (Result, error) {
	all, err := r.resolve(ctx, r.Pool, s)
	if err != nil {
		return Result{}, err
	}
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, result *Result) error {
		if err := r.requireFresh(ctx, conn); err != nil {
			return err
		}
		var deleted int64
		var names []string
		for _, one := range all {
			names = append(names, string(one.table.Name))
		}
		started := time.Now()
		beside := map[*chosen][]model.Erasure{} // of tables that no model reads
		err := r.increment(ctx, conn, j, increment{
			steps: r.Steps, flag: true, first: func(pgx.Tx, *load.Arrivals) error { return nil },
			erase: func(ctx context.Context, w *work) (map[string][]model.Erasure, error) {
				out := map[string][]model.Erasure{}
				clear(beside)
				for i, one := range all {
					erasures, err := r.noteErased(ctx, w, i, one)
					if err != nil {
						return nil, err
					}
					if slices.ContainsFunc(w.staged, func(t catalogue.Table) bool { return t.Name == one.table.Name }) {
						out[string(one.table.Name)] = erasures
					} else {
						beside[one] = erasures
					}
				}
				return out, nil
			},
			erased: func(ctx context.Context, tx pgx.Tx, rows int64) error {
				deleted = rows
				for one, erasures := range beside {
					more, err := r.deleteBeside(ctx, tx, one, erasures)
					if err != nil {
						return err
					}
					deleted += more
				}
				for _, one := range all {
					if err := one.eraseRefused(ctx, tx); err != nil {
						return err
					}
				}
				r.Failpoint("staging.deleted")
				return nil
			},
		}, result)
		if err != nil {
			return err
		}
		j.step("staging delete "+strings.Join(names, ", "), started, deleted, 0, "", "done", "")
		return nil
	})
}

// noteErased puts the values of a chosen table into tables of the scratch schema, where the
// statements of the models find them: they stand in no statement's text.
func (r *Runner) noteErased(ctx context.Context, w *work, place int, one *chosen) ([]model.Erasure, error) {
	var out []model.Erasure
	for i, list := range one.lists {
		var erasure model.Erasure
		for k, m := range list {
			values := catalogue.Table{
				Schema: w.schema,
				Name:   catalogue.Name(fmt.Sprintf("dwh_erased_%d_%d_%d", place, i, k)),
			}
			if err := catalogue.Exec(ctx, w.tx, catalogue.CreateValues(values)); err != nil {
				return nil, fmt.Errorf("note what to erase: %w", err)
			}
			if _, err := w.tx.Exec(ctx, catalogue.InsertValue(values), m.value); err != nil {
				return nil, fmt.Errorf("note what to erase: %w", err)
			}
			if r.Engine == sqlfile.Postgres {
				if err := catalogue.Exec(ctx, w.tx, catalogue.Analyze(values)); err != nil {
					return nil, fmt.Errorf("note what to erase: %w", err)
				}
			}
			erasure = append(erasure, model.Match{Column: m.column.Name, Values: values.SQL()})
		}
		out = append(out, erasure)
	}
	return out, nil
}

// deleteBeside deletes the chosen rows of a table that no model reads.
func (r *Runner) deleteBeside(ctx context.Context, tx pgx.Tx, one *chosen, erasures []model.Erasure) (int64, error) {
	if len(erasures) == 0 {
		return 0, nil
	}
	where := model.Erased(r.Engine, one.schema, one.table.SQL(), erasures)
	tag, err := tx.Exec(ctx, catalogue.DeleteWhere(one.table, where))
	if err != nil {
		return 0, fmt.Errorf("delete from %s: %w", one.table.Name, err)
	}
	return tag.RowsAffected(), nil
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
		one := Dropped{Table: name, Models: Followers(r.Steps, name)}
		counted := catalogue.CountRows(catalogue.Table{Schema: live, Name: name})
		if err := r.Pool.QueryRow(ctx, counted).Scan(&one.Rows); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		out = append(out, one)
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
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, result *Result) error {
		return r.replayAfter(ctx, conn, j, result, func(tx pgx.Tx) error {
			db := dwhdb.New(tx)
			for _, name := range tables {
				if _, err := tx.Exec(ctx, catalogue.DeleteAll(catalogue.Table{Schema: live, Name: name})); err != nil {
					return fmt.Errorf("delete from %s: %w", name, err)
				}
				if err := db.DeleteObjects(ctx, string(name)); err != nil {
					return fmt.Errorf("delete the ledger of %s: %w", name, err)
				}
				if err := db.DeleteRejects(ctx, string(name)); err != nil {
					return fmt.Errorf("delete the rejects of %s: %w", name, err)
				}
			}
			return nil
		}, nil)
	})
}

// requireFresh refuses to recompute keys in a warehouse that needs a replay anyway.
func (r *Runner) requireFresh(ctx context.Context, conn *pgx.Conn) error {
	marks, err := r.staleness(ctx, conn)
	if err != nil {
		return err
	}
	if len(marks) > 0 {
		return &StaleError{Marks: marks}
	}
	return nil
}
