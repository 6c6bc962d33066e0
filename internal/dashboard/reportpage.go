package dashboard

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/report"
)

type reportBody struct {
	Name, Description string
	Fields            []field
	Kept              []hidden // what the form sends along: how the table is arranged
	Ranges            []rangeLink
	Newest            time.Time   // the day that Ranges end with
	Asked             bool        // it has no parameters, or was asked with them
	Needs             string      // the values that it needs, where it was not asked yet
	Chooser           *reportLink // the report to choose one in; nil for none
	Exact             bool        // a text was given, which must match exactly
	Problem           *problem
	Table             *reportTable // nil: it did not run
	Title             string
	Once              string // what is the same in each row
	Limited           *limited
	Tiles             []tile
	Chart, Narrow     template.HTML // the chart beside a table, and on a phone; "" for none
	Downloads         []link
	Took              time.Duration
	At                time.Time
	Values            string // with what it ran, in words
}

type link struct{ Text, Path string }

func (s *site) report(r *http.Request) (answer, error) {
	item, err := s.findReport(r)
	if err != nil {
		return nil, err
	}
	given, problems, err := values(item, r.URL.Query())
	if err != nil {
		return nil, err
	}
	arranged, err := arrangementOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	body := reportBody{Name: item.Name, Title: item.Title(), Description: item.Description, Kept: arranged.hidden()}
	needed := slices.ContainsFunc(item.Params, func(p report.Param) bool { return p.Required })
	body.Asked = len(r.URL.Query()) > 0 || !needed
	if body.Asked {
		problemsOf(item, given, problems)
	}
	body.Fields = s.fields(r.Context(), item, given, problems)
	page := view{name: "report", Title: item.Title(), Nav: "Reports"}
	if !body.Asked || len(problems) > 0 {
		if len(problems) > 0 {
			page.status = http.StatusBadRequest
		}
		if !body.Asked {
			body.Needs, body.Chooser = s.needs(item)
		}
		body.Ranges, body.Newest = s.ranges(r.Context(), item, given, arranged)
		page.Body = body
		return page, nil
	}
	if page.Again, err = s.fillReport(r.Context(), item, given, arranged, &body); err != nil {
		p := problemOf(err)
		body.Problem, page.status, page.Again = &p, p.Status, againAfter(p.Status)
	}
	body.Ranges, body.Newest = s.ranges(r.Context(), item, given, arranged)
	page.Body = body
	return page, nil
}

// needs are the values that a report cannot do without, in words, and the first report whose values
// lead to it.
func (s *site) needs(r report.Report) (string, *reportLink) {
	var names []string
	for _, param := range r.Params {
		if param.Required {
			names = append(names, strings.ReplaceAll(param.Name, "_", " "))
		}
	}
	all, _ := s.Reports() // the page of reports says what is wrong with them
	for _, other := range all {
		if slices.ContainsFunc(other.Links, func(l report.Link) bool { return l.Report == r.Name }) {
			return strings.Join(names, ", "), &reportLink{other.Name, other.Title(), reportPath(other.Name)}
		}
	}
	return strings.Join(names, ", "), nil
}

// fillReport runs the report for its page, and tells when to run it again though nothing else is
// committed.
func (s *site) fillReport(ctx context.Context, r report.Report, given map[string]string, arranged arrangement,
	body *reportBody) (again time.Duration, err error) {
	result, err := s.result(ctx, r, given)
	if err != nil {
		return 0, err
	}
	if state, _ := s.source.State(); state.CommittedAt.After(result.at.Add(-result.took)) {
		again = max(result.fresh(), 0) + 100*time.Millisecond
	}
	for _, param := range r.Params {
		body.Exact = body.Exact || param.Kind == report.Text && given[param.Name] != ""
	}
	body.Took, body.At, body.Values = result.took, result.at, r.Told(given)
	s.newest.learn(r, given, result)
	if body.Table, err = s.arrange(r, result, given, arranged); err != nil {
		return 0, err
	}
	_, body.Once = result.table.Shown()
	body.Limited = limitedOf(r, result, given, arranged)
	if body.Tiles, err = tilesOf(r, result); err != nil {
		return 0, err
	}
	file := func(name string) string { return address(reportPath(r.Name)+"/"+name, given, arrangement{}) }
	body.Downloads = []link{{"CSV", file("data.csv")}, {"CSV for spreadsheets", file("data-safe.csv")},
		{"JSON", file("data.json")}, {"Markdown", file("data.md")}}
	if !chart.Drawable(result.table) {
		return again, nil
	}
	for width, into := range map[int]*template.HTML{wideChart: &body.Chart, narrowChart: &body.Narrow} {
		picture, err := chart.SVG(result.table, chart.Options{Title: "Chart of " + r.Title(), Width: width,
			Bare: true})
		if err != nil {
			return 0, fmt.Errorf("draw the chart: %w", err)
		}
		*into = template.HTML(picture) //nolint:gosec // chart escapes every text
	}
	body.Downloads = append(body.Downloads, link{"SVG", file("data.svg")})
	return again, nil
}

// address is a path with a report's values and how its table is arranged.
func address(path string, given map[string]string, arranged arrangement) string {
	query := url.Values{}
	for name, value := range given {
		query.Set(name, value)
	}
	for _, h := range arranged.hidden() {
		query.Set(h.Name, h.Value)
	}
	if encoded := query.Encode(); encoded != "" {
		return path + "?" + encoded
	}
	return path
}
