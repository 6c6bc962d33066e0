package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	urfave "github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// run runs a command line without any environment but a data folder of its own: a server that it
// starts there ends with the test. That of whoever runs the tests would stay.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	environment := []string{"DWH_DATA_DIR=" + dwhtest.DataDir(t)}
	code = cli.Main(t.Context(), append([]string{"dwh"}, args...), environment, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// Every command can be learnt from its help alone.
func TestEveryCommandHasHelp(t *testing.T) {
	var walk func(path string, commands []*urfave.Command)
	walk = func(path string, commands []*urfave.Command) {
		for _, c := range commands {
			name := path + " " + c.Name
			if c.Usage == "" {
				t.Errorf("%s: got no Usage", name)
			}
			_, pasted, ok := strings.Cut(c.Description, "Examples:\n")
			if !ok || !strings.Contains(pasted, "dwh") {
				t.Errorf("%s: got no examples in its help, want lines that can be pasted", name)
			}
			for _, f := range c.Flags {
				if doc, ok := f.(urfave.DocGenerationFlag); !ok || doc.GetUsage() == "" {
					t.Errorf("%s: flag --%s says nothing about itself", name, f.Names()[0])
				}
			}
			code, stdout, stderr := run(t, append(strings.Fields(name)[1:], "--help")...)
			if code != 0 || stderr != "" || !strings.HasPrefix(stdout, name+": "+c.Usage+"\n") {
				t.Errorf("%s --help: got code %d, %q, %q", name, code, stdout, stderr)
			}
			if lines := strings.Split(strings.TrimSpace(stdout), "\n"); !strings.HasPrefix(lines[len(lines)-1], "  ") {
				t.Errorf("%s --help: got %q as its last line, want an example", name, lines[len(lines)-1])
			}
			walk(name, c.Subcommands)
		}
	}
	walk("dwh", cli.Commands())
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"loacl"}, []string{`unknown command "loacl"`, `did you mean "local"?`}},
		{[]string{"local", "strat"}, []string{`unknown command "local strat"`, `did you mean "start"?`}},
		{[]string{"local"}, []string{`"dwh local" needs a command`,
			"start, stop, status, url, backup, restore, reset"}},
		{
			[]string{"local", "status", "--jsn"},
			[]string{`unknown flag --jsn for "dwh local status"`, "did you mean --json?"},
		},
		{[]string{"local", "status", "x"}, []string{`"dwh local status" takes no argument, got "x"`}},
		{[]string{"local", "status", "--data-dir"}, []string{"--data-dir needs a value"}},
		{
			[]string{"local", "status", "--data-dir", "--json"},
			[]string{"--data-dir needs a value, got the flag --json"},
		},
		{[]string{"local", "status", "--json=maybe"}, []string{`invalid boolean value "maybe" for --json`}},
		{[]string{"local", "reset"}, []string{"add --yes"}},
		{[]string{"completion", "bsh"}, []string{`unknown shell "bsh"`, `did you mean "bash"?`}},
		{[]string{"--nonsense"}, []string{"unknown flag --nonsense"}},
		{
			[]string{"local", "status", "--config", "/nonexistent/dwh.yaml"},
			[]string{"/nonexistent/dwh.yaml: no such configuration file"},
		},
		{[]string{"local", "status", "--log-format", "xml"}, []string{`--log-format: must be text or json, got "xml"`}},
	} {
		code, stdout, stderr := run(t, c.args...)
		if code != 2 || stdout != "" {
			t.Errorf("%q: got code %d and stdout %q, want 2 and nothing", c.args, code, stdout)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%q: got %q, want %q in it", c.args, stderr, want)
			}
		}
		if n := strings.Count(stderr, "error:"); n != 1 {
			t.Errorf("%q: got the error %d times, want once: %q", c.args, n, stderr)
		}
	}
}

// A URL with a password in a place where none is expected: the error hides the password.
func TestNoSecretInUsageErrors(t *testing.T) {
	const url = "postgres://u:s3cret@db.example.com/dwh"
	for _, args := range [][]string{
		{url}, {"run", url}, {"transform", url}, {"report", url}, {"report", "list", url}, {"check", url},
		{"test", url}, {"render", url}, {"history", url}, {"migrate", url}, {"migrate", "up-to", url},
		{"init", "a", url}, {"init", url},
		{"completion", url}, {"man", url}, {"local", "stop", url}, {"staging", "drop", url}, {"serve", url},
		{"sample", "--out", url, "--songs", "1", "--events", "1"}, {"run", "--" + url}, {"run", "--songs=" + url},
		{"check", "--config", url}, {"check", "--config=" + url}, {"check", "--project", url},
		{"local", "status", "--data-dir", url}, {"transform", "--only", url, "--song-data", "."},
		{"report", "songplays-by-level", "--format", url}, {"history", "--limit", url}, {"check", "--log-format", url},
		{"run", "postgres://u:s3cret \"s3cret@db/dwh"}, {"run", "host=db password=s3cret"},
	} {
		_, _, stderr := run(t, args...)
		if stderr == "" || strings.Contains(stderr, "s3cret") {
			t.Errorf("%q: got %q, want an error without the password", args, stderr)
		}
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "dwh.yaml")
	if err := os.WriteFile(file, []byte("project: "+url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := run(t, "check", "--config", file)
	if code != 2 || !strings.Contains(stderr, "project") || strings.Contains(stderr, "s3cret") {
		t.Errorf("project: got code %d and %q, want 2 and an error without the password", code, stderr)
	}
}

// An empty word is a mistake of a script. It never acts as if the word were absent.
func TestEmptyWords(t *testing.T) {
	const flag, argument = "needs a value, got an empty text", "got an empty argument"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"transform", "--only", ""}, flag}, {[]string{"transform", "--only="}, flag},
		{[]string{"--project", "", "check"}, flag}, {[]string{"check", "--project="}, flag},
		{[]string{"check", "--junit", ""}, flag}, {[]string{"test", "--junit", ""}, flag},
		{[]string{"check", "--config", ""}, flag}, {[]string{"report", "top-songs", "-o", ""}, flag},
		{[]string{"sample", "--out", ""}, flag}, {[]string{"run", "--song-data", ""}, flag},
		{[]string{"run", "--source", ""}, flag}, {[]string{"run", "--database-url", ""}, flag},
		{[]string{"run", "--engine", ""}, flag}, {[]string{"serve", "--token", ""}, flag},
		{[]string{"serve", "--host", ""}, flag}, {[]string{"local", "url", "--database", ""}, flag},
		{[]string{"local", "status", "--data-dir", ""}, flag}, {[]string{"history", "--limit", ""}, flag},
		{[]string{"staging", "delete", "--table", "", "--match", "a=b"}, flag},
		{[]string{"local", "backup", ""}, argument}, {[]string{"local", "restore", ""}, argument},
		{[]string{"init", ""}, argument}, {[]string{"report", ""}, argument}, {[]string{"check", ""}, argument},
		{[]string{"test", ""}, argument}, {[]string{"render", ""}, argument}, {[]string{"run", ""}, argument},
		{[]string{"reject", "retry", ""}, argument}, {[]string{"migrate", "create", ""}, argument},
	} {
		code, stdout, stderr := run(t, c.args...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: got code %d, %q and %q, want 2 and %s", c.args, code, stdout, stderr, c.want)
		}
	}
	// The text that a report asks for may be empty.
	code, _, stderr := run(t, "report", "--artist", "", "artist-locations", "extra")
	if want := `unexpected argument "extra"`; code != 2 || !strings.Contains(stderr, want) {
		t.Errorf("report --artist '': got code %d and %q, want 2 and %s", code, stderr, want)
	}
}

func TestHelpGoesToStdout(t *testing.T) {
	for _, args := range [][]string{
		nil, {"help"}, {"--help"}, {"-h"}, {"help", "local"}, {"local", "--help"},
		{"local", "status", "-h", "--json"}, {"help", "completion", "bash"},
	} {
		code, stdout, stderr := run(t, args...)
		if code != 0 || stderr != "" || !strings.Contains(stdout, "Examples:") {
			t.Errorf("%q: got code %d, %q, %q, want help on stdout", args, code, stdout, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"-V"}, {"local", "--version"}} {
		code, stdout, _ := run(t, args...)
		want := regexp.MustCompile(`^dwh ` + regexp.QuoteMeta(cli.Version()) +
			` \((commit \S+, )?go1\S*.*, \w+/\w+\)\n$`)
		if code != 0 || !want.MatchString(stdout) {
			t.Errorf("%q: got code %d, %q, want 0, %s", args, code, stdout, want)
		}
	}
}

// tree is a command tree with a flag of every sort at every depth.
func tree() *urfave.App {
	action := func(*urfave.Context) error { return nil }
	return &urfave.App{
		Name: "dwh",
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "config"},
			&urfave.BoolFlag{Name: "verbose", Aliases: []string{"v"}},
		},
		Commands: []*urfave.Command{
			{
				Name: "report", ArgsUsage: "NAME", Action: action,
				Flags: []urfave.Flag{
					&urfave.IntFlag{Name: "limit", Aliases: []string{"n"}},
					&urfave.BoolFlag{Name: "chart"},
				},
				Subcommands: []*urfave.Command{
					{Name: "list", Action: action, Flags: []urfave.Flag{&urfave.BoolFlag{Name: "json"}}},
				},
			},
			{
				Name: "migrate",
				Subcommands: []*urfave.Command{
					{Name: "up", Action: action, Flags: []urfave.Flag{&urfave.BoolFlag{Name: "dry-run"}}},
					{
						Name: "create", ArgsUsage: "NAME", Action: action,
						Flags: []urfave.Flag{&urfave.StringFlag{Name: "dir", Required: true}},
					},
				},
			},
		},
	}
}

func TestFlagsAnywhere(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"report top --limit 3", "dwh report --limit=3 -- top"},
		{"report --limit 3 top", "dwh report --limit=3 -- top"},
		{"report top --limit=3 --chart", "dwh report --limit=3 --chart=true -- top"},
		{"report -n 3 top", "dwh report --limit=3 -- top"},
		{"report -limit 3 top", "dwh report --limit=3 -- top"},
		{"--limit 3 report top", "dwh report --limit=3 -- top"},
		{"report --chart=false top more", "dwh report --chart=false -- top more"},
		{"report top -- --limit 3", "dwh report -- top --limit 3"},
		{"report -- -x", "dwh report -- -x"},
		{"report -5", "dwh report -- -5"},
		{"report -", "dwh report -- -"},
		{"report --limit -3 top", "dwh report --limit=-3 -- top"},
		{"report list --json", "dwh report list --json=true"},
		{"report --json list", "dwh report list --json=true"},
		{"--json report list", "dwh report list --json=true"},
		{"report top list", "dwh report -- top list"},
		{"migrate up --dry-run --config x -v", "dwh --config=x --verbose=true migrate up --dry-run=true"},
		{"migrate --dry-run up", "dwh migrate up --dry-run=true"},
		{"--verbose migrate up", "dwh --verbose=true migrate up"},
		{"migrate create name --dir=d=e", "dwh migrate create --dir=d=e -- name"},
		{"report --config --odd top", "dwh --config=--odd report -- top"},
	} {
		got, _, err := cli.Args(tree(), append([]string{"dwh"}, strings.Fields(c.in)...))
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
	}
}

func TestFlagsThatFitNowhere(t *testing.T) {
	for _, c := range []struct{ in, want, hint string }{
		{"report --limt 3 top", "unknown flag --limt", "did you mean --limit?"},
		{"report top --json", "unknown flag --json", ""},
		{"--dry-run report top", "unknown flag --dry-run", ""},
		{"migrate up extra", "takes no argument", ""},
		{"migrate", "needs a command", "one of: up, create"},
		{"migrate create name", "needs --dir", ""},
		{"migrate upp", "unknown command", `did you mean "up"?`},
		{"report --limit", "needs a value", ""},
		{"report --limit --chart", "needs a value, got the flag --chart", ""},
	} {
		_, _, err := cli.Args(tree(), append([]string{"dwh"}, strings.Fields(c.in)...))
		var usage *cli.UsageError
		if !errors.As(err, &usage) {
			t.Errorf("%q: got %v, want a *UsageError", c.in, err)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || (c.hint != "" && usage.Hint() != c.hint) || usage.ExitCode() != 2 {
			t.Errorf("%q: got %q with hint %q, want %q and %q", c.in, err, usage.Hint(), c.want, c.hint)
		}
	}
}

func TestExitCodes(t *testing.T) {
	home := t.TempDir()
	env := []string{"HOME=" + home}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	fault := &sqlfile.Error{
		File: "transforms/210_f_songplay.sql", Line: 19, Column: 8, Source: "SELECT song.artst_id",
		Msg: "no such column", Hint: "look again",
	}
	for _, c := range []struct {
		name   string
		ctx    context.Context
		err    error
		code   int
		stderr string
	}{
		{"done", t.Context(), nil, 0, ""},
		{"failed", t.Context(), errors.New("it broke"), 1, "error: it broke\n"},
		{
			"check", t.Context(), fmt.Errorf("run: %w", &cli.CheckFailed{Msg: "2 checks failed"}),
			3, "error: run: 2 checks failed\n",
		},
		{"URL", t.Context(), fmt.Errorf("list: %w", objectstore.ErrURL), 2, "error: list: malformed URL\n"},
		{"interrupted", interrupted, fmt.Errorf("load: %w", context.Canceled), 130, "interrupted\n"},
		{
			"position", t.Context(), fault, 1,
			"transforms/210_f_songplay.sql:19:8: no such column\n    SELECT song.artst_id\n      " +
				"     ^\nhint: look again\n",
		},
		{
			"wrapped position", t.Context(), fmt.Errorf("plan: %w", fault), 1,
			"error: plan: transforms/210_f_songplay.sql:19:8: no such column\n    SELECT " +
				"song.artst_id\n           ^\nhint: look again\n",
		},
		{"terminal commands", t.Context(), errors.New("bad \x1b[31m value"), 1, "error: bad \uFFFD[31m value\n"},
	} {
		var stdout, stderr bytes.Buffer
		code := cli.RunAction(c.ctx, env, &stdout, &stderr, func(*cli.Output) error { return c.err })
		if code != c.code {
			t.Errorf("%s: got code %d, want %d", c.name, code, c.code)
		}
		if c.name == "URL" {
			continue // its text is objectstore's
		}
		if got := stderr.String(); got != c.stderr {
			t.Errorf("%s: got %q, want %q", c.name, got, c.stderr)
		}
	}
}

func TestPanicIsOneLine(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := cli.RunAction(t.Context(), nil, &stdout, &stderr, func(*cli.Output) error { panic("oh") })
	if got := stderr.String(); code != 1 || strings.Count(got, "\n") != 1 || !strings.HasPrefix(
		got, "internal error: oh; please report",
	) {
		t.Errorf("got code %d and %q, want 1 and one line", code, got)
	}
	defer func() {
		if recover() == nil {
			t.Error("got no panic under DWH_DEBUG, want it to pass with its stack")
		}
	}()
	cli.RunAction(t.Context(), []string{"DWH_DEBUG=1"}, &stdout, &stderr, func(*cli.Output) error { panic("oh") })
}

func TestStrict(t *testing.T) {
	warn := func(out *cli.Output) error { out.Warn("odd %s", "thing"); return nil }
	for _, c := range []struct {
		flags []string
		code  int
		want  string
	}{
		{nil, 0, "warning: odd thing\n"},
		{[]string{"--strict"}, 1, "warning: odd thing\nerror: there was a warning, and --strict makes it an error\n"},
	} {
		var stdout, stderr bytes.Buffer
		if code := cli.RunAction(
			t.Context(), nil, &stdout, &stderr, warn, c.flags...,
		); code != c.code || stderr.String() != c.want {
			t.Errorf("%q: got code %d and %q, want %d and %q", c.flags, code, stderr.String(), c.code, c.want)
		}
	}
}

func TestASCIIByLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, true},
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "de_DE.utf8", "LC_ALL": ""}, true},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "en_US.ISO-8859-1"}, false},
	} {
		if got := cli.NewOutput(&bytes.Buffer{}, &bytes.Buffer{}, c.env).UTF8; got != c.want {
			t.Errorf("%v: got %v, want %v", c.env, got, c.want)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  []string
	}{
		{[]string{"loc"}, []string{"local"}},
		{[]string{"local", "st"}, []string{"start", "stop", "status"}},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish", "powershell"}},
		{[]string{"completion", `""`}, []string{"bash", "zsh", "fish", "powershell"}},
		{[]string{"local", "status", "--js"}, []string{"--json"}},
		{[]string{"local", "status", "--log-format", ""}, []string{"text", "json"}},
		{[]string{"local", "status", "--data-dir", ""}, nil},
		{[]string{"local", "nonsense", "--he"}, []string{"--help"}},
		{[]string{"report", "top-s"}, []string{"top-songs"}},
		{[]string{"report", "--project", "testdata/project", "pl"}, []string{"plays of an artist"}},
		{[]string{"check", "d_song-"}, []string{"d_song-unique", "d_song-key"}},
		{[]string{"check", "--project", "testdata/project", "own"}, []string{"own-check"}},
		{[]string{"transform", "--only", "2"}, []string{"210_f_songplay"}},
		{[]string{"transform", "--only", "110_d_song,2"}, []string{"110_d_song,210_f_songplay"}},
		{[]string{"transform", "--only=110_d_song,2"}, []string{"--only=110_d_song,210_f_songplay"}},
		// bash parts words at "="
		{[]string{"transform", "--only", "=", "2"}, []string{"210_f_songplay"}},
		{[]string{"transform", "--engine", "=", ""}, []string{"postgres", "redshift"}},
		{[]string{"transform", "--engine", "="}, []string{"postgres", "redshift"}},
		{[]string{"transform", "--engine", "=", "postgres", "--rep"}, []string{"--replay"}},
		{[]string{"report", "top-songs", "--format=js"}, []string{"--format=json"}},
		{[]string{"render", "14"}, []string{"140_d_time"}},
		{[]string{"render", "--as", ""}, []string{"first", "increment", "replay"}},
		{[]string{"migrate", "down-to", ""}, []string{"1", "2", "3", "4", "5"}},
		{[]string{"staging", "drop", "s_n"}, []string{"s_name"}},
	} {
		code, stdout, _ := run(t, append([]string{"__complete"}, c.words...)...)
		var got []string
		for line := range strings.Lines(stdout) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, name)
		}
		if diff := cmp.Diff(c.want, got); code != 0 || diff != "" {
			t.Errorf("%q: got code %d (-want +got):\n%s", c.words, code, diff)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, stdout, stderr := run(t, "completion", shell)
		if code != 0 || stderr != "" || !strings.Contains(stdout, "dwh __complete") {
			t.Errorf("%s: got code %d, %q, %q, want a script", shell, code, stdout, stderr)
		}
	}
}

// A wrong key in dwh.yaml is shown with its place.
func TestConfigFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dwh.yaml")
	if err := os.WriteFile(file, []byte("regoin: us-west-2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := run(t, "local", "status", "--config", file)
	want := file + ":1:1: unknown key \"regoin\"\n    regoin: xxxxx\n    ^\nhint: did you mean \"region\"?\n"
	if code != 2 || stderr != want {
		t.Errorf("got code %d and %q, want 2 and %q", code, stderr, want)
	}
}
