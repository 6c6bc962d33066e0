package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
)

// A word is a piece of a header's line.
type word struct {
	text string
	at   int // its column, from 1
}

// wordsOf cuts a line at its blanks, save those between double quotes, which are left out.
func wordsOf(line sqlfile.Line) []word {
	var out []word
	var now strings.Builder
	begun, quoted, start := false, false, 0
	column := line.At
	for _, r := range line.Text {
		switch {
		case r == '"':
			if !begun {
				begun, start = true, column
			}
			quoted = !quoted
		case !quoted && (r == ' ' || r == '\t'):
			if begun {
				out = append(out, word{now.String(), start})
				now.Reset()
				begun = false
			}
		default:
			if !begun {
				begun, start = true, column
			}
			now.WriteRune(r)
		}
		column++
	}
	if begun {
		out = append(out, word{now.String(), start})
	}
	return out
}

// cut cuts a word at its first separator.
func (w word) cut(separator string) (before, after word, found bool) {
	left, right, found := strings.Cut(w.text, separator)
	return word{left, w.at}, word{right, w.at + utf8.RuneCountInString(left+separator)}, found
}

// list cuts a word at its commas.
func (w word) list() []word {
	var out []word
	for {
		item, rest, more := w.cut(",")
		out = append(out, item)
		if !more {
			return out
		}
		w = rest
	}
}

// A place is where a header says something; the zero value is nowhere.
type place struct {
	file *sqlfile.File
	line int
}

func (p place) fault(at int, msg, hint string) error {
	if p.file == nil {
		return errors.New(msg)
	}
	return p.file.ErrorAt(p.line, at, msg, hint, nil)
}

// A Chart is how a report is drawn: `-- chart: line x=day y=revenue,orders`.
type Chart struct {
	kind  table.PlotKind
	x     word
	y     []word
	place place
}

var chartKinds = map[string]table.PlotKind{"bar": table.PlotBar, "line": table.PlotLine, "none": table.PlotNone}

// mostMeasures is how many columns a chart draws: more colours cannot be told apart.
const mostMeasures = 6

const chartHint = "write -- chart: line x=day y=revenue,orders, or -- chart: bar x=shop y=revenue, or -- chart: none"

func newChart(file *sqlfile.File, line sqlfile.Line) (*Chart, error) {
	c := &Chart{place: place{file, line.Line}}
	words := wordsOf(line)
	if len(words) == 0 {
		return nil, c.place.fault(line.Column, "chart: is empty", chartHint)
	}
	for i, w := range words {
		key, value, pair := w.cut("=")
		switch {
		case !pair && i == 0:
			kind, known := chartKinds[w.text]
			if !known {
				return nil, c.place.fault(w.at, fmt.Sprintf("chart: unknown kind %q", w.text),
					"write bar, line or none")
			}
			c.kind = kind
		case !pair:
			return nil, c.place.fault(w.at, fmt.Sprintf("chart: %q is not KEY=COLUMN", w.text), chartHint)
		case c.kind == table.PlotNone:
			return nil, c.place.fault(w.at, "chart: none has no columns", chartHint)
		case key.text != "x" && key.text != "y":
			return nil, c.place.fault(w.at, fmt.Sprintf("chart: unknown key %q", key.text),
				"write x=COLUMN and y=COLUMN,COLUMN")
		case value.text == "":
			return nil, c.place.fault(w.at, fmt.Sprintf("chart: %s= names no column", key.text), chartHint)
		case key.text == "x" && c.x.text != "" || key.text == "y" && c.y != nil:
			return nil, c.place.fault(w.at, fmt.Sprintf("chart: %s= is given twice", key.text), "remove one of them")
		case key.text == "x":
			c.x = value
		default:
			c.y = value.list()
			if len(c.y) > mostMeasures {
				return nil, c.place.fault(c.y[mostMeasures].at, fmt.Sprintf("chart: y= names %d columns", len(c.y)),
					fmt.Sprintf("a chart can show at most %d columns", mostMeasures))
			}
		}
	}
	return c, nil
}

// plot finds the columns of a result.
func (c *Chart) plot(t table.Table) (*table.Plot, error) {
	p := &table.Plot{Kind: c.kind, Label: -1}
	if c.x.text != "" {
		at, err := c.place.column(t, "chart", c.x)
		if err != nil {
			return nil, err
		}
		p.Label = at
	}
	for _, y := range c.y {
		at, err := c.place.column(t, "chart", y)
		if err != nil {
			return nil, err
		}
		if !t.Measurable(at) {
			return nil, c.place.fault(y.at, fmt.Sprintf("chart: the column %s holds no numbers", table.Visible(y.text)),
				"y= must name columns of numbers")
		}
		p.Measures = append(p.Measures, at)
	}
	return p, nil
}

// column finds a column of a result by the name in a header.
func (p place) column(t table.Table, key string, name word) (int, error) {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	if at := slices.Index(names, name.text); at >= 0 {
		return at, nil
	}
	hint := "the columns are " + strings.Join(names, ", ")
	if near := suggest.Nearest(name.text, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return 0, p.fault(name.at, fmt.Sprintf("%s: the result has no column %q", key, name.text), hint)
}
