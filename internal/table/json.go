package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// renderJSON writes one array of objects, an object a line. encoding/json sorts a map's keys, so
// the objects are put together here.
func renderJSON(t Table) ([]byte, error) {
	if len(t.Rows) == 0 {
		return []byte("[]\n"), nil
	}
	names := make([][]byte, len(t.Columns))
	for i, key := range keys(t.Columns) {
		name, err := jsonValue(key)
		if err != nil {
			return nil, err
		}
		names[i] = name
	}
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, row := range t.Rows {
		out.WriteString("  {")
		for j, cell := range row {
			if j > 0 {
				out.WriteString(", ")
			}
			value, err := jsonValue(plain(cell))
			if err != nil {
				return nil, err
			}
			out.Write(names[j])
			out.WriteString(": ")
			out.Write(value)
		}
		out.WriteByte('}')
		if i < len(t.Rows)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("]\n")
	return out.Bytes(), nil
}

// keys returns a key for each column: its name, or, if an earlier column has the same name, name_2,
// name_3 and so on. Most JSON readers keep only the last value of a key that is written twice.
func keys(columns []Column) []string {
	taken, seen := map[string]bool{}, map[string]bool{}
	for _, column := range columns {
		taken[column.Name] = true
	}
	out := make([]string, len(columns))
	for i, column := range columns {
		out[i] = column.Name
		for number := 2; seen[column.Name] && taken[out[i]]; number++ {
			out[i] = column.Name + "_" + strconv.Itoa(number)
		}
		taken[out[i]], seen[column.Name] = true, true
	}
	return out
}

func jsonValue(v any) ([]byte, error) {
	// JSON has no NaN and no infinity.
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return []byte("null"), nil
	}
	if s, ok := v.(string); ok {
		v = strings.ToValidUTF8(s, "\uFFFD")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return escapeControls(bytes.TrimRight(out.Bytes(), "\n")), nil
}

// escapeControls escapes DEL and the control characters from 0x80 to 0x9f, which encoding/json lets
// stand and terminals obey.
func escapeControls(text []byte) []byte {
	control := func(r rune) bool { return r >= 0x7f && r < 0xa0 }
	if bytes.IndexFunc(text, control) < 0 {
		return text
	}
	var out bytes.Buffer
	for _, r := range string(text) {
		if control(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}
