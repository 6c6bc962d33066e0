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
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// gate runs the checks of error severity inside the run's transaction, each over what the run
// touched as far as it allows that: the check of a rule reads the touched rows themselves, for
// others a view of them stands before the live table in search_path. In a first run, where
// everything is touched, none is narrowed: it would only cost. late chooses the checks that are
// about the flags. Where only some of the steps ran, a check of tables that they do not write has
// nothing to say yet.
func (r *Runner) gate(
	ctx context.Context, tx pgx.Tx, w *work, cache *check.PrecheckCache, ran []Step, late bool,
) (results []check.Result, err error) {
	ctx, span := telemetry.Begin(ctx, "gate")
	defer func() { span.End(err, checked(results)...) }()
	settings := r.Settings
	settings.Now = time.Now()
	var chosen []gated
	var open []check.Check
	for _, item := range r.Checks {
		if item.Severity != check.Error || item.Ungated || item.Flags != late || !concerns(item, ran) {
			continue
		}
		next := gated{result: check.Result{Check: item}, done: r.enforced(item, w)}
		if !next.done && !w.first {
			if err := r.narrow(ctx, w, &next); err != nil {
				return nil, err
			}
		}
		if !next.done {
			open = append(open, item)
		}
		chosen = append(chosen, next)
	}
	c := r.newChecking(tx, cache, settings, open)
	for _, i := range together(chosen) {
		g := &chosen[i]
		if g.done {
			continue
		}
		if g.result.Check.Rule == nil {
			if err := w.show(ctx, g); err != nil {
				return nil, err
			}
		}
		if passes, err := c.passes(ctx, g.result.Check, len(g.tables) > 0, g.at); err != nil {
			return nil, err
		} else if passes {
			continue
		}
		if g.result, err = c.run(ctx, g.result.Check, g.at); err != nil {
			return nil, err
		}
	}
	for _, g := range chosen {
		results = append(results, g.result)
	}
	return results, nil
}

// readOnly makes a project's check in a subtransaction that cannot write: a WITH or a function in
// it might. On Redshift no function of a SELECT can write, and lint refuses the rest.
func (r *Runner) readOnly(
	ctx context.Context, tx pgx.Tx, c check.Check, settings check.Settings,
) (result check.Result, err error) {
	within, err := tx.Begin(ctx)
	if err != nil {
		return result, fmt.Errorf("set a savepoint: %w", err)
	}
	if _, err = within.Exec(ctx, "SET LOCAL transaction_read_only = on"); err == nil {
		result, err = c.Run(ctx, within, settings)
	}
	// The setting cannot be taken back but by going back to the savepoint.
	if undone := within.Rollback(ctx); undone != nil && err == nil {
		err = fmt.Errorf("go back to a savepoint: %w", undone)
	}
	return result, err
}

// grouping does something for a check, with PostgreSQL grouping rows as the check wants it.
func (r *Runner) grouping(ctx context.Context, tx pgx.Tx, c check.Check, do func() error) error {
	if !c.Sorts || r.Engine != sqlfile.Postgres {
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

// gated is a check in a gate.
type gated struct {
	result check.Result
	tables []catalogue.Name // that it sees narrowed, by views
	at     model.Place      // of the check of a rule: the touched rows
	done   bool             // nothing has to run
}

// together are the places of the checks in an order in which those that see the same tables
// narrowed follow one another, so that a view is not made twice: each group stands where its first
// check does.
func together(checks []gated) []int {
	var order []int
	for i, g := range checks {
		if slices.Contains(order, i) {
			continue
		}
		for j := i; j < len(checks); j++ {
			if slices.Equal(checks[j].tables, g.tables) {
				order = append(order, j)
			}
		}
	}
	return order
}

// whole tells whether a check reads a table that it does not see narrowed. Of one that says nothing
// of what it may see narrowed, such as a project's, whose text may call functions that read any
// table, it is every table.
func (g gated) whole(name catalogue.Name) bool {
	if slices.Contains(g.tables, name) {
		return false
	}
	reads := func(sql string) bool {
		return slices.ContainsFunc(sqlfile.Tokens(sql), func(t sqlfile.Token) bool {
			return (t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindQuotedIdent) && strings.EqualFold(
				t.Value(), string(name),
			)
		})
	}
	c := g.result.Check
	if len(c.Touched) == 0 || reads(c.Query.SQL()) {
		return true
	}
	return c.Precheck != nil &&
		slices.ContainsFunc(c.Precheck.Queries, func(q *query.Query) bool { return reads(q.SQL()) })
}

// show makes views stand before the tables that a check sees narrowed, and no others that it reads.
// A view stays until a check wants its table whole.
func (w *work) show(ctx context.Context, g *gated) error {
	if slices.ContainsFunc(w.shown, g.whole) {
		var hidden []catalogue.Table
		w.shown = slices.DeleteFunc(w.shown, func(name catalogue.Name) bool {
			if slices.Contains(g.tables, name) {
				return false
			}
			hidden = append(hidden, catalogue.Table{Schema: w.schema, Name: name})
			return true
		})
		if _, err := w.tx.Exec(ctx, catalogue.DropView(hidden...)); err != nil {
			return fmt.Errorf("drop gate views: %w", err)
		}
	}
	for _, name := range g.tables {
		if slices.Contains(w.shown, name) {
			continue
		}
		rows := w.narrowed[name].rows
		if _, err := w.tx.Exec(ctx, catalogue.CreateView(rows.Named(name), rows)); err != nil {
			return fmt.Errorf("make gate view of %s: %w", name, err)
		}
		w.shown = append(w.shown, name)
	}
	return nil
}

// enforced tells whether the server itself keeps what a check looks for from being written:
// PostgreSQL enforces a primary key and NOT NULL. Redshift does not enforce a key.
func (r *Runner) enforced(c check.Check, w *work) bool {
	if r.Engine != sqlfile.Postgres || c.Rule == nil {
		return false
	}
	name := catalogue.Name(c.Rule.Table)
	if w.handover.LacksKey(name) {
		return false // it stands in the scratch schema, without its key
	}
	table := w.tables[name]
	has := func(columns []catalogue.Name) bool {
		return !slices.ContainsFunc(c.Rule.Key, func(column string) bool {
			return !slices.Contains(columns, catalogue.Name(column))
		})
	}
	switch c.Rule.Kind {
	case model.RuleUnique:
		return len(table.Key) == len(c.Rule.Key) && has(table.Key)
	case model.RulePresent:
		return has(table.Required)
	}
	return false
}

// concerns tells whether the steps write the tables that a check is about. A reference is about
// both of its tables, since rows that are referred to may go away.
func concerns(c check.Check, ran []Step) bool {
	writes := func(name string) bool {
		return !layered(catalogue.Name(name)) || slices.ContainsFunc(ran, func(s Step) bool {
			return slices.Contains(s.Writes, catalogue.Name(name))
		})
	}
	if c.Rule != nil {
		return writes(c.Rule.Table) || c.Rule.Kind == model.RuleExists && writes(c.Rule.To)
	}
	return !slices.ContainsFunc(c.Touched, func(name string) bool { return !writes(name) })
}

// narrowed are the rows of a table that a run touched.
type narrowed struct {
	rows  catalogue.Table
	sql   string // the qualified name of the table that holds them
	count int64
}

// narrow lets a check see what the run touched: of all the tables of which it allows that, or of
// none where the run does not know what it touched of one. The check of a rule has nothing to find
// where no row was touched.
func (r *Runner) narrow(ctx context.Context, w *work, g *gated) error {
	names := g.result.Check.Touched
	if rule := g.result.Check.Rule; rule != nil {
		names = []string{rule.Table}
	}
	for _, text := range names {
		ok, err := w.touch(ctx, catalogue.Name(text))
		if err != nil {
			return err
		}
		if !ok {
			g.tables = nil
			if g.result.Check.Rule != nil {
				g.at = model.Place{Rows: w.tables[catalogue.Name(text)].SQL(), Live: string(w.live)}
			}
			return nil
		}
		g.tables = append(g.tables, catalogue.Name(text))
	}
	if g.result.Check.Rule != nil {
		touched := w.narrowed[g.tables[0]]
		g.done = touched.count == 0
		g.at, g.tables = model.Place{Rows: touched.sql, Live: string(w.live)}, nil
	}
	return nil
}

// touch makes a table of the rows of a table that the run touched, once. ok is false where the run
// does not know them.
func (w *work) touch(ctx context.Context, name catalogue.Name) (ok bool, err error) {
	if _, made := w.narrowed[name]; made {
		return true, nil
	}
	rows, ok, err := w.run.Touched(ctx, string(name))
	if err != nil || !ok {
		return false, err
	}
	table := w.tables[name]
	if slices.ContainsFunc(w.staged, func(t catalogue.Table) bool { return t.Name == name }) {
		table.Columns = slices.DeleteFunc(slices.Clone(table.Columns), func(c catalogue.Name) bool {
			return c == flagColumn
		})
	}
	table = table.In(w.schema).Named(catalogue.Name(rows.Name))
	w.narrowed[name] = narrowed{rows: table, sql: rows.SQL, count: rows.Rows}
	return true, nil
}
