package testcase_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/testcase"
)

// read reads one file of a case.
func read(text string) (*testcase.File, error) {
	cases, err := testcase.Read(fstest.MapFS{"one/then/d_x.csv": {Data: []byte(text)}}, "tests", nil)
	if err != nil {
		return nil, err
	}
	return cases[0].Then[0], nil
}

// null stands for a NULL in what tests expect.
const null = "∅"

func rows(f *testcase.File) [][]string {
	var out [][]string
	for _, row := range f.Rows {
		var values []string
		for _, value := range row.Values {
			if value.Null {
				values = append(values, null)
			} else {
				values = append(values, value.Text)
			}
		}
		out = append(out, values)
	}
	return out
}

func TestFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want [][]string
	}{
		"null_and_empty":  {"a,b\n,\"\"\n\"\",\n", [][]string{{null, ""}, {"", null}}},
		"quotes":          {"a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", [][]string{{"x,y", `say "hi"`}}},
		"lines_in_values": {"a,b\n\"x\ny\",1\nz,2\n", [][]string{{"x\ny", "1"}, {"z", "2"}}},
		"windows":         {"a,b\r\n1,\r\n\"2\",3\r\n", [][]string{{"1", null}, {"2", "3"}}},
		"no_last_newline": {"a,b\n1,", [][]string{{"1", null}}},
		"blank_lines":     {"a,b\n\n1,2\n\n", [][]string{{"1", "2"}}},
		"blanks_count":    {"a,b\n 1 ,\" \"\n", [][]string{{" 1 ", " "}}},
		"byte_order_mark": {"\ufeffa,b\n1,2\n", [][]string{{"1", "2"}}},
		"no_rows":         {"a,b\n", nil},
		"one_column":      {"a\n\"\"\n1\n", [][]string{{""}, {"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := read(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, rows(file)); diff != "" {
				t.Errorf("%q: -want +got\n%s", tt.text, diff)
			}
		})
	}
}

// TestPlaces: a value knows its line and column, in characters.
func TestPlaces(t *testing.T) {
	t.Parallel()
	file, err := read("é,b\n\"ü\nx\",3\nö,4\n")
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int
	for _, row := range file.Rows {
		for _, value := range row.Values {
			got = append(got, [2]int{value.Line, value.Column})
		}
	}
	if want := [][2]int{{2, 1}, {3, 4}, {4, 1}, {4, 3}}; !slices.Equal(got, want) {
		t.Errorf("got places %v, want %v", got, want)
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"empty": {"", "tests/one/then/d_x.csv:1: the file is empty"},
		"few_values": {
			"a,b\n1,2\n3\n",
			"tests/one/then/d_x.csv:3: the record has 1 values, but the first line names 2 columns",
		},
		"comma_in_value": {
			"a,b\n1,2,3\n",
			"tests/one/then/d_x.csv:2: the record has 3 values, but the first line names 2 columns",
		},
		"unclosed": {"a,b\n1,\"2\n3,4\n", "tests/one/then/d_x.csv:2:3: the double quote is never closed"},
		"quote_inside": {
			"a,b\n1,5\" disc\n",
			"tests/one/then/d_x.csv:2:4: a double quote inside a value that does not begin with one",
		},
		"text_after_quote": {
			"a,b\n1,\"5\" disc\n",
			"tests/one/then/d_x.csv:2:6: a comma or the end of the line has to follow a closing quote",
		},
		"column_twice":   {"a,b,a\n", "tests/one/then/d_x.csv:1:5: column a is named twice"},
		"column_unnamed": {"a,,b\n", "tests/one/then/d_x.csv:1:3: a column has no name"},
		"encoding":       {"a,b\n1,\xff\n", "tests/one/then/d_x.csv:2:3: the value is not valid UTF-8"},
		"nul":            {"a,b\n1,x\x00\n", "tests/one/then/d_x.csv:2:3: the value holds a NUL character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tt.text)
			var placed *sqlfile.Error
			if !errors.As(err, &placed) || placed.Error() != tt.want || placed.Hint == "" {
				t.Errorf("%q: got %v, want %s, with a hint", tt.text, err, tt.want)
			}
		})
	}
}

// TestAnyValues: whatever is written as CSV is read as it was.
func TestAnyValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.SampledFrom([]string{null, "", " ", ",", `"`, "\n", "\r\n", "a\"b"}),
			rapid.StringOf(rapid.RuneFrom([]rune("ab,\"\n é\r"))))
		width := rapid.IntRange(2, 4).Draw(t, "width")
		want := rapid.SliceOfN(rapid.SliceOfN(value, width, width), 1, 6).Draw(t, "rows")
		lines := []string{"a,b,c,d"[:2*width-1]}
		for _, row := range want {
			var fields []string
			for _, text := range row {
				if text != null {
					text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
				} else {
					text = ""
				}
				fields = append(fields, text)
			}
			lines = append(lines, strings.Join(fields, ","))
		}
		file, err := read(strings.Join(lines, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rows(file)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// TestWrongFolders: a folder of a case that is not what it could be is refused by name.
func TestWrongFolders(t *testing.T) {
	t.Parallel()
	const text = "a\n1\n"
	for name, tt := range map[string]struct {
		files []string
		want  string
	}{
		"no_then": {[]string{"given/s_x.csv"}, "tests/one: the case has no then/"},
		"unknown_folder": {
			[]string{"givn/s_x.csv", "then/d_x.csv"},
			"tests/one/givn: a test case has no folder of this name",
		},
		"zero_step": {
			[]string{"0_given/s_x.csv", "then/d_x.csv"},
			"tests/one/0_given: a test case has no folder of this name",
		},
		"given_and_steps": {
			[]string{"given/s_x.csv", "1_given/s_x.csv", "then/d_x.csv"},
			"tests/one: the case has given/ and numbered steps",
		},
		"gap": {
			[]string{"1_given/s_x.csv", "3_given/s_x.csv", "then/d_x.csv"},
			"tests/one: 2_given is missing",
		},
		"then_of_no_step": {
			[]string{"1_given/s_x.csv", "2_then/d_x.csv", "then/d_x.csv"},
			"tests/one: 2_then has no 2_given",
		},
		"stray_file": {
			[]string{"s_x.csv", "then/d_x.csv"},
			"tests/one/s_x.csv: a case holds folders, and README.md",
		},
		"no_csv": {[]string{"given/s_x.json", "then/d_x.csv"},
			"tests/one/given/s_x.json: this file is not TABLE.csv"},
		"nothing_in_it": {[]string{"given/.keep", "then/d_x.csv"}, "tests/one/given: the folder holds no TABLE.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{}
			for _, file := range tt.files {
				fsys["one/"+file] = &fstest.MapFile{Data: []byte(text)}
			}
			_, err := testcase.Read(fsys, "tests", nil)
			var placed *sqlfile.Error
			if !errors.As(err, &placed) || placed.Error() != tt.want || placed.Hint == "" {
				t.Errorf("got %v, want %s, with a hint", err, tt.want)
			}
		})
	}
}

// TestChosenCases: cases are chosen by name and by pattern, and an unknown name finds the nearest.
func TestChosenCases(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{}
	for _, name := range []string{"late_song", "late_user", "plain"} {
		fsys[name+"/then/d_x.csv"] = &fstest.MapFile{Data: []byte("a\n")}
	}
	for _, tt := range []struct{ chosen, want []string }{
		{nil, []string{"late_song", "late_user", "plain"}},
		{[]string{"plain"}, []string{"plain"}},
		{[]string{"plain", "late_*"}, []string{"late_song", "late_user", "plain"}},
	} {
		cases, err := testcase.Read(fsys, "tests", tt.chosen)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range cases {
			got = append(got, c.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.chosen, got, tt.want)
		}
	}
	_, err := testcase.Read(fsys, "tests", []string{"late_sing"})
	var unknown *testcase.UnknownError
	if !errors.As(err, &unknown) || unknown.ExitCode() != 2 || unknown.Hint() != `did you mean "late_song"?` {
		t.Errorf("got %v, want an unknown case and the nearest", err)
	}
}
