package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// checkLookup checks how the SELECT uses a lookup: narrowed to what the rows of from: match, it has
// to give what all of it gives.
func (g *Graph) checkLookup(m *Model, from From, join Join) error {
	var err error
	g.walk(m, func(s scope, branch *selectstmt.Select) {
		if err == nil && join.Left {
			err = s.checkLeft(m, branch, join)
		}
	})
	g.walkLevels(m, false, func(levels []level) {
		if err == nil && levels[len(levels)-1].sub != nil && len(join.By) > 0 {
			err = checkSubquery(m, levels, from, join)
		}
	})
	if err == nil && join.Left {
		err = g.checkFilled(m, join)
	}
	if err == nil && len(join.By) > 0 {
		err = g.checkMatched(m, from, join)
	}
	return err
}

// walk visits every SELECT of a model with the scope that its names have.
func (g *Graph) walk(m *Model, visit func(s scope, branch *selectstmt.Select)) {
	scope{g: g}.walk(m.query, visit)
}

// walk visits every SELECT of a statement with the scope that its names have.
func (s scope) walk(whole *selectstmt.Query, visit func(s scope, branch *selectstmt.Select)) {
	s.walkQueries(whole, func(s scope, q *selectstmt.Query) {
		for _, branch := range q.Branches {
			visit(s, branch)
		}
	})
}

// walkQueries visits every query of a model with the scope that its names have.
func (g *Graph) walkQueries(m *Model, visit func(s scope, q *selectstmt.Query)) {
	scope{g: g}.walkQueries(m.query, visit)
}

// walkQueries visits every query of a statement with the scope that its names have.
func (s scope) walkQueries(whole *selectstmt.Query, visit func(s scope, q *selectstmt.Query)) {
	outer := s.inner(whole)
	whole.Walk(func(q *selectstmt.Query) { visit(outer.inner(q), q) })
}

// isCondition tells whether an expression of a SELECT is tested for TRUE.
func isCondition(branch *selectstmt.Select, e *selectstmt.Expr) bool {
	return e == branch.Where || e == branch.Having ||
		slices.ContainsFunc(branch.From, func(item selectstmt.FromItem) bool { return item.On == e })
}

// checkSubquery checks a subquery in an expression that reads a lookup: the last of the levels.
func checkSubquery(m *Model, levels []level, from From, join Join) error {
	last := levels[len(levels)-1]
	sub, branch := *last.sub, last.branch
	for _, item := range branch.From {
		if item.CTE || item.Relation != join.Relation {
			continue
		}
		if sub.Kind == selectstmt.NotIn {
			return m.errPartlyRead(sub, join, "NOT IN cannot be used", "write NOT EXISTS")
		}
		if correlated(m, levels, item, join.Relation) {
			continue
		}
		in := len(sub.Query.Branches) == 1 && len(branch.Items) == 1 && branch.Items[0].Column != nil &&
			len(join.By) == 1 && branch.Items[0].Column.Column == join.By[0].There
		if in && last.member == nil {
			const instead = "write EXISTS or NOT EXISTS, or IN as a condition of WHERE"
			switch sub.Kind {
			case selectstmt.In:
				return m.errPartlyRead(sub, join, "IN cannot be used as a value or behind NOT", instead)
			case selectstmt.Any, selectstmt.All:
				what := sub.Kind + " cannot be used as a value, behind NOT or without ="
				return m.errPartlyRead(sub, join, what, instead)
			}
		}
		for _, pair := range join.By {
			if !last.equates(item, pair.There) {
				return m.statement.ErrorAt(sub.Start,
					fmt.Sprintf("the subquery over %s has no condition on %s", join.Relation, pair.There),
					fmt.Sprintf("add %s.%s = ... of the outer row to its WHERE, or write -- joins: %s without by",
						item.Alias, pair.There, join.Relation), nil)
			}
			if other, wrong := equatedOtherwise(levels, item, pair, from.Relation); wrong {
				return m.statement.ErrorAt(sub.Start,
					fmt.Sprintf("by compares %s of %s with %s of %s, but the subquery compares it with %s",
						pair.There, join.Relation, pair.Here, from.Relation, other),
					fmt.Sprintf("compare it with %s of the outer row, or write -- joins: %s without by",
						pair.Here, join.Relation), nil)
			}
		}
	}
	return nil
}

// correlated tells whether a subquery, the last of the levels, is correlated by all columns of a
// line for its lookup, as far as its equalities can be followed.
func correlated(m *Model, levels []level, item selectstmt.FromItem, relation string) bool {
	for _, from := range m.From {
		for _, join := range from.Joins {
			if join.Relation == relation && !slices.ContainsFunc(join.By, func(p Pair) bool {
				_, wrong := equatedOtherwise(levels, item, p, from.Relation)
				return wrong || !levels[len(levels)-1].equates(item, p.There)
			}) {
				return true
			}
		}
	}
	return false
}

// equates is equated for the last of the levels. x IN (SELECT a FROM l) equates a, where only TRUE
// counts.
func (l level) equates(item selectstmt.FromItem, column string) bool {
	if l.member != nil {
		if ref := l.branch.Items[0].Column; ref != nil && ref.Column == column {
			return true
		}
	}
	return l.scope.equated(l.branch, item, column)
}

// errPartlyRead is the error about a subquery whose result a NULL in the other rows of the lookup
// would change.
func (m *Model) errPartlyRead(sub selectstmt.Subquery, join Join, what, instead string) error {
	return m.statement.ErrorAt(sub.Start,
		fmt.Sprintf("%s over %s, which dwh reads only in part, by %s", what, join.Relation,
			strings.Join(thereOf(join.By), ", ")),
		"a NULL in the rows that dwh does not read would change the result: "+instead, nil)
}

// equated tells whether a SELECT compares a column of one of its relations for equality, in WHERE
// or ON.
func (s scope) equated(branch *selectstmt.Select, item selectstmt.FromItem, column string) bool {
	if slices.Contains(item.Using, column) {
		return true
	}
	conditions := []*selectstmt.Expr{branch.Where}
	for _, other := range branch.From {
		conditions = append(conditions, other.On)
		if other.Join == "NATURAL" || slices.Contains(other.Using, column) {
			return true
		}
	}
	is := func(ref *selectstmt.ColumnRef) bool {
		if ref == nil || ref.Column != column {
			return false
		}
		if ref.Table != "" {
			return ref.Table == item.Alias
		}
		found, ok := s.item(branch, *ref)
		return !ok || found.Alias == item.Alias
	}
	for _, condition := range conditions {
		if condition == nil {
			continue
		}
		for _, c := range condition.Conjuncts() {
			if c.Op == "=" && (is(c.LeftColumn) || is(c.RightColumn)) {
				return true
			}
		}
	}
	return false
}

// checkMatched checks that each column of by is compared for equality where the lookup is joined:
// by may name fewer equalities than the SELECT uses, never more.
func (g *Graph) checkMatched(m *Model, from From, join Join) error {
	lines := 0
	for _, each := range m.From {
		for _, other := range each.Joins {
			if other.Relation == join.Relation {
				lines++
			}
		}
	}
	if lines > 1 {
		return nil // which line explains which join is not known; verify --increments finds it
	}
	var err error
	g.walk(m, func(s scope, branch *selectstmt.Select) {
		for _, item := range branch.From {
			if err != nil || item.CTE || item.Relation != join.Relation {
				continue
			}
			for _, pair := range join.By {
				if err == nil && !s.equated(branch, item, pair.There) && len(branch.From) > 1 {
					err = m.errorAt(join.at, fmt.Sprintf(
						"by names %s, but the SELECT does not join %s by that column", pair.There,
						join.Relation,
					),
						"by may name only columns that the join compares with =: remove the column, or add it to ON")
				}
			}
		}
	})
	if err == nil {
		err = g.checkPairs(m, from, join)
	}
	return err
}

// checkLeft checks that a lookup of `left joins:` decides neither whether a row exists, nor its
// key, nor its pick.
func (s scope) checkLeft(m *Model, branch *selectstmt.Select, join Join) error {
	for i, item := range branch.From {
		if item.CTE || item.Relation != join.Relation {
			continue
		}
		fail := func(at int, where string) error { return m.errLeft(at, join, where) }
		if item.Join != "LEFT" {
			kind := string(item.Join) + " JOIN"
			if item.Join == "" {
				kind = "the FROM itself"
			}
			return fail(item.Start, kind)
		}
		uses := func(e *selectstmt.Expr) (int, bool) {
			if e == nil {
				return 0, false
			}
			for _, ref := range e.Columns {
				if found, ok := s.item(
					branch, ref,
				); ok && found.Alias == item.Alias || !ok && ref.Table == "" &&
					slices.Contains(s.g.columnsOf(join.Relation), ref.Column) &&
					!slices.Contains(item.Using, ref.Column) {
					return ref.Start, true
				}
			}
			return 0, false
		}
		if at, used := uses(branch.Where); used {
			return fail(at, "WHERE")
		}
		if at, used := uses(branch.Having); used {
			return fail(at, "HAVING")
		}
		for _, later := range branch.From[i+1:] {
			if at, used := uses(later.On); used && later.Join != "LEFT" {
				return fail(at, "the condition of another join")
			}
		}
		for _, out := range branch.Items {
			decides := slices.Contains(m.Key, out.Name) || slices.ContainsFunc(
				m.Pick, func(o Order) bool { return o.Column == out.Name },
			)
			if at, used := uses(&out.Expr); used && decides {
				return fail(at, fmt.Sprintf("column %s of the key or pick", out.Name))
			}
		}
	}
	for _, sub := range subqueries(branch) {
		for _, ref := range sub.Query.Relations() {
			if ref.Relation == join.Relation {
				return m.statement.ErrorAt(
					ref.Start,
					fmt.Sprintf("%s is named by left joins:, but it is used in a subquery", join.Relation),
					"write joins:", nil,
				)
			}
		}
	}
	return nil
}
