package selectstmt

import (
	"cmp"
	"slices"
)

// Exprs returns the expressions of the query itself: those of its branches, ORDER BY and LIMIT.
// Those of WITH, FROM and other subqueries are left out.
func (q *Query) Exprs() []*Expr {
	var list []*Expr
	for _, s := range q.Branches {
		list = append(list, s.Exprs()...)
	}
	return appendExprs(appendExprs(list, q.OrderBy), q.more...)
}

// Exprs returns the expressions of the SELECT itself: every clause, the conditions of joins and the
// calls of table functions. Those of subqueries are left out.
func (s *Select) Exprs() []*Expr {
	list := appendExprs(nil, s.DistinctBy)
	for i := range s.Items {
		list = append(list, &s.Items[i].Expr)
	}
	for i := range s.Values {
		list = append(list, &s.Values[i])
	}
	for i := range s.From {
		list = appendExprs(list, s.From[i].Call, s.From[i].On)
	}
	return appendExprs(list, s.Where, s.GroupBy, s.Having, s.Window, s.Qualify)
}

// appendExprs appends the expressions that are there.
func appendExprs(list []*Expr, exprs ...*Expr) []*Expr {
	for _, e := range exprs {
		if e != nil {
			list = append(list, e)
		}
	}
	return list
}

// Walk calls do for every query: first q, then those of WITH, FROM and expressions, each before the
// queries inside it.
func (q *Query) Walk(do func(q *Query)) {
	if q == nil {
		return
	}
	do(q)
	for _, c := range q.With {
		c.Query.Walk(do)
	}
	for _, s := range q.Branches {
		for _, item := range s.From {
			item.Query.Walk(do)
		}
	}
	for _, e := range q.Exprs() {
		for _, s := range e.Subqueries {
			s.Query.Walk(do)
		}
	}
}

// Relations returns every reference to a table or view at any depth, in order of appearance.
// References to WITH queries are left out.
func (q *Query) Relations() []*FromItem {
	var list []*FromItem
	q.Walk(func(q *Query) {
		for _, s := range q.Branches {
			for i := range s.From {
				if item := &s.From[i]; item.Relation != "" && !item.CTE {
					list = append(list, item)
				}
			}
		}
	})
	slices.SortStableFunc(list, func(a, b *FromItem) int { return cmp.Compare(a.Start, b.Start) })
	return list
}
