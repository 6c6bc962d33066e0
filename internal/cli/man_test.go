package cli_test

import (
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/config"
)

// The manual page has every command with its flags, every setting and every exit code, in troff
// that no macro of ours leaves.
func TestManual(t *testing.T) {
	code, page, stderr := run(t, "man")
	if code != 0 || stderr != "" {
		t.Fatalf("got code %d and %q", code, stderr)
	}
	plain := strings.NewReplacer(
		`\-`, "-", `\(dq`, `"`, `\(ti`, "~", `\(ga`, "`", `\[u2026]`, "…", `\&`, "",
	).Replace(page)
	var walk func(path string, commands []*urfave.Command)
	walk = func(path string, commands []*urfave.Command) {
		for _, c := range commands {
			if !strings.Contains(plain, "\n.SS \""+path+" "+c.Name) {
				t.Errorf("got no section for %s %s", path, c.Name)
			}
			for _, f := range c.Flags {
				if v, ok := f.(urfave.VisibleFlag); ok && v.IsVisible() && !strings.Contains(plain, "--"+f.Names()[0]) {
					t.Errorf("%s %s: got no --%s", path, c.Name, f.Names()[0])
				}
			}
			walk(path+" "+c.Name, c.Subcommands)
		}
	}
	walk("dwh", cli.Commands())
	for _, doc := range config.Documentation() {
		if want := ".B \"" + doc.Key + ", " + doc.Env + "\"\n"; !strings.Contains(plain, want) {
			t.Errorf("got no setting %s", doc.Key)
		}
	}
	for _, want := range []string{".SH \"EXIT STATUS\"\n", ".B \"130\"\n", ".SH \"ENVIRONMENT\"\n", ".SH \"FILES\"\n"} {
		if !strings.Contains(plain, want) {
			t.Errorf("got no %q", want)
		}
	}
	known := map[string]bool{
		"TH": true, "SH": true, "SS": true, "PP": true, "TP": true, "B": true, "nf": true,
		"fi": true, "RS": true, "RE": true,
	}
	for number, line := range strings.Split(page, "\n") {
		switch {
		case strings.HasPrefix(line, "."):
			name, _, _ := strings.Cut(line[1:], " ")
			if !known[name] || strings.Count(line, `"`)%2 != 0 {
				t.Errorf("line %d: got the request %q", number+1, line)
			}
		case strings.HasPrefix(line, "'"):
			t.Errorf("line %d: got %q, which is a request to troff", number+1, line)
		}
		for _, r := range line {
			if r > 0x7e || r < ' ' {
				t.Errorf("line %d: got %q, want ASCII", number+1, line)
			}
		}
	}
}
