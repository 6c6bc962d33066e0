package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/transforms"
)

var update = flag.Bool("update", false, "write the golden files of testdata/render from what dwh prints")

// modelFiles are the names of the star's models.
func modelFiles(t *testing.T) []string {
	t.Helper()
	steps, err := transform.Steps(transforms.FS, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, step := range steps {
		if step.Model != nil {
			out = append(out, step.Name)
		}
	}
	return out
}

// rendered is what dwh render prints as a kind of run.
func rendered(t *testing.T, engine string, as transform.Occasion, files ...string) string {
	t.Helper()
	code, stdout, stderr := run(t, append([]string{"render", "--as", string(as), "--engine", engine}, files...)...)
	if code != 0 || stderr != "" {
		t.Fatalf("render --as %s --engine %s %v: got code %d, %s", as, engine, files, code, stderr)
	}
	return stdout
}

// TestRenderAs compares what every model sends with testdata/render/ENGINE/RUN/MODEL.sql.
func TestRenderAs(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"postgres", "redshift"} {
		for _, as := range transform.Occasions() {
			for _, name := range modelFiles(t) {
				got := rendered(t, engine, as, name)
				file := filepath.Join("testdata", "render", engine, string(as), name+".sql")
				if *update {
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s (go test ./internal/cli -run TestRenderAs -update writes it):\n%s", file, diff)
				}
			}
		}
	}
}

// TestRenderAsReadsWell: every statement has its comment, ends in a semicolon, and one empty line
// stands between two.
func TestRenderAsReadsWell(t *testing.T) {
	t.Parallel()
	for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		for _, as := range transform.Occasions() {
			text := rendered(t, string(engine), as)
			if strings.Contains(text, "\n\n\n") || strings.HasPrefix(text, "\n") || !strings.HasSuffix(text, ";\n") {
				t.Errorf("%s as %s: got other than one empty line between statements", engine, as)
			}
			file, err := sqlfile.Parse("rendered.sql", text)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(strings.TrimSuffix(text, "\n"), ";\n\n")
			statements := file.Statements(engine)
			if len(parts) != len(statements) || len(statements) < 20 {
				t.Errorf("%s as %s: got %d parts and %d statements", engine, as, len(parts), len(statements))
			}
			for _, part := range parts {
				if !strings.HasPrefix(part, "-- ") {
					t.Errorf("%s as %s: got no comment at %s", engine, as, strings.SplitN(part, "\n", 2)[0])
				}
			}
		}
	}
}

// TestRenderAsRedshiftIsPortable runs the rules of dwh lint over what is derived for Redshift. Two
// kinds of findings are none here: what the runner does, and a file may not (its scratch schema and
// search_path), and what a model says to Redshift alone inside /*redshift … */.
func TestRenderAsRedshiftIsPortable(t *testing.T) {
	t.Parallel()
	runner := []string{`DROP SCHEMA in a transform`, `CREATE SCHEMA in a transform`, `SET in a transform`}
	for _, as := range transform.Occasions() {
		text := rendered(t, "redshift", as)
		file, err := sqlfile.Parse("redshift.sql", text)
		if err != nil {
			t.Fatal(err)
		}
	findings:
		for _, finding := range lint.File(file, lint.Transform) {
			if finding.Rule.Name == "redshift-only" {
				continue
			}
			for _, prefix := range runner {
				if finding.Rule.Name == "statement" && strings.HasPrefix(finding.Err.Msg, prefix) {
					continue findings
				}
			}
			t.Errorf("as %s: %v\n%s", as, finding.Err, finding.Err.Snippet())
		}
		for _, statement := range file.Statements(sqlfile.Redshift) {
			sql := strings.TrimSpace(statement.SQL())
			if statement.Keyword() == "SET" && !strings.HasSuffix(sql, `SET search_path TO "public"`) {
				t.Errorf("as %s: got %s", as, sql)
			}
		}
		for _, word := range []string{
			"ON CONFLICT", "DISTINCT ON", "LATERAL", "ARRAY", "enable_", "COLLATE", "ANALYZE", "pg_catalog", "::", "/*",
		} {
			if strings.Contains(strings.ToUpper(text), strings.ToUpper(word)) {
				t.Errorf("as %s: got %s in what is derived for Redshift", as, word)
			}
		}
	}
}

func TestRenderAsRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--as", "incremnt"}, `did you mean "increment"?`},
		{[]string{"--as", "first", "010_s_song"}, "010_s_song is a load"},
		{[]string{"--as", "first", "00002"}, `there is no model "00002"`},
		{[]string{"--as", "first", "210_f_songpla"}, `did you mean "210_f_songplay"?`},
		{[]string{"--as", "first", "--engine", "mysql"}, "mysql"},
	} {
		code, stdout, stderr := run(t, append([]string{"render"}, c.args...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("render %v: got code %d, %q, %q, want 2 and %q", c.args, code, stdout, stderr, c.want)
		}
	}
}
