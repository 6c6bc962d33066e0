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
			found = found || slices.ContainsFunc(branch.Items, func(item selectstmt.Item) bool { return item.Star }) ||
				slices.ContainsFunc(branch.From, func(f selectstmt.FromItem) bool { return f.Join == selectstmt.Natural })
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
