package table_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sparkify/dwh/internal/table"
)

const longPath = "s3://bucket/log_data/2018/11/a-file-whose-name-is-longer-than-any-terminal-of-eighty-columns-is-wide.json"

// journal is a table like those of dwh history and dwh doctor.
func journal() table.Table {
	t := table.Table{Columns: table.Columns("run", "started", "took", "command", "outcome", "error"), Rows: [][]any{
		{"20990101T000000.000000Z-00000001", "2099-01-01 00:00:00", "600.0 s", "run", "done", nil},
		{"20990101T000000.000000Z-00000002", "2099-01-01 00:00:00", "12.0 s", "transform --log-data " + longPath,
			"interrupted",
			longPath +
				`:37: column ts: "soon" is not a bigint; run "dwh reject list" to see it, and ` +
				`then run "dwh transform --replay"`},
	}}
	for i, narrow := range []table.Narrow{table.NarrowKeep, table.NarrowDrop, table.NarrowKeep, table.NarrowFold,
		table.NarrowKeep, table.NarrowFold} {
		t.Columns[i].Narrow = narrow
	}
	return t
}

func render(t *testing.T, in table.Table, o table.TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := table.Render(&out, in, table.Text, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What people paste is whole at every width, and no line is wider than the terminal but for a word
// that is.
func TestNothingPastedIsCut(t *testing.T) {
	for _, width := range []int{0, 200, 120, 80, 60, 40, 20} {
		got := render(t, journal(), table.TextOptions{Width: width})
		for _, whole := range []string{"20990101T000000.000000Z-00000002", longPath, "interrupted"} {
			if !strings.Contains(got, whole) {
				t.Errorf("width %d: got no %q in\n%s", width, whole, got)
			}
		}
		if width >= 40 {
			for _, quoted := range []string{`"dwh reject list"`, `"dwh transform --replay"`} {
				if !strings.Contains(got, quoted) {
					t.Errorf("width %d: got no %s on one line in\n%s", width, quoted, got)
				}
			}
		}
		if strings.Contains(got, "…") {
			t.Errorf("width %d: got a text that is cut in\n%s", width, got)
		}
		for line := range strings.Lines(got) {
			line = strings.TrimSuffix(line, "\n")
			if width > 0 && text.StringWidthWithoutEscSequences(line) > width && len(strings.Fields(line)) > 2 {
				t.Errorf("width %d: got %q, want a line that fits", width, line)
			}
		}
	}
}

func TestLayoutAtEighty(t *testing.T) {
	golden(t, "journal-80.golden", []byte(render(t, journal(), table.TextOptions{Width: 80})))
	golden(t, "journal-40.golden", []byte(render(t, journal(), table.TextOptions{Width: 40})))
}

// Ids, addresses and paths stay whole by their columns' names.
func TestNamesOfWhatIsPasted(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	in := table.Table{Columns: table.Columns("songplay_id", "location", "user_agent"), Rows: [][]any{{id,
		"San Francisco-Oakland-Hayward, CA", "Mozilla/5.0"}}}
	got := render(t, in, table.TextOptions{Width: 50})
	if !strings.Contains(got, id) {
		t.Errorf("got no whole id in\n%s", got)
	}
}

// A path or a URL is told by its form, in a column of any name. A name with a slash is no path.
func TestPathsStayWhole(t *testing.T) {
	long := strings.Repeat("x", 30)
	for value, whole := range map[string]bool{
		"/srv/" + long: true, "./" + long: true, "s3://bucket/" + long: true, "~/" + long: true,
		"AC/DC" + long: false, "/ " + long: false,
	} {
		in := table.Table{Columns: table.Columns("artist", "songplays"), Rows: [][]any{{value, int64(3)}}}
		if got := render(t, in, table.TextOptions{Width: 40}); strings.Contains(got, value) != whole {
			t.Errorf("%q: got whole %v, want %v in\n%s", value, !whole, whole, got)
		}
	}
}

func TestStyles(t *testing.T) {
	in := table.Table{Columns: table.Columns("check", "result"), Rows: [][]any{{"a", "ok"}, {"b", "fail"}}}
	in.Columns[1].Style = func(value any) table.Style {
		if value == "fail" {
			return table.Bad
		}
		return table.Good
	}
	plain := render(t, in, table.TextOptions{Width: 40})
	if strings.Contains(plain, "\x1b") {
		t.Errorf("got colours in %q, want none", plain)
	}
	coloured := render(t, in, table.TextOptions{Width: 40, Color: true})
	for _, want := range []string{"\x1b[32mok\x1b[0m", "\x1b[31mfail\x1b[0m"} {
		if !strings.Contains(coloured, want) {
			t.Errorf("got %q, want %q in it", coloured, want)
		}
	}
	if diff := cmp.Diff(plain, strings.NewReplacer("\x1b[32m", "", "\x1b[31m", "", "\x1b[0m",
		"").Replace(coloured)); diff != "" {
		t.Errorf("colours move the text (-plain +coloured):\n%s", diff)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in            string
		width, indent int
		want          string
	}{
		{"one two three", 0, 2, "one two three"},
		{"one two three", 8, 2, "one two\n  three"},
		{"one " + longPath + " two", 10, 0, "one\n" + longPath + "\ntwo"},
		{`then run "dwh migrate up" first`, 18, 0, "then run\n\"dwh migrate up\"\nfirst"},
		{"a\nb c", 3, 1, "a\n b\n c"},
		{"  lead stays", 8, 2, "  lead\n  stays"},
		{"a  b c", 4, 0, "a  b\nc"},
		{"", 5, 2, ""},
	} {
		if got := table.Wrap(c.in, c.width, c.indent); got != c.want {
			t.Errorf("Wrap(%q, %d, %d): got %q, want %q", c.in, c.width, c.indent, got, c.want)
		}
	}
}

// Prose is wrapped in its column where there is room for that, else it stands under its row. Both
// keep every word.
func TestProseIsWrapped(t *testing.T) {
	prose := "the objects of this step were all loaded before, and none of them was rewritten since"
	in := table.Table{Columns: table.Columns("step", "rows", "note"), Rows: [][]any{{"020_s_songplay_event",
		int64(1234567), prose}, {"030_s_name", int64(3), nil}}}
	for _, width := range []int{100, 70, 50, 40} {
		got := render(t, in, table.TextOptions{Width: width})
		for _, word := range append(strings.Fields(prose), "020_s_songplay_event", "1,234,567", "030_s_name") {
			if !strings.Contains(got, word) {
				t.Errorf("width %d: got no %q in\n%s", width, word, got)
			}
		}
		for line := range strings.Lines(got) {
			if n := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("width %d: got %d cells in %q", width, n, line)
			}
		}
	}
	golden(t, "prose-70.golden", []byte(render(t, in, table.TextOptions{Width: 70})))
}
