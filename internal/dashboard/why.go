package dashboard

import (
	"cmp"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/server"
)

// partOfName matches a text that goes on with a character of a check's name.
var partOfName = regexp.MustCompile(`^[A-Za-z0-9_-]`)

// namesIn finds the names of checks in a text: from and to of each, in order. A name that is a part
// of a longer word is left out.
func namesIn(text string, names []string) (found [][2]int) {
	// The longest first: one name may begin another.
	names = slices.SortedFunc(slices.Values(names), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for at := 0; at < len(text); {
		i := slices.IndexFunc(names, func(name string) bool {
			return name != "" && strings.HasPrefix(text[at:], name) && !partOfName.MatchString(text[at+len(name):]) &&
				(at == 0 || !partOfName.MatchString(text[at-1:]))
		})
		if i < 0 {
			at++
			continue
		}
		found = append(found, [2]int{at, at + len(names[i])})
		at += len(names[i])
	}
	return found
}

// checkNames are the names of checks.
func checkNames(checks []check.Check) []string {
	names := make([]string, 0, len(checks))
	for _, c := range checks {
		names = append(names, c.Name)
	}
	return names
}

// whyOf returns what shows a reason: each name of a check leads to its page.
func whyOf(checks []check.Check) func(reason string) template.HTML {
	names := checkNames(checks)
	return func(reason string) template.HTML {
		var out strings.Builder
		last := 0
		for _, at := range namesIn(reason, names) {
			name := reason[at[0]:at[1]]
			out.WriteString(template.HTMLEscapeString(visible(reason[last:at[0]])))
			out.WriteString(`<a href="` + template.HTMLEscapeString(checkPath(name)) + `">`)
			out.WriteString(template.HTMLEscapeString(name) + `</a>`)
			last = at[1]
		}
		out.WriteString(template.HTMLEscapeString(visible(reason[last:])))
		return template.HTML(out.String()) //nolint:gosec // every text in it is escaped
	}
}

// refusal is an object that a check refused.
type refusal struct {
	URL    string
	Link   string // to its record; "" where only the server knows
	At     time.Time
	Reason string
}

// refusals are the objects that a check refused, the latest first: those of the warehouse, or,
// while it does not answer, those that this server gave up.
func refusals(l look, state server.State, name string) []refusal {
	var out []refusal
	if l.Err != nil {
		for _, q := range state.Quarantined {
			if len(namesIn(q.Reason, []string{name})) > 0 {
				out = append(out, refusal{URL: string(q.URL), At: q.At, Reason: q.Reason})
			}
		}
		return out
	}
	for _, row := range l.GivenUp {
		if len(namesIn(row.Reason, []string{name})) > 0 {
			out = append(out, refusal{
				URL: row.Url, Link: rejectLink(row.LoadID, row.TableName, row.Url, 0),
				At: row.RejectedAt, Reason: row.Reason,
			})
		}
	}
	return out
}
