package report

import (
	"fmt"
	"time"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
)

// A Link leads from the values of a column to another report:
//
//	-- link: artist artist-locations artist from=since
//
// The value of artist becomes the other report's parameter artist, and that of the column since in
// the same row its parameter from.
type Link struct {
	Report string      // which it leads to
	Values []LinkValue // of the other report's parameters, at least one

	place place
	at    int // of the report's name
}

// A LinkValue is a parameter that a link gives, and the column that has its value. The first one's
// column is the one that is linked.
type LinkValue struct {
	Param string // a parameter of the other report

	column word
	at     int // of the parameter
}

const linkHint = "write -- link: COLUMN REPORT PARAMETER, and PARAMETER=COLUMN for each further value"

func newLink(file *sqlfile.File, line sqlfile.Line) (Link, error) {
	l := Link{place: place{file, line.Line}}
	words := wordsOf(line)
	if len(words) < 3 {
		return l, l.place.fault(line.At, "link: needs a column, a report and a parameter of that report", linkHint)
	}
	l.Report, l.at = words[1].text, words[1].at
	l.Values = []LinkValue{{Param: words[2].text, column: words[0], at: words[2].at}}
	for _, more := range words[3:] {
		param, column, pair := more.cut("=")
		if !pair || param.text == "" || column.text == "" {
			return l, l.place.fault(more.at, fmt.Sprintf("link: %q is not PARAMETER=COLUMN", more.text), linkHint)
		}
		l.Values = append(l.Values, LinkValue{Param: param.text, column: column, at: param.at})
	}
	return l, nil
}

// Column is the place of the linked column in a result of the report.
func (l Link) Column(t table.Table) int {
	at, err := l.place.column(t, "link", l.Values[0].column)
	if err != nil {
		return -1
	}
	return at
}

// check finds all columns of the link in a result.
func (l Link) check(t table.Table) error {
	for _, value := range l.Values {
		if _, err := l.place.column(t, "link", value.column); err != nil {
			return err
		}
	}
	return nil
}

// Given are the values that the link gives in a row of a result; nil where the linked column holds
// NULL.
func (l Link) Given(t table.Table, row int) map[string]string {
	given := map[string]string{}
	for i, value := range l.Values {
		at, err := l.place.column(t, "link", value.column)
		if err != nil {
			return nil
		}
		switch v := t.Value(row, at).(type) {
		case nil:
			if i == 0 {
				return nil
			}
		case time.Time:
			given[value.Param] = v.UTC().Format(time.DateOnly)
		default:
			given[value.Param] = table.Exact(v)
		}
	}
	return given
}

// Linked checks the links between reports: each leads to one of them, and gives parameters that it
// has. A link of a report that must not be wrong is an error with its place; one of another report,
// whose target a project has replaced, is taken out.
func Linked(all []Report, must func(Report) bool) ([]Report, error) {
	for i, report := range all {
		var links []Link
		for _, l := range report.Links {
			err := l.resolve(all)
			if err != nil && must(report) {
				return nil, err
			}
			if err == nil {
				links = append(links, l)
			}
		}
		all[i].Links = links
	}
	return all, nil
}

func (l Link) resolve(all []Report) error {
	target, err := Find(all, l.Report)
	if err != nil {
		names := make([]string, len(all))
		for i, report := range all {
			names[i] = report.Name
		}
		return l.place.fault(l.at, "link: "+err.Error(), suggest.Hint(l.Report, names))
	}
	for _, value := range l.Values {
		known := false
		for _, param := range target.Params {
			known = known || param.Name == value.Param
		}
		if !known {
			return l.place.fault(value.at, fmt.Sprintf(
				"link: the report %s has no parameter %q", target.Name, value.Param,
			),
				"it has "+target.Flags())
		}
	}
	return nil
}
