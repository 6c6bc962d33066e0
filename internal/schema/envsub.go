package schema

import (
	"os"
	"regexp"
	"strings"

	"github.com/mfridman/interpolate"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// envsubLine switches the substitution of environment variables.
var envsubLine = regexp.MustCompile(`(?i)^--\s*\+goose\s+ENVSUB (ON|OFF)\s*$`)

// environment are the variables of the process.
type environment struct{}

// Get implements interpolate.Env.
func (environment) Get(name string) (string, bool) { return os.LookupEnv(name) }

// expanded is the text of a statement as goose sends it: with environment variables in the lines
// behind ENVSUB ON. A line that goose refuses stays as it is.
func expanded(s sqlfile.Statement) string {
	if !strings.Contains(s.SQL(), "$") {
		return s.SQL()
	}
	lines, on := strings.Split(s.SQL(), "\n"), false
	for i, line := range strings.Split(s.File().Text(), "\n") {
		if match := envsubLine.FindStringSubmatch(line); match != nil {
			on = strings.EqualFold(match[1], "ON")
		}
		at := i + 1 - s.Line()
		if !on || at < 0 || at >= len(lines) {
			continue
		}
		if text, err := interpolate.Interpolate(environment{}, lines[at]); err == nil {
			lines[at] = text
		}
	}
	return strings.Join(lines, "\n")
}
