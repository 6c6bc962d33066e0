package selectstmt

import (
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Expr is an expression or a list of them, as it stands in the text.
type Expr struct {
	Start, End int         // byte offsets in the SQL: it is sql[Start:End]
	Columns    []ColumnRef // its column references, outside subqueries
	Calls      []Call      // outside subqueries, nested calls included, by their starts
	Subqueries []Subquery  // the outermost ones, in order

	source   *source
	from, to int // indexes of tokens
}

// Text returns the expression as it is written.
func (e *Expr) Text() string {
	if e == nil || e.source == nil {
		return ""
	}
	return e.source.sql[e.Start:e.End]
}

// expr reads an expression up to a place where end is true. operand says that an operand is next.
func (p *parser) expr(end func(operand bool) bool) Expr {
	e := Expr{source: p.source, from: p.i}
	operand := true
	for p.i < p.end && !end(operand) {
		operand = p.step(&e, operand)
	}
	p.close(&e)
	return e
}

// close sets the end of an expression before the next token.
func (p *parser) close(e *Expr) {
	e.to = max(e.from, min(p.i, p.end))
	e.Start, e.End = len(p.sql), len(p.sql)
	if e.from < len(p.tokens) {
		e.Start, e.End = p.tokens[e.from].Start, p.tokens[e.from].Start
	}
	if e.to > e.from {
		e.End = p.tokens[e.to-1].End
	}
}

// expr1 reads an expression that must not be empty.
func (p *parser) expr1(clause string, end func(bool) bool) *Expr {
	e := p.expr(end)
	if e.from == e.to {
		p.fail(p.offset(), clause+" without an expression", "write the expression, or remove "+clause)
	}
	return &e
}

func (p *parser) clause(name string) *Expr { return p.expr1(name, p.clauseEnd) }

// inParentheses reads an expression with its parentheses.
func (p *parser) inParentheses() *Expr {
	e := Expr{source: p.source, from: p.i}
	p.parenthesis(&e)
	p.close(&e)
	return &e
}

// clauseEnd reports whether the next token begins another clause.
func (p *parser) clauseEnd(operand bool) bool {
	t := p.at(p.i)
	if t.Kind != sqlfile.KindWord {
		return false
	}
	before := p.at(p.i - 2)
	switch {
	case isOp(p.at(p.i+1), "."):
		return false
	case t.Is("FROM") && p.at(p.i-1).Is("DISTINCT") && (before.Is("IS") || before.Is("NOT")):
		return false
	case t.Is("QUALIFY"):
		next := p.at(p.i + 1)
		return !operand && (isName(next) && !clauseWords[strings.ToUpper(next.Text)] || isOp(next, "("))
	}
	return clauseWords[strings.ToUpper(t.Text)] || p.isSetOp(p.i)
}

// itemEnd reports whether an item of the SELECT list ends, before its alias.
func (p *parser) itemEnd(operand bool) bool {
	t := p.at(p.i)
	switch {
	case p.clauseEnd(operand), isOp(t, ","), t.Is("AS"):
		return true
	case operand:
		return false
	case t.Kind == sqlfile.KindWord:
		w := strings.ToUpper(t.Text)
		return !infixes[w] && !postfixes[w] && w != "COLLATE" && !p.is("AT", "TIME", "ZONE") && !p.is("AT", "LOCAL")
	}
	return t.Kind == sqlfile.KindQuotedIdent
}

// onEnd reports whether the condition of a join ends.
func (p *parser) onEnd(operand bool) bool {
	return p.clauseEnd(operand) || p.isOp(",") || p.is("ON") || p.is("USING") || p.isJoin(p.i)
}

// step reads one part of an expression and reports whether an operand is next.
func (p *parser) step(e *Expr, operand bool) bool {
	if operand {
		return p.operand(e)
	}
	return p.infix(e)
}

// rest reads all that is left inside the parentheses.
func (p *parser) rest(e *Expr) {
	for operand := true; p.i < p.end; {
		operand = p.step(e, operand)
	}
}

func (p *parser) operand(e *Expr) bool {
	t := p.at(p.i)
	switch {
	case t.Kind == sqlfile.KindWord:
		return p.word(e)
	case t.Kind == sqlfile.KindQuotedIdent:
		p.name(e)
	case isOp(t, "("):
		p.parenthesis(e)
	case isOp(t, "["):
		p.inside(func() { p.rest(e) })
	case t.Kind == sqlfile.KindOp && t.Text != "*":
		p.i++
		return true
	default:
		p.i++
	}
	return false
}

// word reads a word where an operand is expected.
func (p *parser) word(e *Expr) bool {
	t, next := p.at(p.i), p.at(p.i+1)
	w := strings.ToUpper(t.Text)
	switch {
	case isOp(next, "."):
		p.name(e)
	case isOp(next, "=>"), isOp(next, ":="):
		p.i += 2 // the name of an argument
		return true
	case (w == "ORDER" || w == "PARTITION" || w == "GROUP") && next.Is("BY"), w == "GROUPING" && next.Is("SETS"):
		p.i += 2
		return true
	case prefixes[w], isOp(next, "(") && (w == "EXISTS" || w == "ROW" || w == "ROLLUP" || w == "CUBE"):
		p.i++
		return true
	case literals[w], postfixes[w], p.behindIs() && isWords[w]:
		p.i++
	case bareCalls[w] && !isOp(next, "("), w == "SYSDATE" && p.statement.Engine() == sqlfile.Redshift:
		p.i++
		e.Calls = append(e.Calls, Call{Name: strings.ToLower(t.Text), Bare: true, Start: t.Start, End: t.End})
	case p.typedLiteral(w):
	default:
		p.name(e)
	}
	return false
}

// behindIs reports whether IS or IS NOT stands before the next token.
func (p *parser) behindIs() bool {
	return p.at(p.i-1).Is("IS") || p.at(p.i-1).Is("NOT") && p.at(p.i-2).Is("IS")
}

// typedLiteral skips DATE '…', TIMESTAMP WITH TIME ZONE '…' and INTERVAL '…' DAY TO SECOND.
func (p *parser) typedLiteral(w string) bool {
	i := p.i + 1
	if w == "TIMESTAMP" || w == "TIME" || w == "INTERVAL" || w == "NUMERIC" || w == "DECIMAL" {
		if isOp(p.at(i), "(") {
			i = p.match[i] + 1
		}
		if (p.at(i).Is("WITH") || p.at(i).Is("WITHOUT")) && p.at(i+1).Is("TIME") && p.at(i+2).Is("ZONE") {
			i += 3
		}
	}
	if w == "DOUBLE" && p.at(i).Is("PRECISION") {
		i++
	}
	t := p.at(i)
	if t.Kind != sqlfile.KindString && (t.Kind != sqlfile.KindVariable || t.Text[1] != '\'') {
		return false
	}
	p.i = i + 1
	for w == "INTERVAL" && units[strings.ToUpper(p.at(p.i).Text)] {
		if p.i++; p.isOp("(") {
			p.i = p.match[p.i] + 1
		}
		p.accept("TO")
	}
	return true
}

// name reads a column, perhaps with table and schema, or a call.
func (p *parser) name(e *Expr) {
	start := p.offset()
	parts := []string{nameOf(p.tokens[p.i])}
	p.i++
	for p.isOp(".") {
		t := p.at(p.i + 1)
		if isOp(t, "*") {
			parts = append(parts, "*")
			p.i += 2
			break
		}
		if !isName(t) {
			break
		}
		parts = append(parts, nameOf(t))
		p.i += 2
	}
	n := len(parts)
	if p.isOp("(") && parts[n-1] != "*" {
		c := Call{Name: parts[n-1], Start: start}
		if n > 1 {
			c.Schema = parts[n-2]
		}
		p.call(e, c)
		return
	}
	c := ColumnRef{Column: parts[n-1], Start: start, End: p.last()}
	if n > 1 {
		c.Table = parts[n-2]
	}
	if n > 2 {
		c.Schema = parts[n-3]
	}
	e.Columns = append(e.Columns, c)
}

// infix reads what stands behind an operand.
func (p *parser) infix(e *Expr) bool {
	t, next := p.at(p.i), p.at(p.i+1)
	if t.Kind == sqlfile.KindOp {
		switch t.Text {
		case "(":
			p.parenthesis(e)
		case "[":
			p.inside(func() { p.rest(e) })
		case "::":
			p.i++
			p.typeName()
		case ".":
			if p.i++; isName(next) || isOp(next, "*") {
				p.i++
			}
		default:
			p.i++
			return true
		}
		return false
	}
	if t.Kind != sqlfile.KindWord {
		p.i++
		return false
	}
	switch w := strings.ToUpper(t.Text); {
	case p.accept("AT", "TIME", "ZONE"):
		return true
	case p.accept("AT", "LOCAL"):
	case (w == "ORDER" || w == "PARTITION" || w == "GROUP") && next.Is("BY"):
		p.i += 2
		return true
	case w == "COLLATE" && isName(next):
		p.i += 2
	case w == "NULLS":
		p.i = min(p.i+2, p.end)
	default:
		p.i++
		return infixes[w]
	}
	return false
}

// typeName skips the type behind ::.
func (p *parser) typeName() {
	t := p.at(p.i)
	if !isName(t) {
		return
	}
	p.i++
	for p.isOp(".") && isName(p.at(p.i+1)) {
		p.i += 2
	}
	switch {
	case t.Is("DOUBLE"):
		p.accept("PRECISION")
	case t.Is("CHARACTER"), t.Is("CHAR"), t.Is("BIT"):
		p.accept("VARYING")
	case t.Is("INTERVAL"):
		for units[strings.ToUpper(p.at(p.i).Text)] {
			p.i++
			p.accept("TO")
		}
	}
	if p.isOp("(") {
		p.i = p.match[p.i] + 1
	}
	if t.Is("TIME") || t.Is("TIMESTAMP") {
		_ = p.accept("WITH", "TIME", "ZONE") || p.accept("WITHOUT", "TIME", "ZONE")
	}
	for p.isOp("[") {
		p.i = p.match[p.i] + 1
	}
}
