package cli

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/publish"
)

// exampleJSON is a row that differs, its values as text. A row that is not there is null.
type exampleJSON struct {
	Live    map[string]*string `json:"live"`
	Rebuilt map[string]*string `json:"rebuilt"`
}

// examplesJSON are those of a table.
func examplesJSON(examples []publish.Example, table catalogue.Name) []exampleJSON {
	object := func(columns []catalogue.Name, row []*string) map[string]*string {
		if row == nil {
			return nil
		}
		out := map[string]*string{}
		for i, name := range columns {
			out[string(name)] = row[i]
		}
		return out
	}
	var out []exampleJSON
	for _, e := range examples {
		if e.Table == table {
			out = append(out, exampleJSON{object(e.Columns, e.Live), object(e.Columns, e.Built)})
		}
	}
	return out
}

// exampleText is a row that differs, on one line. Of a changed row it names the key and what
// differs.
func exampleText(e publish.Example) string {
	kind, row := "changed", e.Live
	switch {
	case e.Live == nil:
		kind, row = "added", e.Built
	case e.Built == nil:
		kind = "removed"
	}
	var parts []string
	for i, name := range e.Columns {
		part := string(name) + " = " + exampleValue(row[i])
		differs := kind == "changed" && !sameValue(e.Live[i], e.Built[i])
		if differs {
			part += " (rebuilt: " + exampleValue(e.Built[i]) + ")"
		}
		if kind != "changed" || differs || slices.Contains(e.Key, name) {
			parts = append(parts, part)
		}
	}
	return string(e.Table) + ", " + kind + ": " + strings.Join(parts, ", ")
}

func sameValue(live, built *string) bool {
	return live == nil && built == nil || live != nil && built != nil && *live == *built
}

// exampleValue is a value as text: at most 60 bytes of it, without line breaks.
func exampleValue(value *string) string {
	if value == nil {
		return "NULL"
	}
	text := bulk.Clip(*value, 60)
	if strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}
