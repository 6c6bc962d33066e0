package testcase_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/testcase"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/transforms"
)

func TestMain(m *testing.M) {
	dwhtest.ProgramMain(cli.Main) // commands are processes, which can be killed
	flag.Parse()
	dwhtest.Main(m)
}

// dwh runs a command line on a database and returns its exit code and output.
func dwh(t *testing.T, dsn string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	env := []string{"HOME=" + t.TempDir(), "DATABASE_URL=" + dsn}
	code = cli.Main(t.Context(), append([]string{"dwh"}, args...), env, strings.NewReader(""), &out, &diagnostics)
	return code, out.String(), diagnostics.String()
}

// TestStar runs the cases of the embedded project.
func TestStar(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := dwh(t, dwhtest.Database(t), "test", "--json")
	if code != 0 {
		t.Fatalf("got exit code %d, want 0\n%s%s", code, stdout, stderr)
	}
	var results []struct{ Name, Result string }
	if err := json.Unmarshal([]byte(stdout), &results); err != nil {
		t.Fatal(err)
	}
	names, err := testcase.Names(transforms.Tests(), "tests")
	if err != nil || len(results) != len(names) {
		t.Errorf("got %d results, want %d (%v)", len(results), len(names), err)
	}
}

// TestStarIsCovered: every stored table of the embedded project has cases of its own.
func TestStarIsCovered(t *testing.T) {
	t.Parallel()
	steps, err := transform.Steps(transforms.FS, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if len(step.Writes) == 0 || step.Load {
			continue
		}
		cases, err := testcase.Read(transforms.Tests(), "transforms/tests", []string{string(step.Table) + "_*"})
		if err != nil || len(cases) < 5 {
			t.Errorf("cases of %s: got %d, want at least 5 (%v)", step.Name, len(cases), err)
		}
	}
}
