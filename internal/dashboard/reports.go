package dashboard

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

const (
	// shownRows is how many rows a report's page shows; a download has all of them.
	shownRows = 500
	// maxValue is how long a parameter's value may be, in bytes: that of the longest text the star holds, and more.
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
	emptyPicture    = `<svg xmlns="http://www.w3.org/2000/svg" width="340" height="200" viewBox="0 0 340 200"><text x="2" y="14" font-family="sans-serif" font-size="12" fill="#76808a">a table, nothing to draw</text></svg>`
)

type reportsBody struct {
	Reports []reportEntry
	Problem *problem
}

type reportEntry struct {
	report.Report
	Link      string
	Inputs    string // the parameters, in words
	Thumbnail bool   // it needs no value, so that its chart can be shown
}

func (s *site) reports(*http.Request) (answer, error) {
	all, err := s.Reports()
	body := reportsBody{}
	if err != nil {
		p := problemOf(err)
		body.Problem = &p
	}
	for _, one := range all {
		var names []string
		thumbnail := true
		for _, param := range one.Params {
			names = append(names, param.Name)
			thumbnail = thumbnail && !param.Required
		}
		body.Reports = append(body.Reports, reportEntry{one, reportPath(one.Name), strings.Join(names, ", "),
			thumbnail})
	}
	return view{name: "reports", Title: "Reports", Nav: "Reports", Body: body}, nil
}

func reportPath(name string) string { return "/reports/" + url.PathEscape(name) }

// findReport finds the report that an address names.
func (s *site) findReport(r *http.Request) (report.Report, error) {
	name := r.PathValue("name")
	all, broken := s.Reports()
	one, err := report.Find(all, name)
	var unknown *report.UnknownError
	if errors.As(err, &unknown) {
		if broken != nil {
			return one, broken // the one that is asked for may be among those that cannot be read
		}
		hint, _, _ := strings.Cut(unknown.Hint(), ` (see "dwh`)
		return one, &missingError{what: fmt.Sprintf("report %q", excerpt(name, 80)), advice: cmp.Or(strings.TrimPrefix(hint, `see "dwh report list"`), "see the list at /reports")}
	}
	return one, err
}

type reportBody struct {
	Name, Description string
	Fields            []field
	Asked             bool // it has no parameters, or was asked with them
	Problem           *problem
	Result            template.HTML
	Rows              int
	Cut               bool // there are more rows than are shown
	Title             string
	Chart, Narrow     template.HTML // the chart beside a table, and on a phone; "" for none
	Downloads         []link
	Took              time.Duration
	At                time.Time
	Values            string // with what it ran, in words
}

// field is a parameter in the form.
type field struct {
	report.Param
	Label, Value, Error string
}

type link struct{ Text, Path string }

// values reads a report's parameters from an address. problems has, by parameter, what is wrong with its value.
func values(one report.Report, query url.Values) (given map[string]string, problems map[string]string, err error) {
	given, problems = map[string]string{}, map[string]string{}
	for name, list := range query {
		if !slices.ContainsFunc(one.Params, func(p report.Param) bool { return p.Name == name }) {
			return nil, nil, &badRequestError{fmt.Sprintf("%q is not a parameter of this report", excerpt(table.Visible(name), 80))}
		}
		given[name] = list[0]
	}
	for _, param := range one.Params {
		value, ok := given[param.Name]
		switch {
		case !ok:
		case len(value) > maxValue:
			problems[param.Name] = "is longer than " + number(maxValue) + " bytes"
		case !sendable(value, maxValue):
			problems[param.Name] = "holds characters that no text has"
		case value == "" && (param.Default != "" || param.Required):
			delete(given, param.Name) // an emptied field means what a missing one does
		}
	}
	return given, problems, nil
}

// problemsOf finds what is wrong with each value, as the command line would.
func problemsOf(one report.Report, given, problems map[string]string) {
	for _, param := range one.Params {
		if problems[param.Name] != "" {
			continue
		}
		single := one
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
}

func (s *site) report(r *http.Request) (answer, error) {
	one, err := s.findReport(r)
	if err != nil {
		return nil, err
	}
	given, problems, err := values(one, r.URL.Query())
	if err != nil {
		return nil, err
	}
	body := reportBody{Name: one.Name, Title: one.Title(), Description: one.Description}
	needed := slices.ContainsFunc(one.Params, func(p report.Param) bool { return p.Required })
	body.Asked = len(r.URL.Query()) > 0 || !needed
	if body.Asked {
		problemsOf(one, given, problems)
	}
	for _, param := range one.Params {
		f := field{Param: param, Label: sentence(strings.ReplaceAll(param.Name, "_", " ")), Value: given[param.Name], Error: problems[param.Name]}
		if _, ok := given[param.Name]; !ok {
			f.Value = param.Default
		}
		body.Fields = append(body.Fields, f)
	}
	page := view{name: "report", Title: one.Title(), Nav: "Reports"}
	if !body.Asked || len(problems) > 0 {
		if len(problems) > 0 {
			page.status = http.StatusBadRequest
		}
		page.Body = body
		return page, nil
	}
	if page.Again, err = s.fillReport(r.Context(), one, given, &body); err != nil {
		p := problemOf(err)
		body.Problem, page.status, page.Again = &p, p.Status, againAfter(p.Status)
	}
	page.Body = body
	return page, nil
}

// fillReport runs the report for its page, and tells when to run it again though nothing else is committed.
func (s *site) fillReport(ctx context.Context, one report.Report, given map[string]string, body *reportBody) (again time.Duration, err error) {
	result, err := s.result(ctx, one, given)
	if err != nil {
		return 0, err
	}
	if state, _ := s.source.State(); state.CommittedAt.After(result.at.Add(-result.took)) {
		again = max(result.fresh(), 0) + 100*time.Millisecond
	}
	body.Rows, body.Cut, body.Took, body.At, body.Values = len(result.table.Rows), result.cut, result.took, result.at, one.Told(given)
	body.Result = template.HTML(table.HTMLTable(result.table,
		one.Title())) //nolint:gosec // every text in it is escaped there
	query := url.Values{}
	for name, value := range given {
		query.Set(name, value)
	}
	address := func(file string) string {
		path := reportPath(one.Name) + "/" + file
		if encoded := query.Encode(); encoded != "" {
			path += "?" + encoded
		}
		return path
	}
	body.Downloads = []link{{"CSV", address("data.csv")}, {"CSV for spreadsheets", address("data-safe.csv")},
		{"JSON", address("data.json")}, {"Markdown", address("data.md")}}
	if !chart.Drawable(result.table) {
		return again, nil
	}
	for width, into := range map[int]*template.HTML{wideChart: &body.Chart, narrowChart: &body.Narrow} {
		picture, err := chart.SVG(result.table, chart.Options{Title: "Chart of " + one.Title(), Width: width,
			Bare: true})
		if err != nil {
			return 0, fmt.Errorf("draw the chart: %w", err)
		}
		*into = template.HTML(picture) //nolint:gosec // chart escapes every text
	}
	body.Downloads = append(body.Downloads, link{"SVG", address("data.svg")})
	return again, nil
}

func chartTitle(one report.Report) string { return cmp.Or(sentence(one.Description), one.Name) }

// reportFile is a report as a file: its chart, or a download.
func (s *site) reportFile(r *http.Request) (answer, error) {
	one, err := s.findReport(r)
	if err != nil {
		return nil, err
	}
	given, problems, err := values(one, r.URL.Query())
	if err != nil {
		return nil, err
	}
	problemsOf(one, given, problems)
	for _, param := range one.Params {
		if problems[param.Name] != "" {
			return nil, &badRequestError{param.Name + " " + problems[param.Name]}
		}
	}
	ctx := r.Context()
	name := r.PathValue("file")
	switch name {
	case "chart.svg", "chart-dark.svg", "chart-narrow.svg", "chart-narrow-dark.svg", "thumbnail.svg",
		"thumbnail-dark.svg", "data.svg":
		result, err := s.result(ctx, one, given)
		if err != nil {
			return nil, err
		}
		o := chart.Options{Title: chartTitle(one), Width: wideChart, Dark: strings.Contains(name, "-dark")}
		if strings.Contains(name, "-narrow") {
			o.Width = narrowChart
		}
		if strings.HasPrefix(name, "thumbnail") {
			o.Width, o.Height, o.Bare, o.First = narrowChart, thumbnailHeight, true, true
			if !chart.Drawable(result.table) {
				// The index does not know before what can be drawn.
				return file{kind: "image/svg+xml", text: []byte(emptyPicture), policy: svgPolicy,
					cache: "private, no-cache"}, nil
			}
		}
		picture, err := chart.SVG(result.table, o)
		var flat *table.NoMeasureError
		if errors.As(err, &flat) {
			return nil, &missingError{what: "chart of this report", advice: "it has no column of numbers"}
		}
		if err != nil {
			return nil, fmt.Errorf("draw the chart: %w", err)
		}
		f := file{kind: "image/svg+xml", text: picture, policy: svgPolicy, cache: "private, no-cache"}
		if name == "data.svg" {
			f.download, f.cache = one.Name+".svg", "no-store"
		}
		return f, nil
	}
	safe := name == "data-safe.csv"
	if safe {
		name = "data.csv"
	}
	extension := strings.TrimPrefix(name, "data.")
	formats := map[string]table.Format{"csv": table.CSV, "json": table.JSON, "md": table.Markdown}
	kinds := map[string]string{"csv": "text/csv; charset=utf-8; header=present", "json": "application/json", "md": "text/markdown; charset=utf-8"}
	format, ok := formats[extension]
	if !ok || name != "data."+extension {
		return nil, &missingError{}
	}
	rows := &bounded{bytes: s.MaxBytes}
	var found table.Table
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		rows.Querier = tx
		found, err = one.Run(ctx, rows, given)
		return err
	}); err != nil {
		return nil, err
	}
	if safe {
		found = table.Safe(found)
	}
	var text bytes.Buffer
	if err := table.Write(&text, found, format); err != nil {
		return nil, fmt.Errorf("write %s: %w", extension, err)
	}
	return file{kind: kinds[extension], text: text.Bytes(), policy: dataPolicy, cache: "no-store", download: one.Name + "." + extension}, nil
}
