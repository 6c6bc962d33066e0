package table_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sparkify/dwh/internal/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// awkward holds what breaks renderings: separators of every format, control characters, wide
// letters, NULL.
func awkward() table.Table {
	return table.Table{
		Title:   "Top artists",
		Columns: table.Columns("rank", "artist", "songplays", "share", "loud", "year", "played_at"),
		Rows: [][]any{
			{
				int64(1), "Dwight | Yoakam 生命", int64(1234567), 0.25, true, int64(2008),
				time.Date(2018, 11, 11, 2, 33, 56, 796e6, time.UTC),
			},
			{int64(2), "<b>\"x\"</b> & 'y',\n\x1b[31m", nil, nil, nil, nil, nil},
			{
				int64(3), "a very long name of an artist that goes on and on and on", int64(-5),
				1234.5, false, int64(1999), time.Date(2018, 11, 1, 0, 0, 0, 0, time.UTC),
			},
			{int64(4), "", int64(0), 0.0, false, int64(0), nil},
		},
	}
}

func TestFormats(t *testing.T) {
	for _, f := range table.Formats() {
		var out bytes.Buffer
		if f == table.SVG { // a chart's
			if err := table.Write(&out, awkward(), f); err == nil {
				t.Error("got no error for svg, want one")
			}
			continue
		}
		if err := table.Write(&out, awkward(), f); err != nil {
			t.Fatal(err)
		}
		golden(t, "awkward."+string(f)+".golden", out.Bytes())
	}
}

func TestEmpty(t *testing.T) {
	for f, want := range map[table.Format]string{
		table.JSON:     "[]\n",
		table.CSV:      "a,b\n",
		table.Text:     " a │ b\n───┼───\n (no rows)\n",
		table.Markdown: "| a   | b   |\n| --- | --- |\n",
	} {
		var out bytes.Buffer
		if err := table.Write(&out, table.Table{Columns: table.Columns("a", "b")}, f); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("%s: got %q, want %q", f, got, want)
		}
	}
}

func TestJSONIsReadable(t *testing.T) {
	name, count := "x", int32(5)
	var absent *string
	in := table.Table{
		Columns: table.Columns("z", "a", "n", "f", "nan"),
		Rows: [][]any{
			{&name, absent, &count, float32(0.1), math.NaN()},
			{"\xff", "<&>", uint64(math.MaxUint64), 1e21, nil},
		},
	}
	var out bytes.Buffer
	if err := table.Write(&out, in, table.JSON); err != nil {
		t.Fatal(err)
	}
	want := `[
  {"z": "x", "a": null, "n": 5, "f": 0.1, "nan": null},
  {"z": "` + "\uFFFD" + `", "a": "<&>", "n": 18446744073709551615, "f": 1e+21, "nan": null}
]
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid(out.Bytes()) {
		t.Errorf("got %s, want JSON", out.String())
	}
}

func TestCSVReadsBack(t *testing.T) {
	var out bytes.Buffer
	if err := table.Write(&out, awkward(), table.CSV); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(records), 5; got != want {
		t.Fatalf("got %d records, want %d", got, want)
	}
	if got, want := records[2][1], "<b>\"x\"</b> & 'y',\n\x1b[31m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := records[2][2], ""; got != want {
		t.Errorf("got %q for NULL, want %q", got, want)
	}
}

func TestCSVOfOneColumnKeepsItsRows(t *testing.T) {
	var out bytes.Buffer
	if err := table.Write(
		&out, table.Table{Columns: table.Columns("a"), Rows: [][]any{{nil}, {""}, {"x"}}},
		table.CSV,
	); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "a\n\"\"\n\"\"\nx\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextFitsTheWidth(t *testing.T) {
	for _, width := range []int{200, 100, 80, 60, 40, 20, 5} {
		var out bytes.Buffer
		if err := table.WriteWidth(&out, awkward(), table.Text, width); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if got, want := len(lines), 1+2+4; got != want {
			t.Errorf("width %d: got %d lines, want %d (no cell wraps)", width, got, want)
		}
		for _, line := range lines {
			if got := text.StringWidthWithoutEscSequences(line); got > width {
				t.Errorf("width %d: got a line of %d cells: %q", width, got, line)
			}
		}
		if width == 100 || width == 60 {
			golden(t, fmt.Sprintf("awkward.table.%d.golden", width), out.Bytes())
		}
	}
}

func TestRowsMustFitTheColumns(t *testing.T) {
	in := table.Table{Columns: table.Columns("a"), Rows: [][]any{{1, 2}}}
	if err := table.Write(&bytes.Buffer{}, in, table.JSON); err == nil {
		t.Error("got no error, want one for a row of two values in one column")
	}
	if err := table.Chart(&bytes.Buffer{}, in, 80, false); err == nil {
		t.Error("got no error from Chart, want one for a row of two values in one column")
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range table.Formats() {
		if got, err := table.ParseFormat(string(f)); err != nil || got != f {
			t.Errorf("ParseFormat(%q): got %q, %v", f, got, err)
		}
	}
	for _, c := range []struct{ name, hint string }{
		{"jsn", `did you mean "json"?`},
		{"parquet", "one of: table, json, csv, markdown, html, svg"},
		{"", "one of: table, json, csv, markdown, html, svg"},
	} {
		_, err := table.ParseFormat(c.name)
		var fault *table.FormatError
		if !errors.As(err, &fault) {
			t.Fatalf("ParseFormat(%q): got %v, want a *FormatError", c.name, err)
		}
		if fault.Hint() != c.hint || fault.ExitCode() != 2 {
			t.Errorf(
				"ParseFormat(%q): got hint %q and exit code %d, want %q and 2", c.name,
				fault.Hint(), fault.ExitCode(), c.hint,
			)
		}
	}
}

// Two columns of one name have two keys, and none of them is that of a third column.
func TestJSONKeysAreUnique(t *testing.T) {
	in := table.Table{
		Columns: table.Columns("a", "a", "a_2", "A", "a", "", ""),
		Rows:    [][]any{{1, 2, 3, 4, 5, 6, 7}},
	}
	var out bytes.Buffer
	if err := table.Write(&out, in, table.JSON); err != nil {
		t.Fatal(err)
	}
	want := "[\n" + `  {"a": 1, "a_3": 2, "a_2": 3, "A": 4, "a_4": 5, "": 6, "_2": 7}` + "\n]\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	out.Reset()
	if err := table.Write(&out, in, table.CSV); err != nil {
		t.Fatal(err)
	}
	if header, _, _ := strings.Cut(out.String(), "\n"); header != `a,a,a_2,A,a,"",""` {
		t.Errorf("csv: got the header %s, want the names as they are", header)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1594, "1,594"}, {-1234567, "-1,234,567"}, {
			245.0833333333333, "245.083",
		}, {37.77493, "37.7749"},
		{
			0.9541284403669725, "0.954128",
		}, {
			0.30000000000000004, "0.3",
		}, {1234567.891, "1,234,568"}, {999999.96, "1,000,000"}, {0.00005, "5e-05"}, {0.00012345, "0.000123"},
		{1e15, "1e+15"}, {-5e-324, "-4.94066e-324"},
		{math.Inf(1), "Infinity"}, {math.Inf(-1), "-Infinity"}, {math.NaN(), "NaN"},
	} {
		if got := table.Number(c.in); got != c.want {
			t.Errorf("Number(%v): got %q, want %q", c.in, got, c.want)
		}
	}
}

// For people a number is rounded; programs get every digit.
func TestProgramsGetEveryDigit(t *testing.T) {
	in := table.Table{Columns: table.Columns("name", "share"), Rows: [][]any{{"a", 0.9541284403669725}}}
	for _, f := range []table.Format{table.JSON, table.CSV} {
		var out bytes.Buffer
		if err := table.Write(&out, in, f); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "0.9541284403669725") {
			t.Errorf("%s: got %q, want every digit", f, out.String())
		}
	}
}

func TestMarkdownLinesUp(t *testing.T) {
	in := table.Table{
		Title: "top_artists", Description: "the most played | artists",
		Columns: table.Columns("rank", "artist", "songplays"),
		Rows:    [][]any{{1, "生命", 1234}, {2, "a|b\nc", nil}, {3, strings.Repeat("x", 300), 1}},
	}
	var out bytes.Buffer
	if err := table.Write(&out, in, table.Markdown); err != nil {
		t.Fatal(err)
	}
	want := `### top\_artists

the most played \| artists

| rank | artist                                                       | songplays |
| ---: | ------------------------------------------------------------ | --------: |
|    1 | 生命                                                         |     1,234 |
|    2 | a\|b<br>c                                                    |           |
|    3 | ` + strings.Repeat("x", 300) + ` |         1 |
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBytes: a size has a unit, and one digit behind the point below 100.
func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 300 << 20: "300 MiB",
		5 << 40: "5.0 TiB",
	} {
		if got := table.Bytes(n); got != want {
			t.Errorf("%d bytes: got %q, want %q", n, got, want)
		}
	}
}
