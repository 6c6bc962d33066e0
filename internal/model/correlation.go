package model

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A level is a SELECT whose columns a name may mean. The levels of a place begin with the SELECT
// of the model, of WITH or of FROM around it, and go on with the subqueries in expressions.
type level struct {
	scope  scope
	branch *selectstmt.Select
	sub    *selectstmt.Subquery // the subquery that the SELECT belongs to; nil of the first level
	// Of x IN (SELECT a …), x, where only TRUE counts. It is nil where several SELECTs or columns
	// stand in the subquery.
	member *selectstmt.Expr
}

// walkLevels visits every SELECT of a model with the levels that end with it. With lateral, the
// levels of a LATERAL subquery begin with those around it.
func (g *Graph) walkLevels(m *Model, lateral bool, do func(levels []level)) {
	var visit func(s scope, q *selectstmt.Query, outer []level, last level)
	visit = func(s scope, q *selectstmt.Query, outer []level, last level) {
		last.scope = s.inner(q)
		for _, with := range q.With {
			visit(last.scope, with.Query, nil, level{})
		}
		for _, branch := range q.Branches {
			last.branch = branch
			levels := append(slices.Clone(outer), last)
			do(levels)
			for _, item := range branch.From {
				switch {
				case item.Query != nil && item.Lateral && lateral:
					sub := selectstmt.Subquery{Kind: "LATERAL", Query: item.Query, Start: item.Start, End: item.End}
					visit(last.scope, item.Query, levels, level{sub: &sub})
				case item.Query != nil:
					visit(last.scope, item.Query, nil, level{})
				}
			}
			for _, e := range branch.Exprs() {
				for _, sub := range e.Subqueries {
					next := level{sub: &sub}
					x, ok := e.Member(sub, isCondition(branch, e))
					if ok && len(sub.Query.Branches) == 1 && len(sub.Query.Branches[0].Items) == 1 {
						next.member = &x
					}
					visit(last.scope, sub.Query, levels, next)
				}
			}
		}
	}
	visit(scope{g: g}, m.query, nil, level{})
}

// A side is one side of an equality: a column of a FROM item, or another expression by its text.
// The same text counts as the same side in all levels.
type side struct {
	level             int
	alias, name, text string
}

// A compared is a side of an equality, and what it refers to.
type compared struct {
	side
	item selectstmt.FromItem // of a column
	expr selectstmt.Expr     // the other expression
	at   int                 // the level where the expression stands
	// doubt says that a name of the side cannot be followed.
	doubt bool
}

// find finds the FROM item that a name means, in the SELECT of a level or around it.
func find(levels []level, at int, ref selectstmt.ColumnRef) (item selectstmt.FromItem, found int, ok bool) {
	for ; at >= 0; at-- {
		matches := 0
		for _, other := range levels[at].branch.From {
			if ref.Table != "" {
				if other.Alias == ref.Table {
					return other, at, true
				}
				continue
			}
			names, known := levels[at].scope.columns(other)
			if !known {
				return item, at, false
			}
			if slices.Contains(names, ref.Column) {
				matches++
				item = other
			}
		}
		if matches > 0 {
			return item, at, matches == 1
		}
	}
	return item, 0, false
}

// compare reads a side of an equality that stands in a level.
func compare(levels []level, at int, e selectstmt.Expr) compared {
	column := e.Column()
	if column == nil {
		return compared{side: side{text: e.Text()}, expr: e, at: at}
	}
	item, found, ok := find(levels, at, *column)
	if !ok {
		return compared{side: side{text: e.Text()}, doubt: true}
	}
	return compared{side: side{level: found, alias: item.Alias, name: column.Column}, item: item}
}

// equalities are the sides that the levels equate: in WHERE, in ON and by IN.
func equalities(levels []level) map[side][]compared {
	out := map[side][]compared{}
	equate := func(a, b compared) {
		out[a.side] = append(out[a.side], b)
		out[b.side] = append(out[b.side], a)
	}
	for at, level := range levels {
		conditions := []*selectstmt.Expr{level.branch.Where}
		for _, item := range level.branch.From {
			conditions = append(conditions, item.On)
		}
		for _, condition := range conditions {
			for _, c := range condition.Conjuncts() {
				if c.Op == "=" {
					equate(compare(levels, at, c.Left), compare(levels, at, c.Right))
				}
			}
		}
		if level.member != nil {
			equate(compare(levels, at-1, *level.member), compare(levels, at, level.branch.Items[0].Expr))
		}
	}
	return out
}

// withFrom tells whether the rows of from: flow into the last SELECT or into one around it, so that
// the lookup has to match there. Of a SELECT in WITH or FROM, its place in FROM may equate it.
func withFrom(levels []level, from string) bool {
	for i, level := range slices.Backward(levels) {
		if level.scope.reads(level.branch, from) {
			return true
		}
		if i < len(levels)-1 && level.sub != nil && level.member == nil && level.sub.Kind != selectstmt.Exists &&
			level.sub.Kind != selectstmt.NotExists {
			return false
		}
	}
	return false
}

// equatedOtherwise tells whether the last of the levels equates a lookup's column only with what is
// surely not the column that by says.
func equatedOtherwise(levels []level, item selectstmt.FromItem, pair Pair, from string) (other string, wrong bool) {
	strict := withFrom(levels, from)
	if !strict {
		last := levels[len(levels)-1]
		last.member = nil
		levels = []level{last}
	}
	start := compared{side: side{level: len(levels) - 1, alias: item.Alias, name: pair.There}, item: item}
	equals := equalities(levels)
	reached := []compared{start}
	for i := 0; i < len(reached); i++ {
		for _, next := range equals[reached[i].side] {
			if !slices.ContainsFunc(reached, func(c compared) bool { return c.side == next.side }) {
				reached = append(reached, next)
			}
		}
	}
	for i, c := range reached {
		switch {
		case c.doubt, c.text != "" && (!strict || mayKeep(levels, c, item, from)), c.merged(levels):
			return "", false
		case i == 0:
			continue
		case c.text == "" && (levels[c.level].scope.query(c.item) != nil || c.item.CTE || c.item.Function != "" ||
			c.item.Relation == from && c.name == pair.Here):
			return "", false
		}
		if other == "" {
			other = c.text
			if c.text == "" {
				other = c.name + " of " + c.item.Relation
			}
		}
	}
	if len(reached) == 1 {
		// In a join, a = a is left to dwh verify --increments.
		inSubquery := levels[len(levels)-1].sub != nil
		return "itself", strict && inSubquery && len(equals[start.side]) > 0
	}
	return other, true
}

// merged tells whether a column may be equated by USING or NATURAL.
func (c compared) merged(levels []level) bool {
	return c.text == "" && slices.ContainsFunc(levels[c.level].branch.From, func(item selectstmt.FromItem) bool {
		return item.Join == selectstmt.Natural || slices.Contains(item.Using, c.name)
	})
}

// keepers are the functions that may return their argument as it is.
var keepers = strings.Fields("btrim cast coalesce convert greatest least lower ltrim nullif nvl rtrim trim upper")

// mayKeep tells whether an expression may have the value of the column that by says: it is no
// constant, and it does not compute something else of columns of from: and the lookup.
func mayKeep(levels []level, c compared, lookup selectstmt.FromItem, from string) bool {
	e := c.expr
	if len(e.Subqueries) > 0 {
		return true
	}
	for _, ref := range e.Columns {
		item, found, ok := find(levels, c.at, ref)
		if !ok || item.CTE || item.Query != nil || item.Relation != from &&
			(item.Alias != lookup.Alias || found != len(levels)-1) {
			return true
		}
	}
	if len(e.Columns) == 0 {
		return false
	}
	for _, call := range e.Calls {
		if !slices.Contains(keepers, call.Name) {
			return false
		}
	}
	return !computes(e.Text())
}

// computes tells whether an expression has an operator that gives another value than its operands.
// To add 0 and to append an empty text do not.
func computes(text string) bool {
	found := false
	operand := false // the token before is an operand
	for _, t := range sqlfile.Tokens(text) {
		if t.Text == "0" || t.Text == "''" {
			return false
		}
		found = found || operand && slices.Contains([]string{"+", "-", "*", "/", "%", "||"}, t.Text)
		operand = t.Kind != sqlfile.KindOp || t.Text == ")" || t.Text == "]"
	}
	return found
}
