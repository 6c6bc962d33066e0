package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// A reading is a place where a SELECT reads a relation of from:, itself or through WITH.
type reading struct {
	relation string
	at       int
}

// readings finds the places where a SELECT reads a relation of froms. A query of WITH counts as
// often as its name stands somewhere. done are the queries that were looked into.
type readings struct {
	froms map[string]bool
	done  map[*selectstmt.Query][]reading
}

// ofSelect are the places in a SELECT: in its FROM and in its subqueries, in order.
func (r readings) ofSelect(s scope, branch *selectstmt.Select) []reading {
	var out []reading
	for _, item := range branch.From {
		q := s.query(item)
		switch {
		case q == nil && !item.CTE && r.froms[item.Relation]:
			out = append(out, reading{item.Relation, item.Start})
		case q == nil:
		case item.CTE && len(r.ofQuery(s, q)) == 1:
			out = append(out, reading{r.ofQuery(s, q)[0].relation, item.Start})
		default:
			out = append(out, r.ofQuery(s, q)...)
		}
	}
	for _, e := range branch.Exprs() {
		for _, sub := range e.Subqueries {
			out = append(out, r.ofQuery(s, sub.Query)...)
		}
	}
	slices.SortStableFunc(out, func(a, b reading) int { return cmp.Compare(a.at, b.at) })
	return out
}

// ofQuery are the places in all of a query that stands in a scope: two of them, if there are more.
func (r readings) ofQuery(s scope, q *selectstmt.Query) []reading {
	if found, ok := r.done[q]; ok {
		return found
	}
	inner := s.inner(q)
	var out []reading
	for _, branch := range q.Branches {
		out = append(out, r.ofSelect(inner, branch)...)
	}
	out = out[:min(len(out), 2)]
	r.done[q] = out
	return out
}

// errBehind is the error about a relation of from: behind EXCEPT or INTERSECT.
func (m *Model) errBehind(r reading, op string) error {
	return m.statement.ErrorAt(r.at, fmt.Sprintf("from: %s cannot be used after %s", r.relation, op),
		"compute the model group by group, or whole, without from:", nil)
}

// behindExcept tells whether a branch of a query may stand behind EXCEPT, by itself or with the
// branches around it.
func behindExcept(q *selectstmt.Query, i int) bool {
	if i == 0 || !slices.Contains(q.Ops[:i], "EXCEPT") {
		return false
	}
	return q.Grouped || !strings.HasPrefix(q.Ops[i-1], "UNION")
}
