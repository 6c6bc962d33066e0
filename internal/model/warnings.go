package model

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Warning is a place in a model that works and may cost more, or give less, than it seems.
type Warning struct {
	Rule string // its name, "float-sum" or "correlated-from"
	Err  *sqlfile.Error
}

// Warnings looks for sums of floating-point numbers and for correlated subqueries over `from:`.
// That a few groups hold nearly all rows depends on the rows, and is not told from the text.
func (g *Graph) Warnings() []Warning {
	var out []Warning
	for _, m := range g.Models {
		if m.Kind == Script {
			continue
		}
		add := func(rule string, at int, msg, hint string) {
			err := m.statement.ErrorAt(at, msg, hint, nil)
			if !slices.ContainsFunc(out, func(w Warning) bool {
				return w.Rule == rule && w.Err.File == err.File && w.Err.Line == err.Line && w.Err.Column == err.Column
			}) {
				out = append(out, Warning{rule, err})
			}
		}
		g.walk(m, func(s scope, branch *selectstmt.Select) {
			for _, e := range exprs(branch) {
				for _, call := range e.Calls {
					name := strings.ToUpper(call.Name)
					if (name == "SUM" || name == "AVG") && len(call.Args) > 0 && s.floats(branch, &call.Args[0], 0) {
						add("float-sum", call.Start,
							name+" over DOUBLE PRECISION: its last digits depend on the order of the rows",
							"CAST the value to NUMERIC(p, s) before the sum; otherwise dwh verify may find a "+
								"difference")
					}
				}
			}
			for _, sub := range subqueries(branch) {
				if len(m.From) > 0 && s.correlatedWith(branch, sub, m) {
					add("correlated-from", sub.Start,
						"a correlated subquery over "+strings.Join(
							fromOf(m), ", ",
						)+", which the model is computed from",
						"an increment reads a scratch table without an index, once for each row: write a join or a "+
							"window function")
				}
			}
		})
	}
	return out
}

// fromOf are the relations of a model's from: lines.
func fromOf(m *Model) []string {
	var out []string
	for _, f := range m.From {
		out = append(out, f.Relation)
	}
	return out
}

// wholeNumbers are functions whose value is no floating-point number, whatever they are given.
var wholeNumbers = strings.Fields(`
	char_length character_length count dense_rank len length ntile octet_length position rank row_number sign strpos`)

// floats tells whether an expression is a floating-point number, as far as the text shows it.
func (s scope) floats(branch *selectstmt.Select, e *selectstmt.Expr, depth int) bool {
	if depth > 20 {
		return false
	}
	inside := func(start, end int) bool {
		return slices.ContainsFunc(e.Calls, func(c selectstmt.Call) bool {
			return c.Start <= start && end <= c.End && (c.Start != start || c.End != end)
		})
	}
	for _, call := range e.Calls {
		if inside(call.Start, call.End) {
			continue
		}
		switch {
		case call.Name == "cast":
			kind := castType(e.Text()[call.Start-e.Start : call.End-e.Start])
			begins := func(word string) bool { return strings.HasPrefix(kind, word) }
			if slices.ContainsFunc([]string{"double", "real", "float"}, begins) {
				return true
			}
		case slices.Contains(wholeNumbers, call.Name):
		case slices.ContainsFunc(call.Args, func(a selectstmt.Expr) bool { return s.floats(branch, &a, depth+1) }):
			return true
		}
	}
	return slices.ContainsFunc(e.Columns, func(ref selectstmt.ColumnRef) bool {
		return !inside(ref.Start, ref.End) && s.floatColumn(branch, ref, depth+1)
	})
}

// floatColumn is floats for a column.
func (s scope) floatColumn(branch *selectstmt.Select, ref selectstmt.ColumnRef, depth int) bool {
	made, column := s.origins(branch, ref)
	return column.Type == "double precision" || column.Type == "real" ||
		slices.ContainsFunc(made, func(o origin) bool { return o.floats(o.branch, o.expr, depth) })
}

// An origin is an expression of a SELECT that makes a column.
type origin struct {
	scope
	branch *selectstmt.Select
	expr   *selectstmt.Expr
}

// origins follows a column to where it is made: the expressions of a subquery's or a helper's
// branches, or the column of a table. It returns neither where that cannot be told.
func (s scope) origins(branch *selectstmt.Select, ref selectstmt.ColumnRef) ([]origin, schema.Column) {
	source, ok := s.item(branch, ref)
	if !ok {
		return nil, schema.Column{}
	}
	q := s.query(source)
	inner, names := s, []string(nil)
	if q != nil {
		inner = s.inner(q)
		names, _ = s.columns(source)
	} else if m := s.g.byName[source.Relation]; m != nil && m.Kind != Script && !m.Stored {
		q, names = m.query, m.Columns
		inner = scope{g: s.g, with: q.With}
	}
	if q == nil {
		column, _ := s.g.tables[source.Relation].Column(ref.Column)
		return nil, column
	}
	i := slices.Index(names, ref.Column)
	var out []origin
	for _, below := range q.Branches {
		if i < 0 || i >= len(below.Items) {
			return nil, schema.Column{}
		}
		out = append(out, origin{inner, below, &below.Items[i].Expr})
	}
	return out, schema.Column{}
}

// correlatedWith tells whether a subquery in an expression reads a from: relation and names a
// column of the SELECT around it.
func (s scope) correlatedWith(around *selectstmt.Select, sub selectstmt.Subquery, m *Model) bool {
	inner := s.inner(sub.Query)
	froms := fromOf(m)
	for _, branch := range sub.Query.Branches {
		if !slices.ContainsFunc(froms, func(name string) bool { return inner.reads(branch, name) }) {
			continue
		}
		stands := func(alias string, items []selectstmt.FromItem) bool {
			return slices.ContainsFunc(items, func(f selectstmt.FromItem) bool { return f.Alias == alias })
		}
		for _, e := range exprs(branch) {
			for _, ref := range e.Columns {
				if ref.Table != "" {
					if !stands(ref.Table, branch.From) && stands(ref.Table, around.From) {
						return true
					}
					continue
				}
				if _, here := inner.item(branch, ref); here {
					continue
				}
				if _, there := s.item(around, ref); there {
					return true
				}
			}
		}
	}
	return false
}
