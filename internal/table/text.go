package table

import (
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// narrowest is the width in terminal cells below which a column is not cut further to make room: an ellipsis and
// enough letters to tell values apart.
const narrowest = 6

// separatorWidth is what go-pretty puts between two columns: a blank, a line, a blank.
const separatorWidth = 3

// renderText draws the table for people: a line per row, never wrapped. With a width, text columns are cut, the widest
// first, and in the last resort whole lines.
func renderText(t Table, o TextOptions) []byte {
	width, more := o.Width, ellipsis(o.ASCII)
	cells := make([][]string, len(t.Rows))
	kinds := make([]Kind, len(t.Columns))
	for i := range t.Columns {
		kinds[i] = t.kindOf(i)
	}
	for i, row := range t.Rows {
		cells[i] = make([]string, len(row))
		for j, cell := range row {
			cells[i][j] = shown(plain(cell), kinds[j], o.ASCII)
		}
	}
	limits := columnLimits(t, cells, width)

	w := pretty.NewWriter()
	style := pretty.StyleLight
	if o.ASCII {
		style.Box = pretty.StyleBoxDefault
	}
	style.Format.Header = text.FormatDefault
	style.Options.DrawBorder = false
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	configs := make([]pretty.ColumnConfig, len(t.Columns))
	header := make(pretty.Row, len(t.Columns))
	for i, c := range t.Columns {
		align := text.AlignLeft
		if t.alignOf(i) == AlignRight {
			align = text.AlignRight
		}
		configs[i] = pretty.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align}
		header[i] = text.Snip(visible(c.Name), limits[i], more)
	}
	w.SetColumnConfigs(configs)
	w.AppendHeader(header)
	for _, row := range cells {
		line := make(pretty.Row, len(row))
		for i, cell := range row {
			line[i] = text.Snip(cell, limits[i], more)
		}
		w.AppendRow(line)
	}

	var out strings.Builder
	if t.Title != "" {
		out.WriteString(clip(visible(t.Title), width, more) + "\n")
	}
	for line := range strings.Lines(w.Render() + "\n") {
		out.WriteString(strings.TrimRight(clip(strings.TrimRight(line, "\n"), width, more), " ") + "\n")
	}
	if len(t.Rows) == 0 {
		out.WriteString(" (no rows)\n")
	}
	return []byte(out.String())
}

func clip(line string, width int, more string) string {
	if width <= 0 {
		return line
	}
	return text.Snip(line, width, more)
}

// columnLimits returns how many terminal cells each column may take so that a line fits; 0 is no limit. Numbers are
// never cut: a cut number is a wrong one.
func columnLimits(t Table, cells [][]string, width int) []int {
	limits := make([]int, len(t.Columns))
	if width <= 0 {
		return limits
	}
	widths := make([]int, len(t.Columns))
	total := 2 + separatorWidth*(len(t.Columns)-1)
	for i, c := range t.Columns {
		widths[i] = cellWidth(visible(c.Name))
		for _, row := range cells {
			widths[i] = max(widths[i], cellWidth(row[i]))
		}
		total += widths[i]
	}
	for total > width {
		widest := -1
		for i := range widths {
			if widths[i] > narrowest && !t.numericColumn(i) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
		limits[widest] = widths[widest]
		total--
	}
	return limits
}

// cellWidth is the number of terminal cells a text takes; wide East Asian characters take two.
func cellWidth(s string) int { return text.StringWidthWithoutEscSequences(s) }

// ellipsis is what a text that was cut ends in.
func ellipsis(ascii bool) string {
	if ascii {
		return "~"
	}
	return "…"
}

// shown is readable, with a NULL that terminals without UTF-8 can show.
func shown(v any, kind Kind, ascii bool) string {
	if ascii && v == nil {
		return "-"
	}
	return readable(v, kind)
}
