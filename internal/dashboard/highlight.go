package dashboard

import (
	"html/template"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// highlight writes SQL as HTML, its comments, literals and keywords each in an element of a class.
func highlight(sql string) template.HTML {
	var out strings.Builder
	plain := func(text string) { out.WriteString(template.HTMLEscapeString(visible(text))) }
	done := 0
	for _, token := range sqlfile.Tokens(sql) {
		class := ""
		switch token.Kind {
		case sqlfile.KindComment, sqlfile.KindMarker:
			class = "comment"
		case sqlfile.KindString, sqlfile.KindDollarString, sqlfile.KindNumber:
			class = "literal"
		case sqlfile.KindVariable, sqlfile.KindParam:
			class = "variable"
		case sqlfile.KindWord:
			// By the style of these files, keywords and functions are upper case.
			if token.Text == strings.ToUpper(token.Text) {
				class = "keyword"
			}
		}
		if class == "" {
			continue
		}
		plain(sql[done:token.Start])
		out.WriteString(`<span class="` + class + `">`)
		plain(sql[token.Start:token.End])
		out.WriteString(`</span>`)
		done = token.End
	}
	plain(sql[done:])
	return template.HTML(out.String()) //nolint:gosec // all but the elements above is escaped
}
