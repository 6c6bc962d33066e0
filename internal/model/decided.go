package model

import (
	"slices"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// unpicked finds the columns that a model reads of its from: relation, if all of them are the same
// in all rows of a group there. Which of several rows with one key counts there makes no difference
// then: the rows before pick give the same rows here, and none of the other columns has to be
// computed.
func (g *Graph) unpicked(m *Model) (names []string, ok bool) {
	if m.Kind != Row || len(m.From) != 1 || len(m.From[0].Joins) > 0 || len(m.query.With) > 0 || len(
		m.query.Branches,
	) != 1 {
		return nil, false
	}
	above, branch := g.byName[m.From[0].Relation], m.query.Branches[0]
	if above == nil || above.Stored || above.Kind != Group || len(above.From) != 1 || len(above.query.Branches) != 1 ||
		len(branch.From) != 1 || branch.From[0].Relation != above.Name {
		return nil, false
	}
	s := scope{g: g, with: above.query.With}
	for _, e := range exprs(branch) {
		if len(e.Subqueries) > 0 {
			return nil, false
		}
		for _, ref := range e.Columns {
			i := slices.Index(above.Columns, ref.Column)
			if i < 0 || !s.decided(above.query.Branches[0], above.query.Branches[0].Items[i].Expr, above.From[0], 0) {
				return nil, false
			}
			if !slices.Contains(names, ref.Column) {
				names = append(names, ref.Column)
			}
		}
	}
	return names, len(names) > 0
}

// decided tells whether an expression follows from the columns that name a group of from: alone.
func (s scope) decided(branch *selectstmt.Select, e selectstmt.Expr, f From, depth int) bool {
	if len(e.Subqueries) > 0 || depth > 20 {
		return false
	}
	for _, call := range e.Calls {
		if call.Over || isAggregate(call) {
			return false
		}
	}
	for _, ref := range e.Columns {
		source, ok := s.item(branch, ref)
		if !ok || source.Columns != nil || outer(branch, source) {
			return false
		}
		q := s.query(source)
		if q == nil {
			if source.Relation != f.Relation || !slices.Contains(thereOf(f.By), ref.Column) {
				return false
			}
			continue
		}
		if len(q.Branches) != 1 {
			return false
		}
		i := slices.IndexFunc(q.Branches[0].Items, func(item selectstmt.Item) bool { return item.Name == ref.Column })
		if i < 0 || !s.inner(q).decided(q.Branches[0], q.Branches[0].Items[i].Expr, f, depth+1) {
			return false
		}
	}
	return true
}
