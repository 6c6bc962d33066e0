package clientcopy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/objectstore"
)

// TestRejectsAreFoundAgain: whatever an object holds, each record that is refused is read from it
// again by its line, and a text that is kept whole is that record. Delimited text that was refused
// is refused again by the same COPY, alone.
func TestRejectsAreFoundAgain(t *testing.T) {
	t.Parallel()
	columns := []clientcopy.Column{{Name: "a", Type: "integer"}, {Name: "b", Type: "character varying", Length: 3}}
	store, dir := objectstore.New(objectstore.Options{}), t.TempDir()
	options := []string{
		"CSV", "CSV FILLRECORD IGNOREBLANKLINES", "CSV QUOTE '|' DELIMITER ';'", "DELIMITER ','",
		"DELIMITER ',' ESCAPE",
		"DELIMITER '\\t' REMOVEQUOTES", "CSV IGNOREHEADER 1", jsonAuto,
	}
	pieces := []string{
		"1", "x", ",", "\"", "\n", "\r\n", " ", "\t", "|", ";", "\\", "'", "{", "}", "[", "]", ":",
		"\"a\"", "\"b\"", "\xff", "\x00",
		"{\"a\":1}", "{\"a\":\"x\"}", "1,y\n", "x,y\n", "long,",
	}
	name := filepath.Join(dir, "object")
	rapid.Check(t, func(r *rapid.T) {
		option := rapid.SampledFrom(options).Draw(r, "options")
		body := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(r, "body"), "")
		statement := parse(t, "COPY t (a, b) FROM 'x' "+option)
		decode := func(text string) *clientcopy.Decoder {
			d, err := clientcopy.NewDecoder(statement, columns, 64)
			if err != nil {
				r.Fatal(err)
			}
			if err := d.Decode(strings.NewReader(text)); err != nil {
				r.Skip("no text") // of another form, such as UTF-16
			}
			return d
		}
		whole := decode(body)
		var lines []int64
		for _, reject := range whole.Rejects {
			lines = append(lines, reject.Line)
		}
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			r.Fatal(err)
		}
		object, err := store.Stat(t.Context(), objectstore.URL("file://"+name))
		if err != nil {
			r.Fatal(err)
		}
		found, err := clientcopy.Records(t.Context(), store, statement, object, lines)
		if err != nil {
			r.Fatal(err)
		}
		for _, reject := range whole.Rejects {
			same := func(record string) bool {
				shown := strings.ReplaceAll(strings.ToValidUTF8(record, "\uFFFD"), "\x00", "\uFFFD")
				return shown == reject.Raw && (reject.Cut || record == reject.Raw)
			}
			if !slices.ContainsFunc(found[reject.Line], same) {
				r.Fatalf("%s: %q: line %d: got %q, want %q", option, body, reject.Line, found[reject.Line], reject.Raw)
			}
			if reject.Cut || option == jsonAuto || strings.Contains(option, "IGNOREHEADER") {
				continue
			}
			if alone := decode(reject.Raw + "\n"); alone.Rows > 0 {
				r.Fatalf(
					"%s: %q: line %d: got %d rows of %q alone, want none", option, body,
					reject.Line, alone.Rows, reject.Raw,
				)
			}
		}
	})
}
