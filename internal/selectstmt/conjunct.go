package selectstmt

import (
	"slices"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Conjunct is one of the conditions that AND joins.
type Conjunct struct {
	Expr Expr // the condition as a whole
	// Left, Op and Right are set where the condition is one comparison: a = b. Op is =, <>, <, >,
	// <= or >=, else "".
	Left, Right Expr
	Op          string
	// LeftColumn and RightColumn are set where the side is just a column.
	LeftColumn, RightColumn *ColumnRef
}

// Column returns the column where the expression is just one, perhaps in parentheses; else nil.
func (e *Expr) Column() *ColumnRef {
	if e == nil || len(e.Columns) != 1 || len(e.Calls) > 0 || len(e.Subqueries) > 0 {
		return nil
	}
	inner := e.unwrap()
	if c := inner.Columns[0]; c.Start == inner.Start && c.End == inner.End {
		return &c
	}
	return nil
}

// Conjuncts splits an expression at its ANDs, also inside parentheses that hold nothing but ANDs.
// Where OR stands beside AND, the whole expression is one conjunct. A nil Expr has none.
func (e *Expr) Conjuncts() []Conjunct {
	if e == nil || e.from >= e.to {
		return nil
	}
	inner := e.unwrap()
	var ands []int
	between := 0
	or := false
	inner.top(func(i int, t sqlfile.Token) {
		switch {
		case t.Is("BETWEEN"):
			between++
		case t.Is("AND") && between > 0:
			between--
		case t.Is("AND"):
			ands = append(ands, i)
		case t.Is("OR"):
			or = true
		}
	})
	if or || len(ands) == 0 {
		return []Conjunct{inner.conjunct(or)}
	}
	var list []Conjunct
	from := inner.from
	for _, i := range append(ands, inner.to) {
		part := inner.part(from, i)
		list = append(list, part.Conjuncts()...)
		from = i + 1
	}
	return list
}

// conjunct reads the two sides of a comparison.
func (e *Expr) conjunct(or bool) Conjunct {
	c := Conjunct{Expr: *e}
	comparisons, other := 0, or
	at := 0
	e.top(func(i int, t sqlfile.Token) {
		switch {
		case t.Kind == sqlfile.KindOp && slices.Contains([]string{"=", "<>", "!=", "<", ">", "<=", ">="}, t.Text):
			comparisons++
			at = i
		case slices.ContainsFunc([]string{"NOT", "IS", "IN", "LIKE", "ILIKE", "BETWEEN", "SIMILAR", "ANY", "SOME",
			"ALL", "ISNULL", "NOTNULL", "OVERLAPS"}, t.Is):
			other = true
		case isOp(t, ","):
			other = true
		}
	})
	if comparisons != 1 || other || at == e.from || at == e.to-1 {
		return c
	}
	c.Left, c.Right, c.Op = e.part(e.from, at), e.part(at+1, e.to), e.source.tokens[at].Text
	if c.Op == "!=" {
		c.Op = "<>"
	}
	c.LeftColumn, c.RightColumn = c.Left.Column(), c.Right.Column()
	return c
}

// unwrap returns the expression without parentheses around the whole of it.
func (e *Expr) unwrap() Expr {
	from, to := e.from, e.to
	for from+1 < to && isOp(e.source.tokens[from], "(") && e.source.match[from] == to-1 && !e.isSubquery(from) {
		from, to = from+1, to-1
	}
	return e.part(from, to)
}

func (e *Expr) isSubquery(i int) bool {
	return slices.ContainsFunc(e.Subqueries, func(s Subquery) bool { return s.Start == e.source.tokens[i].Start })
}

// top calls do for the tokens outside parentheses and CASE. Names behind a dot are left out.
func (e *Expr) top(do func(i int, t sqlfile.Token)) {
	cases := 0
	for i := e.from; i < e.to; i++ {
		t := e.source.tokens[i]
		switch {
		case isOp(t, "("), isOp(t, "["):
			i = e.source.match[i]
		case i > e.from && isOp(e.source.tokens[i-1], "."), i+1 < e.to && isOp(e.source.tokens[i+1], "."):
		case t.Is("CASE"):
			cases++
		case t.Is("END") && cases > 0:
			cases--
		case cases == 0:
			do(i, t)
		}
	}
}

// part returns the expression of some of the tokens.
func (e *Expr) part(from, to int) Expr {
	part := Expr{source: e.source, from: from, to: to, Start: e.Start, End: e.Start}
	if from < len(e.source.tokens) {
		part.Start, part.End = e.source.tokens[from].Start, e.source.tokens[from].Start
	}
	if from < to {
		part.End = e.source.tokens[to-1].End
	}
	for _, c := range e.Columns {
		if part.Start <= c.Start && c.End <= part.End {
			part.Columns = append(part.Columns, c)
		}
	}
	for _, c := range e.Calls {
		if part.Start <= c.Start && c.End <= part.End {
			part.Calls = append(part.Calls, c)
		}
	}
	for _, s := range e.Subqueries {
		if part.Start <= s.Start && s.End <= part.End {
			part.Subqueries = append(part.Subqueries, s)
		}
	}
	return part
}
