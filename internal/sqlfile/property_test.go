package sqlfile_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/sqlfile"
)

func itoa(n int) string { return strconv.Itoa(n) }

// pieces are what generated files are made of; they are valid in any order.
var pieces = []string{
	"SELECT", " a ", "'text /*postgres*/'", "'it''s; é'", `"naïve /*redshift"`,
	"$$ ; /*redshift x */ $$", "$t$\n;$t$", "1.5e3",
	"/* plain; */", "/* /* nested */ é */", "-- comment /*postgres*/;\n", "\n", "\t", "  ", "::",
	":'song_data'", `:"schema"`,
	"/*redshift DISTSTYLE ALL */", "/*redshift\n'é' */", "/*redshift $1 */", "/*postgres*/ b 'é' /*redshift c */",
	"/*postgres*/\n\tcafé /* in */\n/*redshift*/",
	"/*postgres*/ \"x\" /*redshift\n:'song_data'\n*/", ";\n", " ; -- end\n", ";\r\n",
}

func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, piece := range rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "pieces") {
			b.WriteString(piece)
			b.WriteByte(' ')
		}
		return b.String()
	})
}

// TestRenderKeepsPlaces: a character of the rendering stands on the line and in the column where it
// stands in the file, and the statements are those of the rendering.
func TestRenderKeepsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := text().Draw(t, "text")
		f, err := sqlfile.Parse("x.sql", input)
		if err != nil {
			// A semicolon before more text on its line is the one fault that the pieces can make.
			if !strings.Contains(err.Error(), "text after a semicolon") {
				t.Fatalf("got error %v for %q, want none", err, input)
			}
			return
		}
		if got := f.Render(sqlfile.Postgres); got != input {
			t.Fatalf("rendering for PostgreSQL: got %q, want %q", got, input)
		}
		rendered := f.Render(sqlfile.Redshift)
		before, after := strings.Split(input, "\n"), strings.Split(rendered, "\n")
		if len(before) != len(after) {
			t.Fatalf("got %d lines, want %d: %q becomes %q", len(after), len(before), input, rendered)
		}
		for i, line := range after {
			from := []rune(before[i])
			// A line end has no place of its own: blanks before it are dropped.
			for j, r := range []rune(strings.TrimSuffix(line, "\r")) {
				if r != ' ' && (j >= len(from) || from[j] != r) {
					t.Fatalf("line %d column %d: got %q, want what stands there in %q", i+1, j+1, r, before[i])
				}
			}
		}
		for _, token := range sqlfile.Tokens(rendered) {
			if token.Kind == sqlfile.KindMarker {
				t.Fatalf("got marker %q in the rendering %q, want none", token.Text, rendered)
			}
		}
		for _, e := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
			for _, s := range f.Statements(e) {
				if got := f.Render(e)[s.Offset() : s.Offset()+len(s.SQL())]; got != s.SQL() {
					t.Fatalf("%s: got %q at the statement's offset, want %q", e, got, s.SQL())
				}
			}
		}
		// Rendering once more changes nothing: no marker is left.
		again, err := sqlfile.Parse("x.sql", rendered)
		if err != nil {
			t.Fatalf("rendering %q of %q does not parse: %v", rendered, input, err)
		}
		if got := again.Render(sqlfile.Redshift); got != rendered {
			t.Fatalf("rendered twice: got %q, want %q", got, rendered)
		}
	})
}

// TestPositionOfEveryCharacter: each character that no variable put in comes from the place in the
// file where the same character stands.
func TestPositionOfEveryCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := text().Draw(t, "text")
		f, err := sqlfile.Parse("x.sql", input)
		if err != nil {
			return
		}
		vars := map[string]string{
			"song_data": rapid.StringOf(rapid.RuneFrom([]rune("aé'\n\\\""))).Draw(t, "song_data"),
			"schema":    rapid.StringOfN(rapid.RuneFrom([]rune("aé'\n\"")), 1, 5, -1).Draw(t, "schema"),
		}
		e := rapid.SampledFrom([]sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift}).Draw(t, "engine")
		lines := strings.Split(f.Render(e), "\n")
		for _, s := range f.Statements(e) {
			x, err := s.Expand(vars)
			if err != nil {
				t.Fatal(err)
			}
			starts := map[[2]int]bool{}
			for _, v := range s.Variables() {
				starts[[2]int{v.Line, v.Column}] = true
			}
			for i, r := range []rune(x.SQL) {
				line, column := x.Position(i + 1)
				if starts[[2]int{line, column}] {
					continue
				}
				runes := []rune(lines[line-1] + "\n")
				if column > len(runes) || runes[column-1] != r {
					t.Fatalf(
						"character %d (%q) of %q: got %d:%d, want where it stands in %q", i+1, r,
						x.SQL, line, column, input,
					)
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, piece := range pieces {
		f.Add(piece)
	}
	f.Add("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n")
	f.Add("-- reads: a\n-- severity: warn\nSELECT E'\\'' /*redshift x */;\n")
	f.Fuzz(func(t *testing.T, input string) {
		end := 0
		for _, token := range sqlfile.Tokens(input) {
			if token.Start < end || token.End <= token.Start || input[token.Start:token.End] != token.Text {
				t.Fatalf("token %+v of %q overlaps or is empty", token, input)
			}
			end = token.End
			_ = token.Value()
		}
		_ = sqlfile.Redact(input)
		file, err := sqlfile.Parse("x.sql", input)
		if err != nil {
			fault, ok := err.(*sqlfile.Error)
			if !ok || fault.Line < 1 || fault.Column < 1 {
				t.Fatalf("got error %v, want an *Error with a position", err)
			}
			_ = fault.Snippet()
			return
		}
		if got := file.Render(sqlfile.Postgres); got != input {
			t.Fatalf("rendering for PostgreSQL: got %q, want %q", got, input)
		}
		rendered := file.Render(sqlfile.Redshift)
		if got, want := strings.Count(rendered, "\n"), strings.Count(input, "\n"); got != want {
			t.Fatalf("got %d line breaks, want %d", got, want)
		}
		if !utf8.ValidString(rendered) {
			t.Fatalf("rendering %q is not valid UTF-8", rendered)
		}
	})
}
