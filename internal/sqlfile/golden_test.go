package sqlfile_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/sqlfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: got +, want -:\n%s", file, diff)
	}
}

// folders returns the test cases: one folder each.
func folders(t *testing.T, glob string) []string {
	t.Helper()
	found, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no test case matches %s", glob)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRender(t *testing.T) {
	for _, folder := range folders(t, "testdata/render/*") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			input := read(t, filepath.Join(folder, "input.sql"))
			f, err := sqlfile.Parse("input.sql", input)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Render(sqlfile.Postgres); got != input {
				t.Errorf("rendering for PostgreSQL: got %q, want the input %q", got, input)
			}
			golden(t, filepath.Join(folder, "redshift.golden.sql"), f.Render(sqlfile.Redshift))
			for _, e := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
				var b strings.Builder
				for _, s := range f.Statements(e) {
					b.WriteString(
						"-- " + s.Section() + " line " + itoa(s.Line()) + " " + s.Keyword() + "\n" + s.SQL() + "\n",
					)
				}
				golden(t, filepath.Join(folder, string(e)+".statements.golden"), b.String())
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, folder := range folders(t, "testdata/fault/*") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			_, err := sqlfile.Parse("input.sql", read(t, filepath.Join(folder, "input.sql")))
			var fault *sqlfile.Error
			if !errors.As(err, &fault) {
				t.Fatalf("got error %v, want an *Error", err)
			}
			if fault.Hint == "" {
				t.Errorf("got no hint with %v, want one", fault)
			}
			golden(
				t, filepath.Join(folder, "error.golden"),
				fault.Error()+"\n"+fault.Snippet()+"\nhint: "+fault.Hint+"\n",
			)
		})
	}
}
