package table

import (
	"html"
	"strings"
)

// HTMLTable returns a table element. caption is its name, "" for none. Numbers are of class "number", NULLs of class "null"; every text is
// escaped.
func HTMLTable(t Table, caption string) string {
	var out strings.Builder
	out.WriteString("<table>\n")
	if caption != "" {
		out.WriteString("<caption>" + htmlText(caption) + "</caption>\n")
	}
	class := make([]string, len(t.Columns))
	kinds := make([]Kind, len(t.Columns))
	out.WriteString("<thead>\n<tr>")
	for i, c := range t.Columns {
		kinds[i] = t.kindOf(i)
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
				null := ` class="null"`
				if class[i] != "" {
					null = ` class="number null"`
				}
				out.WriteString("<td" + null + ">–</td>")
				continue
			}
			text := readable(value, kinds[i])
			if s, ok := value.(string); ok {
				text = s
			}
			out.WriteString("<td" + class[i] + ">" + htmlText(text) + "</td>")
		}
		out.WriteString("</tr>\n")
	}
	out.WriteString("</tbody>\n</table>\n")
	return out.String()
}

// htmlText escapes a text; line ends stay, since cells show them.
func htmlText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = html.EscapeString(visible(lines[i]))
	}
	return strings.Join(lines, "\n")
}
