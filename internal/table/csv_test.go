package table_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/table"
)

// csv is for programs: what a spreadsheet would run as a formula stays as it is, unless Safe made
// it text.
func TestFormulasInCSV(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cell        any
		plain, safe string
	}{
		{"=1+1", "=1+1", "'=1+1"},
		{"+1", "+1", "'+1"},
		{"-1", "-1", "'-1"},
		{"@SUM(A1)", "@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "\t=1", "'\t=1"},
		{"\r=1", "\"\r=1\"", "\"'\r=1\""},
		{"\n=1", "\"\n=1\"", "\"'\n=1\""},
		{"  =1", `"  =1"`, `'  =1`},
		{"\u00a0=1", "\u00a0=1", "'\u00a0=1"},
		{"\ufeff=1", "\ufeff=1", "'\ufeff=1"},
		{"＝1", "＝1", "'＝1"},
		{"=a,b", `"=a,b"`, `"'=a,b"`},
		{int64(-5), "-5", "-5"},
		{-0.5, "-0.5", "-0.5"},
		{"a=b", "a=b", "a=b"},
		{"'=1", "'=1", "'=1"},
		{"", `""`, `""`},
		{"Muse", "Muse", "Muse"},
	} {
		result := table.Table{Columns: table.Columns("a"), Rows: [][]any{{c.cell}}}
		for what, want := range map[string]string{"plain": c.plain, "safe": c.safe} {
			shown := result
			if what == "safe" {
				shown = table.Safe(result)
			}
			var out strings.Builder
			if err := table.Write(&out, shown, table.CSV); err != nil || out.String() != "a\n"+want+"\n" {
				t.Errorf("%s %q: got %q, %v, want %q", what, c.cell, out.String(), err, "a\n"+want+"\n")
			}
		}
		if result.Rows[0][0] != c.cell {
			t.Errorf("got %q in the original, want %q untouched", result.Rows[0][0], c.cell)
		}
	}
	head := table.Safe(table.Table{Columns: table.Columns("=x"), Rows: [][]any{{nil}}})
	if head.Columns[0].Name != "'=x" || head.Rows[0][0] != nil {
		t.Errorf("got %v, want the header made text and NULL kept", head)
	}
}

// JSON escapes every control character, DEL and those of the 8-bit terminals too.
func TestControlCharactersInJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := table.Write(&out, table.Table{Columns: table.Columns("\u009ba"), Rows: [][]any{{"\x1b[2J\x7f\u0085é"}}},
		table.JSON); err != nil {
		t.Fatal(err)
	}
	if want := "[\n" + `  {"\u009ba": "\u001b[2J\u007f\u0085é"}` + "\n]\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
