package dashboard

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

// field is a parameter in the form.
type field struct {
	report.Param
	Label, Value, Error string
	Known               []string // values to choose from
}

// Type is the kind of the input.
func (f field) Type() string {
	if f.Dated() {
		return "date"
	}
	return "text"
}

// fields are the form of a report.
func (s *site) fields(ctx context.Context, r report.Report, given, problems map[string]string) []field {
	var out []field
	for _, param := range r.Params {
		f := field{Param: param, Label: sentence(strings.ReplaceAll(param.Name, "_", " ")), Value: given[param.Name],
			Error: problems[param.Name]}
		if _, ok := given[param.Name]; !ok {
			f.Value = param.Default
		}
		if param.Kind == report.Text {
			f.Known = s.known(ctx, r, param)
		}
		out = append(out, f)
	}
	return out
}

const (
	// knownWait is how long a form waits for values to choose from: it works without them.
	knownWait = 1500 * time.Millisecond
	// mostKnown is how many there are at most, longestKnown how long one may be, in bytes.
	mostKnown    = 500
	longestKnown = 200
)

// known are values of a parameter to choose from: those of the column of the first report that
// links to it, as many as that report returns.
func (s *site) known(ctx context.Context, r report.Report, param report.Param) []string {
	all, _ := s.Reports()
	for _, other := range all {
		for _, l := range other.Links {
			if l.Report != r.Name || l.Values[0].Param != param.Name {
				continue
			}
			if values := s.columnOf(ctx, other, l); len(values) > 0 {
				return values
			}
		}
	}
	return nil
}

// columnOf are the different values of a link's column, in the report's order.
func (s *site) columnOf(ctx context.Context, r report.Report, l report.Link) []string {
	given := map[string]string{}
	for _, param := range r.Params {
		switch {
		case param.Required:
			return nil
		case param.Name == "limit" && param.Kind == report.Whole:
			given["limit"] = strconv.Itoa(mostKnown)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, knownWait)
	defer cancel()
	result, err := s.result(ctx, r, given)
	if err != nil {
		return nil // the form works without
	}
	column := l.Column(result.table)
	if column < 0 {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for row := range result.table.Rows {
		text := table.Exact(result.table.Value(row, column))
		if text == "" || seen[text] || !sendable(text, longestKnown) {
			continue
		}
		seen[text] = true
		if out = append(out, text); len(out) == mostKnown {
			break
		}
	}
	return out
}

// rangeLink is a range of days to choose at once.
type rangeLink struct {
	Text, Path string
	Current    bool
}

// ranges are the ranges for a report that asks for one: up to the newest day that is known. The
// zero time is that of a report that asks for none.
func (s *site) ranges(
	ctx context.Context, r report.Report, given map[string]string, a arrangement,
) ([]rangeLink, time.Time) {
	from, to, ok := rangeOf(r)
	if !ok {
		return nil, time.Time{}
	}
	newest := s.newestDay(ctx, r)
	link := func(text, first, last string) rangeLink {
		chosen := maps.Clone(given)
		for name, value := range map[string]string{from: first, to: last} {
			if value == "" {
				delete(chosen, name)
			} else {
				chosen[name] = value
			}
		}
		return rangeLink{text, address(reportPath(r.Name), chosen, a), given[from] == first && given[to] == last}
	}
	back := func(days int) string { return newest.AddDate(0, 0, 1-days).Format(time.DateOnly) }
	last := newest.Format(time.DateOnly)
	return []rangeLink{
		link("Last 7 days", back(7), last), link("Last 30 days", back(30), last),
		link("All", "", ""),
	}, newest
}

// rangeOf finds the two parameters of a range of days: from and to, or two that end so.
func rangeOf(r report.Report) (from, to string, ok bool) {
	for _, param := range r.Params {
		start, ends := strings.CutSuffix(param.Name, "from")
		if !ends || !param.Dated() {
			continue
		}
		if slices.ContainsFunc(r.Params, func(p report.Param) bool { return p.Name == start+"to" && p.Dated() }) {
			return param.Name, start + "to", true
		}
	}
	return "", "", false
}
