package table

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// ChartOptions says how a chart is drawn.
type ChartOptions struct {
	Width int  // terminal cells a line may take; 0 or less: 80
	Color bool // colour the bars by ANSI escapes
	ASCII bool // draw with "#" for terminals without UTF-8
}

// NoMeasureError is a table that holds nothing to draw bars of.
type NoMeasureError struct{ Title string }

func (e *NoMeasureError) Error() string {
	if e.Title == "" {
		return "there is no column of numbers to chart"
	}
	return fmt.Sprintf("%s has no column of numbers to chart", e.Title)
}

// ExitCode returns 2: another report or no --chart is needed.
func (e *NoMeasureError) ExitCode() int { return 2 }

// Hint says what to do instead.
func (e *NoMeasureError) Hint() string { return "leave --chart out" }

// Chart draws a horizontal bar chart: a line per row, labelled by the row's label columns, its bar as long as the first measure.
// A table with rows but without a measure is a *NoMeasureError.
func Chart(w io.Writer, t Table, width int, color bool) error {
	return Draw(w, t, ChartOptions{Width: width, Color: color})
}

// Draw is Chart with all its options.
func Draw(w io.Writer, t Table, o ChartOptions) error {
	if err := t.check(); err != nil {
		return err
	}
	if o.Width <= 0 {
		o.Width = 80
	}
	var out strings.Builder
	if len(t.Rows) == 0 {
		if t.Title != "" {
			out.WriteString(clip(visible(t.Title), o.Width, ellipsis(o.ASCII)) + "\n")
		}
		out.WriteString("(no rows)\n")
		_, err := io.WriteString(w, out.String())
		return err
	}
	labels, measure := t.axes()
	if measure < 0 {
		return &NoMeasureError{Title: t.Title}
	}
	title := visible(t.Columns[measure].Name)
	if t.Title != "" {
		title = visible(t.Title) + ": " + title
	}
	out.WriteString(clip(title, o.Width, ellipsis(o.ASCII)) + "\n")
	for _, line := range newPlot(t, labels, measure, o).lines() {
		out.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// axes returns the columns that label a row, and the one that its bar shows (-1: none). With numbers only, as in (hour,
// songplays), the first column is the label.
func (t Table) axes() (labels []int, measure int) {
	measure = -1
	var measures []int
	for i := range t.Columns {
		switch t.kindOf(i) {
		case KindLabel:
			labels = append(labels, i)
		case KindMeasure:
			if t.numericColumn(i) {
				measures = append(measures, i)
			}
		}
	}
	if len(labels) == 0 && len(measures) > 1 && t.Columns[measures[0]].Kind == KindAuto {
		labels, measures = measures[:1], measures[1:]
	}
	if len(measures) > 0 {
		measure = measures[0]
	}
	return labels, measure
}

// plot is a chart with its layout worked out: label, blank, bars, blank, value.
type plot struct {
	labels, texts []string
	values        []float64
	labelWidth    int
	left, right   int // cells for bars below and above zero
	scale         float64
	options       ChartOptions
}

func newPlot(t Table, labels []int, measure int, o ChartOptions) *plot {
	p := &plot{options: o}
	valueWidth := 0
	low, high := 0.0, 0.0
	for _, row := range t.Rows {
		var parts []string
		for _, i := range labels {
			parts = append(parts, shown(plain(row[i]), KindLabel, o.ASCII))
		}
		separator := " · "
		if o.ASCII {
			separator = " / "
		}
		label := strings.Join(parts, separator)
		value := plain(row[measure])
		p.labels = append(p.labels, label)
		p.texts = append(p.texts, shown(value, KindMeasure, o.ASCII))
		v := magnitude(value)
		p.values = append(p.values, v)
		low, high = min(low, v), max(high, v)
		p.labelWidth = max(p.labelWidth, cellWidth(label))
		valueWidth = max(valueWidth, cellWidth(p.texts[len(p.texts)-1]))
	}
	// Bars matter more than the ends of long labels, but a label of which nothing is left says nothing.
	p.labelWidth = min(p.labelWidth, max(o.Width*2/5, 4))
	space := max(o.Width-p.labelWidth-valueWidth-2, 1)
	if spread := high/2 - low/2; spread > 0 {
		p.left = int(math.Round(float64(space) * (-low / 2) / spread))
		if low < 0 && p.left == 0 {
			p.left = 1
		}
		if high > 0 {
			p.left = min(p.left, space-1)
		}
		p.left = max(p.left, 0)
		p.right = space - p.left
		p.scale = math.Inf(1)
		if high > 0 {
			p.scale = min(p.scale, float64(p.right)/high)
		}
		if low < 0 {
			p.scale = min(p.scale, float64(p.left)/-low)
		}
	}
	return p
}

// magnitude is the number a bar shows; NULL, NaN and infinities have none.
func magnitude(v any) float64 {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	case float64:
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			return x
		}
	}
	return 0
}

func (p *plot) lines() []string {
	lines := make([]string, len(p.labels))
	for i := range p.labels {
		label := p.labels[i]
		if p.labelWidth > 0 {
			label = text.Snip(label, p.labelWidth, ellipsis(p.options.ASCII))
			label += strings.Repeat(" ", p.labelWidth-cellWidth(label)) + " "
		}
		before, bar := p.bar(p.values[i])
		value := p.texts[i]
		if p.options.Color && bar != "" {
			bar = "\x1b[36m" + bar + "\x1b[0m"
		}
		if bar != "" {
			value = " " + value
		}
		lines[i] = strings.TrimRight(label+before+bar+value, " ")
	}
	return lines
}

// eighths are the blocks that fill one to seven eighths of a cell from the left.
var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// bar returns the blanks in front of a value's bar, and the bar. A value other than zero always has one, however small.
func (p *plot) bar(value float64) (before, bar string) {
	block := "█"
	if p.options.ASCII {
		block = "#"
	}
	if value < 0 {
		cells := min(max(int(math.Round(-value*p.scale)), 1), max(p.left, 1))
		return strings.Repeat(" ", max(p.left-cells, 0)), strings.Repeat(block, cells)
	}
	before = strings.Repeat(" ", p.left)
	if value == 0 {
		return before, ""
	}
	if p.options.ASCII {
		return before, strings.Repeat(block, min(max(int(math.Round(value*p.scale)), 1), p.right))
	}
	parts := min(max(int(math.Round(value*p.scale*8)), 1), p.right*8)
	return before, strings.Repeat(block, parts/8) + eighths[parts%8]
}
