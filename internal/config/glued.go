package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// gluedLine is a key whose value follows the colon at once, which YAML reads as one text.
var gluedLine = regexp.MustCompile(`^\s*(?:-\s+)?([A-Za-z_][A-Za-z0-9_.-]*):([^\s/:#].*)$`)

// layoutHint says what is wrong with the layout at a line, from 1, or next to it: a tab in its
// indentation, or no blank after a colon. It is "" where nothing is found.
func (d *document) layoutHint(at int) string {
	for _, n := range []int{at, at - 1, at + 1} {
		if n < 1 || n > len(d.lines) {
			continue
		}
		line := d.lines[n-1]
		if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") {
			return fmt.Sprintf("YAML indents with blanks: replace the tab at the beginning of line %d", n)
		}
		match := gluedLine.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		if d.holdsSecret() {
			return fmt.Sprintf("a blank must follow the colon in line %d", n)
		}
		return fmt.Sprintf("a blank must follow the colon in line %d: write %s: %s", n, match[1],
			RedactDSN(strings.TrimSpace(match[2])))
	}
	return ""
}

// holdsSecret tells whether a line of the file names a secret: then no value of a file that cannot
// be read is shown, because it may be a part of it.
func (d *document) holdsSecret() bool {
	return slices.ContainsFunc(d.lines, func(line string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		return secret(strings.Trim(name, `"'`)) || secretEntry.MatchString(line) || strings.Contains(line, "webhook") ||
			strings.Contains(line, "://")
	})
}
