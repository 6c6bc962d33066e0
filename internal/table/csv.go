package table

import (
	"bytes"
	"strings"
)

// renderCSV writes RFC 4180 with lines ending in LF, as psql does. NULL is empty, an empty text is "". encoding/csv
// cannot tell the two apart.
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
