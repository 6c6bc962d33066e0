// Package pages reads README.md and the pages of docs/ for the tests that check them.
package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// All returns README.md and the pages of docs/, by their path from root, the
// folder of the repository.
func All(t *testing.T, root string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(names) == 0 {
		t.Fatalf("docs: got %d pages, %v", len(names), err)
	}
	found := map[string]string{}
	for _, name := range append(names, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.ToSlash(page)] = string(text)
	}
	return found
}

// Block is one fenced block of a page, or one line of text outside of any.
type Block struct {
	Line     int
	Language string // of a fenced block, "" for a line of text
	Marker   string // the HTML comment above a fenced block, such as "runnable" or "file: a.sql"
	Text     string
}

var markerLine = regexp.MustCompile(`^<!-- (runnable|output|fails: \d|file: \S+|refused: \S+) -->$`)

// Blocks cuts a page into fenced blocks and lines.
func Blocks(t *testing.T, page, text string) []Block {
	t.Helper()
	var out []Block
	var open *Block
	marker := ""
	for i, line := range strings.Split(text, "\n") {
		fence := strings.TrimLeft(line, " ")
		switch {
		case open != nil && fence == "```":
			out, open = append(out, *open), nil
		case open != nil:
			open.Text += line + "\n"
		case strings.HasPrefix(fence, "```"):
			open = &Block{Line: i + 2, Language: strings.TrimPrefix(fence, "```"), Marker: marker}
			if open.Language == "" {
				t.Errorf("%s:%d: got a block without a language, want ```sh, ```sql, ```text ...", page, i+1)
				open.Language = "text"
			}
			marker = ""
		case markerLine.MatchString(line):
			marker = markerLine.FindStringSubmatch(line)[1]
		default:
			if marker != "" {
				t.Errorf("%s:%d: got %q above a line of text, want a block below it", page, i, marker)
			}
			marker = ""
			out = append(out, Block{Line: i + 1, Text: line})
		}
	}
	if open != nil {
		t.Errorf("%s:%d: the block is never closed", page, open.Line)
	}
	return out
}
