package copystmt_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sparkify/dwh/internal/copystmt"
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

// same compares statements but for the places of their clauses and for secrets, which print alike.
var same = cmp.Options{
	cmpopts.IgnoreUnexported(copystmt.Statement{}),
	cmp.Comparer(func(a, b copystmt.Auth) bool {
		return a.String() == b.String() && a.Kind == b.Kind && a.Default == b.Default && a.Role == b.Role
	}),
}

func TestParse(t *testing.T) {
	for _, folder := range folders(t, "testdata/copy/*") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			s, err := copystmt.ParseText(read(t, filepath.Join(folder, "input.sql")))
			if err != nil {
				t.Fatal(err)
			}
			got := s.String()
			golden(t, filepath.Join(folder, "canonical.golden.sql"), got+"\n")
			if strings.Contains(got, "hush") {
				t.Errorf("got a secret in %q, want it redacted", got)
			}
			again, err := copystmt.ParseText(got)
			if err != nil {
				t.Fatalf("canonical %q does not parse: %v", got, err)
			}
			if diff := cmp.Diff(*s, *again, same); diff != "" {
				t.Errorf("parsed again: got +, want -:\n%s", diff)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, folder := range folders(t, "testdata/fault/*") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			_, err := copystmt.ParseText(read(t, filepath.Join(folder, "input.sql")))
			var fault *sqlfile.Error
			if !errors.As(err, &fault) {
				t.Fatalf("got error %v, want an *sqlfile.Error", err)
			}
			got := fault.Error() + "\n" + fault.Snippet() + "\nhint: " + fault.Hint + "\n"
			if fault.Hint == "" || strings.Contains(got, "hush") {
				t.Errorf("got %q, want a hint and no secret", got)
			}
			golden(t, filepath.Join(folder, "error.golden"), got)
		})
	}
}

func TestBind(t *testing.T) {
	f, err := sqlfile.Parse("transforms/020_s_songplay_event.sql", read(t, "testdata/bind/input.sql"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]map[string]string{
		"role_default_no_region":    {"iam_role": "default"},
		"role_unset_region":         {"region": "us-west-2"},
		"role_empty_region_empty":   {"iam_role": "", "region": ""},
		"role_arn_region":           {"iam_role": "arn:aws:iam::123456789012:role/dwh", "region": "us-west-2"},
		"role_with_quote_no_region": {"iam_role": "arn:o'hara"},
	}
	for name, vars := range tests {
		for _, e := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
			t.Run(name+"/"+string(e), func(t *testing.T) {
				vars["log_data"] = "s3://udacity-dend/log_data"
				vars["log_jsonpaths"] = "s3://udacity-dend/log_json_path.json"
				s := f.Statements(e)[0]
				x, err := copystmt.Bind(s, vars)
				if err != nil {
					t.Fatal(err)
				}
				c, err := copystmt.Parse(x)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("testdata/bind", name+".golden.sql"), x.SQL+"\n-- canonical\n"+c.String()+"\n")
				if line, column := x.Position(strings.Index(x.SQL, "MAXERROR") + 1); line != 7 || column != 1 {
					t.Errorf("MAXERROR: got %d:%d, want 7:1", line, column)
				}
			})
		}
	}
}
