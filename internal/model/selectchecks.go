package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// aggregates are the aggregate functions of either engine.
var aggregates = strings.Fields(`
	any_value approximate array_agg avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp every
	json_agg json_object_agg jsonb_agg jsonb_object_agg listagg max median min mode percentile_cont
	percentile_disc range_agg regr_slope regr_intercept regr_r2 stddev stddev_pop stddev_samp string_agg sum
	var_pop var_samp variance xmlagg`)

// momentary are functions whose value depends on the moment, the session or on chance.
var momentary = strings.Fields(`
	clock_timestamp current_catalog current_database current_role current_schema current_schemas current_setting
	current_user session_user user current_date current_time current_timestamp gen_random_uuid getdate localtime
	localtimestamp nextval now random statement_timestamp sysdate timeofday transaction_timestamp txid_current
	uuid_generate_v4 pg_backend_pid inet_client_addr setval`)

// checkSelect checks what a SELECT may not do under its header.
func (g *Graph) checkSelect(m *Model) error {
	fail := func(at int, msg, hint string) error { return m.statement.ErrorAt(at, msg, hint, nil) }
	if err := m.checkMoments(); err != nil {
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
	} else if err := m.checkLimit(); err != nil {
		return err
	}
	if err := g.checkColumns(m); err != nil {
		return err
	}
	if m.Kind != Whole {
		for _, check := range []func(*Model) error{g.checkSets, g.checkBy, g.checkNarrowed} {
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

// checkMoments refuses functions whose value depends on the moment.
func (m *Model) checkMoments() error {
	var err error
	m.query.Walk(func(q *selectstmt.Query) {
		for _, branch := range q.Branches {
			for _, e := range exprs(branch) {
				for _, call := range e.Calls {
					if err == nil && slices.Contains(momentary, call.Name) {
						err = m.statement.ErrorAt(call.Start, fmt.Sprintf(
							"the value of %s changes with time or session", strings.ToUpper(call.Name),
						),
							"a replay would give different rows: take the time from the staged rows, or compute "+
								"the value in a report", nil)
					}
				}
			}
		}
	})
	if err != nil {
		return err
	}
	return m.checkMomentaryTexts()
}

// momentaryTexts are texts that a cast to a date or a time reads as the moment
// (https://www.postgresql.org/docs/current/datatype-datetime.html, table 8.13).
var momentaryTexts = strings.Fields("'now' 'today' 'tomorrow' 'yesterday'")

// checkMomentaryTexts refuses such texts where a type of dates or times stands beside them:
// TIMESTAMP 'now', CAST('today' AS DATE), 'now'::TIME.
func (m *Model) checkMomentaryTexts() error {
	tokens := tokensOf(m.statement)
	isMoment := func(i int) bool {
		return i >= 0 && i < len(tokens) && slices.ContainsFunc(
			[]string{"timestamp", "timestamptz", "date", "time", "timetz"}, tokens[i].Is,
		)
	}
	for i, t := range tokens {
		text := strings.ToLower(strings.ReplaceAll(t.Text, " ", ""))
		if t.Kind != sqlfile.KindString || !slices.Contains(momentaryTexts, text) {
			continue
		}
		cast := i+1 < len(tokens) && (tokens[i+1].Is("as") || tokens[i+1].Text == "::") && isMoment(i+2)
		if isMoment(i-1) || cast {
			return m.statement.ErrorAt(t.Start, fmt.Sprintf("the value of %s changes with time", t.Text),
				"a replay would give different rows: take the time from the staged rows", nil)
		}
	}
	return nil
}

// checkLimit checks that a LIMIT takes the same rows each time: its ORDER BY holds the key.
func (m *Model) checkLimit() error {
	var err error
	m.query.Walk(func(q *selectstmt.Query) {
		if q.Limit < 0 || err != nil {
			return
		}
		key := m.Key
		if q != m.query {
			key = nil // of a subquery, any total order will do, and none is known
		}
		if q.OrderBy == nil {
			err = m.statement.ErrorAt(
				q.Limit, "LIMIT without ORDER BY returns arbitrary rows",
				"add an ORDER BY that contains the key", nil,
			)
			return
		}
		for _, name := range key {
			if !slices.ContainsFunc(q.OrderBy.Columns, func(c selectstmt.ColumnRef) bool { return c.Column == name }) {
				err = m.statement.ErrorAt(q.Limit, fmt.Sprintf(
					"the ORDER BY of LIMIT lacks %s, which is part of the key", name,
				),
					"rows that are equal in the order would be chosen at random: end the ORDER BY with the key", nil)
				return
			}
		}
	})
	return err
}

// checkRowByRow checks that each row of from can make its rows by itself.
func (g *Graph) checkRowByRow(m *Model) error {
	fail := func(at int, msg, hint string) error { return m.statement.ErrorAt(at, msg, hint, nil) }
	froms := map[string]bool{}
	for _, from := range m.From {
		froms[from.Relation] = true
	}
	seen := map[string]bool{}
	for i, branch := range m.query.Branches {
		var here []*reference
		within := &selectstmt.Query{Branches: []*selectstmt.Select{branch}}
		if i == 0 {
			within.With = m.query.With
		}
		for _, ref := range within.Relations() {
			if froms[ref.Relation] {
				here = append(here, ref)
				seen[ref.Relation] = true
			}
		}
		switch {
		case len(here) > 1:
			return fail(here[1].Start, fmt.Sprintf(
				"the SELECT reads %s twice, but a row-by-row model computes its rows from one row of from: alone",
				here[1].Relation,
			),
				"compute the model group by group (-- from: "+here[1].Relation+" by ...), or whole, without from:")
		case i > 0 && len(here) == 1 && strings.HasPrefix(m.query.Ops[i-1], "EXCEPT"):
			return fail(here[0].Start, fmt.Sprintf(
				"from: %s cannot be used after EXCEPT", here[0].Relation,
			),
				"compute the model group by group, or whole, without from:")
		case i > 0 && len(here) == 1 && strings.HasPrefix(m.query.Ops[i-1], "INTERSECT"):
			return fail(here[0].Start, fmt.Sprintf("from: %s cannot be used after INTERSECT", here[0].Relation),
				"compute the model group by group, or whole, without from:")
		case len(here) == 0 && (i == 0 || m.query.Ops[i-1] == "UNION ALL" || m.query.Ops[i-1] == "UNION"):
			return fail(
				branch.Start, "this branch reads no relation of from:",
				"name the relation of this branch in its own from: line",
			)
		}
		s := scope{g: g, with: m.query.With}
		if err := s.checkFlow(m, branch, froms); err != nil {
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
func (s scope) checkFlow(m *Model, branch *selectstmt.Select, froms map[string]bool) error {
	flows := func(item selectstmt.FromItem) bool {
		if q := s.query(item); q != nil {
			inner := s.inner(q)
			return slices.ContainsFunc(q.Branches, func(b *selectstmt.Select) bool {
				return slices.ContainsFunc(m.From, func(f From) bool { return inner.reads(b, f.Relation) })
			})
		}
		return froms[item.Relation]
	}
	if !slices.ContainsFunc(branch.From, flows) {
		for _, sub := range subqueries(branch) {
			for _, ref := range sub.Query.Relations() {
				if froms[ref.Relation] {
					return m.statement.ErrorAt(ref.Start, fmt.Sprintf("%s is only used in a subquery", ref.Relation),
						"a row-by-row model must read it in FROM", nil)
				}
			}
		}
		return nil
	}
	other := "compute the model group by group (by), or whole, without from:"
	for _, e := range exprs(branch) {
		for _, call := range e.Calls {
			if call.Over {
				return m.statement.ErrorAt(
					call.Start,
					fmt.Sprintf("the window function %s needs several rows of from:", strings.ToUpper(call.Name)),
					other, nil,
				)
			}
			if slices.Contains(aggregates, call.Name) {
				return m.statement.ErrorAt(
					call.Start,
					fmt.Sprintf("the aggregate %s needs several rows of from:", strings.ToUpper(call.Name)),
					other, nil,
				)
			}
		}
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
			for _, below := range q.Branches {
				if err := inner.checkFlow(m, below, froms); err != nil {
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
