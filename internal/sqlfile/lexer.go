package sqlfile

import (
	"strings"
	"unicode/utf8"
)

// Kind says what a Token is.
type Kind int

// The kinds of tokens. Blanks are no tokens.
const (
	KindWord         Kind = iota + 1 // a keyword or an unquoted name
	KindQuotedIdent                  // "name", with "" for a quote
	KindString                       // 'text', with '' for a quote; also E'…', B'…', X'…' and N'…'
	KindDollarString                 // $tag$text$tag$
	KindNumber                       // 12, 1.5, 1e5, 0x1f
	KindParam                        // $1
	KindVariable                     // :'x' or :"x"
	KindOp                           // an operator or punctuation: ( ) , . :: <=
	KindComment                      // -- to the end of the line, or /* … */, nested ones included
	// /*redshift text */ or /*postgres*/: a letter stands directly after /*
	KindMarker
	KindSemicolon // ;
)

// String returns the kind's name for messages.
func (k Kind) String() string {
	switch k {
	case KindWord:
		return "word"
	case KindQuotedIdent:
		return "quoted identifier"
	case KindString:
		return "string literal"
	case KindDollarString:
		return "dollar quote"
	case KindNumber:
		return "number"
	case KindParam:
		return "parameter"
	case KindVariable:
		return "variable"
	case KindOp:
		return "operator"
	case KindComment:
		return "comment"
	case KindMarker:
		return "marker"
	case KindSemicolon:
		return "semicolon"
	default:
		return "unknown token"
	}
}

// Token is one lexical element of SQL text.
type Token struct {
	Kind Kind   // which kind of element it is
	Text string // as it stands in the source, delimiters included
	// Start and End are byte offsets in the text that was read: Text is sql[Start:End].
	Start, End int
	// Line and Column count from 1; columns are characters, and a tab is one character.
	Line, Column int
	// Unclosed is set on a literal, dollar quote, quoted identifier or comment that the end of the
	// text cut off.
	Unclosed bool
}

// Is reports whether the token is the unquoted word w, in whatever case.
func (t Token) Is(w string) bool {
	return t.Kind == KindWord && strings.EqualFold(t.Text, w)
}

// Value returns what the token stands for: the characters inside a string literal, dollar quote or
// quoted identifier, the name of a variable, and the text itself for every other kind.
// Doubled quotes are undone; the escapes of E'…' are left as they stand.
func (t Token) Value() string {
	switch t.Kind {
	case KindString:
		body := t.Text[strings.IndexByte(t.Text, '\'')+1:]
		if !t.Unclosed {
			body = body[:len(body)-1]
		}
		return strings.ReplaceAll(body, "''", "'")
	case KindQuotedIdent:
		body := t.Text[1:]
		if !t.Unclosed {
			body = body[:len(body)-1]
		}
		return strings.ReplaceAll(body, `""`, `"`)
	case KindDollarString:
		tag := t.Text[:strings.IndexByte(t.Text[1:], '$')+2]
		return strings.TrimSuffix(t.Text[len(tag):], tag)
	case KindVariable:
		return t.Text[2 : len(t.Text)-1]
	default:
		return t.Text
	}
}

// Tokens splits SQL text by PostgreSQL's lexical rules with standard_conforming_strings on
// (https://www.postgresql.org/docs/15/sql-syntax-lexical.html), plus psql's variables and this
// project's markers. It accepts any text: what is never closed runs to the end and is marked
// Unclosed.
func Tokens(sql string) []Token {
	l := lexer{text: sql, line: 1, column: 1}
	tokens := make([]Token, 0, len(sql)/7+1) // about what SQL with its comments has
	for {
		t, ok := l.next()
		if !ok {
			return tokens
		}
		tokens = append(tokens, t)
	}
}

type lexer struct {
	text         string
	pos          int // byte offset of what is read next
	line, column int // position of text[pos]
}

// advance moves to offset, counting lines and characters on the way.
func (l *lexer) advance(offset int) {
	for l.pos < offset {
		switch c := l.text[l.pos]; {
		case c == '\n':
			l.line++
			l.column = 1
			l.pos++
		case c < utf8.RuneSelf:
			l.column++
			l.pos++
		default:
			_, size := utf8.DecodeRuneInString(l.text[l.pos:])
			l.column++
			l.pos += size
		}
	}
}

func (l *lexer) next() (Token, bool) {
	end := l.pos
	for end < len(l.text) && isBlank(l.text[end]) {
		end++
	}
	l.advance(end)
	if l.pos == len(l.text) {
		return Token{}, false
	}
	kind, length, closed := scan(l.text[l.pos:])
	t := Token{
		Kind: kind, Text: l.text[l.pos : l.pos+length],
		Start: l.pos, End: l.pos + length,
		Line: l.line, Column: l.column,
		Unclosed: !closed,
	}
	l.advance(t.End)
	return t, true
}

// scan returns the kind and length in bytes of the token at the start of s, and whether it is
// closed.
func scan(s string) (kind Kind, length int, closed bool) {
	c := s[0]
	switch {
	case strings.HasPrefix(s, "--"):
		// PostgreSQL ends such a comment at either kind of line break.
		if i := strings.IndexAny(s, "\r\n"); i >= 0 {
			return KindComment, i, true
		}
		return KindComment, len(s), true
	case strings.HasPrefix(s, "/*"):
		length, closed = scanComment(s)
		if len(s) > 2 && isASCIILetter(s[2]) {
			return KindMarker, length, closed
		}
		return KindComment, length, closed
	case c == ';':
		return KindSemicolon, 1, true
	case c == '\'':
		length, closed = scanQuoted(s, 1, '\'', false)
		return KindString, length, closed
	case c == '"':
		length, closed = scanQuoted(s, 1, '"', false)
		return KindQuotedIdent, length, closed
	case len(s) > 1 && s[1] == '\'' && strings.IndexByte("eEbBxXnN", c) >= 0:
		length, closed = scanQuoted(s, 2, '\'', c == 'e' || c == 'E')
		return KindString, length, closed
	case c == '$':
		return scanDollar(s)
	case c == ':':
		if n := scanVariable(s); n > 0 {
			return KindVariable, n, true
		}
		// "::" is one token, so that a cast before a literal is no variable.
		if strings.HasPrefix(s, "::") || strings.HasPrefix(s, ":=") {
			return KindOp, 2, true
		}
		return KindOp, 1, true
	case isDigit(c), c == '.' && len(s) > 1 && isDigit(s[1]):
		return KindNumber, scanNumber(s), true
	case isWordStart(c):
		n := 1
		for n < len(s) && isWordPart(s[n]) {
			n++
		}
		return KindWord, n, true
	case isOperator(c):
		return KindOp, scanOperator(s), true
	case strings.HasPrefix(s, ".."):
		return KindOp, 2, true
	default:
		_, size := utf8.DecodeRuneInString(s)
		return KindOp, size, true
	}
}

// scanComment returns the length of the block comment at the start of s; comments nest.
func scanComment(s string) (length int, closed bool) {
	depth := 0
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i, true
			}
		default:
			i++
		}
	}
	return len(s), false
}

// scanQuoted returns the length of a literal or identifier whose text begins at s[start].
func scanQuoted(s string, start int, quote byte, escapes bool) (length int, closed bool) {
	for i := start; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] != quote:
		case i+1 < len(s) && s[i+1] == quote:
			i++
		default:
			return i + 1, true
		}
	}
	return len(s), false
}

// scanDollar reads a parameter, a dollar quote, or a lone dollar sign.
func scanDollar(s string) (kind Kind, length int, closed bool) {
	n := 1
	if n < len(s) && isDigit(s[n]) {
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		return KindParam, n, true
	}
	for n < len(s) && s[n] != '$' && isWordPart(s[n]) {
		n++
	}
	if n == len(s) || s[n] != '$' {
		return KindOp, 1, true
	}
	tag := s[:n+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return KindDollarString, len(s), false
	}
	return KindDollarString, len(tag) + end + len(tag), true
}

// scanVariable returns the length of the psql variable at the start of s, 0 when there is none.
func scanVariable(s string) int {
	if len(s) < 4 || s[1] != '\'' && s[1] != '"' || !isASCIILetter(s[2]) && s[2] != '_' {
		return 0
	}
	n := 3
	for n < len(s) && (isASCIILetter(s[n]) || s[n] == '_' || isDigit(s[n])) {
		n++
	}
	if n == len(s) || s[n] != s[1] {
		return 0
	}
	return n + 1
}

func scanNumber(s string) int {
	digits := func(n int, valid func(byte) bool) int {
		for n < len(s) && valid(s[n]) {
			n++
		}
		return n
	}
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isHex(s[2]) {
		return digits(2, isHex)
	}
	n := digits(0, isDigit)
	// "1..2" is a number, an operator and a number.
	if n < len(s) && s[n] == '.' && !strings.HasPrefix(s[n:], "..") {
		n = digits(n+1, isDigit)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if m < len(s) && isDigit(s[m]) {
			n = digits(m, isDigit)
		}
	}
	return n
}

// scanOperator reads a run of operator characters. A comment ends it, and as in PostgreSQL a
// trailing + or - belongs to what follows unless the run holds one of ~ ! @ # % ^ & | ` ?.
func scanOperator(s string) int {
	n := 0
	for n < len(s) && isOperator(s[n]) && !strings.HasPrefix(s[n:], "--") && !strings.HasPrefix(s[n:], "/*") {
		n++
	}
	if !strings.ContainsAny(s[:n], "~!@#%^&|`?") {
		for n > 1 && (s[n-1] == '+' || s[n-1] == '-') {
			n--
		}
	}
	return n
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

func isDigit(c byte) bool       { return c >= '0' && c <= '9' }
func isHex(c byte) bool         { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isWordStart(c byte) bool   { return isASCIILetter(c) || c == '_' || c >= 0x80 }
func isWordPart(c byte) bool    { return isWordStart(c) || isDigit(c) || c == '$' }
func isOperator(c byte) bool    { return strings.IndexByte("+-*/<>=~!@#%^&|`?", c) >= 0 }
