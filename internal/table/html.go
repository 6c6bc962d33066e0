package table

import (
	"bytes"
	"html"
	"strings"
)

// htmlStyle is all there is to a page's looks; a page loads nothing from anywhere.
const htmlStyle = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #fff; }
table { border-collapse: collapse; }
caption { font-weight: 600; text-align: left; padding-bottom: .5rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #d0d7de; text-align: left; white-space: pre-line; }
th { border-bottom-width: 2px; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.null { color: #6e7781; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } th, td { border-color: #30363d; } }
`

func renderHTML(t Table) []byte {
	title := t.Title
	if title == "" {
		title = "dwh"
	}
	var out bytes.Buffer
	out.WriteString("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	out.WriteString("<title>" + htmlText(title) + "</title>\n<style>" + htmlStyle + "</style>\n</head>\n<body>\n<table>\n")
	if t.Title != "" {
		out.WriteString("<caption>" + htmlText(t.Title) + "</caption>\n")
	}
	class := make([]string, len(t.Columns))
	out.WriteString("<thead>\n<tr>")
	for i, c := range t.Columns {
		if t.alignOf(i) == AlignRight {
			class[i] = ` class="number"`
		}
		out.WriteString("<th scope=\"col\"" + class[i] + ">" + htmlText(c.Name) + "</th>")
	}
	out.WriteString("</tr>\n</thead>\n<tbody>\n")
	for _, row := range t.Rows {
		out.WriteString("<tr>")
		for i, cell := range row {
			value := plain(cell)
			if value == nil {
				out.WriteString(`<td class="null">–</td>`)
				continue
			}
			text := readable(value, t.kindOf(i))
			if s, ok := value.(string); ok {
				text = s
			}
			out.WriteString("<td" + class[i] + ">" + htmlText(text) + "</td>")
		}
		out.WriteString("</tr>\n")
	}
	out.WriteString("</tbody>\n</table>\n</body>\n</html>\n")
	return out.Bytes()
}

// htmlText escapes a text; line ends stay, since cells show them.
func htmlText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = html.EscapeString(visible(lines[i]))
	}
	return strings.Join(lines, "\n")
}
