package dashboard

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

const (
	// shownRows is how many rows a report's page shows, of those that were read; a download has
	// all.
	shownRows = 500
	// readRows is how many rows of a report are read for its page, to be sorted, searched and
	// drawn.
	readRows = 10_000
	// maxValue is how long a parameter's value may be, in bytes: that of the longest text the star
	// holds, and more.
	maxValue = 4096
)

// The widths of charts in pixels: beside a table, and on a phone.
const (
	wideChart   = 860
	narrowChart = 340
)

// The pictures of the index.
const (
	thumbnailHeight = 200
	emptyPicture    = `<svg xmlns="http://www.w3.org/2000/svg" width="340" height="200" viewBox="0 0 340 ` +
		`200"><g fill="none" stroke="#76808a" stroke-opacity="0.5" stroke-width="2"><rect x="90" y="40" ` +
		`width="160" height="96" rx="6"/><path d="M90 64h160M90 88h160M90 112h160M150 40v96M200 40v96"/></g>` +
		`<text x="170" ` +
		`y="166" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#76808a">a table without a ` +
		`chart</text></svg>`
)

type reportsBody struct {
	Reports []reportEntry
	Problem *problem
}

type reportEntry struct {
	report.Report
	Link      string
	Inputs    string // the parameters that it cannot do without, in words
	Thumbnail bool   // it needs no value, so that its chart can be shown
}

func (s *site) reports(*http.Request) (answer, error) {
	all, err := s.Reports()
	body := reportsBody{}
	if err != nil {
		p := problemOf(err)
		body.Problem = &p
	}
	for _, r := range all {
		var names []string
		thumbnail := true
		for _, param := range r.Params {
			if param.Required {
				names = append(names, param.Name)
			}
			thumbnail = thumbnail && !param.Required
		}
		body.Reports = append(body.Reports, reportEntry{r, reportPath(r.Name), strings.Join(names, ", "),
			thumbnail})
	}
	return view{name: "reports", Title: "Reports", Nav: "Reports", Body: body}, nil
}

func reportPath(name string) string { return "/reports/" + url.PathEscape(name) }

// findReport finds the report that an address names.
func (s *site) findReport(r *http.Request) (report.Report, error) {
	name := r.PathValue("name")
	all, broken := s.Reports()
	item, err := report.Find(all, name)
	var unknown *report.UnknownError
	if errors.As(err, &unknown) {
		if broken != nil {
			return item, broken // the one that is asked for may be among those that cannot be read
		}
		hint, _, _ := strings.Cut(unknown.Hint(), ` (see "dwh`)
		return item, &missingError{
			what:   fmt.Sprintf("report %q", excerpt(name, 80)),
			advice: cmp.Or(strings.TrimPrefix(hint, `see "dwh report list"`), "see all reports at /reports"),
		}
	}
	return item, err
}

// values reads a report's parameters from an address. problems has, by parameter, what is wrong
// with its value.
func values(r report.Report, query url.Values) (given map[string]string, problems map[string]string, err error) {
	given, problems = map[string]string{}, map[string]string{}
	for name, list := range query {
		if arranges(name) {
			continue
		}
		if !slices.ContainsFunc(r.Params, func(p report.Param) bool { return p.Name == name }) {
			return nil, nil, &badRequestError{
				fmt.Sprintf("%q is not a parameter of this report", excerpt(table.Visible(name), 80)),
			}
		}
		given[name] = list[0]
	}
	for _, param := range r.Params {
		value, ok := given[param.Name]
		switch {
		case !ok:
		case len(value) > maxValue:
			problems[param.Name] = "is longer than " + number(maxValue) + " bytes"
		case !sendable(value, maxValue):
			problems[param.Name] = "has characters that are not valid text"
		case value == "" && (param.Default != "" || param.Required || param.Dated()):
			delete(given, param.Name) // an emptied field means what a missing one does
		}
	}
	return given, problems, nil
}

// problemsOf finds what is wrong with each value, as the command line would.
func problemsOf(r report.Report, given, problems map[string]string) {
	for _, param := range r.Params {
		if problems[param.Name] != "" {
			continue
		}
		single := r
		single.Params = []report.Param{param}
		alone := map[string]string{}
		if value, ok := given[param.Name]; ok {
			alone[param.Name] = value
		}
		var invalid *report.ValueError
		if errors.As(single.Validate(alone), &invalid) {
			problems[param.Name] = table.Visible(excerpt(invalid.Problem, 200))
		}
	}
	from, to, ok := rangeOf(r)
	if ok && problems[from] == "" && problems[to] == "" && given[to] != "" && given[from] > given[to] {
		problems[from] = "is after " + given[to]
	}
}
