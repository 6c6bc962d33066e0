package table

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// renderCSV writes RFC 4180 with lines ending in LF, as psql does. NULL is empty, an empty text is
// "". encoding/csv cannot tell the two apart.
func renderCSV(t Table) []byte {
	var out bytes.Buffer
	for i, c := range t.Columns {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(csvField(c.Name))
	}
	out.WriteByte('\n')
	for _, row := range t.Rows {
		for i, cell := range row {
			if i > 0 {
				out.WriteByte(',')
			}
			value := plain(cell)
			switch {
			case value != nil:
				out.WriteString(csvField(exact(value)))
			case len(row) == 1:
				// A blank line would be no row to most readers.
				out.WriteString(`""`)
			}
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func csvField(s string) string {
	if s == "" || strings.ContainsAny(s, ",\"\r\n") || s[0] == ' ' || s[len(s)-1] == ' ' || s == `\.` {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// Safe returns the table for a spreadsheet. There a text that begins with =, +, -, @, a tab or a
// line end may run as a formula, also behind blanks and in the double-width forms of East Asian
// keyboards; it gets a ' in front, which says that it is text. Numbers stay numbers. Table t is not
// changed.
//
// See https://owasp.org/www-community/attacks/CSV_Injection.
func Safe(t Table) Table {
	t.Columns, t.Rows = slices.Clone(t.Columns), slices.Clone(t.Rows)
	for i := range t.Columns {
		t.Columns[i].Name = safeText(t.Columns[i].Name)
	}
	for i := range t.Rows {
		t.Rows[i] = slices.Clone(t.Rows[i])
		for j, cell := range t.Rows[i] {
			if s, ok := plain(cell).(string); ok {
				t.Rows[i][j] = safeText(s)
			}
		}
	}
	return t
}

func safeText(s string) string {
	if s != "" && strings.ContainsRune("\t\r\n", rune(s[0])) {
		return "'" + s
	}
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, hidden)); strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// hidden tells whether a spreadsheet may leave a character out at the beginning of a cell.
func hidden(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
