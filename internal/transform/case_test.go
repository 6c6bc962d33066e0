package transform_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/transform"
)

var update = flag.Bool("update", false, "write the want files of testdata/case from what the transforms do")

// TestCases runs every folder testdata/case/TRANSFORM/CASE. It holds
//
//	input.sql             rows for staging; or 1_input.sql, 2_input.sql, …, each followed by an incremental run
//	want.TABLE.txt        what TABLE holds in the end
//	1_want.TABLE.txt      what it holds after the run behind 1_input.sql
//
// A want file's first line names the columns that matter, the other lines are rows in any order, values parted by |, with ∅ for
// NULL. Whatever a case is about, a replay of it must give what the runs gave.
func TestCases(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join("testdata", "case", "*", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("cases: got %d, %v", len(folders), err)
	}
	w := newWarehouse(t)
	for _, folder := range folders {
		name, err := filepath.Rel(filepath.Join("testdata", "case"), folder)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.ToSlash(name), func(t *testing.T) {
			w.with(t).runCase(folder)
		})
	}
}

func (w *warehouse) runCase(folder string) {
	t := w.t
	w.empty()
	inputs, err := filepath.Glob(filepath.Join(folder, "*input.sql"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("%s: got %d inputs, %v; want input.sql or 1_input.sql", folder, len(inputs), err)
	}
	slices.Sort(inputs)
	wants := 0
	// The built-in checks would refuse some of the odd values that cases are made of.
	unchecked := func(o *transform.Options) { o.Checks = []check.Check{} }
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		w.exec(string(text))
		w.run(nil, unchecked)
		if phase, _, numbered := strings.Cut(filepath.Base(input), "_input"); numbered {
			wants += w.wants(filepath.Join(folder, phase+"_want.*.txt"))
		}
	}
	wants += w.wants(filepath.Join(folder, "want.*.txt"))
	if wants == 0 {
		t.Errorf("%s holds no want.TABLE.txt", folder)
	}
	w.same()
}

// wants compares the tables with the want files and returns how many there are.
func (w *warehouse) wants(pattern string) int {
	t := w.t
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table := strings.Split(filepath.Base(file), ".")[1]
		header, body, _ := strings.Cut(string(text), "\n")
		columns := strings.ReplaceAll(header, "|", ", ")
		if columns == "" {
			columns = "*"
		}
		var got []string
		for _, row := range w.rows("SELECT " + columns + " FROM " + table) {
			got = append(got, strings.Join(row, "|"))
		}
		slices.Sort(got)
		if *update {
			if err := os.WriteFile(file, []byte(strings.Join(append([]string{header}, got...), "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want := slices.DeleteFunc(strings.Split(body, "\n"), func(line string) bool { return line == "" })
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s (%s):\ngot\n  %s\nwant\n  %s", file, header, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
	return len(files)
}

func TestCaseTables(t *testing.T) {
	t.Parallel()
	// Every table of the star has a folder of cases.
	for _, step := range steps(t) {
		if len(step.Writes) == 0 || step.Load {
			continue
		}
		cases, err := filepath.Glob(filepath.Join("testdata", "case", step.Name, "*"))
		if err != nil || len(cases) < 5 {
			t.Errorf("cases of %s: got %d, want at least 5 (%v)", step.Name, len(cases), err)
		}
	}
}
