package selectstmt

import "strings"

// parenthesis reads a subquery or an expression in parentheses.
func (p *parser) parenthesis(e *Expr) {
	switch {
	case !p.isOp("("):
		p.failHere("(")
	case p.isQuery(p.i + 1):
		p.subquery(e)
	default:
		p.inside(func() { p.rest(e) })
	}
}

func (p *parser) subquery(e *Expr) {
	s := Subquery{Kind: Scalar, Start: p.offset()}
	before := p.at(p.i - 1)
	switch {
	case before.Is("EXISTS"):
		s.Kind = Exists
	case before.Is("IN"):
		s.Kind = In
	case before.Is("ANY"), before.Is("SOME"):
		s.Kind = Any
	case before.Is("ALL"):
		s.Kind = All
	case before.Is("ARRAY"):
		s.Kind = Array
	}
	if (s.Kind == Exists || s.Kind == In) && p.at(p.i-2).Is("NOT") {
		s.Kind = "NOT " + s.Kind
	}
	p.inside(func() { s.Query = p.query() })
	s.End = p.last()
	e.Subqueries = append(e.Subqueries, s)
}

// call reads the arguments of a call and what belongs to it behind them.
func (p *parser) call(e *Expr, c Call) {
	n := len(e.Calls)
	e.Calls = append(e.Calls, c) // before the calls in its arguments
	p.inside(func() { p.arguments(e, &c) })
	for p.err == nil {
		open := p.i + 1
		switch {
		case p.is("FILTER") && isOp(p.at(open), "("):
			c.Filter = true
			p.i++
			p.inside(func() { p.rest(e) })
			continue
		case p.is("WITHIN", "GROUP") && isOp(p.at(p.i+2), "("):
			c.Ordered = true
			p.i += 2
			p.inside(func() { p.rest(e) })
			continue
		case p.accept("IGNORE", "NULLS"), p.accept("RESPECT", "NULLS"):
			continue
		case p.is("OVER") && isOp(p.at(open), "("):
			c.Over = true
			p.i++
			p.inside(func() { p.window(e) })
		case p.is("OVER") && isName(p.at(open)) && !p.itemFollows(open):
			c.Over = true
			p.i += 2
		}
		break
	}
	c.End = p.last()
	e.Calls[n] = c
}

// itemFollows reports whether a clause begins at an index, so that the word before it is an alias.
func (p *parser) itemFollows(i int) bool {
	return p.at(i).Is("FROM") || p.at(i).Is("AS")
}

// arguments reads what stands between the parentheses of a call.
func (p *parser) arguments(e *Expr, c *Call) {
	name := strings.ToUpper(c.Name)
	switch {
	case p.isOp("*") && p.i+1 == p.end:
		c.Star = true
		p.i++
		return
	case p.is("SELECT"), p.is("WITH"), p.is("VALUES"):
		p.i--
		end := p.end
		p.end++
		p.subquery(e)
		p.end = end
		if p.err == nil {
			p.i = end
		}
		return
	case p.accept("DISTINCT"):
		c.Distinct = true
	case p.accept("ALL"):
	case name == "EXTRACT" && (p.at(p.i+1).Is("FROM") || isOp(p.at(p.i+1), ",")):
		p.i += 2 // the field
	case name == "CONVERT" && p.commas() == 1:
		p.i = p.firstComma() + 1 // Redshift's CONVERT (type, x)
	case name == "TRIM" && (p.is("BOTH") || p.is("LEADING") || p.is("TRAILING")):
		p.i++
	}
	for p.i < p.end {
		var arg Expr
		if partFirst[name] && len(c.Args) == 0 && isName(p.at(p.i)) && isOp(p.at(p.i+1), ",") {
			arg = Expr{source: p.source, from: p.i}
			p.i++
			p.close(&arg)
		} else {
			arg = p.expr(p.argumentEnd)
		}
		if arg.from < arg.to {
			c.Args = append(c.Args, arg)
			e.add(arg)
		}
		switch {
		case p.i >= p.end:
		case p.is("AS"):
			p.i = p.end // the type of CAST
		case p.is("ORDER"):
			c.Ordered = true
			p.rest(e)
		default:
			p.i++
		}
	}
}

// argumentEnd reports whether an argument ends at the next token.
func (p *parser) argumentEnd(operand bool) bool {
	t := p.at(p.i)
	switch {
	case isOp(p.at(p.i+1), "."):
		return false
	case t.Is("FROM"):
		return !p.at(p.i - 1).Is("DISTINCT")
	case t.Is("ORDER"):
		return p.at(p.i + 1).Is("BY")
	}
	return isOp(t, ",") || t.Is("AS") || t.Is("FOR") || t.Is("PLACING") || t.Is("USING")
}

func (p *parser) firstComma() int {
	for i := p.i; i < p.end; i++ {
		switch t := p.tokens[i]; {
		case isOp(t, "("), isOp(t, "["):
			i = p.match[i]
		case isOp(t, ","):
			return i
		}
	}
	return p.end - 1
}

// commas counts the commas up to the closing parenthesis.
func (p *parser) commas() int {
	n := 0
	for i := p.i; i < p.end; i++ {
		switch t := p.tokens[i]; {
		case isOp(t, "("), isOp(t, "["):
			i = p.match[i]
		case isOp(t, ","):
			n++
		}
	}
	return n
}

// add takes over what a part of the expression holds.
func (e *Expr) add(part Expr) {
	e.Columns = append(e.Columns, part.Columns...)
	e.Calls = append(e.Calls, part.Calls...)
	e.Subqueries = append(e.Subqueries, part.Subqueries...)
}

// window reads PARTITION BY, ORDER BY and the frame of a window.
func (p *parser) window(e *Expr) {
	t := p.at(p.i)
	if isName(t) && !t.Is("PARTITION") && !t.Is("ORDER") && !p.isFrame() {
		p.i++ // the name of another window
	}
	for operand := true; p.i < p.end && !p.isFrame(); {
		operand = p.step(e, operand)
	}
	for operand := false; p.i < p.end; {
		if t := p.at(p.i); isName(t) && frameWords[strings.ToUpper(t.Text)] {
			p.i++
			operand = true
			continue
		}
		operand = p.step(e, operand)
	}
}

// isFrame reports whether the frame of a window begins.
func (p *parser) isFrame() bool {
	if !p.is("ROWS") && !p.is("RANGE") && !p.is("GROUPS") {
		return false
	}
	for i := p.i + 1; i < p.end; i++ {
		t := p.tokens[i]
		if t.Is("BETWEEN") || t.Is("PRECEDING") || t.Is("FOLLOWING") || t.Is("CURRENT") {
			return true
		}
		if isOp(t, ",") {
			return false
		}
	}
	return false
}

// windows reads the WINDOW clause.
func (p *parser) windows() *Expr {
	e := Expr{source: p.source, from: p.i}
	for isName(p.at(p.i)) {
		p.i++
		if !p.accept("AS") || !p.isOp("(") {
			p.failHere("AS (…)")
			break
		}
		p.inside(func() { p.window(&e) })
		if !p.isOp(",") {
			break
		}
		p.i++
	}
	p.close(&e)
	if e.from == e.to {
		p.failHere("the name of a window")
	}
	return &e
}
