package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A narrowed relation is one of which a SELECT sees only the rows with certain values in by.
type narrowed struct {
	relation string
	by       []string // its own columns
	here     []string // what the model calls them, of a from:
	line     string   // of the header
}

// narrowedBy are the relations that are narrowed while parts of a model are computed. Of several
// lines for one relation any may explain a place, so it is left out.
func (m *Model) narrowedBy() []narrowed {
	var out []narrowed
	seen := map[string]int{}
	for _, from := range m.From {
		if len(from.By) > 0 {
			out = append(out, narrowed{from.Relation, thereOf(from.By), hereOf(from.By), "from"})
		}
		for _, join := range from.Joins {
			seen[join.Relation]++
			out = append(out, narrowed{join.Relation, thereOf(join.By), thereOf(join.By), "joins"})
		}
	}
	return slices.DeleteFunc(out, func(n narrowed) bool { return len(n.by) == 0 || seen[n.relation] > 1 })
}

// checkNarrowed refuses aggregates and window functions, in FROM's subqueries and WITH, over rows
// that other parts of the model would narrow: they have to stay within the values of by.
func (g *Graph) checkNarrowed(m *Model) error {
	var err error
	for _, n := range m.narrowedBy() {
		var visit func(s scope, q *selectstmt.Query, below bool)
		visit = func(s scope, q *selectstmt.Query, below bool) {
			s = s.inner(q)
			for _, with := range q.With {
				visit(s, with.Query, true)
			}
			for _, branch := range q.Branches {
				if err == nil {
					err = s.checkPart(m, branch, n, below)
				}
				for _, item := range branch.From {
					if item.Query != nil {
						visit(s, item.Query, !item.Lateral)
					}
				}
			}
		}
		visit(scope{g: g}, m.query, false)
	}
	return err
}

// checkPart is checkNarrowed for one SELECT. below says that it is no branch of the model itself.
func (s scope) checkPart(m *Model, branch *selectstmt.Select, n narrowed, below bool) error {
	if !s.reads(branch, n.relation) {
		return nil
	}
	direct := slices.ContainsFunc(branch.From, func(item selectstmt.FromItem) bool {
		return item.Query == nil && !item.CTE && item.Relation == n.relation
	})
	beyond := func(call selectstmt.Call, kind, clause string) error {
		return m.statement.ErrorAt(call.Start,
			fmt.Sprintf("the %s %s needs rows of other values than the ones that %s: %s by reads", kind,
				strings.ToUpper(call.Name), n.line, n.relation),
			fmt.Sprintf("it sees only the rows of %s with certain values in %s: write %s %s, or remove by",
				n.relation, strings.Join(n.by, ", "), clause, strings.Join(n.by, ", ")), nil)
	}
	for _, e := range exprs(branch) {
		for _, call := range e.Calls {
			switch {
			case call.Over && (below || n.line == "from"):
				if names, ok := m.partition(branch, call); ok && !n.within(names, direct) {
					return beyond(call, "window function", "PARTITION BY")
				}
			case below && isAggregate(call):
				var names []string
				if branch.GroupBy != nil {
					for _, c := range branch.GroupBy.Columns {
						names = append(names, c.Column)
					}
				}
				if !n.within(names, direct) {
					return beyond(call, "aggregate", "GROUP BY")
				}
			}
		}
	}
	return nil
}

// within tells whether rows that are equal in columns have equal values in by. Where a subquery
// stands between, the columns may have other names, and any will do.
func (n narrowed) within(names []string, direct bool) bool {
	if !direct {
		return len(names) > 0
	}
	for i, there := range n.by {
		if !slices.Contains(names, there) && !slices.Contains(names, n.here[i]) {
			return false
		}
	}
	return true
}

// partition are the columns in the PARTITION BY of a window function. ok is false where its window
// is not found.
func (m *Model) partition(branch *selectstmt.Select, call selectstmt.Call) (names []string, ok bool) {
	sql := m.statement.SQL()
	tokens := sqlfile.Tokens(sql[call.Start:min(call.End, len(sql))])
	windows := windowsOf(branch)
	for depth := 0; ; depth++ {
		names = append(names, partitionedBy(tokens)...)
		over := slices.IndexFunc(tokens, func(t sqlfile.Token) bool { return t.Is("over") })
		if over < 0 {
			return names, true
		}
		at := over + 1 // OVER w, or OVER (w ORDER BY …)
		if at < len(tokens)-1 && tokens[at].Text == "(" {
			at++
		}
		if at >= len(tokens) || depth > len(windows) {
			return nil, false
		}
		definition, named := windows[strings.ToLower(tokens[at].Value())]
		if !named {
			return names, tokens[over+1].Text == "("
		}
		tokens = definition
	}
}

// windowsOf are the windows of the WINDOW clause by their names, each as OVER (…).
func windowsOf(branch *selectstmt.Select) map[string][]sqlfile.Token {
	out := map[string][]sqlfile.Token{}
	depth, name := 0, ""
	for _, t := range sqlfile.Tokens(branch.Window.Text()) {
		switch {
		case t.Kind == sqlfile.KindComment:
			continue
		case t.Text == "(":
			depth++
		case t.Text == ")":
			depth--
		case depth > 0 || t.Text == ",":
		case t.Is("as"):
			out[name] = []sqlfile.Token{{Kind: sqlfile.KindWord, Text: "OVER"}}
			continue
		default:
			name = strings.ToLower(t.Value())
		}
		if depth > 0 || t.Text == ")" {
			out[name] = append(out[name], t)
		}
	}
	return out
}

// partitionedBy are the names in the PARTITION BY of a window.
func partitionedBy(tokens []sqlfile.Token) (names []string) {
	within := false
	for _, t := range tokens {
		switch {
		case t.Is("partition"):
			within = true
		case t.Is("order"), t.Is("rows"), t.Is("range"), t.Is("groups"), t.Text == ")":
			within = false
		case within && t.Kind == sqlfile.KindWord && !t.Is("by"):
			names = append(names, strings.ToLower(t.Text))
		case within && t.Kind == sqlfile.KindQuotedIdent:
			names = append(names, t.Value())
		}
	}
	return names
}

// checkBy refuses a from: whose by says another column than the SELECT gives.
func (g *Graph) checkBy(m *Model) error {
	for _, name := range m.by() {
		item := m.query.Branches[0].Items[slices.Index(m.Columns, name)]
		for _, call := range item.Expr.Calls {
			if isAggregate(call) {
				return m.statement.ErrorAt(item.Expr.Start,
					fmt.Sprintf("by names %s, which %s computes from a group's rows", name, strings.ToUpper(call.Name)),
					"by must name columns of GROUP BY", nil)
			}
		}
	}
	for _, from := range m.From {
		line := g.lineage(m, from.Relation)
		for _, pair := range from.By {
			if there, known := line[pair.Here]; known && there != pair.There {
				right := there + " as " + pair.Here
				if there == pair.Here {
					right = there
				}
				return m.errorAt(from.at,
					fmt.Sprintf("by says that %s is %s of %s, but the SELECT takes it from %s", pair.Here,
						pair.There, from.Relation, there),
					"write by "+right+", or correct the SELECT")
			}
			if err := g.checkOwn(m, from, pair); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSets refuses what cannot be told row by row of set operations, and WITH RECURSIVE.
func (g *Graph) checkSets(m *Model) error {
	fail := func(at int, msg, hint string) error { return m.statement.ErrorAt(at, msg, hint, nil) }
	var err error
	m.query.Walk(func(q *selectstmt.Query) {
		for _, with := range q.With {
			if with.Recursive && err == nil {
				err = fail(with.Start, "WITH RECURSIVE in a model that is computed in parts",
					"remove from:, so that the model is computed whole")
			}
		}
		for i, op := range q.Ops {
			set, all := strings.CutSuffix(op, " ALL")
			if set == "UNION" || err != nil {
				continue
			}
			right := q.Branches[i+1]
			if all && m.Kind == Row {
				err = fail(right.Start, op+" counts equal rows, but in a row-by-row model equal rows are one row",
					"write "+set)
			}
			for _, n := range m.narrowedBy() {
				for _, item := range right.From {
					if err != nil || n.line != "joins" || item.CTE || item.Relation != n.relation {
						continue
					}
					for _, name := range n.by {
						if !g.required(n.relation, name) {
							err = fail(item.Start,
								fmt.Sprintf("%s treats NULLs as equal, but by %s leaves them out", set, name),
								"write WHERE EXISTS or NOT EXISTS with =, or -- joins: "+n.relation+" without by")
						}
					}
				}
			}
		}
	})
	return err
}

// required tells whether a column of a relation is never NULL.
func (g *Graph) required(relation, name string) bool {
	if m := g.byName[relation]; m != nil && m.Kind != Script {
		return slices.Contains(append(slices.Clone(m.Key), m.by()...), name)
	}
	column, ok := g.tables[relation].Column(name)
	return ok && column.NotNull
}

// checkPairs checks that the SELECT equates each column of by with the column of from: that the
// line says, as far as the two can be followed: by names equalities of the join, and never more.
func (g *Graph) checkPairs(m *Model, from From, join Join) error {
	var err error
	g.walkLevels(m, false, func(levels []level) {
		for _, item := range levels[len(levels)-1].branch.From {
			if err != nil || item.CTE || item.Query != nil || item.Relation != join.Relation {
				continue
			}
			for _, pair := range join.By {
				if other, wrong := equatedOtherwise(levels, item, pair, from.Relation); wrong && err == nil {
					err = m.errorAt(join.at,
						fmt.Sprintf("by compares %s of %s with %s of %s, but the SELECT compares it with %s",
							pair.There, join.Relation, pair.Here, from.Relation, other),
						"by can only name columns of from:; join the other lookup in a helper first, or write -- "+
							"joins: "+join.Relation+" without by")
				}
			}
		}
	})
	return err
}
