package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// checkLimit checks that a LIMIT takes the same rows each time: its ORDER BY holds the key. In a
// subquery it holds all columns of the SELECT, or what identifies its rows.
func (g *Graph) checkLimit(m *Model) error {
	var err error
	g.walkQueries(m, func(s scope, q *selectstmt.Query) {
		if q.Limit < 0 || err != nil {
			return
		}
		if q.OrderBy == nil {
			err = m.statement.ErrorAt(
				q.Limit, "LIMIT without ORDER BY returns arbitrary rows",
				"add an ORDER BY that contains the key", nil,
			)
			return
		}
		terms := orderTerms(q.OrderBy)
		if q == m.query {
			for _, name := range m.Key {
				if at := slices.Index(m.Columns, name); !ordered(terms, q.Branches[0], at) {
					err = m.statement.ErrorAt(q.Limit,
						fmt.Sprintf("the ORDER BY of LIMIT lacks %s, which is part of the key", name),
						"rows that are equal in the order would be chosen at random: end the ORDER BY with the key, "+
							"each column as it is", nil)
					return
				}
			}
			return
		}
		if !s.total(terms, q) && !withTies(m, q) {
			err = m.statement.ErrorAt(q.Limit, "the ORDER BY of LIMIT does not tell all rows of this subquery apart",
				"rows that are equal in the order would be chosen at random: end the ORDER BY with all columns of "+
					"the SELECT, or with the key of the one relation that it reads", nil)
		}
	})
	return err
}

// withTies tells whether FETCH FIRST … WITH TIES takes all rows that are equal in the order.
func withTies(m *Model, q *selectstmt.Query) bool {
	sql := m.statement.SQL()
	return slices.ContainsFunc(sqlfile.Tokens(sql[q.Limit:max(q.Limit, min(q.End, len(sql)))]),
		func(t sqlfile.Token) bool { return t.Is("ties") })
}

// A term is a part of an ORDER BY or GROUP BY, without its direction: a column, the place of an
// item in the SELECT, or another expression by its text.
type term struct {
	column *selectstmt.ColumnRef
	place  int
	text   string
}

// orderTerms are the terms of an ORDER BY or a GROUP BY.
func orderTerms(e *selectstmt.Expr) []term {
	var out []term
	var tokens []sqlfile.Token
	add := func() {
		for len(tokens) > 1 && isDirection(tokens) {
			tokens = tokens[:len(tokens)-1]
		}
		if len(tokens) == 0 {
			return
		}
		t := term{text: textOf(tokens)}
		t.place, _ = strconv.Atoi(t.text)
		for i, ref := range e.Columns {
			if strings.Trim(t.text, "() ") == textOf(sqlfile.Tokens(e.Text()[ref.Start-e.Start:ref.End-e.Start])) &&
				e.Start+tokens[0].Start <= ref.Start && ref.End <= e.Start+tokens[len(tokens)-1].End {
				t.column = &e.Columns[i]
			}
		}
		out, tokens = append(out, t), nil
	}
	depth := 0
	for _, t := range sqlfile.Tokens(e.Text()) {
		switch t.Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if depth == 0 {
				add()
				continue
			}
		}
		if t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker {
			tokens = append(tokens, t)
		}
	}
	add()
	return out
}

// isDirection tells whether the last of the tokens belongs to ASC, DESC, NULLS LAST or COLLATE "C".
func isDirection(tokens []sqlfile.Token) bool {
	last := tokens[len(tokens)-1]
	return slices.ContainsFunc([]string{"asc", "desc", "nulls", "first", "last", "collate"}, last.Is) ||
		tokens[len(tokens)-2].Is("collate")
}

// textOf is a text with single blanks, words in lower case.
func textOf(tokens []sqlfile.Token) string {
	words := make([]string, len(tokens))
	for i, t := range tokens {
		words[i] = t.Text
		if t.Kind == sqlfile.KindWord {
			words[i] = strings.ToLower(t.Text)
		}
	}
	return strings.Join(words, " ")
}

// ordered tells whether an item of a SELECT stands among the terms, as it is.
func ordered(terms []term, branch *selectstmt.Select, at int) bool {
	if at < 0 || at >= len(branch.Items) {
		return false
	}
	item := branch.Items[at]
	hidden := func(name string) bool { // a column's name is that of another item
		return slices.ContainsFunc(branch.Items, func(other selectstmt.Item) bool {
			return other.Name == name && other.Expr.Start != item.Expr.Start
		})
	}
	return slices.ContainsFunc(terms, func(t term) bool {
		c := t.column
		switch {
		case t.place == at+1:
			return true
		case c == nil:
			return t.text == textOf(sqlfile.Tokens(item.Expr.Text()))
		case c.Table == "" && c.Column == item.Name:
			return true
		case item.Column == nil || c.Column != item.Column.Column:
			return false
		case c.Table == "":
			return !hidden(c.Column)
		}
		return item.Column.Table == "" || item.Column.Table == c.Table
	})
}

// total tells whether rows of a query that are equal in the terms are equal, or the same row.
func (s scope) total(terms []term, q *selectstmt.Query) bool {
	branch := q.Branches[0]
	all := true
	for i, item := range branch.Items {
		constant := len(item.Expr.Columns) == 0 && len(item.Expr.Calls) == 0 && len(item.Expr.Subqueries) == 0
		all = all && !item.Star && (constant || ordered(terms, branch, i))
	}
	switch {
	case all && len(branch.Items) > 0:
		return true
	case len(q.Branches) > 1:
		return false
	case branch.GroupBy != nil:
		return s.groupsIn(terms, branch)
	case len(branch.From) != 1:
		return false
	}
	relation, ok := s.only(branch)
	key := s.g.keyOf(relation)
	return ok && len(key) > 0 && !slices.ContainsFunc(key, func(name string) bool {
		return !slices.ContainsFunc(terms, func(t term) bool {
			if t.column == nil {
				return false
			}
			for _, item := range branch.Items { // the name of an item comes before that of a column
				if t.column.Table == "" && item.Name == t.column.Column {
					found, ok := s.trace(branch, item, relation)
					return ok && found == name
				}
			}
			found, ok := s.trace(branch, selectstmt.Item{Column: t.column}, relation)
			return ok && found == name
		})
	})
}

// groupsIn tells whether all terms of GROUP BY stand among the terms.
func (s scope) groupsIn(terms []term, branch *selectstmt.Select) bool {
	return !slices.ContainsFunc(orderTerms(branch.GroupBy), func(group term) bool {
		for i, item := range branch.Items {
			same := group.place == i+1 || group.text == textOf(sqlfile.Tokens(item.Expr.Text())) ||
				group.column != nil && group.column.Table == "" && group.column.Column == item.Name
			if same && ordered(terms, branch, i) {
				return false
			}
		}
		return !slices.ContainsFunc(terms, func(t term) bool { return t.place == 0 && t.text == group.text })
	})
}

// only is the one relation that a SELECT reads, perhaps through subqueries and WITH.
func (s scope) only(branch *selectstmt.Select) (relation string, ok bool) {
	if len(branch.From) != 1 || branch.From[0].Function != "" {
		return "", false
	}
	q := s.query(branch.From[0])
	if q == nil {
		return branch.From[0].Relation, true
	}
	if len(q.Branches) != 1 {
		return "", false
	}
	return s.inner(q).only(q.Branches[0])
}

// keyOf is the key of a model or a table, nil without.
func (g *Graph) keyOf(relation string) []string {
	if m := g.byName[relation]; m != nil {
		return m.Key
	}
	return g.tables[relation].Key
}
