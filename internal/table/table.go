// Package table renders a result for people and for programs.
package table

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/suggest"
)

// Align is where a cell's text stands in its column.
type Align int

// The alignments. Auto puts numbers to the right and all else to the left.
const (
	AlignAuto Align = iota
	AlignLeft
	AlignRight
)

// Kind is what a column's values are to a reader.
type Kind int

// The kinds. Auto takes integers and floats for measures, save in columns whose name says
// otherwise: rank, ts, year, month, week, day, hour, weekday, and whatever is or ends in "id".
const (
	KindAuto    Kind = iota
	KindLabel        // names or numbers a thing: shown as it is, a label in charts
	KindMeasure      // counts or measures: shown with thousands separators, a bar in charts
	KindRank         // the row's place: shown as it is, nothing in charts
)

// Column is one column of a result.
type Column struct {
	Name   string
	Align  Align                 // of its cells; the zero value is AlignAuto
	Kind   Kind                  // of its values; the zero value is KindAuto
	Narrow Narrow                // what becomes of it on a narrow terminal
	Style  func(value any) Style // of each value on a terminal that takes colours; nil for none
}

// Table is a result. A value is a string, a bool, an integer, a float, a Decimal, a time.Time or
// nil for NULL; pointers to these stand for what they point at.
type Table struct {
	Title       string   // what people call it; "" for none
	Description string   // what a row is, in a line; shown where there is room for prose
	Columns     []Column // in the order of each row's values
	Rows        [][]any
	Plot        *Plot // how it is drawn; nil: the columns decide
	// Once are columns whose value is the same in each row. Text, HTML pages and Markdown show the
	// value of the first of them once, above the table, and leave all of them out. Nil for none.
	Once []int
}

// Columns returns columns of these names, with alignment and kind found by themselves.
func Columns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}

// Format is a rendering.
type Format string

// The formats.
const (
	Text     Format = "table"    // a table with aligned columns, for people
	JSON     Format = "json"     // one array of objects, keys in column order
	CSV      Format = "csv"      // RFC 4180 with a header row
	Markdown Format = "markdown" // a pipe table in Markdown
	HTML     Format = "html"     // a table element, to stand in a page
	SVG      Format = "svg"      // a picture, which package chart draws and Write does not
)

// Formats returns all formats, the default first.
func Formats() []Format { return []Format{Text, JSON, CSV, Markdown, HTML, SVG} }

// FormatError is the name of a format that does not exist.
type FormatError struct{ Name string }

func (e *FormatError) Error() string { return fmt.Sprintf("unknown format %q", e.Name) }

// ExitCode returns 2: the command line has to change.
func (e *FormatError) ExitCode() int { return 2 }

// Hint names the nearest format or all of them.
func (e *FormatError) Hint() string { return suggest.Hint(e.Name, formatNames()) }

func formatNames() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return names
}

// ParseFormat returns the format of that name, or a *FormatError.
func ParseFormat(name string) (Format, error) {
	for _, f := range Formats() {
		if string(f) == name {
			return f, nil
		}
	}
	return "", &FormatError{Name: name}
}

// Write renders the table. Text is as wide as its contents; WriteWidth limits it.
func Write(w io.Writer, t Table, f Format) error { return WriteWidth(w, t, f, 0) }

// WriteWidth renders the table; in the format Text the columns are made to fit width terminal
// cells, as Column.Narrow says. A width of 0 or less means no limit. The other formats are never
// cut.
func WriteWidth(w io.Writer, t Table, f Format, width int) error {
	return Render(w, t, f, TextOptions{Width: width})
}

// TextOptions says what the reader's terminal takes; they concern the format Text alone.
type TextOptions struct {
	Width int  // in terminal cells; 0 or less is no limit
	ASCII bool // draw with ASCII only; the values stay as they are
	Color bool // apply the columns' styles
}

// Render is Write with all its options.
func Render(w io.Writer, t Table, f Format, o TextOptions) error {
	if err := t.check(); err != nil {
		return err
	}
	var out []byte
	switch f {
	case Text:
		shown, once := t.Shown()
		out = renderText(shown, once, o)
	case JSON:
		var err error
		if out, err = renderJSON(t); err != nil {
			return fmt.Errorf("render as JSON: %w", err)
		}
	case CSV:
		out = renderCSV(t)
	case Markdown:
		shown, once := t.Shown()
		out = renderMarkdown(shown, once)
	case HTML:
		out = []byte(HTMLTable(t, t.Title))
	default:
		return &FormatError{Name: string(f)}
	}
	_, err := w.Write(out)
	return err
}

// check refuses rows that do not fit the columns, which would silently shift values.
func (t Table) check() error {
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("row %d has %d values for %d columns", i+1, len(row), len(t.Columns))
		}
	}
	return nil
}

// plain reduces a value to nil, bool, int64, uint64, float64, string, Decimal or time.Time.
func plain(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, Decimal:
		return x
	case time.Time:
		return x
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return nil
		}
		return plain(r.Elem().Interface())
	}
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	switch {
	case r.CanInt():
		return r.Int()
	case r.CanUint():
		return r.Uint()
	case r.Kind() == reflect.Float32:
		// By way of the decimal, so that 0.1 stays 0.1.
		return float32Value(r.Float())
	case r.CanFloat():
		return r.Float()
	case r.Kind() == reflect.Bool:
		return r.Bool()
	case r.Kind() == reflect.String:
		return r.String()
	}
	return fmt.Sprint(v)
}

func numeric(v any) bool {
	switch v.(type) {
	case int64, uint64, float64, Decimal:
		return true
	}
	return false
}

// kindOf decides what a column's values are: by what was declared, by its name, by its values.
func (t Table) kindOf(column int) Kind {
	c := t.Columns[column]
	if c.Kind != KindAuto {
		return c.Kind
	}
	name := strings.ToLower(c.Name)
	switch name {
	case "rank":
		return KindRank
	case "id", "ts", "year", "month", "week", "day", "hour", "weekday":
		return KindLabel
	}
	if strings.HasSuffix(name, "_id") {
		return KindLabel
	}
	if t.numericColumn(column) {
		return KindMeasure
	}
	return KindLabel
}

// numericColumn says whether a column holds numbers and else only NULL.
func (t Table) numericColumn(column int) bool {
	some := false
	for _, row := range t.Rows {
		v := plain(row[column])
		if v == nil {
			continue
		}
		if !numeric(v) {
			return false
		}
		some = true
	}
	return some
}

func (t Table) alignOf(column int) Align {
	if a := t.Columns[column].Align; a != AlignAuto {
		return a
	}
	if k := t.Columns[column].Kind; t.numericColumn(column) || k == KindMeasure || k == KindRank {
		return AlignRight
	}
	return AlignLeft
}
