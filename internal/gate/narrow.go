package gate

import (
	"context"
	"fmt"
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// narrowed are the rows of a table that a run touched.
type narrowed struct {
	rows  catalogue.Table
	sql   string // the qualified name of the table that holds them
	count int64
}

// narrow lets a check see what the run touched: of all the tables of which it allows that, or of
// none where the run does not know what it touched of one. The check of a rule has nothing to find
// where no row was touched.
func (g *Gate) narrow(ctx context.Context, item *gated) error {
	names := item.result.Check.Touched
	if rule := item.result.Check.Rule; rule != nil {
		names = []string{rule.Table}
	}
	for _, text := range names {
		ok, err := g.touch(ctx, catalogue.Name(text))
		if err != nil {
			return err
		}
		if !ok {
			item.tables = nil
			if item.result.Check.Rule != nil {
				item.at = model.Place{Rows: g.Tables[catalogue.Name(text)].SQL(), Live: string(g.Live)}
			}
			return nil
		}
		item.tables = append(item.tables, catalogue.Name(text))
	}
	if item.result.Check.Rule != nil {
		touched := g.narrowed[item.tables[0]]
		item.done = touched.count == 0
		item.at, item.tables = model.Place{Rows: touched.sql, Live: string(g.Live)}, nil
	}
	return nil
}

// touch makes a table of the rows of a table that the run touched, once. ok is false where the run
// does not know them.
func (g *Gate) touch(ctx context.Context, name catalogue.Name) (ok bool, err error) {
	if _, made := g.narrowed[name]; made {
		return true, nil
	}
	rows, ok, err := g.Touched(ctx, string(name))
	if err != nil || !ok {
		return false, err
	}
	table := g.Tables[name]
	if slices.ContainsFunc(g.Staged, func(t catalogue.Table) bool { return t.Name == name }) {
		table.Columns = slices.DeleteFunc(slices.Clone(table.Columns), func(c catalogue.Name) bool {
			return c == catalogue.Processed
		})
	}
	table = table.In(g.Scratch).Named(catalogue.Name(rows.Name))
	g.narrowed[name] = narrowed{rows: table, sql: rows.SQL, count: rows.Rows}
	return true, nil
}

// show makes views of touched rows stand before the tables that a check sees narrowed, and before
// no others that it reads. A view stays until a check wants its table whole.
func (g *Gate) show(ctx context.Context, item *gated) error {
	if slices.ContainsFunc(g.shown, item.readsWhole) {
		var hidden []catalogue.Table
		g.shown = slices.DeleteFunc(g.shown, func(name catalogue.Name) bool {
			if slices.Contains(item.tables, name) {
				return false
			}
			hidden = append(hidden, catalogue.Table{Schema: g.Scratch, Name: name})
			return true
		})
		if _, err := g.Tx.Exec(ctx, catalogue.DropView(hidden...)); err != nil {
			return fmt.Errorf("drop gate views: %w", err)
		}
	}
	for _, name := range item.tables {
		if slices.Contains(g.shown, name) {
			continue
		}
		rows := g.narrowed[name].rows
		if _, err := g.Tx.Exec(ctx, catalogue.CreateView(rows.Named(name), rows)); err != nil {
			return fmt.Errorf("make gate view of %s: %w", name, err)
		}
		g.shown = append(g.shown, name)
	}
	return nil
}

// readsWhole tells whether a check reads a table that it does not see narrowed. A check that says
// nothing of what it may see narrowed reads every table: a project's may call functions that do.
func (item *gated) readsWhole(name catalogue.Name) bool {
	if slices.Contains(item.tables, name) {
		return false
	}
	reads := func(sql string) bool { return sqlfile.NamesAny(sql, string(name)) }
	c := item.result.Check
	if len(c.Touched) == 0 || reads(c.Query.SQL()) {
		return true
	}
	return c.Precheck != nil &&
		slices.ContainsFunc(c.Precheck.Queries, func(q *query.Query) bool { return reads(q.SQL()) })
}

// together are the places of the checks in an order in which those that see the same tables
// narrowed follow one another, so that a view is not made twice: each group stands where its first
// check does.
func together(checks []gated) []int {
	var order []int
	for i, item := range checks {
		if slices.Contains(order, i) {
			continue
		}
		for j := i; j < len(checks); j++ {
			if slices.Equal(checks[j].tables, item.tables) {
				order = append(order, j)
			}
		}
	}
	return order
}
