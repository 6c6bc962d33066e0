package selectstmt

import (
	"cmp"
	"slices"
)

// Exprs returns the expressions of the query itself: every clause, the conditions of joins and the
// calls of table functions. Those of WITH, FROM and other subqueries are left out.
func (q *Query) Exprs() []*Expr {
	var list []*Expr
	add := func(exprs ...*Expr) {
		for _, e := range exprs {
			if e != nil {
				list = append(list, e)
			}
		}
	}
	for _, s := range q.Branches {
		add(s.DistinctBy)
		for i := range s.Items {
			add(&s.Items[i].Expr)
		}
		for i := range s.Values {
			add(&s.Values[i])
		}
		for i := range s.From {
			add(s.From[i].Call, s.From[i].On)
		}
		add(s.Where, s.GroupBy, s.Having, s.Window, s.Qualify)
	}
	add(q.OrderBy)
	add(q.more...)
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
