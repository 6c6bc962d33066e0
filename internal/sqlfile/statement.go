package sqlfile

import "strings"

// Statement is one statement of a file as one engine gets it.
type Statement struct {
	file         *File
	engine       Engine
	section      string
	offset       int // byte offset in the rendering
	line, column int // of the first token
	sql          string
}

// File returns the file that the statement stands in.
func (s Statement) File() *File { return s.file }

// Engine returns the engine that the statement is rendered for.
func (s Statement) Engine() Engine { return s.engine }

// Section returns "up" or "down" in a goose migration, "" elsewhere.
func (s Statement) Section() string { return s.section }

// SQL returns the text from the first token to the last, without the comments around them and
// without the final semicolon, variables untouched.
func (s Statement) SQL() string { return s.sql }

// Offset returns the byte offset of SQL in the rendering.
func (s Statement) Offset() int { return s.offset }

// Line returns the line of the file, from 1, on which the statement begins.
func (s Statement) Line() int { return s.line }

// Keyword returns the first word in upper case: COPY, INSERT, SELECT, WITH. It is "" when the
// statement begins with something else than a word.
func (s Statement) Keyword() string {
	l := lexer{text: s.sql, line: 1, column: 1}
	for {
		t, ok := l.next()
		switch {
		case ok && t.Text == "(":
		case ok && t.Kind == KindWord:
			return strings.ToUpper(t.Text)
		default:
			return ""
		}
	}
}

// Variable is a place where a statement takes a value from outside: :'name' or :"name".
type Variable struct {
	Name         string
	Quote        byte // '\'' for a literal, '"' for an identifier
	Line, Column int  // in the file, from 1, in characters
	Start, End   int  // byte offsets in Statement.SQL
}

// Variables returns the statement's variables in order of appearance.
func (s Statement) Variables() []Variable {
	if !strings.Contains(s.sql, ":'") && !strings.Contains(s.sql, `:"`) {
		return nil
	}
	var variables []Variable
	for _, t := range Tokens(s.sql) {
		if t.Kind != KindVariable {
			continue
		}
		line, column := s.position(t.Line, t.Column)
		variables = append(
			variables,
			Variable{Name: t.Value(), Quote: t.Text[1], Line: line, Column: column, Start: t.Start, End: t.End},
		)
	}
	return variables
}

// ErrorAt returns an error at a byte offset of SQL.
func (s Statement) ErrorAt(offset int, msg, hint string, cause error) *Error {
	line, column := s.position(newSource(s.sql).position(offset))
	return s.file.ErrorAt(line, column, msg, hint, cause)
}

// position turns a line and column of SQL into those of the file.
func (s Statement) position(line, column int) (int, int) {
	if line == 1 {
		column += s.column - 1
	}
	return line + s.line - 1, column
}
