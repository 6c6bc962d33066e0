package cli_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/cli"
)

func helpAt(t *testing.T, columns string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	line := append(append([]string{"dwh"}, args...), "--help")
	if code := cli.Main(t.Context(), line, []string{"COLUMNS=" + columns}, strings.NewReader(""), &out,
		&errs); code != 0 {
		t.Fatalf("%q: got code %d: %s", args, code, errs.String())
	}
	return out.String()
}

// Help is as wide as the terminal. Only a word that is wider itself, such as a URL in an example,
// goes beyond.
func TestHelpWraps(t *testing.T) {
	var walk func(path []string, commands []*urfave.Command)
	walk = func(path []string, commands []*urfave.Command) {
		for _, c := range commands {
			name := append(append([]string{}, path...), c.Name)
			whole := strings.Join(strings.Fields(helpAt(t, "", name...)), " ")
			for _, columns := range []string{"60", "80"} {
				help := helpAt(t, columns, name...)
				limit := map[string]int{"60": 60, "80": 80}[columns]
				for line := range strings.Lines(help) {
					line = strings.TrimRight(line, "\n")
					if len([]rune(line)) > limit && !strings.Contains(line, "://") && !strings.Contains(line, "$(") &&
						!strings.Contains(line, "|") {
						t.Errorf("%q at %s columns: got %d cells in %q", name, columns, len([]rune(line)), line)
					}
				}
				joined := strings.Join(strings.Fields(strings.ReplaceAll(help, "\\\n", "")), " ")
				if joined != whole {
					t.Errorf("%q at %s columns: got other words than without a limit:\n%s", name, columns, help)
				}
			}
			walk(name, c.Subcommands)
		}
	}
	walk(nil, cli.Commands())
}

func TestFlagsAreGrouped(t *testing.T) {
	help := helpAt(t, "80", "run")
	var at []int
	for _, want := range []string{"\nFlags:\n  --project", "\nSource flags:\n  --song-data",
		"\nConnection flags:\n  --database-url", "\nOutput flags:\n  --json", "\nGlobal flags:\n"} {
		at = append(at, strings.Index(help, want))
	}
	for i := range at {
		if at[i] < 0 || i > 0 && at[i] < at[i-1] {
			t.Errorf("got places %v, want each group in its order, in\n%s", at, help)
		}
	}
	if own, _, _ := strings.Cut(help, "\nSource flags:"); strings.Contains(own, "--database-url") {
		t.Errorf("got a flag of the connection among the command's own:\n%s", own)
	}
}

// An example that goes over several lines is still one command to a shell.
func TestWrappedExampleIsOneCommand(t *testing.T) {
	help := helpAt(t, "60", "run")
	_, pasted, _ := strings.Cut(help, "Examples:\n")
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "dwh() { echo \"$@\"; }\n"+pasted).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "run --song-data s3://") || !strings.Contains(lines[0],
		"--log-jsonpaths") {
		t.Errorf("got %q from a shell, want the two commands whole", lines)
	}
}
