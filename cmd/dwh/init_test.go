package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/embedded"
)

// TestSparkifyTemplate: the embedded project, and the copy of it that init makes, give the same
// tables, the same reports and the same checks.
func TestSparkifyTemplate(t *testing.T) {
	t.Parallel()
	bucket, err := filepath.Abs(filepath.Join("testdata", "bucket"))
	if err != nil {
		t.Fatal(err)
	}
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	run := func(dsn string, args ...string) string {
		t.Helper()
		var out, diagnostics bytes.Buffer
		env := []string{"HOME=" + home, "DATABASE_URL=" + dsn}
		code := cli.Main(t.Context(), append([]string{"dwh"}, args...), env, strings.NewReader(""), &out, &diagnostics)
		if code != 0 {
			t.Fatalf(
				"dwh %s: got exit code %d, want 0\n%s%s", strings.Join(args, " "), code,
				out.String(), diagnostics.String(),
			)
		}
		return out.String()
	}
	sources := []string{
		"--song-data", bucket + "/song_data", "--log-data", bucket + "/log_data", "--log-jsonpaths",
		bucket + "/log_json_path.json",
		"--names", bucket + "/names",
	}
	shipped, copied := dwhtest.Database(t), dwhtest.Database(t)
	run(copied, "init", dir, "--template", "sparkify")
	run(shipped, append([]string{"run"}, sources...)...)
	run(copied, append([]string{"run", "--project", dir}, sources...)...)
	for _, table := range []string{"d_song", "d_artist", "d_user", "d_time", "f_songplay"} {
		if diff := cmp.Diff(
			dwhtest.TableText(t, shipped, table, ""), dwhtest.TableText(t, copied, table, ""),
		); diff != "" {
			t.Errorf("%s: -embedded +copy\n%s", table, diff)
		}
	}
	for _, report := range embedded.Reports() {
		for _, format := range []string{"json", "csv", "markdown"} {
			args := []string{"report", report.Name, "--format", format}
			for _, param := range report.Params {
				if param.Required {
					args = append(args, "--"+param.Name, "Muse")
				}
			}
			if diff := cmp.Diff(run(shipped, args...), run(copied, append(args, "--project", dir)...)); diff != "" {
				t.Errorf("%s: -embedded +copy\n%s", strings.Join(args, " "), diff)
			}
		}
	}
	checks := func(dsn string, args ...string) map[string]string {
		t.Helper()
		var results []struct{ Name, Severity, Result string }
		if err := json.Unmarshal(
			[]byte(run(dsn, append([]string{"check", "--json"}, args...)...)), &results,
		); err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, result := range results {
			if result.Result == "off" {
				result.Result = "ok" // a project's check is always on
			}
			out[result.Name] = result.Severity + " " + result.Result
		}
		return out
	}
	if diff := cmp.Diff(checks(shipped), checks(copied, "--project", dir)); diff != "" {
		t.Errorf("checks: -embedded +copy\n%s", diff)
	}
	// A warehouse of the one goes on with the other.
	if out := run(shipped, append([]string{"transform", "--project", dir}, sources...)...); !strings.Contains(out,
		"nothing to transform") {
		t.Errorf("got %q, want nothing to transform", out)
	}
}
