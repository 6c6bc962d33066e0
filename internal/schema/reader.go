package schema

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// reader walks over the tokens of a statement or a part of it.
type reader struct {
	statement sqlfile.Statement
	engine    sqlfile.Engine
	own       []string        // the names of the schema that dwh works in
	tokens    []sqlfile.Token // without comments and markers
	at        int             // index of the token that is read next
}

func (r *reader) sub(tokens []sqlfile.Token) *reader {
	return &reader{statement: r.statement, engine: r.engine, own: r.own, tokens: tokens}
}

func (r *reader) done() bool { return r.at >= len(r.tokens) }

// is reports whether these words come next.
func (r *reader) is(words ...string) bool {
	if r.at+len(words) > len(r.tokens) {
		return false
	}
	for i, w := range words {
		if !r.tokens[r.at+i].Is(w) {
			return false
		}
	}
	return true
}

// any reports whether one of these words comes next.
func (r *reader) any(words ...string) bool {
	for _, w := range words {
		if r.is(w) {
			return true
		}
	}
	return false
}

// before reports whether the word still comes.
func (r *reader) before(word string) bool {
	return slices.ContainsFunc(r.tokens[r.at:], func(t sqlfile.Token) bool { return t.Is(word) })
}

// skip reads these words when they come next.
func (r *reader) skip(words ...string) bool {
	if !r.is(words...) {
		return false
	}
	r.at += len(words)
	return true
}

func (r *reader) isOp(op string) bool {
	return !r.done() && r.tokens[r.at].Kind == sqlfile.KindOp && r.tokens[r.at].Text == op
}

func (r *reader) skipOp(op string) bool {
	if !r.isOp(op) {
		return false
	}
	r.at++
	return true
}

// temporary reads TEMPORARY and the words that may stand before it.
func (r *reader) temporary() bool {
	if !r.skip("GLOBAL") {
		r.skip("LOCAL")
	}
	return r.skip("TEMPORARY") || r.skip("TEMP")
}

// routine reports whether the statement creates a function or a procedure. Its body is not applied.
func (r *reader) routine() bool {
	words := r.sub(r.tokens)
	if !words.skip("CREATE") {
		return false
	}
	words.skip("OR", "REPLACE")
	return words.any("FUNCTION", "PROCEDURE")
}

// name reads one name: in lower case unless quoted, and cut where the engine cuts it.
func (r *reader) name() (string, bool) {
	if r.done() {
		return "", false
	}
	name, ok := r.identifier(r.tokens[r.at])
	if ok {
		r.at++
	}
	return name, ok
}

// identifier returns the name that a token spells.
func (r *reader) identifier(t sqlfile.Token) (string, bool) {
	// https://www.postgresql.org/docs/15/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
	limit := 63
	if r.engine == sqlfile.Redshift {
		limit = 127 // https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
	}
	switch t.Kind {
	case sqlfile.KindWord:
		return clip(lower(t.Text), limit), true
	case sqlfile.KindQuotedIdent:
		return clip(t.Value(), limit), true
	default:
		return "", false
	}
}

// A relation names a table or an index. schema is "" in the schema that dwh works in.
type relation struct{ schema, name string }

// qualified reads a name that may be qualified.
func (r *reader) qualified() (relation, bool) {
	name, ok := r.name()
	read := relation{name: name}
	for ok && r.isOp(".") {
		r.at++
		read.schema = read.name
		read.name, ok = r.name()
	}
	read.schema = r.schema(read.schema)
	return read, ok
}

// schema is a relation's schema by its name.
func (r *reader) schema(name string) string {
	if slices.Contains(r.own, name) {
		return ""
	}
	return name
}

// brackets reads ( … ) and returns the tokens inside. Missing brackets are an error.
func (r *reader) brackets() ([]sqlfile.Token, error) {
	if !r.isOp("(") {
		return nil, r.fail("expected an opening bracket")
	}
	inside, ok := r.closed()
	if !ok {
		return nil, r.fail("bracket is never closed")
	}
	return inside, nil
}

// closed reads ( … ) and returns the tokens inside; false when there are no such brackets.
func (r *reader) closed() ([]sqlfile.Token, bool) {
	open := r.at
	if !r.skipOp("(") {
		return nil, false
	}
	for depth := 1; !r.done(); r.at++ {
		if r.isOp("(") {
			depth++
		} else if r.isOp(")") {
			depth--
		}
		if depth == 0 {
			r.at++
			return r.tokens[open+1 : r.at-1], true
		}
	}
	r.at = open
	return nil, false
}

// items cuts tokens at the commas outside brackets.
func items(tokens []sqlfile.Token) [][]sqlfile.Token {
	var cut [][]sqlfile.Token
	depth, start := 0, 0
	for i, t := range tokens {
		if t.Kind != sqlfile.KindOp {
			continue
		}
		switch t.Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if depth == 0 {
				cut = append(cut, tokens[start:i])
				start = i + 1
			}
		}
	}
	if start < len(tokens) {
		cut = append(cut, tokens[start:])
	}
	return cut
}

// names reads ( name, … ).
func (r *reader) names() ([]string, error) {
	inside, err := r.brackets()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, item := range items(inside) {
		entry := r.sub(item)
		name, ok := entry.name()
		if !ok {
			return nil, entry.fail("expected the name of a column")
		}
		names = append(names, name)
	}
	return names, nil
}

// fail returns an error at the token that is read next, or at the last one.
func (r *reader) fail(msg string) error {
	offset := 0
	switch {
	case !r.done():
		offset = r.tokens[r.at].Start
	case len(r.tokens) > 0:
		offset = r.tokens[len(r.tokens)-1].Start
	}
	return r.errorAt(offset, msg, "")
}

// errorAt returns an error at an offset, which in an expanded text may be behind the statement.
func (r *reader) errorAt(offset int, msg, hint string) error {
	return r.statement.ErrorAt(min(offset, len(r.statement.SQL())), msg, hint, nil)
}

// normalize joins tokens by one blank, in lower case outside literals and quotes.
func normalize(tokens []sqlfile.Token) string {
	texts := make([]string, len(tokens))
	for i, t := range tokens {
		texts[i] = t.Text
		if t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindNumber {
			texts[i] = lower(t.Text)
		}
	}
	return strings.Join(texts, " ")
}

// unwrap leaves out brackets around the whole of an expression.
func unwrap(r *reader, tokens []sqlfile.Token) []sqlfile.Token {
	for {
		whole := r.sub(tokens)
		inside, ok := whole.closed()
		if !ok || !whole.done() {
			return tokens
		}
		tokens = inside
	}
}

// quoteIdent writes a name as SQL does, with quotes where it needs them.
func quoteIdent(name string) string {
	if name != "" && strings.IndexFunc(name, needsQuotes) < 0 && (name[0] < '0' || name[0] > '9') {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func needsQuotes(c rune) bool {
	return c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9')
}

// lower folds ASCII letters, as PostgreSQL does in UTF-8.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// clip cuts s to at most n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
