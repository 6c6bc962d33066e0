package table

import (
	"html"
	"slices"
	"strings"
)

// HTMLOptions say what a table in a page leads to.
type HTMLOptions struct {
	Caption string // the table's name, "" for none
	// Label is what people read instead of the name of a column; nil for the names.
	Label func(name string) string
	// Head is what the name of a column leads to, "" for nothing; nil for nothing anywhere.
	Head func(column int) string
	// Sorted is how the rows are sorted by a column: "ascending", "descending", or "" for not; nil
	// for not.
	Sorted func(column int) string
	// Link is what the value in a row and column leads to, "" for nothing; nil for nothing
	// anywhere.
	Link func(row, column int) string
}

// HTMLTable is HTMLWith without anything that the table leads to.
func HTMLTable(t Table, caption string) string { return HTMLWith(t, HTMLOptions{Caption: caption}) }

// HTMLWith returns a table element without the columns of Table.Once. Numbers are of class
// "number", NULLs of class "null"; every text and address is escaped.
func HTMLWith(t Table, o HTMLOptions) string {
	var out strings.Builder
	out.WriteString("<table>\n")
	if o.Caption != "" {
		out.WriteString("<caption>" + htmlText(o.Caption) + "</caption>\n")
	}
	hidden := func(column int) bool { return slices.Contains(t.Once, column) }
	class := make([]string, len(t.Columns))
	kinds := make([]Kind, len(t.Columns))
	out.WriteString("<thead>\n<tr>")
	for i, c := range t.Columns {
		kinds[i] = t.kindOf(i)
		if t.alignOf(i) == AlignRight {
			class[i] = ` class="number"`
		}
		sorted := ""
		if o.Sorted != nil && o.Sorted(i) != "" {
			sorted = ` aria-sort="` + htmlText(o.Sorted(i)) + `"`
		}
		if hidden(i) {
			continue
		}
		head := htmlText(c.Name)
		if o.Label != nil {
			head = htmlText(o.Label(c.Name))
		}
		if o.Head != nil {
			head = anchor(o.Head(i), head)
		}
		out.WriteString("<th scope=\"col\"" + class[i] + sorted + ">" + head + "</th>")
	}
	out.WriteString("</tr>\n</thead>\n<tbody>\n")
	for n, row := range t.Rows {
		out.WriteString("<tr>")
		for i, cell := range row {
			if hidden(i) {
				continue
			}
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
			text = htmlText(text)
			if o.Link != nil {
				text = anchor(o.Link(n, i), text)
			}
			out.WriteString("<td" + class[i] + ">" + text + "</td>")
		}
		out.WriteString("</tr>\n")
	}
	out.WriteString("</tbody>\n</table>\n")
	return out.String()
}

// anchor makes escaped text lead to an address; "" leads nowhere. A text without a letter to click
// on stays as it is.
func anchor(address, text string) string {
	if address == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return `<a href="` + htmlText(address) + `">` + text + "</a>"
}

// htmlText escapes a text; line ends stay, since cells show them.
func htmlText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = html.EscapeString(visible(lines[i]))
	}
	return strings.Join(lines, "\n")
}
