package selectstmt

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// query reads a query up to the end of the statement or parenthesis.
func (p *parser) query() *Query {
	q := &Query{Limit: -1, Start: p.offset()}
	scope := len(p.scope)
	if p.accept("WITH") {
		p.with(q)
	}
	p.branches(q)
	p.tail(q)
	q.End = p.last()
	p.scope = p.scope[:scope]
	return q
}

// with reads the queries of WITH. With RECURSIVE each query sees all names, else the earlier names.
func (p *parser) with(q *Query) {
	recursive := p.accept("RECURSIVE")
	if recursive {
		p.scope = append(p.scope, p.withNames()...)
	}
	for p.err == nil {
		t := p.at(p.i)
		if !isName(t) {
			p.failHere("the name of a WITH query")
			return
		}
		c := CTE{Name: nameOf(t), Recursive: recursive, Start: t.Start}
		p.i++
		if p.isOp("(") {
			c.Columns = p.names()
		}
		if !p.accept("AS") {
			p.failHere("AS")
			return
		}
		p.accept("NOT")
		p.accept("MATERIALIZED")
		if !p.isOp("(") {
			p.failHere("(")
			return
		}
		p.inside(func() { c.Query = p.query() })
		c.End = p.last()
		q.With = append(q.With, c)
		if !recursive {
			p.scope = append(p.scope, c.Name)
		}
		if !p.isOp(",") {
			return
		}
		p.i++
	}
}

// withNames returns the names of WITH without moving: each stands first or behind a comma.
func (p *parser) withNames() []string {
	var names []string
	for i := p.i; i < p.end && isName(p.tokens[i]); i++ {
		names = append(names, nameOf(p.tokens[i]))
		for i < p.end && !isOp(p.tokens[i], ",") && !p.tokens[i].Is("SELECT") {
			if isOp(p.tokens[i], "(") {
				i = p.match[i]
			}
			i++
		}
		if i >= p.end || !isOp(p.tokens[i], ",") {
			break
		}
	}
	return names
}

// branches reads the SELECTs and the set operations between them.
func (p *parser) branches(q *Query) {
	grouped := false
	for n := 0; p.err == nil; n++ {
		switch {
		case p.isOp("("):
			var inner *Query
			p.inside(func() { inner = p.query() })
			if p.err != nil {
				return
			}
			grouped = grouped || len(inner.Ops) > 0
			q.Grouped = q.Grouped || inner.Grouped
			q.flatten(inner)
		case p.is("SELECT"):
			q.Branches = append(q.Branches, p.selectBranch(q))
		case p.is("VALUES"):
			q.Branches = append(q.Branches, p.values())
		default:
			p.failHere("SELECT")
			return
		}
		op := p.setOp()
		if op == "" {
			q.Grouped = q.Grouped || grouped && n > 0
			return
		}
		q.Ops = append(q.Ops, op)
	}
}

// flatten adds a query in parentheses.
func (q *Query) flatten(inner *Query) {
	q.With = append(q.With, inner.With...)
	q.Branches = append(q.Branches, inner.Branches...)
	q.Ops = append(q.Ops, inner.Ops...)
	q.more = append(q.more, inner.more...)
	if inner.OrderBy != nil {
		q.orderBy(inner.OrderBy)
	}
	if q.Limit < 0 {
		q.Limit = inner.Limit
	}
}

// orderBy sets the order of the query and keeps the one before for Walk.
func (q *Query) orderBy(e *Expr) {
	if q.OrderBy != nil {
		q.more = append(q.more, q.OrderBy)
	}
	q.OrderBy = e
}

func (p *parser) setOp() string {
	if !p.isSetOp(p.i) {
		return ""
	}
	op := strings.ToUpper(p.tokens[p.i].Text)
	if op == "MINUS" {
		op = "EXCEPT" // Redshift's synonym
	}
	p.i++
	if p.accept("ALL") {
		return op + " ALL"
	}
	p.accept("DISTINCT")
	return op
}

// isSetOp reports whether a set operation stands at an index. MINUS is a name elsewhere.
func (p *parser) isSetOp(i int) bool {
	t := p.at(i)
	if t.Is("MINUS") {
		next := p.at(i + 1)
		return isOp(next, "(") && p.isQuery(i+1) || slices.ContainsFunc([]string{"SELECT", "ALL", "VALUES"}, next.Is)
	}
	return t.Is("UNION") || t.Is("EXCEPT") || t.Is("INTERSECT")
}

// tail reads ORDER BY, LIMIT, OFFSET, FETCH and FOR UPDATE.
func (p *parser) tail(q *Query) {
	own := false
	for p.i < p.end {
		switch {
		case p.is("ORDER", "BY"):
			p.i += 2
			q.orderBy(p.clause("ORDER BY"))
		case p.is("LIMIT"), p.is("OFFSET"), p.is("FETCH"):
			if !own {
				q.Limit, own = p.offset(), true
			}
			p.i++
			e := p.expr(p.clauseEnd)
			e.Columns = nil // FIRST ROW ONLY
			q.more = append(q.more, &e)
		case p.accept("FOR"):
			for p.i < p.end && !p.is("LIMIT") && !p.is("OFFSET") {
				p.i++
			}
		default:
			p.failHere("the end of the query")
		}
	}
}

// selectBranch reads one SELECT. TOP sets the query's limit.
func (p *parser) selectBranch(q *Query) *Select {
	s := &Select{Start: p.offset()}
	p.i++
	switch {
	case p.accept("DISTINCT"):
		s.Distinct = true
		if p.is("ON") && isOp(p.at(p.i+1), "(") {
			s.DistinctOn = true
			p.i++
			s.DistinctBy = p.inParentheses()
		}
	case p.accept("ALL"):
	}
	if p.is("TOP") && p.at(p.i+1).Kind == sqlfile.KindNumber {
		if q.Limit < 0 {
			q.Limit = p.offset()
		}
		p.i += 2
	}
	if p.i >= p.end || p.clauseEnd(true) {
		p.fail(p.offset(), "SELECT without columns", "write the columns behind SELECT")
		return s
	}
	for p.err == nil {
		s.Items = append(s.Items, p.item())
		if !p.isOp(",") {
			break
		}
		p.i++
	}
	p.clauses(s)
	s.End = p.last()
	return s
}

// clauses reads what follows the SELECT list.
func (p *parser) clauses(s *Select) {
	if p.is("INTO") {
		p.fail(p.offset(), "SELECT INTO creates a table", "remove INTO and the table's name")
	}
	if p.accept("FROM") {
		p.joins(s, First, false)
	}
	if p.accept("WHERE") {
		s.Where = p.clause("WHERE")
	}
	if p.accept("GROUP", "BY") {
		s.GroupBy = p.clause("GROUP BY")
	}
	if p.accept("HAVING") {
		s.Having = p.clause("HAVING")
	}
	if p.accept("WINDOW") {
		s.Window = p.windows()
	}
	if p.accept("QUALIFY") {
		s.Qualify = p.clause("QUALIFY")
	}
}

// item reads one item of the SELECT list with its alias.
func (p *parser) item() Item {
	expr := p.expr(p.itemEnd)
	if expr.to == expr.from {
		p.failHere("an expression")
		return Item{}
	}
	item := Item{Expr: expr, Column: expr.Column()}
	if last := p.tokens[expr.to-1]; isOp(last, "*") {
		item.Star = expr.to == expr.from+1 || item.Column != nil
		item.Column = nil
	}
	if item.Column != nil {
		item.Name = item.Column.Column
	}
	as := p.accept("AS")
	if t := p.at(p.i); isName(t) && (as || !p.clauseEnd(false)) {
		item.Name, item.Aliased = nameOf(t), true
		p.i++
	} else if as {
		p.failHere("a name after AS")
	}
	return item
}

// values reads VALUES with its rows.
func (p *parser) values() *Select {
	s := &Select{Start: p.offset()}
	p.i++
	for p.err == nil {
		if !p.isOp("(") {
			p.failHere("a row of VALUES in parentheses")
			break
		}
		s.Values = append(s.Values, *p.inParentheses())
		if !p.isOp(",") {
			break
		}
		p.i++
	}
	s.End = p.last()
	return s
}
