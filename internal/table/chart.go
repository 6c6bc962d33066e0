package table

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// ChartOptions says how a chart is drawn.
type ChartOptions struct {
	Width int  // terminal cells a line may take; 0 or less: 80
	Color bool // colour the bars by ANSI escapes
	ASCII bool // draw with "#" for terminals without UTF-8
}

// NoMeasureError is a table that holds nothing to draw bars of, or is not to be drawn.
type NoMeasureError struct {
	Title string // of the table; "" for none
	Off   bool   // its Plot says that there is no chart
}

func (e *NoMeasureError) Error() string {
	if e.Off {
		return strings.TrimSpace(e.Title + " has no chart: the header of the report says chart: none")
	}
	if e.Title == "" {
		return "there is no column of numbers to draw"
	}
	return fmt.Sprintf("%s has no column of numbers to draw", e.Title)
}

// ExitCode returns 2: another report or no --chart is needed.
func (e *NoMeasureError) ExitCode() int { return 2 }

// Hint says what to do instead.
func (e *NoMeasureError) Hint() string { return "print it as a table: leave the chart out" }

// NoMeasure is the error of a table that has nothing to draw.
func (t Table) NoMeasure(title string) *NoMeasureError {
	return &NoMeasureError{Title: title, Off: t.Plot != nil && t.Plot.Kind == PlotNone}
}

// Chart draws a horizontal bar chart: a line per row, labelled by the row's label columns, its bar
// as long as the first measure. A table with rows but without a measure is a *NoMeasureError.
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
	labels, measures := t.Axes()
	if len(measures) == 0 {
		return t.NoMeasure(t.Title)
	}
	measure := measures[0]
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

// plot is a chart with its layout worked out: label, blank, bars, blank, value.
type plot struct {
	labels      [][]string // the parts of each row's label
	texts       []string
	values      []float64
	labelWidth  int
	left, right int // cells for bars below and above zero
	scale       float64
	options     ChartOptions
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
		value := plain(row[measure])
		p.labels = append(p.labels, parts)
		p.texts = append(p.texts, shown(value, KindMeasure, o.ASCII))
		v, _ := magnitude(value)
		p.values = append(p.values, v)
		low, high = min(low, v), max(high, v)
		p.labelWidth = max(p.labelWidth, cellWidth(strings.Join(parts, p.separator())))
		valueWidth = max(valueWidth, cellWidth(p.texts[len(p.texts)-1]))
	}
	// Bars matter more than the ends of long labels, but a label of which nothing is left says
	// nothing.
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

func (p *plot) lines() []string {
	lines := make([]string, len(p.labels))
	for i := range p.labels {
		label := p.label(i)
		if p.labelWidth > 0 {
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

func (p *plot) separator() string {
	if p.options.ASCII {
		return " / "
	}
	return " · "
}

// label is a row's label within its width. The longest part is cut first, so that what tells two
// rows apart, such as a level behind a location, is seen as long as possible.
func (p *plot) label(row int) string {
	parts, more := slices.Clone(p.labels[row]), ellipsis(p.options.ASCII)
	for {
		label := strings.Join(parts, p.separator())
		excess := cellWidth(label) - p.labelWidth
		if excess <= 0 {
			return label
		}
		longest, second := 0, 0 // a part, and the width of the next longest
		for i, part := range parts {
			if cellWidth(part) > cellWidth(parts[longest]) {
				longest = i
			}
		}
		for i, part := range parts {
			if i != longest {
				second = max(second, cellWidth(part))
			}
		}
		width := cellWidth(parts[longest])
		// As short as the next longest, and then in turns.
		next := max(width-excess, min(second, width-1), 2)
		cut := text.Snip(parts[longest], next, more)
		if len(parts) < 2 || next >= width || cellWidth(cut) >= width {
			return text.Snip(label, p.labelWidth, more)
		}
		parts[longest] = cut
	}
}

// eighths are the blocks that fill one to seven eighths of a cell from the left.
var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// bar returns the blanks in front of a value's bar, and the bar. A value other than zero always has
// one, however small.
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
