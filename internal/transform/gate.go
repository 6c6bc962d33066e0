package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// gate runs the checks of error severity inside the run's transaction, each over what the run touched as far as it allows that: a view
// of the touched rows stands before the live table in search_path. In a first run, where everything is touched, none does: it would only cost. late
// chooses the checks that are about the flags. Where only some of the steps ran, a check of tables that they do not write has nothing to say yet.
func (r *Runner) gate(ctx context.Context, tx pgx.Tx, w *work, sight *check.Sight, ran []Step, late bool) (results []check.Result, err error) {
	ctx, span := telemetry.Begin(ctx, "gate")
	defer func() { span.End(err, checked(results)...) }()
	settings := r.Settings
	settings.Now = time.Now()
	var chosen []narrowing
	for _, one := range r.Checks {
		if one.Severity != check.Error || one.Flags != late || !concerns(one, ran) {
			continue
		}
		next := narrowing{result: check.Result{Check: one}, done: r.enforced(one, w)}
		if !next.done && !w.first && len(one.Touched) > 0 {
			if next.tables, err = r.narrowable(ctx, w, one); err != nil {
				return nil, err
			}
		}
		chosen = append(chosen, next)
	}
	var open []check.Check
	for _, one := range chosen {
		if !one.done {
			open = append(open, one.result.Check)
		}
	}
	screen := r.newScreening(sight, settings, open)
	for _, at := range together(chosen) {
		one := &chosen[at]
		if one.done {
			continue
		}
		narrowed := len(one.tables) > 0
		one.screened = screen.covers(one.result.Check, narrowed)
		if err := w.show(ctx, one); err != nil {
			return nil, err
		}
		if one.screened {
			if passes, err := screen.passes(ctx, tx, one.result.Check, narrowed); err != nil {
				return nil, err
			} else if passes {
				continue
			}
		}
		if one.result, err = r.check(ctx, tx, one.result.Check, settings); err != nil {
			return nil, err
		}
	}
	for _, one := range chosen {
		results = append(results, one.result)
	}
	return results, nil
}

// check makes one check.
func (r *Runner) check(ctx context.Context, tx pgx.Tx, one check.Check, settings check.Settings) (result check.Result, err error) {
	if one.Own && r.Engine == sqlfile.Postgres {
		return r.readOnly(ctx, tx, one, settings)
	}
	err = r.grouping(ctx, tx, one, func() error {
		result, err = one.Run(ctx, tx, settings)
		return err
	})
	return result, err
}

// readOnly makes a project's check in a subtransaction that cannot write: a WITH or a function in
// it might. On Redshift no function of a SELECT can write, and lint refuses the rest.
func (r *Runner) readOnly(ctx context.Context, tx pgx.Tx, one check.Check, settings check.Settings) (result check.Result, err error) {
	within, err := tx.Begin(ctx)
	if err != nil {
		return result, fmt.Errorf("set a savepoint: %w", err)
	}
	if _, err = within.Exec(ctx, "SET LOCAL transaction_read_only = on"); err == nil {
		result, err = one.Run(ctx, within, settings)
	}
	// The setting cannot be taken back but by going back to the savepoint.
	if undone := within.Rollback(ctx); undone != nil && err == nil {
		err = fmt.Errorf("go back to a savepoint: %w", undone)
	}
	return result, err
}

// grouping does something for a check, with PostgreSQL grouping rows as the check wants it.
func (r *Runner) grouping(ctx context.Context, tx pgx.Tx, one check.Check, do func() error) error {
	if !one.Sorts || r.Engine != sqlfile.Postgres {
		return do()
	}
	if _, err := tx.Exec(ctx, "SET LOCAL enable_hashagg = off"); err != nil {
		return fmt.Errorf("set how to group: %w", err)
	}
	if err := do(); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL enable_hashagg = DEFAULT"); err != nil {
		return fmt.Errorf("set how to group: %w", err)
	}
	return nil
}

// narrowing is a check in a gate, and the tables that it sees narrowed.
type narrowing struct {
	result   check.Result
	tables   []catalogue.Name
	done     bool // nothing has to run
	screened bool // a look for several checks comes first
}

// together are the places of the checks in an order in which those that see the same tables narrowed follow one another, so that a view is not made
// twice: each group stands where its first check does.
func together(checks []narrowing) []int {
	var order []int
	for i, one := range checks {
		if slices.Contains(order, i) {
			continue
		}
		for j := i; j < len(checks); j++ {
			if slices.Equal(checks[j].tables, one.tables) {
				order = append(order, j)
			}
		}
	}
	return order
}

// whole tells whether a check reads a table that it does not see narrowed. Of one that says nothing of what it may see narrowed, such as a project's,
// whose text may call functions that read any table, it is every table.
func (n narrowing) whole(name catalogue.Name) bool {
	if slices.Contains(n.tables, name) {
		return false
	}
	reads := func(sql string) bool {
		return slices.ContainsFunc(sqlfile.Tokens(sql), func(t sqlfile.Token) bool {
			return (t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindQuotedIdent) && strings.EqualFold(t.Value(), string(name))
		})
	}
	return len(n.result.Check.Touched) == 0 || reads(n.result.Check.Query.SQL()) || n.screened && reads(n.result.Check.Screen.SQL())
}

// show makes views stand before the tables that a check sees narrowed, and no others that it reads. A view stays until a check wants its table whole.
func (w *work) show(ctx context.Context, one *narrowing) error {
	if slices.ContainsFunc(w.shown, one.whole) {
		var hidden []catalogue.Table
		w.shown = slices.DeleteFunc(w.shown, func(name catalogue.Name) bool {
			if slices.Contains(one.tables, name) {
				return false
			}
			hidden = append(hidden, catalogue.Table{Schema: w.schema, Name: name})
			return true
		})
		if _, err := w.tx.Exec(ctx, catalogue.DropView(hidden...)); err != nil {
			return fmt.Errorf("drop gate views: %w", err)
		}
	}
	for _, name := range one.tables {
		if slices.Contains(w.shown, name) {
			continue
		}
		view := w.narrowed[name]
		view.Name, view.Schema = name, w.schema
		if _, err := w.tx.Exec(ctx, catalogue.CreateView(view, w.narrowed[name])); err != nil {
			return fmt.Errorf("make gate view of %s: %w", name, err)
		}
		w.shown = append(w.shown, name)
	}
	return nil
}

// enforced tells whether the server itself keeps what a check looks for from being written: PostgreSQL enforces a primary key, Redshift does not.
func (r *Runner) enforced(one check.Check, w *work) bool {
	if r.Engine != sqlfile.Postgres || one.Unique == "" || len(one.Touched) != 1 {
		return false
	}
	name := catalogue.Name(one.Touched[0])
	if w.handover.LacksKey(name) {
		return false // it stands in the scratch schema, without its key
	}
	return slices.Equal(w.tables[name].Key, []catalogue.Name{catalogue.Name(one.Unique)})
}

// concerns tells whether every table of a model that a check may be narrowed to is written by one
// of the steps.
func concerns(one check.Check, ran []Step) bool {
	for _, text := range one.Touched {
		if layered(catalogue.Name(text)) && !slices.ContainsFunc(ran, func(s Step) bool { return slices.Contains(s.Writes, catalogue.Name(text)) }) {
			return false
		}
	}
	return true
}

// narrowable makes the tables of what the run touched that a check sees narrowed: all that it
// allows, or none where the run does not know what it touched of one.
func (r *Runner) narrowable(ctx context.Context, w *work, one check.Check) ([]catalogue.Name, error) {
	var names []catalogue.Name
	for _, text := range one.Touched {
		name := catalogue.Name(text)
		if _, made := w.narrowed[name]; !made {
			rows, ok, err := w.run.Touched(ctx, text)
			if err != nil || !ok {
				return nil, err
			}
			table := w.tables[name]
			if slices.ContainsFunc(w.staged, func(t catalogue.Table) bool { return t.Name == name }) {
				table.Columns = slices.DeleteFunc(slices.Clone(table.Columns), func(c catalogue.Name) bool { return c == flagColumn })
			}
			table.Schema, table.Name = w.schema, catalogue.Name(rows.Name)
			w.narrowed[name] = table
		}
		names = append(names, name)
	}
	return names, nil
}
