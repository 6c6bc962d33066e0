package model

import (
	"slices"

	"github.com/sparkify/dwh/internal/selectstmt"
)

type reference = selectstmt.FromItem

// lineage finds the output columns that are just a column of a relation: {column here: column
// there}. A column that is not the same in every branch that reads the relation is left out, and so
// is one that is in doubt.
func (g *Graph) lineage(m *Model, relation string) map[string]string {
	var out map[string]string
	for _, branch := range m.query.Branches {
		scope := scope{g: g, with: m.query.With}
		if !scope.reads(branch, relation) {
			continue
		}
		found := map[string]string{}
		for i, item := range branch.Items {
			if column, ok := scope.trace(branch, item, relation); ok {
				found[m.Columns[i]] = column
			}
		}
		if out == nil {
			out = found
			continue
		}
		for name, column := range out {
			if found[name] != column {
				delete(out, name)
			}
		}
	}
	return out
}

// keyIn has the columns of a model's key that are just a column of the relation, and those columns.
func (g *Graph) keyIn(m *Model, relation string) (here, there []string) {
	line := g.exact(m, relation)
	for _, name := range m.Key {
		if column, ok := line[name]; ok {
			here, there = append(here, name), append(there, column)
		}
	}
	return here, there
}

// A scope resolves names inside one query.
type scope struct {
	g    *Graph
	with []selectstmt.CTE
}

// inner is the scope of a query that stands in this one. A WITH query sees those before it: its own
// name in it is that of another relation.
func (s scope) inner(q *selectstmt.Query) scope {
	seen := s.with
	if i := slices.IndexFunc(seen, func(with selectstmt.CTE) bool { return with.Query == q }); i >= 0 {
		seen = seen[:i]
	}
	return scope{g: s.g, with: append(slices.Clone(seen), q.With...)}
}

// cte is the WITH query of that name, the innermost first.
func (s scope) cte(name string) selectstmt.CTE {
	for _, with := range slices.Backward(s.with) {
		if with.Name == name {
			return with
		}
	}
	return selectstmt.CTE{}
}

// query is the query that a FROM item stands for: a subquery, or a WITH query; nil for a table.
func (s scope) query(item selectstmt.FromItem) *selectstmt.Query {
	if item.Query != nil {
		return item.Query
	}
	if item.CTE {
		return s.cte(item.Relation).Query
	}
	return nil
}

// reads tells whether the rows of a relation flow into a SELECT by its FROM, at any depth.
func (s scope) reads(branch *selectstmt.Select, relation string) bool {
	for _, item := range branch.From {
		if !item.CTE && item.Query == nil && item.Relation == relation {
			return true
		}
		if q := s.query(item); q != nil {
			inner := s.inner(q)
			if slices.ContainsFunc(q.Branches, func(b *selectstmt.Select) bool { return inner.reads(b, relation) }) {
				return true
			}
		}
	}
	return false
}

// columns are those of a FROM item; ok is false where they are not known.
func (s scope) columns(item selectstmt.FromItem) (names []string, ok bool) {
	if item.Columns != nil {
		return nil, false // an alias with names of its own
	}
	if q := s.query(item); q != nil {
		// A list of names behind WITH or the alias counts, and not the names in the SELECT.
		listed := item.Columns
		if listed == nil && item.CTE {
			listed = s.cte(item.Relation).Columns
		}
		for i, column := range q.Branches[0].Items {
			switch {
			case column.Star:
				return nil, false
			case i < len(listed):
				names = append(names, listed[i])
			case column.Name == "":
				return nil, false
			default:
				names = append(names, column.Name)
			}
		}
		return names, len(names) > 0
	}
	if item.Function != "" || item.Columns != nil {
		return nil, false
	}
	names = s.g.columnsOf(item.Relation)
	return names, len(names) > 0 && !s.g.unknown(item.Relation)
}

// item is the FROM item that a column belongs to.
func (s scope) item(branch *selectstmt.Select, ref selectstmt.ColumnRef) (selectstmt.FromItem, bool) {
	var found []selectstmt.FromItem
	for _, item := range branch.From {
		if ref.Table != "" {
			if item.Alias == ref.Table {
				return item, true
			}
			continue
		}
		names, ok := s.columns(item)
		if !ok {
			return item, false
		}
		if slices.Contains(names, ref.Column) {
			found = append(found, item)
		}
	}
	if len(found) != 1 {
		return selectstmt.FromItem{}, false
	}
	return found[0], true
}

// trace follows an output column down to a column of the relation.
func (s scope) trace(branch *selectstmt.Select, item selectstmt.Item, relation string) (column string, ok bool) {
	if item.Column == nil {
		return "", false
	}
	source, ok := s.item(branch, *item.Column)
	if !ok || source.Columns != nil {
		return "", false
	}
	q := s.query(source)
	if q == nil {
		return item.Column.Column, source.Relation == relation && source.Columns == nil
	}
	// A set operation below may give the column from elsewhere.
	if len(q.Branches) != 1 {
		return "", false
	}
	names, ok := s.columns(source)
	if i := slices.Index(names, item.Column.Column); ok && i >= 0 {
		return s.inner(q).trace(q.Branches[0], q.Branches[0].Items[i], relation)
	}
	return "", false
}

// outer tells whether a column of the item may be NULL because a row found no match: it stands on
// the optional side of an outer join.
func outer(branch *selectstmt.Select, item selectstmt.FromItem) bool {
	if item.Join == selectstmt.Left || item.Join == selectstmt.Full {
		return true
	}
	return slices.ContainsFunc(branch.From, func(f selectstmt.FromItem) bool {
		return f.Join == selectstmt.Right || f.Join == selectstmt.Full
	})
}
