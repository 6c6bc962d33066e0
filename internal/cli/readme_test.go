package cli_test

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest/pages"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/queries"
)

var queryName = regexp.MustCompile(`(?m)^-- name: (\w+) :many$`)

// queryNames are the names of a file's sqlc queries as a command line writes them: SongplayIDHash
// is songplay-id-hash.
func queryNames(t *testing.T, file string) []string {
	t.Helper()
	text, err := fs.ReadFile(queries.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	border := regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
	var names []string
	for _, match := range queryName.FindAllStringSubmatch(string(text), -1) {
		names = append(names, strings.ToLower(border.ReplaceAllString(match[1], "$1$3-$2$4")))
	}
	return names
}

// The query SongplaysByLevel is the report songplays-by-level, mechanically.
func TestEveryReportQueryIsAReport(t *testing.T) {
	var reports []string
	for _, report := range embedded.Reports() {
		reports = append(reports, report.Name)
		if report.Description == "" {
			t.Errorf("report %s: got no description", report.Name)
		}
	}
	want := queryNames(t, "reports.sql")
	slices.Sort(want)
	slices.Sort(reports)
	if !slices.Equal(reports, want) {
		t.Errorf("got reports %q, want those of queries/reports.sql: %q", reports, want)
	}
}

// A check of the embedded project is called by its query, whose last word may be left out:
// FSongplayLevelDomain is f-songplay-level. A precheck is none.
func TestEveryCheckQueryIsACheck(t *testing.T) {
	missing := queryNames(t, "checks.sql")
	for _, check := range embedded.Checks() {
		if check.Description == "" {
			t.Errorf("check %s: got no description", check.Name)
		}
		at := slices.IndexFunc(missing, func(query string) bool {
			shorter, _, _ := cutLast(query, "-")
			return query == check.Name || shorter == check.Name
		})
		if at < 0 {
			t.Errorf("check %s: got no query of that name in queries/checks.sql", check.Name)
			continue
		}
		missing = slices.Delete(missing, at, at+1)
	}
	if len(missing) > 0 {
		t.Errorf("got queries %q in queries/checks.sql without a check", missing)
	}
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// README names every command, and README or a page of docs/ every report and check.
func TestPagesNameEverything(t *testing.T) {
	all := pages.All(t, root)
	readme := strings.Split(all["README.md"], "\n")
	lines := strings.Split(strings.Join(slices.Collect(maps.Values(all)), "\n"), "\n")
	words := func(line string) []string {
		return strings.FieldsFunc(
			line,
			func(r rune) bool { return !(r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9') },
		)
	}
	named := func(lines []string, group, name string) bool {
		return slices.ContainsFunc(lines, func(line string) bool {
			return strings.Contains(line, group) && slices.Contains(words(line), name)
		})
	}
	var walk func(path string, commands []*urfave.Command)
	walk = func(path string, commands []*urfave.Command) {
		for _, c := range commands {
			if !named(readme, path, c.Name) {
				t.Errorf("README.md does not name %q", path+" "+c.Name)
			}
			walk(path+" "+c.Name, c.Subcommands)
		}
	}
	walk("dwh", cli.Commands())
	for _, report := range embedded.Reports() {
		if !named(lines, "", report.Name) {
			t.Errorf("no page names the report %s", report.Name)
		}
	}
	for _, check := range star.Checks(t) {
		if !named(lines, "", check.Name) {
			t.Errorf("no page names the check %s", check.Name)
		}
	}
}
