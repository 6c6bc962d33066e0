package testcase

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
)

// A File holds rows of a table, given or expected: comma-separated values whose first line names
// the columns.
type File struct {
	Name    string  // as errors call it, such as tests/late_order/given/s_order.csv
	Table   string  // the file's name without .csv
	Columns []Value // the names in its first line, in order
	Rows    []Row

	text string
}

// A Row is one record. Its values are as many as the file has columns.
type Row struct {
	Line   int     // of its first value
	Values []Value // in the order of Columns
}

// A Value is a field of a record, and where it stands. An empty field without quotes is NULL.
type Value struct {
	Text         string // without its quotes; "" for NULL
	Null         bool   // the field is NULL
	Line, Column int    // from 1; columns in characters
}

// parseFile reads the text of a file.
func parseFile(name, table, text string) (*File, error) {
	f := &File{Name: name, Table: table, text: strings.TrimPrefix(text, "\ufeff")}
	r := &reader{file: f, rest: f.text, line: 1, column: 1}
	for r.rest != "" {
		row, err := r.record()
		if err != nil {
			return nil, err
		}
		switch {
		case row == nil: // a blank line
		case f.Columns == nil:
			if err := f.setColumns(row.Values); err != nil {
				return nil, err
			}
		case len(row.Values) != len(f.Columns):
			return nil, f.errorAt(
				row.Line, 0,
				fmt.Sprintf("the record has %d values, but the first line names %d columns",
					len(row.Values), len(f.Columns)),
				"write a value that holds a comma in double quotes",
			)
		default:
			f.Rows = append(f.Rows, *row)
		}
	}
	if f.Columns == nil {
		return nil, f.errorAt(1, 0, "the file is empty", "name the columns in the first line")
	}
	return f, nil
}

// setColumns takes the first line.
func (f *File) setColumns(names []Value) error {
	seen := map[string]bool{}
	for _, name := range names {
		switch {
		case name.Text == "":
			return f.errorAt(name.Line, name.Column, "a column has no name", "name the columns in the first line")
		case seen[name.Text]:
			return f.errorAt(name.Line, name.Column, fmt.Sprintf("column %s is named twice", name.Text),
				"remove one of them")
		}
		seen[name.Text] = true
	}
	f.Columns = names
	return nil
}

// errorAt is an error at a place of the file. A column of 0 means the line as a whole.
func (f *File) errorAt(line, column int, msg, hint string) *sqlfile.Error {
	source := ""
	if lines := strings.Split(f.text, "\n"); line <= len(lines) {
		source = strings.TrimSuffix(lines[line-1], "\r")
	}
	return &sqlfile.Error{File: f.Name, Line: line, Column: column, Source: source, Msg: msg, Hint: hint}
}

// valueError is an error about a value.
func (f *File) valueError(v Value, msg, hint string) *sqlfile.Error {
	return f.errorAt(v.Line, v.Column, msg, hint)
}

// unknownTable is the error of a file whose table does not exist.
func (f *File) unknownTable(known []string, which string) *sqlfile.Error {
	hint := which + ": " + strings.Join(known, ", ")
	if near := suggest.Nearest(f.Table, known); near != "" {
		hint = fmt.Sprintf("did you mean %s.csv?", near)
	}
	return f.errorAt(1, 0, "there is no table "+f.Table, hint)
}

// checkColumns refuses a column that the table does not have.
func (f *File) checkColumns(known []string) error {
	for _, column := range f.Columns {
		found := false
		for _, name := range known {
			found = found || name == column.Text
		}
		if !found {
			return f.valueError(column, fmt.Sprintf("table %s has no column %s", f.Table, column.Text),
				suggest.Hint(column.Text, known))
		}
	}
	return nil
}

// reader takes a text apart. The library's reader does not tell an empty field from "".
type reader struct {
	file         *File
	rest         string
	line, column int
}

// take moves on by n bytes of the rest and returns them.
func (r *reader) take(n int) string {
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	if at := strings.LastIndexByte(taken, '\n'); at >= 0 {
		r.line += strings.Count(taken, "\n")
		r.column = 1
		r.column += utf8.RuneCountInString(taken[at+1:])
	} else {
		r.column += utf8.RuneCountInString(taken)
	}
	return taken
}

// lineEnd is the length of the line end that the rest begins with; 0 for none.
func (r *reader) lineEnd() int {
	switch {
	case strings.HasPrefix(r.rest, "\r\n"):
		return 2
	case strings.HasPrefix(r.rest, "\n"):
		return 1
	}
	return 0
}

// record takes a record and the line end behind it; nil for a blank line.
func (r *reader) record() (*Row, error) {
	if n := r.lineEnd(); n > 0 {
		r.take(n)
		return nil, nil //nolint:nilnil // a blank line is no record
	}
	row := &Row{Line: r.line}
	for {
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		row.Values = append(row.Values, value)
		if n := r.lineEnd(); n > 0 || r.rest == "" {
			r.take(n)
			return row, nil
		}
		r.take(1) // the comma
	}
}

// value takes a field, up to the comma or line end behind it.
func (r *reader) value() (Value, error) {
	value := Value{Line: r.line, Column: r.column}
	if strings.HasPrefix(r.rest, `"`) {
		return r.quoted(value)
	}
	n := strings.IndexAny(r.rest, ",\n\"")
	if n < 0 {
		n = len(r.rest)
	}
	value.Text = r.take(n)
	if strings.HasPrefix(r.rest, "\n") && strings.HasSuffix(value.Text, "\r") {
		value.Text = strings.TrimSuffix(value.Text, "\r")
	}
	if strings.HasPrefix(r.rest, `"`) {
		return value, r.file.errorAt(r.line, r.column, "a double quote inside a value that does not begin with one",
			`put the whole value into double quotes, and write "" for the quote`)
	}
	value.Null = value.Text == ""
	return value, r.check(value)
}

// quoted takes a field in double quotes.
func (r *reader) quoted(value Value) (Value, error) {
	r.take(1)
	var text strings.Builder
	for {
		n := strings.IndexByte(r.rest, '"')
		if n < 0 {
			return value, r.file.valueError(value, "the double quote is never closed",
				`add the closing "; inside a value a quote is written ""`)
		}
		text.WriteString(r.take(n))
		r.take(1)
		if !strings.HasPrefix(r.rest, `"`) {
			break
		}
		text.WriteString(r.take(1))
	}
	if value.Text = text.String(); r.rest != "" && r.rest[0] != ',' && r.lineEnd() == 0 {
		return value, r.file.errorAt(r.line, r.column, "a comma or the end of the line has to follow a closing quote",
			`inside a value a double quote is written ""`)
	}
	return value, r.check(value)
}

// check refuses what no text column can hold.
func (r *reader) check(value Value) error {
	switch {
	case !utf8.ValidString(value.Text):
		return r.file.valueError(value, "the value is not valid UTF-8", "save the file as UTF-8")
	case strings.ContainsRune(value.Text, 0):
		return r.file.valueError(value, "the value holds a NUL character", "save the file as plain UTF-8 text")
	}
	return nil
}
