package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Delete erases the selected rows of staging, and the texts of the refused records that hold the
// same values, in one transaction. The models are brought up to date as in any other run, whose
// changes are rows that go away. Where rows among them are not processed yet, the models are
// replayed instead: a run of some steps (--only) may have computed from such rows, and an
// incremental run takes them for rows that nothing follows from.
func (r *Runner) Delete(ctx context.Context, command string, s Selection) (Result, error) {
	all, err := r.resolve(ctx, r.Pool, s)
	if err != nil {
		return Result{}, err
	}
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal.Run, result *Result) error {
		staleness, err := r.readStaleness(ctx, conn)
		if err = cmp.Or(err, staleness.Err()); err != nil {
			return err // a replay has to come first
		}
		var deleted int64
		var names []string
		for _, c := range all {
			names = append(names, string(c.table.Name))
		}
		started := time.Now()
		beside := map[*chosen][]model.Erasure{} // of tables that no model reads
		mark := j.Mark()
		err = r.increment(ctx, conn, j, increment{
			steps: r.Steps, flag: true, first: func(pgx.Tx, *load.Arrivals) error { return nil },
			erase: func(ctx context.Context, w *work) (map[string][]model.Erasure, error) {
				if unprocessed, err := r.unprocessedAmong(ctx, w, all); err != nil {
					return nil, err
				} else if unprocessed {
					return nil, errUnprocessed
				}
				out := map[string][]model.Erasure{}
				clear(beside)
				for i, c := range all {
					erasures, err := r.noteErased(ctx, w, i, c)
					if err != nil {
						return nil, err
					}
					if slices.ContainsFunc(w.staged, func(t catalogue.Table) bool { return t.Name == c.table.Name }) {
						out[string(c.table.Name)] = erasures
					} else {
						beside[c] = erasures
					}
				}
				return out, nil
			},
			erased: func(ctx context.Context, tx pgx.Tx, rows int64) error {
				deleted = rows
				for c, erasures := range beside {
					more, err := r.deleteBeside(ctx, tx, c, erasures)
					if err != nil {
						return err
					}
					deleted += more
				}
				for _, c := range all {
					if err := c.eraseRefused(ctx, tx); err != nil {
						return err
					}
				}
				r.Failpoint("staging.deleted")
				return nil
			},
		}, result)
		if errors.Is(err, errUnprocessed) {
			j.Forget(mark)
			err = r.replayAfter(ctx, conn, j, result, func(tx pgx.Tx) (err error) {
				deleted, err = r.deleteAll(ctx, tx, all)
				return err
			}, Staleness{})
		}
		if err != nil {
			return err
		}
		j.Step(journal.Step{
			Name: "staging delete " + strings.Join(names, ", "), Started: started, RowsIn: deleted,
		})
		return nil
	})
}

// errUnprocessed says that rows to delete are not processed.
var errUnprocessed = errors.New("rows to delete are not processed")

// unprocessedAmong tells whether a chosen row that the models read is not processed. It is false
// where nothing was built before: then everything is built without the chosen rows.
func (r *Runner) unprocessedAmong(ctx context.Context, w *work, all []*chosen) (bool, error) {
	if w.first {
		return false, nil
	}
	for _, c := range all {
		where, values := c.condition(r.Engine, "staged")
		if where == "" || w.unprocessed[c.table.Name] == 0 {
			continue
		}
		where = "NOT staged." + flagColumn.SQL() + " AND (" + where + ")"
		var rows int64
		if err := w.tx.QueryRow(ctx, catalogue.CountWhere(c.table, where), values...).Scan(&rows); err != nil {
			return false, fmt.Errorf("count rows of %s: %w", c.table.Name, err)
		}
		if rows > 0 {
			return true, nil
		}
	}
	return false, nil
}

// deleteAll deletes the chosen rows and the texts of refused records, without a word to the models.
func (r *Runner) deleteAll(ctx context.Context, tx pgx.Tx, all []*chosen) (deleted int64, err error) {
	for _, c := range all {
		if where, values := c.condition(r.Engine, c.table.SQL()); where != "" {
			tag, err := tx.Exec(ctx, catalogue.DeleteWhere(c.table, where), values...)
			if err != nil {
				return 0, fmt.Errorf("delete from %s: %w", c.table.Name, err)
			}
			deleted += tag.RowsAffected()
		}
		if err := c.eraseRefused(ctx, tx); err != nil {
			return 0, err
		}
	}
	r.Failpoint("staging.deleted")
	return deleted, nil
}

// noteErased puts the values of a chosen table into tables of the scratch schema, where the
// statements of the models find them: they stand in no statement's text.
func (r *Runner) noteErased(ctx context.Context, w *work, place int, c *chosen) ([]model.Erasure, error) {
	var out []model.Erasure
	for i, list := range c.lists {
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
func (r *Runner) deleteBeside(ctx context.Context, tx pgx.Tx, c *chosen, erasures []model.Erasure) (int64, error) {
	if len(erasures) == 0 {
		return 0, nil
	}
	where := model.Erased(r.Engine, c.schema, c.table.SQL(), erasures)
	tag, err := tx.Exec(ctx, catalogue.DeleteWhere(c.table, where))
	if err != nil {
		return 0, fmt.Errorf("delete from %s: %w", c.table.Name, err)
	}
	return tag.RowsAffected(), nil
}
