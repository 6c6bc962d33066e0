package dashboard

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

// The names in an address that say how a table is arranged. No parameter of a report has a dot in
// its name.
const (
	sortName   = "t.sort"
	orderName  = "t.order"
	searchName = "t.search"
)

// arranges tells whether a name in an address is about the table, and not a report's parameter.
func arranges(name string) bool { return strings.HasPrefix(name, "t.") }

// arrangement is how a reader wants a report's table: a part of the address, so that it needs no
// script and can be passed on.
type arrangement struct {
	sort       string // the column; "" for the report's own order
	descending bool
	search     string // "" for all rows
}

// arrangementOf reads it from an address.
func arrangementOf(query url.Values) (arrangement, error) {
	a := arrangement{sort: query.Get(sortName), search: strings.TrimSpace(query.Get(searchName))}
	for name := range query {
		if arranges(name) && !slices.Contains([]string{sortName, orderName, searchName}, name) {
			return a, &badRequestError{fmt.Sprintf("%q is not a parameter of a "+
				"table", excerpt(table.Visible(name), 80))}
		}
	}
	switch order := query.Get(orderName); order {
	case "", "ascending":
	case "descending":
		a.descending = true
	default:
		return a, &badRequestError{"order must be ascending or descending"}
	}
	for _, text := range []string{a.sort, a.search} {
		if !sendable(text, maxValue) {
			return a, &badRequestError{
				"a column name and a search text have at most " + number(maxValue) + " bytes",
			}
		}
	}
	return a, nil
}

// hidden is a value that a form sends along.
type hidden struct{ Name, Value string }

// hidden is the arrangement as an address has it.
func (a arrangement) hidden() []hidden {
	var out []hidden
	if a.sort != "" {
		out = append(out, hidden{sortName, a.sort}, hidden{orderName, a.order()})
	}
	if a.search != "" {
		out = append(out, hidden{searchName, a.search})
	}
	return out
}

func (a arrangement) order() string {
	if a.descending {
		return "descending"
	}
	return "ascending"
}

// reportTable is a report's table on its page.
type reportTable struct {
	HTML        template.HTML
	Rows        int  // that the report returned, as far as they were read
	Cut         bool // there are more, which were not read
	Found       int  // that the search left
	Shown       int  // on the page
	Search      string
	Sorted      string // "orders, descending"; "" for the report's own order
	AsItWas     string // the address without search and order
	Everything  string // the address without search
	Kept        []hidden
	Searchable  bool
	Leads       []string // what the links lead to, in words
	SearchName  string
	SearchField string // the id
}

// fewRows are seen at a glance, without a search.
const fewRows = 5

// arrange sorts and searches a result, and makes it a table whose heads sort it and whose values
// lead where the report's header says.
func (s *site) arrange(r report.Report, result result, given map[string]string, a arrangement) (*reportTable, error) {
	path := reportPath(r.Name)
	body := &reportTable{Rows: len(result.table.Rows), Cut: result.cut, Search: a.search, SearchName: searchName,
		Everything: address(path, given, arrangement{sort: a.sort, descending: a.descending}) + tableAnchor,
		AsItWas:    address(path, given, arrangement{}) + tableAnchor}
	body.Searchable = body.Rows > fewRows || a.search != ""
	for name, value := range given {
		body.Kept = append(body.Kept, hidden{name, value})
	}
	slices.SortFunc(body.Kept, func(a, b hidden) int { return strings.Compare(a.Name, b.Name) })
	body.Kept = append(body.Kept, arrangement{sort: a.sort, descending: a.descending}.hidden()...)

	shown := table.Search(result.table, a.search)
	body.Found = len(shown.Rows)
	names := make([]string, len(shown.Columns))
	for i, column := range shown.Columns {
		names[i] = column.Name
	}
	sorted := slices.Index(names, a.sort)
	if a.sort != "" {
		if sorted < 0 {
			return nil, &badRequestError{
				fmt.Sprintf("the report has no column %q to sort by", excerpt(table.Visible(a.sort), 80)),
			}
		}
		shown = table.Sort(shown, sorted, a.descending)
		body.Sorted = table.Visible(a.sort) + ", " + a.order()
	}
	shown.Rows = shown.Rows[:min(len(shown.Rows), shownRows)]
	body.Shown = len(shown.Rows)

	measured := result.table
	measured.Plot = nil
	_, measures := measured.Axes()
	options := table.HTMLOptions{
		Caption: r.Title(),
		Label:   func(name string) string { return strings.ReplaceAll(name, "_", " ") },
		Head: func(column int) string {
			next := arrangement{sort: names[column], search: a.search, descending: slices.Contains(measures, column)}
			if column == sorted {
				next.descending = !a.descending
			}
			return address(path, given, next) + tableAnchor
		},
		Sorted: func(column int) string {
			if column != sorted {
				return ""
			}
			return a.order()
		},
	}
	options.Link, body.Leads = s.leads(r, shown, given)
	body.HTML = template.HTML(table.HTMLWith(shown, options)) //nolint:gosec // every text in it is escaped there
	return body, nil
}

// tableAnchor leads to the table, so that sorting does not lead to the page's beginning.
const tableAnchor = "#table-h"

// leads says what the values of a table lead to, and what there is to say about that. A date that
// the other report asks for by the same name goes along.
func (s *site) leads(
	r report.Report, t table.Table, given map[string]string,
) (func(row, column int) string, []string) {
	type lead struct {
		link   report.Link
		target report.Report
	}
	leads := map[int]lead{}
	var told []string
	all, _ := s.Reports()
	for _, l := range r.Links {
		target, err := report.Find(all, l.Report)
		column := l.Column(t)
		if _, twice := leads[column]; err != nil || column < 0 || twice {
			continue
		}
		leads[column] = lead{l, target}
		told = append(told, "Each "+table.Visible(t.Columns[column].Name)+" leads to "+target.Title())
	}
	if len(leads) == 0 {
		return nil, nil
	}
	return func(row, column int) string {
		l, ok := leads[column]
		if !ok {
			return ""
		}
		passed := l.link.Given(t, row)
		if passed == nil {
			return ""
		}
		for _, param := range l.target.Params {
			if _, set := passed[param.Name]; !set && param.Dated() && given[param.Name] != "" {
				passed[param.Name] = given[param.Name]
			}
		}
		for _, value := range passed {
			if !sendable(value, maxValue) {
				return ""
			}
		}
		return address(reportPath(l.target.Name), passed, arrangement{})
	}, told
}
