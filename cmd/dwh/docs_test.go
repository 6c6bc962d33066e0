package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/pages"
)

// TestPagesRun runs each page's marked blocks in order, in one shell and in an empty folder:
//
//	runnable       shell; it has to succeed
//	fails: CODE    shell; it has to end with that exit code
//	file: NAME     the text becomes the file NAME
//	refused: NAME  the text becomes the file NAME in a copy of the folder, where "dwh transform" has to fail
//	output         each of its lines, in order, is in what the last block wrote
func TestPagesRun(t *testing.T) {
	all := pages.All(t, "../..")
	for _, page := range slices.Sorted(maps.Keys(all)) {
		var marked []pages.Block
		for _, b := range pages.Blocks(t, page, all[page]) {
			if b.Marker != "" {
				marked = append(marked, b)
			}
		}
		if len(marked) > 0 {
			t.Run(page, func(t *testing.T) {
				t.Parallel()
				runPage(t, page, marked)
			})
		}
	}
}

// TestTutorialRuns runs the README of the project that init makes: its shell blocks in order, in
// the project's folder. A block of text shows what the shell block before it writes.
func TestTutorialRuns(t *testing.T) {
	t.Parallel()
	name := filepath.Join("..", "..", "internal", "scaffold", "files", "bikes", "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	marked := []pages.Block{{Marker: "runnable", Text: "dwh init bikes\ncd bikes\n"}}
	for _, b := range pages.Blocks(t, name, string(text)) {
		if len([]rune(b.Text)) > 100 && b.Language == "" && !strings.HasPrefix(b.Text, "|") {
			t.Errorf("%s:%d: got %d columns, want at most 100", name, b.Line, len([]rune(b.Text)))
		}
		switch b.Language {
		case "sh":
			b.Marker = "runnable"
		case "text":
			b.Marker = "output"
		default:
			continue
		}
		marked = append(marked, b)
	}
	runPage(t, name, marked)
}

func runPage(t *testing.T, page string, marked []pages.Block) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	bin, home := filepath.Join(work, "bin"), filepath.Join(work, "home")
	for _, dir := range []string{bin, home, filepath.Join(work, "page")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(program, filepath.Join(bin, "dwh")); err != nil {
		t.Fatal(err)
	}
	var env []string
	for _, name := range []string{"DWH_PG_BIN", "DWH_TEST_DIR", "TZ", "TMPDIR"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, "HOME="+home, "LANG=C.UTF-8", "DWH_DATA_DIR="+dwhtest.DataDir(t),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	shell := func(dir, script string) (string, error) {
		command := exec.CommandContext(t.Context(), "bash", "-c", "umask 022\n"+script)
		command.Dir, command.Env = dir, env
		out, err := command.CombinedOutput()
		return string(out), err
	}
	dir := filepath.Join(work, "page")
	last := ""
	for _, b := range marked {
		kind, name, _ := strings.Cut(b.Marker, ": ")
		var failed error
		switch kind {
		case "runnable":
			// The working folder is the next block's too.
			var out string
			out, failed = shell(dir, "set -e\n"+b.Text+"\npwd > "+filepath.Join(work, "pwd"))
			last = out
			if at, err := os.ReadFile(filepath.Join(work, "pwd")); err == nil {
				dir = strings.TrimSpace(string(at))
			}
		case "fails":
			var err error
			last, err = shell(dir, b.Text)
			if code, other := exitCode(err); other != nil || strconv.Itoa(code) != name {
				t.Errorf("%s:%d: got exit code %d, want %s\n%s", page, b.Line, code, name, last)
			}
		case "file":
			failed = writePage(filepath.Join(dir, name), b.Text)
		case "refused":
			copied := filepath.Join(work, "copy")
			if err := os.RemoveAll(copied); err != nil {
				t.Fatal(err)
			}
			if out, err := shell(dir, "cp -R . "+copied); err != nil {
				t.Fatalf("%s:%d: %v\n%s", page, b.Line, err, out)
			}
			if err := writePage(filepath.Join(copied, name), b.Text); err != nil {
				t.Fatal(err)
			}
			var err error
			if last, err = shell(copied, "dwh transform"); err == nil {
				t.Errorf("%s:%d: dwh took what the page says it refuses\n%s", page, b.Line, last)
			}
		case "output":
			rest := words(last)
			for line := range strings.Lines(b.Text) {
				at := strings.Index(rest, words(line))
				if at < 0 {
					t.Errorf("%s:%d: got no %q in the output:\n%s", page, b.Line, words(line), last)
					break
				}
				rest = rest[at+len(words(line)):]
			}
		}
		if failed != nil {
			t.Fatalf("%s:%d: %v\n%s", page, b.Line, failed, last)
		}
	}
}

func writePage(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// words is a text with one blank for each run of blanks and line ends.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }
