package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// checkSelect checks what a SELECT may not do under its header.
func (g *Graph) checkSelect(m *Model) error {
	fail := func(at int, msg, hint string) error { return m.statement.ErrorAt(at, msg, hint, nil) }
	if err := g.checkMoments(m); err != nil {
		return err
	}
	if err := m.checkLists(); err != nil {
		return err
	}
	if m.Kind != Whole {
		var limit error
		m.query.Walk(func(q *selectstmt.Query) {
			if q.Limit >= 0 && limit == nil {
				limit = fail(q.Limit, "LIMIT cannot be used in a model that is computed in parts",
					"remove from:, so that the model is computed whole; a helper or an internal table that it "+
						"reads can be computed in parts")
			}
		})
		if limit != nil {
			return limit
		}
	} else if err := g.checkLimit(m); err != nil {
		return err
	}
	if err := g.checkColumns(m); err != nil {
		return err
	}
	if m.Kind != Whole {
		for _, check := range []func(*Model) error{g.checkSets, g.checkBy, g.checkNarrowed, g.checkTied} {
			if err := check(m); err != nil {
				return err
			}
		}
	}
	if m.Kind == Row {
		if err := g.checkRowByRow(m); err != nil {
			return err
		}
	}
	for _, from := range m.From {
		for _, join := range from.Joins {
			if err := g.checkLookup(m, from, join); err != nil {
				return err
			}
		}
	}
	return nil
}

// exprs are the expressions of a SELECT.
func exprs(s *selectstmt.Select) []*selectstmt.Expr {
	var out []*selectstmt.Expr
	for i := range s.Items {
		out = append(out, &s.Items[i].Expr)
	}
	for _, item := range s.From {
		if item.On != nil {
			out = append(out, item.On)
		}
	}
	for _, e := range []*selectstmt.Expr{s.Where, s.GroupBy, s.Having} {
		if e != nil {
			out = append(out, e)
		}
	}
	return out
}

// checkRowByRow checks that each row of from can make its rows by itself.
func (g *Graph) checkRowByRow(m *Model) error {
	fail := func(at int, msg, hint string) error { return m.statement.ErrorAt(at, msg, hint, nil) }
	froms := map[string]bool{}
	for _, from := range m.From {
		froms[from.Relation] = true
	}
	seen := map[string]bool{}
	readings := readings{froms: froms, done: map[*selectstmt.Query][]reading{}}
	for i, branch := range m.query.Branches {
		s := scope{g: g, with: m.query.With}
		here := readings.ofSelect(s, branch)
		for _, r := range here {
			seen[r.relation] = true
		}
		switch {
		case len(here) > 1:
			return fail(here[1].at, fmt.Sprintf(
				"the SELECT reads %s twice, but a row-by-row model computes its rows from one row of from: alone",
				here[1].relation,
			),
				"compute the model group by group (-- from: "+here[1].relation+" by ...), or whole, without from:")
		case len(here) == 1 && behindExcept(m.query, i):
			return m.errBehind(here[0], "EXCEPT")
		case i > 0 && len(here) == 1 && strings.HasPrefix(m.query.Ops[i-1], "INTERSECT"):
			return m.errBehind(here[0], "INTERSECT")
		case len(here) == 0 && (i == 0 || m.query.Ops[i-1] == "UNION ALL" || m.query.Ops[i-1] == "UNION"):
			return fail(
				branch.Start, "this branch reads no relation of from:",
				"name the relation of this branch in its own from: line",
			)
		}
		if err := s.checkFlow(m, branch, readings); err != nil {
			return err
		}
	}
	for _, from := range m.From {
		if !seen[from.Relation] {
			return m.errorAt(from.at, fmt.Sprintf("no branch of the SELECT reads %s", from.Relation), "remove the line")
		}
	}
	return nil
}

// checkFlow refuses, along the way that the rows of from take through a SELECT, what needs several
// of them at once.
func (s scope) checkFlow(m *Model, branch *selectstmt.Select, readings readings) error {
	flows := func(item selectstmt.FromItem) bool {
		if q := s.query(item); q != nil {
			inner := s.inner(q)
			return slices.ContainsFunc(q.Branches, func(b *selectstmt.Select) bool {
				return slices.ContainsFunc(m.From, func(f From) bool { return inner.reads(b, f.Relation) })
			})
		}
		return readings.froms[item.Relation]
	}
	if !slices.ContainsFunc(branch.From, flows) {
		for _, r := range readings.ofSelect(s, branch) {
			return m.statement.ErrorAt(r.at, fmt.Sprintf("%s is only used in a subquery", r.relation),
				"a row-by-row model must read it in FROM", nil)
		}
		return nil
	}
	for _, e := range branch.Exprs() {
		for _, call := range e.Calls {
			if call.Over {
				return m.statement.ErrorAt(
					call.Start,
					fmt.Sprintf("the window function %s needs several rows of from:", strings.ToUpper(call.Name)),
					severalRows, nil,
				)
			}
			if isAggregate(call) {
				return m.errAggregate(call)
			}
		}
	}
	if call, found := outsideGroups(branch); found {
		return m.errAggregate(call)
	}
	if branch.DistinctOn {
		return m.statement.ErrorAt(
			branch.Start, "DISTINCT ON needs several rows of from:", "write -- key: and -- pick:",
			nil,
		)
	}
	for _, item := range branch.From {
		switch item.Join {
		case "RIGHT", "FULL":
			return m.statement.ErrorAt(item.Start, string(item.Join)+" JOIN returns rows without a row of from:",
				"write LEFT JOIN with from: on the left, or compute the model whole, without from:", nil)
		case "LEFT":
			if flows(item) {
				return m.statement.ErrorAt(item.Start, "from: is on the right of a LEFT JOIN",
					"put from: on the left: rows without a match would depend on all of its rows", nil)
			}
		}
		if q := s.query(item); q != nil && flows(item) {
			inner := s.inner(q)
			for i, below := range q.Branches {
				behind := readings.ofSelect(inner, below)
				if len(behind) > 0 && behindExcept(q, i) {
					return m.errBehind(behind[0], "EXCEPT")
				}
				if err := inner.checkFlow(m, below, readings); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// subqueries are those in the expressions of a SELECT.
func subqueries(branch *selectstmt.Select) []selectstmt.Subquery {
	var out []selectstmt.Subquery
	for _, e := range exprs(branch) {
		out = append(out, e.Subqueries...)
	}
	return out
}
