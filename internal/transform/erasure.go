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
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Delete erases the selected rows of staging, and the texts of the refused records that hold the
// same values, in one transaction. The models are brought up to date as in any other run, whose
// changes are rows that go away. Where rows among them are not processed yet, the models are
// replayed instead: a run of some steps (--only) may have computed from such rows, and an
// increment takes them for rows that nothing follows from.
func (r *Runner) Delete(ctx context.Context, command string, s Selection) (Result, error) {
	all, err := r.resolve(ctx, r.Pool, s)
	if err != nil {
		return Result{}, err
	}
	return r.journaled(ctx, command, func(run *activeRun) error {
		staleness, err := run.readStaleness(ctx)
		if err = cmp.Or(err, staleness.Err()); err != nil {
			return err // a replay has to come first
		}
		started, mark := time.Now(), run.entry.Mark()
		erased, err := erasure{run, all}.run(ctx)
		if errors.Is(err, errUnprocessed) {
			run.entry.Forget(mark)
			erased, err = erasingReplay{run, all}.run(ctx)
		}
		if err != nil {
			return err
		}
		var names []string
		for _, c := range all {
			names = append(names, string(c.table.Name))
		}
		run.entry.Step(journal.Step{
			Name: erasureStep + strings.Join(names, ", "), Started: started, RowsIn: erased,
		})
		return nil
	})
}

// erasureStep begins the name of the step of an erasure; the names of the tables follow.
const erasureStep = "staging delete "

// erasure is an increment whose change is rows that go away.
type erasure struct {
	*activeRun
	chosen []*chosen
}

// run returns how many rows were erased. errUnprocessed says that an erasingReplay has to do it.
func (m erasure) run(ctx context.Context) (erased int64, err error) {
	err = m.commit(ctx, "transform.committed", func(tx pgx.Tx) (err error) {
		erased, err = m.transact(ctx, tx)
		return err
	})
	return erased, err
}

func (m erasure) transact(ctx context.Context, tx pgx.Tx) (erased int64, err error) {
	w, err := m.open(ctx, tx)
	if err != nil {
		return 0, err
	}
	if err := w.enterFor(ctx, total(w.unprocessed)); err != nil {
		return 0, err
	}
	if unprocessed, err := m.unprocessed(ctx, w); err != nil {
		return 0, err
	} else if unprocessed {
		return 0, errUnprocessed
	}
	read, beside, err := m.noteErased(ctx, w)
	if err != nil {
		return 0, err
	}
	w.beginModels(nil, read)
	if err := m.compute(ctx, w, m.Steps); err != nil {
		return 0, err
	}
	if erased, err = m.erase(ctx, w, beside); err != nil {
		return 0, err
	}
	return erased, m.checkAndFlag(ctx, w, nil)
}

// erase deletes the rows behind the last model, and takes the texts out of refused records. beside
// are rows that no model reads.
func (m erasure) erase(ctx context.Context, w *work, beside []*chosen) (int64, error) {
	erased, err := w.run.Erase(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range beside {
		rows, err := c.deleteRows(ctx, w.tx, m.Engine)
		if err != nil {
			return 0, err
		}
		erased += rows
	}
	for _, c := range m.chosen {
		if err := c.eraseRefused(ctx, w.tx); err != nil {
			return 0, err
		}
	}
	m.Failpoint("staging.deleted")
	return erased, nil
}

// erasingReplay erases rows and replays the models from what is left.
type erasingReplay struct {
	*activeRun
	chosen []*chosen
}

// run returns how many rows were erased.
func (m erasingReplay) run(ctx context.Context) (erased int64, err error) {
	err = m.commit(ctx, "replay.committed", func(tx pgx.Tx) (err error) {
		if erased, err = m.erase(ctx, tx); err != nil {
			return err
		}
		return replay{m.activeRun}.transact(ctx, tx)
	})
	return erased, err
}

// errUnprocessed says that rows to delete are not processed.
var errUnprocessed = errors.New("rows to delete are not processed")

// unprocessed tells whether a chosen row that the models read is not processed. It is false
// where nothing was built before: then everything is built without the chosen rows.
func (m erasure) unprocessed(ctx context.Context, w *work) (bool, error) {
	if w.first() {
		return false, nil
	}
	for _, c := range m.chosen {
		where, values := c.condition(m.Engine, "staged")
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

// erase deletes the chosen rows and the texts of refused records. The models do not see which.
func (m erasingReplay) erase(ctx context.Context, tx pgx.Tx) (erased int64, err error) {
	for _, c := range m.chosen {
		rows, err := c.deleteRows(ctx, tx, m.Engine)
		if err != nil {
			return 0, err
		}
		erased += rows
		if err := c.eraseRefused(ctx, tx); err != nil {
			return 0, err
		}
	}
	m.Failpoint("staging.deleted")
	return erased, nil
}

// noteErased notes the values of the chosen rows of tables that models read. beside are the chosen
// rows of other tables, which need no note.
func (m erasure) noteErased(
	ctx context.Context, w *work,
) (read map[string][]model.Erasure, beside []*chosen, err error) {
	read = map[string][]model.Erasure{}
	for i, c := range m.chosen {
		if !slices.ContainsFunc(w.staged, func(t catalogue.Table) bool { return t.Name == c.table.Name }) {
			beside = append(beside, c)
			continue
		}
		if read[string(c.table.Name)], err = m.noteValues(ctx, w, i, c); err != nil {
			return nil, nil, err
		}
	}
	return read, beside, nil
}

// noteValues puts the values of a chosen table into tables of the scratch schema, where the
// statements of the models find them: they stand in no statement's text.
func (m erasure) noteValues(ctx context.Context, w *work, place int, c *chosen) ([]model.Erasure, error) {
	var out []model.Erasure
	for i, list := range c.lists {
		var erasure model.Erasure
		for k, match := range list {
			values := catalogue.Table{
				Schema: w.schema,
				Name:   catalogue.Name(fmt.Sprintf("dwh_erased_%d_%d_%d", place, i, k)),
			}
			if err := catalogue.Exec(ctx, w.tx, catalogue.CreateValues(values)); err != nil {
				return nil, fmt.Errorf("note what to erase: %w", err)
			}
			if _, err := w.tx.Exec(ctx, catalogue.InsertValue(values), match.value); err != nil {
				return nil, fmt.Errorf("note what to erase: %w", err)
			}
			if m.Engine == sqlfile.Postgres {
				if err := catalogue.Exec(ctx, w.tx, catalogue.Analyze(values)); err != nil {
					return nil, fmt.Errorf("note what to erase: %w", err)
				}
			}
			erasure = append(erasure, model.Match{Column: match.column.Name, Values: values.SQL()})
		}
		out = append(out, erasure)
	}
	return out, nil
}

// deleteRows deletes the chosen rows of the table, and returns how many they were.
func (c *chosen) deleteRows(ctx context.Context, tx pgx.Tx, engine sqlfile.Engine) (int64, error) {
	where, values := c.condition(engine, c.table.SQL())
	if where == "" {
		return 0, nil
	}
	tag, err := tx.Exec(ctx, catalogue.DeleteWhere(c.table, where), values...)
	if err != nil {
		return 0, fmt.Errorf("delete from %s: %w", c.table.Name, err)
	}
	return tag.RowsAffected(), nil
}
