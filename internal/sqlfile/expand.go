package sqlfile

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Expanded is SQL that can be sent: a statement with its variables filled in. It knows for each
// character of SQL where in the file it comes from.
type Expanded struct {
	SQL string

	file   *File
	engine Engine
	pieces []piece // in order; the first begins at 0
}

// piece is a stretch of Expanded.SQL that comes from one place of the file.
type piece struct {
	start        int // byte offset in SQL
	line, column int // where it comes from
	fixed        bool
}

// Plain returns SQL that stands in no statement of a File as it is: the position of a character is
// its own. The name, which may be "", is what errors show.
func Plain(name, sql string) Expanded {
	f := &File{name: name, source: newSource(sql), shown: newSource(maskSecrets(sql))}
	return Expanded{SQL: sql, file: f, engine: Postgres, pieces: []piece{{line: 1, column: 1}}}
}

// Edit replaces Statement.SQL[Start:End] by Text.
type Edit struct {
	Start, End int    // byte offsets in Statement.SQL
	Text       string // what stands there afterwards
}

// Expand fills in the variables and applies further edits, as Replace does. A name that vars does
// not define, and a value that no literal or identifier can hold, is an *Error at the variable.
func (s Statement) Expand(vars map[string]string, edits ...Edit) (Expanded, error) {
	edits = slices.Clone(edits)
	for _, v := range s.Variables() {
		edit, err := s.Fill(v, vars)
		if err != nil {
			return Expanded{}, err
		}
		edits = append(edits, edit)
	}
	return s.Replace(edits)
}

// Fill returns the edit that puts the variable's value in its place, quoted as the variable says.
func (s Statement) Fill(v Variable, vars map[string]string) (Edit, error) {
	value, ok := vars[v.Name]
	if !ok {
		return Edit{}, s.ErrorAt(
			v.Start, fmt.Sprintf("variable %s is not defined", s.sql[v.Start:v.End]),
			undefinedHint(v.Name, vars), nil,
		)
	}
	quote := s.engine.QuoteLiteral
	if v.Quote == '"' {
		quote = QuoteIdent
	}
	text, err := quote(value)
	if err != nil {
		return Edit{}, s.ErrorAt(
			v.Start, fmt.Sprintf("value of variable %s: %v", s.sql[v.Start:v.End], err),
			"correct its value in the configuration", err,
		)
	}
	return Edit{Start: v.Start, End: v.End, Text: text}, nil
}

func undefinedHint(name string, vars map[string]string) string {
	names := slices.Sorted(maps.Keys(vars))
	if len(names) == 0 {
		return "no variable is defined here"
	}
	nearest := slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(name, a), levenshtein.ComputeDistance(name, b))
	})
	if levenshtein.ComputeDistance(name, nearest) <= 2 {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	return "defined are: " + strings.Join(names, ", ")
}

// Replace applies edits, which must not overlap; their order is free. What an edit puts in has the
// position of what it replaces.
func (s Statement) Replace(edits []Edit) (Expanded, error) {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	own := newSource(s.sql)
	x := Expanded{file: s.file, engine: s.engine}
	var b strings.Builder
	add := func(from, to int, text string, fixed bool) {
		line, column := s.position(own.position(from))
		x.pieces = append(x.pieces, piece{start: b.Len(), line: line, column: column, fixed: fixed})
		if !fixed {
			text = s.sql[from:to]
		}
		b.WriteString(text)
	}
	done := 0
	for _, e := range edits {
		if e.Start < done || e.End < e.Start || e.End > len(s.sql) {
			return Expanded{}, fmt.Errorf(
				"%s:%d: edits of one statement overlap or lie outside it", s.file.name, s.line,
			)
		}
		add(done, e.Start, "", false)
		add(e.Start, e.End, e.Text, true)
		done = e.End
	}
	add(done, len(s.sql), "", false)
	x.SQL = b.String()
	return x, nil
}

// String returns the SQL with COPY's secrets redacted, for logs and messages.
func (x Expanded) String() string { return Redact(x.SQL) }

// File returns the name of the file that the SQL comes from.
func (x Expanded) File() string {
	if x.file == nil {
		return ""
	}
	return x.file.name
}

// Engine returns the engine that the SQL is written for.
func (x Expanded) Engine() Engine { return x.engine }

// Position returns the line and column of the file, both from 1, for a 1-based character position
// in SQL, which is how PostgreSQL counts (pgconn.PgError.Position). A character of a variable's
// value has the position of the variable. 0 is the first character; what lies behind the end is the
// end.
func (x Expanded) Position(char int) (line, column int) {
	if len(x.pieces) == 0 {
		return 0, 0
	}
	offset := len(x.SQL)
	n := 1
	for i := range x.SQL {
		if n >= char {
			offset = i
			break
		}
		n++
	}
	i, found := slices.BinarySearchFunc(
		x.pieces, offset, func(p piece, offset int) int { return cmp.Compare(p.start, offset) },
	)
	if !found {
		i--
	}
	// Of pieces with one start only the last is not empty, unless all of them end the text.
	for i+1 < len(x.pieces) && x.pieces[i+1].start <= offset && offset < len(x.SQL) {
		i++
	}
	p := x.pieces[i]
	if p.fixed {
		return p.line, p.column
	}
	between := x.SQL[p.start:offset]
	if breaks := strings.Count(between, "\n"); breaks > 0 {
		return p.line + breaks, utf8.RuneCountInString(between[strings.LastIndexByte(between, '\n')+1:]) + 1
	}
	return p.line, p.column + utf8.RuneCountInString(between)
}

// ErrorAt returns an error at a 1-based character position in SQL; 0 is the statement's first line.
func (x Expanded) ErrorAt(char int, msg, hint string, cause error) *Error {
	line, column := x.Position(char)
	if x.file == nil {
		return &Error{Line: line, Column: column, Msg: msg, Hint: hint, Err: cause}
	}
	return x.file.ErrorAt(line, column, msg, hint, cause)
}

var (
	errNUL      = errors.New("it holds a NUL character")
	errEncoding = errors.New("it is not valid UTF-8")
	errEmpty    = errors.New("an identifier cannot be empty")
)

// QuoteLiteral returns the value as a string literal of that engine. A backslash is doubled on
// Redshift, where it is an escape character inside '…' (PostgreSQL 8.0's rule; the guide doubles it
// in dg/r_patternmatching_condition_like), and sent as it stands on PostgreSQL, where
// standard_conforming_strings is on. A value with NUL or invalid UTF-8 is an error.
func (e Engine) QuoteLiteral(value string) (string, error) {
	if err := checkValue(value); err != nil {
		return "", err
	}
	value = strings.ReplaceAll(value, "'", "''")
	if e == Redshift {
		value = strings.ReplaceAll(value, `\`, `\\`)
	}
	return "'" + value + "'", nil
}

// QuoteIdent returns the name as a quoted identifier, for either engine. An empty name, and one
// with NUL or invalid UTF-8, is an error.
func QuoteIdent(name string) (string, error) {
	if name == "" {
		return "", errEmpty
	}
	if err := checkValue(name); err != nil {
		return "", err
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`, nil
}

func checkValue(value string) error {
	if strings.ContainsRune(value, 0) {
		return errNUL
	}
	if !utf8.ValidString(value) {
		return errEncoding
	}
	return nil
}
