package selectstmt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// maxDepth bounds nested parentheses, so that no text exhausts the stack.
const maxDepth = 400

// source is the text that expressions point into.
type source struct {
	sql    string
	tokens []sqlfile.Token // without comments and markers
	match  []int           // for an opening parenthesis or bracket, the index of the closing one
}

// parser reads tokens[i:end]. After an error i is behind every token, so that all loops end.
type parser struct {
	*source
	statement sqlfile.Statement
	i, end    int
	scope     []string // names of the WITH queries that can be seen here
	err       error
}

func newParser(statement sqlfile.Statement) *parser {
	p := &parser{source: &source{sql: statement.SQL()}, statement: statement}
	for _, t := range sqlfile.Tokens(p.sql) {
		if t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker {
			p.tokens = append(p.tokens, t)
		}
	}
	p.end = len(p.tokens)
	p.pair()
	return p
}

// pair finds the closing parenthesis of each opening one.
func (p *parser) pair() {
	p.match = make([]int, len(p.tokens))
	var open []int
	for i, t := range p.tokens {
		switch {
		case t.Kind == sqlfile.KindSemicolon:
			p.fail(t.Start, "semicolon inside the statement", "write one SELECT")
			return
		case isOp(t, "(") || isOp(t, "["):
			if open = append(open, i); len(open) > maxDepth {
				p.fail(t.Start, fmt.Sprintf("more than %d nested parentheses", maxDepth),
					"split the statement with WITH")
				return
			}
		case isOp(t, ")") || isOp(t, "]"):
			want := map[string]string{")": "(", "]": "["}[t.Text]
			if len(open) == 0 || p.tokens[open[len(open)-1]].Text != want {
				p.fail(t.Start, fmt.Sprintf("%q closes nothing", t.Text), "remove it, or add the opening "+want)
				return
			}
			p.match[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t := p.tokens[open[len(open)-1]]
		p.fail(t.Start, fmt.Sprintf("%q is never closed", t.Text), "add the closing parenthesis")
	}
}

func isOp(t sqlfile.Token, text string) bool { return t.Kind == sqlfile.KindOp && t.Text == text }

func isName(t sqlfile.Token) bool {
	return t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindQuotedIdent
}

// nameOf returns a name as the engines compare it: in lower case unless it is quoted.
func nameOf(t sqlfile.Token) string {
	if t.Kind == sqlfile.KindWord {
		return strings.ToLower(t.Text)
	}
	return t.Value()
}

// at returns the token at an index, and a zero token outside what is read.
func (p *parser) at(i int) sqlfile.Token {
	if i < 0 || i >= p.end {
		return sqlfile.Token{}
	}
	return p.tokens[i]
}

// is reports whether the next tokens are these words.
func (p *parser) is(words ...string) bool {
	for n, w := range words {
		if !p.at(p.i + n).Is(w) {
			return false
		}
	}
	return true
}

// isOp reports whether the next token is an operator or punctuation.
func (p *parser) isOp(text string) bool { return isOp(p.at(p.i), text) }

// accept skips the words where they are next.
func (p *parser) accept(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.i += len(words)
	return true
}

// offset returns the start of the next token, or the end of what is read.
func (p *parser) offset() int {
	if p.i < len(p.tokens) {
		return p.tokens[p.i].Start
	}
	return len(p.sql)
}

// last returns the end of the token before the next one.
func (p *parser) last() int {
	if p.i > 0 && p.i <= len(p.tokens) {
		return p.tokens[p.i-1].End
	}
	return p.offset()
}

// fail records the first error and ends all reading.
func (p *parser) fail(offset int, msg, hint string) {
	if p.err == nil {
		p.err = p.statement.ErrorAt(offset, msg, hint, nil)
	}
	p.i = len(p.tokens)
}

func (p *parser) failHere(want string) {
	found := "the end"
	if p.i < p.end {
		found = fmt.Sprintf("%q", p.tokens[p.i].Text)
	} else if p.end < len(p.tokens) {
		found = fmt.Sprintf("%q", p.tokens[p.end].Text)
	}
	hint := "write a SELECT"
	if want != "SELECT" {
		hint = "check the SQL before this place"
	}
	p.fail(p.offset(), fmt.Sprintf("found %s, want %s", found, want), hint)
}

// inside reads what stands between the parentheses at p.i.
func (p *parser) inside(read func()) {
	if p.err != nil {
		return
	}
	end, closing := p.end, p.match[p.i]
	p.i++
	p.end = closing
	read()
	if p.err == nil && p.i < closing {
		p.failHere(fmt.Sprintf("%q", p.tokens[closing].Text))
	}
	p.end = end
	if p.err == nil {
		p.i = closing + 1
	}
}

// names reads a list of names in parentheses. Of each entry the first name counts.
func (p *parser) names() []string {
	var names []string
	p.inside(func() {
		first := true
		for p.i < p.end {
			t := p.tokens[p.i]
			switch {
			case isOp(t, ","):
				first = true
			case isOp(t, "(") || isOp(t, "["):
				p.i = p.match[p.i]
			case first && isName(t):
				names = append(names, nameOf(t))
				first = false
			}
			p.i++
		}
	})
	return names
}

// isQuery reports whether a query begins at an index, behind an opening parenthesis.
func (p *parser) isQuery(i int) bool {
	open := i
	for i < p.end && isOp(p.tokens[i], "(") {
		i++
	}
	if i >= p.end || !slices.ContainsFunc([]string{"SELECT", "WITH", "VALUES"}, p.tokens[i].Is) {
		return false
	}
	// "((SELECT 1) + 1)" is an expression, "((SELECT 1) UNION SELECT 2)" is a query.
	for i--; i >= open; i-- {
		next := p.match[i] + 1
		if next >= len(p.tokens) {
			return true
		}
		t := p.tokens[next]
		if !isOp(t, ")") && !(t.Kind == sqlfile.KindWord && queryEnd[strings.ToUpper(t.Text)]) {
			return false
		}
	}
	return true
}
