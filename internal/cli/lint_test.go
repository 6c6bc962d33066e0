package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLintFindsUnknownColumns misspells a column in each kind of file of a new project.
func TestLintFindsUnknownColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, old, new, want string }{
		{
			"transforms/101_ride.sql", "RTRIM(rider_id)", "RTRIM(riderid)",
			"101_ride.sql:8:11: s_ride has no column riderid",
		},
		{
			"checks/ride-ends-after-it-begins.sql", "WHERE ended_at", "WHERE ended",
			"ride-ends-after-it-begins.sql:8:7: f_ride has no column ended",
		},
		{"reports/best-days.sql", "SUM(rides)", "SUM(ride)", "best-days.sql:7:9: f_day has no column ride"},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			project := filepath.Join(t.TempDir(), "bikes")
			if code, _, stderr := run(t, "init", project); code != 0 {
				t.Fatal(stderr)
			}
			if code, _, stderr := run(t, "lint", "--project", project); code != 0 {
				t.Fatalf("the new project: %s", stderr)
			}
			file := filepath.Join(project, c.file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			wrong := strings.Replace(string(text), c.old, c.new, 1)
			if wrong == string(text) {
				t.Fatalf("%s does not contain %s", c.file, c.old)
			}
			if err := os.WriteFile(file, []byte(wrong), 0o644); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := run(t, "lint", "--project", project)
			if code != 1 || !strings.Contains(stdout, c.want) || !strings.Contains(stderr, "lint found 1 error") {
				t.Errorf("got code %d\n%s%s\nwant %s", code, stdout, stderr, c.want)
			}
		})
	}
}
