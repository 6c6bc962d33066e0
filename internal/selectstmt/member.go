package selectstmt

import (
	"slices"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// tests says what an expression does with a condition inside it.
type tests int

const (
	asValue tests = iota // FALSE and NULL may give different results
	forTrue              // only TRUE counts: FALSE and NULL give the same result
	negated              // a NOT stands before what is tested for TRUE
)

// not is what NOT makes of the condition behind it.
func (u tests) not() tests {
	switch u {
	case forTrue:
		return negated
	case negated:
		return forTrue
	}
	return asValue
}

// Member reads x IN (SELECT …) or x = ANY (SELECT …), where sub is the subquery, and returns x. ok
// is false for any other use of sub, and where the result of the condition may depend on whether it
// is FALSE or NULL: behind NOT or IS, or as a value. condition says that the expression is itself
// tested for TRUE, as WHERE, HAVING and ON are.
func (e *Expr) Member(sub Subquery, condition bool) (x Expr, ok bool) {
	at := slices.IndexFunc(e.source.tokens, func(t sqlfile.Token) bool { return t.Start == sub.Start })
	if at < e.from || at >= e.to {
		return Expr{}, false
	}
	use := asValue
	if condition {
		use = forTrue
	}
	return e.member(e.from, e.to, at, use)
}

// member is Member for some of the tokens. The subquery's parenthesis is the token at.
func (e *Expr) member(from, to, at int, use tests) (Expr, bool) {
	from, to, listed := e.operandOf(from, to, at)
	if listed {
		use = asValue
	}
	for from < to && e.source.tokens[from].Is("NOT") {
		from, use = from+1, use.not()
	}
	if e.source.match[at] == to-1 && use == forTrue {
		if x, ok := e.left(from, at); ok {
			return x, true
		}
	}
	for i := from; i < to; i++ {
		t := e.source.tokens[i]
		switch {
		case isOp(t, "("), isOp(t, "["):
			end := e.source.match[i]
			if i >= at || at >= end {
				i = end
				continue
			}
			switch {
			case i > from && e.source.tokens[i-1].Is("FILTER") && e.source.tokens[i+1].Is("WHERE"):
				return e.member(i+2, end, at, forTrue)
			case i > from || end != to-1:
				use = asValue
			}
			return e.member(i+1, end, at, use)
		case t.Is("CASE"):
			end := e.caseEnd(i)
			if at > end {
				i = end
				continue
			}
			if i > from || end != to-1 {
				use = asValue
			}
			return e.inCase(i, end, at, use)
		}
	}
	return Expr{}, false
}

// operandOf narrows tokens to the operand of AND, OR or a comma that holds the token at. listed
// says that there are commas.
func (e *Expr) operandOf(from, to, at int) (start, end int, listed bool) {
	region := e.part(from, to)
	start, end = from, to
	between := 0
	region.top(func(i int, t sqlfile.Token) {
		comma := isOp(t, ",")
		listed = listed || comma
		switch {
		case t.Is("BETWEEN"):
			between++
			return
		case t.Is("AND") && between > 0:
			between--
			return
		case !comma && !t.Is("AND") && !t.Is("OR"):
			return
		}
		if i < at {
			start = i + 1
		} else if end == to {
			end = i
		}
	})
	return start, end, listed
}

// left returns the operand between two tokens, before IN or = ANY.
func (e *Expr) left(from, at int) (Expr, bool) {
	to := at - 1
	if to <= from {
		return Expr{}, false
	}
	switch word := e.source.tokens[to]; {
	case word.Is("IN"):
	case (word.Is("ANY") || word.Is("SOME")) && isOp(e.source.tokens[to-1], "="):
		to--
	default:
		return Expr{}, false
	}
	x := e.part(from, to)
	ok := from < to
	x.top(func(_ int, t sqlfile.Token) {
		if slices.ContainsFunc([]string{"NOT", "IS", "IN", "LIKE", "ILIKE", "SIMILAR", "BETWEEN"}, t.Is) ||
			t.Kind == sqlfile.KindOp && slices.Contains([]string{"=", "<>", "!=", "<", ">", "<=", ">="}, t.Text) {
			ok = false
		}
	})
	return x, ok
}

// inCase is member for a CASE from its first to its last token. WHEN tests for TRUE, but not in
// CASE x WHEN. A result is used as the CASE is.
func (e *Expr) inCase(from, end, at int, use tests) (Expr, bool) {
	searched := e.source.tokens[from+1].Is("WHEN")
	start, word := from+1, from
	inner := e.part(from+1, end)
	stop := end
	inner.top(func(i int, t sqlfile.Token) {
		if !t.Is("WHEN") && !t.Is("THEN") && !t.Is("ELSE") {
			return
		}
		if i < at {
			start, word = i+1, i
		} else if stop == end {
			stop = i
		}
	})
	switch t := e.source.tokens[word]; {
	case t.Is("WHEN") && searched:
		use = forTrue
	case !t.Is("THEN") && !t.Is("ELSE"):
		use = asValue
	}
	return e.member(start, stop, at, use)
}

// caseEnd is the END of a CASE.
func (e *Expr) caseEnd(from int) int {
	depth := 0
	for i := from; i < e.to; i++ {
		t := e.source.tokens[i]
		switch {
		case isOp(t, "("), isOp(t, "["):
			i = e.source.match[i]
		case isOp(e.source.tokens[i-1], "."), i+1 < e.to && isOp(e.source.tokens[i+1], "."):
		case t.Is("CASE"):
			depth++
		case t.Is("END"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return e.to - 1
}
