package table

import (
	"slices"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// foldIndent is where values begin that stand under their row.
const foldIndent = 4

// renderText draws the table for people. With a width, no line is wider, unless a single value is
// that must stay whole; layout says what becomes of columns that do not fit. Where even that is too
// wide, each row is a block of lines if a value must stay whole, else lines are cut.
func renderText(t Table, once string, o TextOptions) []byte {
	width, more := o.Width, ellipsis(o.ASCII)
	cells := make([][]string, len(t.Rows))
	kinds := make([]Kind, len(t.Columns))
	whole := false
	for i := range t.Columns {
		kinds[i] = t.kindOf(i)
		whole = whole || t.narrowOf(i) == NarrowFold || t.narrowOf(i) == NarrowKeep
	}
	for i, row := range t.Rows {
		cells[i] = make([]string, len(row))
		for j, cell := range row {
			cells[i][j] = shown(plain(cell), kinds[j], o.ASCII)
		}
	}
	l := arrange(t, cells, width)

	var out strings.Builder
	if t.Title != "" {
		out.WriteString(Strong.paint(clip(visible(t.Title), width, more), o.Color) + "\n")
	}
	if once != "" {
		out.WriteString(Wrap(once, width, 0) + "\n")
	}
	if !l.fits && whole {
		renderRecords(&out, t, cells, o)
		return []byte(out.String())
	}
	w := pretty.NewWriter()
	style := pretty.StyleLight
	if o.ASCII {
		style.Box = pretty.StyleBoxDefault
	}
	style.Format.Header = text.FormatDefault
	style.Options.DrawBorder = false
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	configs := make([]pretty.ColumnConfig, len(l.columns))
	header := make(pretty.Row, len(l.columns))
	for at, i := range l.columns {
		align := text.AlignLeft
		if t.alignOf(i) == AlignRight {
			align = text.AlignRight
		}
		configs[at] = pretty.ColumnConfig{Number: at + 1, Align: align, AlignHeader: align}
		header[at] = text.Snip(visible(t.Columns[i].Name), l.limits[i], more)
	}
	w.SetColumnConfigs(configs)
	w.AppendHeader(header)
	under, height := make([][]int, len(cells)), make([]int, len(cells))
	for n, row := range cells {
		under[n] = l.under(t, t.Rows[n], row)
		line := make(pretty.Row, len(l.columns))
		for at, i := range l.columns {
			cell, style := row[i], t.styleOf(i, t.Rows[n][i])
			switch {
			case slices.Contains(under[n], i):
				cell = ""
			case t.narrowOf(i) == NarrowWrap:
				cell = Wrap(cell, l.limits[i], 0)
			default:
				cell = text.Snip(cell, l.limits[i], more)
			}
			lines := strings.Split(cell, "\n")
			height[n] = max(height[n], len(lines))
			for k := range lines {
				lines[k] = style.paint(lines[k], o.Color)
			}
			line[at] = strings.Join(lines, "\n")
		}
		w.AppendRow(line)
	}

	const heading = 2 // the header and the line under it
	number, left := -1, heading
	for line := range strings.Lines(w.Render() + "\n") {
		out.WriteString(strings.TrimRight(clip(strings.TrimRight(line, "\n"), width, more), " ") + "\n")
		if left--; left > 0 {
			continue
		}
		if number >= 0 {
			for _, i := range under[number] {
				folded := strings.Repeat(" ", foldIndent) + visible(t.Columns[i].Name) + ": " + cells[number][i]
				out.WriteString(Wrap(folded, width, foldIndent+2) + "\n")
			}
		}
		if number++; number < len(height) {
			left = height[number]
		}
	}
	if len(t.Rows) == 0 {
		out.WriteString(" (no rows)\n")
	}
	return []byte(out.String())
}

// renderRecords writes each row as a block, a line for each value.
func renderRecords(out *strings.Builder, t Table, cells [][]string, o TextOptions) {
	names := 0
	for _, c := range t.Columns {
		names = max(names, cellWidth(visible(c.Name)))
	}
	for n, row := range cells {
		if n > 0 {
			out.WriteString("\n")
		}
		for i, cell := range row {
			if value := plain(t.Rows[n][i]); value == nil || value == "" {
				continue
			}
			name := visible(t.Columns[i].Name)
			line := Wrap(" "+name+":"+strings.Repeat(" ", names-cellWidth(name)+1)+cell, o.Width, foldIndent)
			if strings.HasSuffix(line, cell) {
				line = strings.TrimSuffix(line, cell) + t.styleOf(i, t.Rows[n][i]).paint(cell, o.Color)
			}
			out.WriteString(line + "\n")
		}
	}
	if len(t.Rows) == 0 {
		out.WriteString(" (no rows)\n")
	}
}

// clip cuts a line at the right.
func clip(line string, width int, more string) string {
	if width <= 0 {
		return line
	}
	return text.Snip(line, width, more)
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
