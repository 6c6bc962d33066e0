package table

import (
	"bytes"
	"strings"
)

// widestPadding is how many terminal cells a Markdown column is padded to at most: one long text
// must not push all others far apart.
const widestPadding = 60

// renderMarkdown writes a pipe table as GitHub reads it, its columns lined up for those who read
// the source.
func renderMarkdown(t Table, once string) []byte {
	var out bytes.Buffer
	if t.Title != "" {
		out.WriteString("### " + MarkdownText(t.Title) + "\n\n")
	}
	if t.Description != "" {
		out.WriteString(MarkdownText(t.Description) + "\n\n")
	}
	if once != "" {
		out.WriteString(MarkdownText(once) + "\n\n")
	}
	cells := make([][]string, 0, len(t.Rows)+1)
	header := make([]string, len(t.Columns))
	kinds := make([]Kind, len(t.Columns))
	for i, c := range t.Columns {
		header[i], kinds[i] = MarkdownText(c.Name), t.kindOf(i)
	}
	cells = append(cells, header)
	for _, row := range t.Rows {
		line := make([]string, len(row))
		for i, cell := range row {
			if value := plain(cell); value != nil {
				line[i] = markdownCell(value, kinds[i])
			}
		}
		cells = append(cells, line)
	}
	widths, right := make([]int, len(t.Columns)), make([]bool, len(t.Columns))
	for i := range t.Columns {
		right[i] = t.alignOf(i) == AlignRight
		widths[i] = 3 // of a rule
		if right[i] {
			widths[i] = 4
		}
		for _, line := range cells {
			widths[i] = max(widths[i], min(cellWidth(line[i]), widestPadding))
		}
	}
	for n, line := range cells {
		for i, cell := range line {
			padding := strings.Repeat(" ", max(widths[i]-cellWidth(cell), 0))
			if right[i] {
				cell = padding + cell
			} else {
				cell += padding
			}
			out.WriteString("| " + cell + " ")
		}
		out.WriteString("|\n")
		if n == 0 {
			for i, width := range widths {
				rule := strings.Repeat("-", width)
				if right[i] {
					rule = rule[1:] + ":"
				}
				out.WriteString("| " + rule + " ")
			}
			out.WriteString("|\n")
		}
	}
	return out.Bytes()
}

func markdownCell(v any, kind Kind) string {
	if s, ok := v.(string); ok {
		return MarkdownText(s)
	}
	return readable(v, kind)
}

// MarkdownText keeps a text on its line, inside its cell and literal: GitHub's tables end a cell at
// "|" even in code spans, and Markdown lets HTML through.
func MarkdownText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = visible(lines[i])
	}
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "[", `\[`, "&", "&amp;",
		"<", "&lt;", ">", "&gt;", "\n", "<br>",
	).Replace(strings.Join(lines, "\n"))
}
