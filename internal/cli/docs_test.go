package cli_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest/pages"
)

// root is the repository's folder, seen from this package.
const root = "../.."

var (
	inlineCode = regexp.MustCompile("`[^`]*`")
	link       = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	notAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names that a page's headings have in links.
func anchors(all []pages.Block) []string {
	var out []string
	for _, b := range all {
		if heading := strings.TrimLeft(b.Text, "#"); b.Language == "" && heading != b.Text {
			name := notAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			out = append(out, strings.ReplaceAll(name, " ", "-"))
		}
	}
	return out
}

// A link of a page leads to a file of the repository, and where it names a heading, to one of that
// page.
func TestLinksOfPages(t *testing.T) {
	all := pages.All(t, root)
	for page, text := range all {
		for _, b := range pages.Blocks(t, page, text) {
			if b.Language != "" {
				continue
			}
			for _, match := range link.FindAllStringSubmatch(inlineCode.ReplaceAllString(b.Text, ""), -1) {
				target, err := url.Parse(match[1])
				if err != nil {
					t.Errorf("%s:%d: %v", page, b.Line, err)
					continue
				}
				if target.Scheme != "" {
					continue
				}
				to := page
				if target.Path != "" {
					to = filepath.ToSlash(filepath.Join(filepath.Dir(page), target.Path))
				}
				if _, err := os.Stat(filepath.Join(root, to)); err != nil {
					t.Errorf("%s:%d: the link %s leads nowhere", page, b.Line, match[1])
					continue
				}
				if target.Fragment != "" && !slices.Contains(anchors(pages.Blocks(t, to, all[to])), target.Fragment) {
					t.Errorf("%s:%d: %s has no heading #%s", page, b.Line, to, target.Fragment)
				}
			}
		}
	}
}

// README stays short, and no line of text is long; rows of tables may be.
func TestPagesAreNarrow(t *testing.T) {
	for page, text := range pages.All(t, root) {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if page == "README.md" && len(lines) > 160 {
			t.Errorf("README.md: got %d lines, want at most 160; docs/ has room", len(lines))
		}
		for i, line := range lines {
			if length := len([]rune(line)); length > 100 && !strings.HasPrefix(strings.TrimSpace(line), "|") {
				t.Errorf("%s:%d: got %d columns, want at most 100", page, i+1, length)
			}
		}
	}
}

// called finds what a line calls of dwh: the words behind it, up to the end of the command.
var called = regexp.MustCompile("(?:^|[\\s(`\"=]|/bin/)dwh((?: +(?:\"[^\"]*\"|'[^']*'|[^\\s`|;&#)\"']+))*)")

// A command that a page shows exists, and so do its flags.
func TestCommandsOfPages(t *testing.T) {
	for page, text := range pages.All(t, root) {
		for _, b := range pages.Blocks(t, page, text) {
			var lines []string
			switch b.Language {
			case "sh", "ini":
				lines = strings.Split(strings.ReplaceAll(b.Text, "\\\n", " "), "\n")
			case "":
				for _, code := range inlineCode.FindAllString(b.Text, -1) {
					lines = append(lines, strings.Trim(code, "`"))
				}
			}
			for _, line := range lines {
				line = strings.TrimSpace(line)
				if strings.HasPrefix(line, "#") || strings.HasSuffix(line, "# misspelt") {
					continue
				}
				for _, match := range called.FindAllStringSubmatch(line, -1) {
					for _, fault := range wrongCommand(strings.Fields(match[1])) {
						t.Errorf("%s:%d: %s, in %q", page, b.Line, fault, line)
					}
				}
			}
		}
	}
}

// wrongCommand says what of a command line does not exist. A word in capitals stands for an
// argument, and "up, down" for several commands.
func wrongCommand(words []string) []string {
	level, flags := cli.Commands(), []urfave.Flag{}
	path, faults := "dwh", []string{}
	command := true
	for _, word := range words {
		word = strings.TrimRight(word, ".,:")
		switch {
		case word == "":
		case strings.HasPrefix(word, "-"):
			name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
			if name == "" || slices.Contains([]string{"help", "version", "V"}, name) {
				continue
			}
			known := slices.ContainsFunc(slices.Concat(flags, cli.GlobalFlags()), func(flag urfave.Flag) bool {
				return slices.Contains(flag.Names(), name)
			})
			// A report has the flags of its parameters, and staging delete those that the loads
			// declare.
			if !known && !strings.HasPrefix(path, "dwh report") && path != "dwh staging delete" {
				faults = append(faults, fmt.Sprintf("%q has no flag %s", path, word))
			}
			command = false
		case !command || !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word):
			command = false
		default:
			at := slices.IndexFunc(level, func(c *urfave.Command) bool { return c.Name == word })
			switch {
			case at >= 0:
				path, flags = path+" "+word, slices.Concat(flags, level[at].Flags)
				if len(level[at].Subcommands) > 0 {
					level = level[at].Subcommands
				} else {
					command = false
				}
			case path == "dwh report":
				command = false
			default:
				faults = append(faults, fmt.Sprintf("there is no command %q", path+" "+word))
				return faults
			}
		}
	}
	return faults
}

func TestWrongCommand(t *testing.T) {
	for _, c := range []struct {
		line  string
		wrong int
	}{
		{"run --song-data s3://bucket/song_data --verbose", 0},
		{"migrate up, up-to, down", 0},
		{"report artist-locations --artist Muse", 0},
		{"local url --admin", 0},
		{"report NAME", 0},
		{"rnu", 1},
		{"migrate sideways", 1},
		{"run --song-dta x --lgo-data y", 2},
		{"verify --replay", 1},
	} {
		if got := wrongCommand(strings.Fields(c.line)); len(got) != c.wrong {
			t.Errorf("dwh %s: got %q, want %d faults", c.line, got, c.wrong)
		}
	}
}
