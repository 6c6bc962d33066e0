package selectstmt

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// joins reads FROM items with the joins between them.
func (p *parser) joins(s *Select, join JoinKind, nested bool) {
	base := len(s.From)
	for p.err == nil {
		p.fromItem(s, join, nested)
		p.conditions(s, base)
		var ok bool
		if join, ok = p.joinKind(); !ok {
			return
		}
	}
}

// joinKind skips a comma or the words of a join.
func (p *parser) joinKind() (JoinKind, bool) {
	if p.isOp(",") {
		p.i++
		return Cross, true
	}
	if !p.isJoin(p.i) {
		return "", false
	}
	kind := Inner
	for p.i < p.end && !p.is("JOIN") {
		if word := strings.ToUpper(p.tokens[p.i].Text); kind != Natural && word != "OUTER" {
			kind = JoinKind(word)
		}
		p.i++
	}
	p.i++
	return kind, true
}

// isJoin reports whether a join begins at an index: LEFT and RIGHT are functions elsewhere.
func (p *parser) isJoin(i int) bool {
	for n := 0; n < 4; n++ {
		t := p.at(i + n)
		if t.Is("JOIN") {
			return true
		}
		if t.Kind != sqlfile.KindWord || !joinWords[strings.ToUpper(t.Text)] {
			return false
		}
	}
	return false
}

// conditions reads ON and USING. In "a JOIN b JOIN c ON … ON …" the second one belongs to b.
func (p *parser) conditions(s *Select, base int) {
	for p.is("ON") || p.is("USING") {
		i := len(s.From) - 1
		for i >= base && (s.From[i].On != nil || s.From[i].Using != nil || s.From[i].Join == First ||
			s.From[i].Join == Cross || s.From[i].Join == Natural) {
			i--
		}
		if i < base {
			p.fail(p.offset(), strings.ToUpper(p.tokens[p.i].Text)+" without a join",
				"write the join's kind and table first")
			return
		}
		if p.accept("ON") {
			s.From[i].On = p.expr1("ON", p.onEnd)
			continue
		}
		p.i++
		if !p.isOp("(") {
			p.failHere("(")
			return
		}
		if s.From[i].Using = p.names(); s.From[i].Using == nil {
			p.fail(p.last(), "USING without columns", "write the columns in the parentheses")
		}
		if p.is("AS") {
			p.i = min(p.i+2, p.end) // with the alias of the join
		}
	}
}

// fromItem reads one item of FROM with its alias.
func (p *parser) fromItem(s *Select, join JoinKind, nested bool) {
	item := FromItem{Join: join, Nested: nested}
	for p.is("LATERAL") || p.is("ONLY") {
		item.Lateral = item.Lateral || p.is("LATERAL")
		p.i++
	}
	item.Start = p.offset()
	switch t := p.at(p.i); {
	case p.isOp("(") && !p.isQuery(p.i+1):
		p.inside(func() { p.joins(s, join, true) })
		p.alias(new(FromItem))
		return
	case p.isOp("("):
		p.inside(func() { item.Query = p.query() })
	case p.is("ROWS", "FROM") && isOp(p.at(p.i+2), "("):
		p.i += 2
		item.Function = "rows from"
		item.Call = p.inParentheses()
	case t.Kind == sqlfile.KindVariable:
		item.Relation = t.Text
		p.i++
	case isName(t) && !(t.Kind == sqlfile.KindWord && reserved[strings.ToUpper(t.Text)] && !isOp(p.at(p.i+1), "(")):
		p.relation(&item)
	default:
		p.failHere("a table")
		return
	}
	item.End = p.last()
	if p.accept("WITH", "ORDINALITY") {
		item.End = p.last()
	}
	if p.isOp("*") {
		p.i++ // PostgreSQL's "table *" is "table"
	}
	p.alias(&item)
	p.sample()
	s.From = append(s.From, item)
}

// relation reads the name of a table, perhaps with its schema, or a call.
func (p *parser) relation(item *FromItem) {
	from := p.i
	for isName(p.at(p.i)) && isOp(p.at(p.i+1), ".") && isName(p.at(p.i+2)) {
		item.Schema = nameOf(p.tokens[p.i])
		p.i += 2
	}
	name := nameOf(p.tokens[p.i])
	p.i++
	if p.isOp("(") {
		p.i = from
		e := Expr{source: p.source, from: from}
		p.operand(&e)
		p.close(&e)
		item.Function, item.Alias, item.Call = name, name, &e
		return
	}
	item.Relation, item.Alias = name, name
	if item.Schema == "" {
		item.CTE = slices.Contains(p.scope, name)
	}
}

// alias reads an alias, with or without AS, and its list of columns.
func (p *parser) alias(item *FromItem) {
	as := p.accept("AS")
	t := p.at(p.i)
	switch {
	case isName(t) && (as || !p.endsAlias()):
		item.Alias, item.Aliased = nameOf(t), true
		p.i++
	case as && !p.isOp("("):
		p.failHere("a name after AS")
		return
	case !as:
		return
	}
	if p.isOp("(") {
		item.Columns = p.names()
	}
}

// endsAlias reports whether the next word is a keyword that cannot be an alias.
func (p *parser) endsAlias() bool {
	t := p.at(p.i)
	return t.Kind == sqlfile.KindWord &&
		(reserved[strings.ToUpper(t.Text)] || p.isSetOp(p.i) || p.is("QUALIFY") || p.is("TABLESAMPLE"))
}

// sample skips TABLESAMPLE.
func (p *parser) sample() {
	if !p.is("TABLESAMPLE") {
		return
	}
	p.i = min(p.i+2, p.end) // with the method's name
	if p.isOp("(") {
		p.i = p.match[p.i] + 1
	}
	if p.accept("REPEATABLE") && p.isOp("(") {
		p.i = p.match[p.i] + 1
	}
}
