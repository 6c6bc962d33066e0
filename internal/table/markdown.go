package table

import (
	"bytes"
	"strings"
)

func renderMarkdown(t Table) []byte {
	var out bytes.Buffer
	if t.Title != "" {
		out.WriteString("### " + markdownText(t.Title) + "\n\n")
	}
	line := func(cells []string) {
		out.WriteString("|")
		for _, cell := range cells {
			out.WriteString(" " + cell + " |")
		}
		out.WriteByte('\n')
	}
	names, rules := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i], rules[i] = markdownText(c.Name), "---"
		if t.alignOf(i) == AlignRight {
			rules[i] = "---:"
		}
	}
	line(names)
	line(rules)
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if value := plain(cell); value != nil {
				cells[i] = markdownCell(value, t.kindOf(i))
			}
		}
		line(cells)
	}
	return out.Bytes()
}

func markdownCell(v any, kind Kind) string {
	if s, ok := v.(string); ok {
		return markdownText(s)
	}
	return readable(v, kind)
}

// markdownText keeps a text inside its cell and literal: GitHub's tables end a cell at "|" even in code spans, and
// Markdown lets HTML through.
func markdownText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = visible(lines[i])
	}
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>",
	).Replace(strings.Join(lines, "\n"))
}
