package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// grouped are the relations of from: with their columns of by.
type grouped map[string][]string

// A groupReader is a FROM item through which rows of from: flow into a SELECT. names are its
// columns that are those of by; known is false where they cannot be told.
type groupReader struct {
	item     selectstmt.FromItem
	relation string
	names    []string
	known    bool
}

// checkTied refuses a SELECT that reads rows of other groups than its own: while some groups are
// computed, the relations of from: have the rows of these groups only. So a relation that stands
// there again, in a subquery or in FROM, is tied to the group by equalities of all columns of by.
func (g *Graph) checkTied(m *Model) error {
	if m.Kind != Group {
		return nil
	}
	by := grouped{}
	for _, from := range m.From {
		by[from.Relation] = thereOf(from.By)
	}
	var err error
	g.walkLevels(m, true, func(levels []level) {
		if err == nil {
			err = by.check(m, levels)
		}
	})
	return err
}

// readers are the FROM items of a SELECT through which rows of from: flow into it.
func (by grouped) readers(l level) []groupReader {
	var out []groupReader
	for _, item := range l.branch.From {
		for _, relation := range slices.Sorted(maps.Keys(by)) {
			columns := by[relation]
			r := groupReader{item: item, relation: relation, names: columns, known: true}
			q := l.scope.query(item)
			switch {
			case q == nil && (item.CTE || item.Relation != relation):
				continue
			case q != nil:
				inner := l.scope.inner(q)
				if !slices.ContainsFunc(q.Branches, func(b *selectstmt.Select) bool {
					return inner.reads(b, relation)
				}) {
					continue
				}
				r.names, r.known = l.scope.tracedNames(item, q, relation, columns)
			}
			out = append(out, r)
			break
		}
	}
	return out
}

// tracedNames are the columns of a subquery or a query of WITH that are these columns of a
// relation. known is false where a column may be computed from them.
func (s scope) tracedNames(item selectstmt.FromItem, q *selectstmt.Query, relation string, columns []string) (
	names []string, known bool) {
	listed, ok := s.columns(item)
	if !ok || len(q.Branches) != 1 {
		return nil, false
	}
	branch := q.Branches[0]
	for _, column := range columns {
		at := slices.IndexFunc(branch.Items, func(out selectstmt.Item) bool {
			found, ok := s.inner(q).trace(branch, out, relation)
			return ok && found == column
		})
		if at < 0 {
			plain := !slices.ContainsFunc(branch.Items, func(out selectstmt.Item) bool { return out.Column == nil })
			return nil, plain
		}
		names = append(names, listed[at])
	}
	return names, true
}

// check is checkTied for the last of the levels.
func (by grouped) check(m *Model, levels []level) error {
	last := levels[len(levels)-1]
	readers := by.readers(last)
	outside := 0 // readers in the levels around
	for _, l := range levels[:len(levels)-1] {
		outside += len(by.readers(l))
	}
	for i, r := range readers {
		if i == 0 && len(levels) == 1 || !r.known || r.item.Lateral || by.listed(last, r) {
			continue
		}
		for j, column := range by[r.relation] {
			if len(r.names) > 0 && by.reaches(levels, r, j, readers[0], outside) {
				continue
			}
			if last.sub == nil {
				return m.statement.ErrorAt(r.item.Start,
					fmt.Sprintf("%s is joined without an equality of %s, so that rows of other groups are needed",
						r.relation, column),
					fmt.Sprintf("only the rows of the same group are there: join it by %s, or compute the model "+
						"whole, without from:", column), nil)
			}
			return m.statement.ErrorAt(last.sub.Start,
				fmt.Sprintf("the subquery reads %s, and no equality of %s ties it to the group of the outer row",
					r.relation, column),
				fmt.Sprintf("only the rows of the same group are there: add %s = ... of the outer row to its WHERE; "+
					"compute what needs all rows of %s in a helper, and name the helper in -- joins: without by",
					strings.TrimPrefix(r.item.Alias+"."+column, "."), r.relation), nil)
		}
	}
	return nil
}

// listed tells whether a subquery of IN lists the columns of by, beside others or as a value, or
// has one row per group: IN (SELECT MAX(id) … GROUP BY g) is right where an id is of one group.
// What they are compared with is not followed.
func (by grouped) listed(l level, r groupReader) bool {
	if l.sub == nil || l.sub.Kind != selectstmt.In && l.sub.Kind != selectstmt.Any || len(r.names) == 0 {
		return false
	}
	var names []string
	if l.branch.GroupBy != nil {
		for _, c := range l.branch.GroupBy.Columns {
			names = append(names, c.Column)
		}
	}
	if l.member == nil {
		for _, out := range l.branch.Items {
			if out.Column != nil {
				names = append(names, out.Column.Column)
			}
		}
	}
	return subset(r.names, names)
}

// reaches tells whether equalities lead from column j of by in a FROM item to the same column of
// the group: in a SELECT around it, else in the first item that reads from:. It is true in doubt.
func (by grouped) reaches(levels []level, r groupReader, j int, first groupReader, outside int) bool {
	at := len(levels) - 1
	start := compared{side: side{level: at, alias: r.item.Alias, name: r.names[j]}, item: r.item}
	equals := equalities(levels)
	reached := []compared{start}
	for i := 0; i < len(reached); i++ {
		c := reached[i]
		around := c.text == "" && (c.level < at || at == 0 && c.item.Alias == first.item.Alias)
		columns := by[c.item.Relation]
		switch {
		case c.doubt, c.text != "" && mayKeep(levels, c, r.item, r.relation), c.merged(levels):
			return true
		case i > 0 && around && (outside == 0 && at > 0 || levels[c.level].scope.query(c.item) != nil ||
			c.item.CTE || c.item.Function != "" || j < len(columns) && columns[j] == c.name):
			return true
		}
		for _, next := range equals[c.side] {
			if !slices.ContainsFunc(reached, func(known compared) bool { return known.side == next.side }) {
				reached = append(reached, next)
			}
		}
	}
	return false
}
