package model

import (
	"slices"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// seesAll tells whether a SELECT may see columns of its relations that it does not name: by a star,
// a NATURAL JOIN, or the name of a relation, which stands for whole rows.
func (m *Model) seesAll() bool {
	var names []string
	for _, ref := range m.query.Relations() {
		names = append(names, ref.Alias)
	}
	found := false
	m.query.Walk(func(q *selectstmt.Query) {
		for _, branch := range q.Branches {
			for _, item := range branch.Items {
				found = found || item.Star
			}
			for _, item := range branch.From {
				found = found || item.Join == selectstmt.Natural
			}
		}
		for _, e := range q.Exprs() {
			found = found || slices.ContainsFunc(e.Columns, func(ref selectstmt.ColumnRef) bool {
				return ref.Column == "*" || ref.Column == FlagColumn || slices.Contains(names, ref.Column)
			})
		}
	})
	return found
}

// onlyColumns has a relation show a SELECT just the columns that models may read, in one order,
// wherever its rows stand. at stands in a FROM. A staging table has the flag besides, and a stored
// table may have columns with a default.
func (x *Run) onlyColumns(relation, at string) string {
	m := x.Graph.byName[relation]
	if !x.Graph.IsStaging(relation) && (m == nil || m.Kind == Script || !m.Stored) {
		return at
	}
	return "(SELECT " + columns("s.", x.Graph.columnsOf(relation)) + " FROM " + at + " AS s)"
}

// checkHidden refuses columns that every table has and that no model may read: the system columns,
// and the flag of staged rows, also where only a star gives it. A name that the SELECT itself gives
// to a column stands for that column.
func (g *Graph) checkHidden(m *Model) error {
	names, open := g.namesIn(m)
	hidden := func(name string) bool {
		return !slices.Contains(names, name) && (slices.Contains(systemColumns, name) || name == FlagColumn && !open)
	}
	var err error
	fail := func(at int, name string) {
		switch {
		case err != nil || !hidden(name):
		case name == FlagColumn:
			err = m.statement.ErrorAt(at, name+" is no column that a model may read", flagHint, nil)
		default:
			err = m.statement.ErrorAt(at, name+" is a system column, whose value changes when a row is moved",
				"a replay would give different rows: tell rows apart by columns of their own", nil)
		}
	}
	m.query.Walk(func(q *selectstmt.Query) {
		for _, branch := range q.Branches {
			for _, item := range branch.From {
				for _, name := range item.Using {
					fail(item.Start, name)
				}
			}
		}
		for _, e := range q.Exprs() {
			for _, ref := range e.Columns {
				fail(ref.Start, ref.Column)
			}
		}
	})
	return err
}

// namesIn are the names that a SELECT gives to columns and relations, and the columns of its
// relations. open is true where it reads something whose columns are not known.
func (g *Graph) namesIn(m *Model) (names []string, open bool) {
	m.query.Walk(func(q *selectstmt.Query) {
		for _, with := range q.With {
			names = append(names, with.Columns...)
		}
		for _, branch := range q.Branches {
			for _, item := range branch.Items {
				if item.Aliased {
					names = append(names, item.Name)
				}
			}
			for _, item := range branch.From {
				names = append(append(names, item.Columns...), item.Alias)
				open = open || item.Function != "" || item.Schema != "" || g.tables[item.Relation].Unknown
				if item.Relation != "" && !item.CTE {
					names = append(names, g.columnsOf(item.Relation)...)
				}
			}
		}
	})
	return names, open
}
