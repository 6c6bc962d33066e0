// Package report holds the reports: named queries over the warehouse.
package report

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Param is a value that a report asks for.
type Param struct {
	Name     string
	Usage    string
	Default  string // "" with Required
	Required bool
	Number   bool // a whole number from 1
}

// Report is one query with a name.
type Report struct {
	Name        string
	Description string
	Params      []Param
	Query       query.Query
}

// Title is the report's name as a heading: "songplays-by-level" is "Songplays by level".
func (r Report) Title() string { return TitleOf(r.Name) }

// TitleOf is a report's name as a heading.
func TitleOf(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }), " ")
	if words == "" {
		return name
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

var (
	limit  = Param{Name: "limit", Usage: "how many rows", Default: "10", Number: true}
	artist = Param{Name: "artist", Usage: "the artist's name", Required: true}
)

// BuiltIn lists the reports that dwh ships; the query of each stands in queries/reports.sql. A report's parameters are the
// query's, in their order.
func BuiltIn() []Report {
	one := func(name, description, sql string, params ...Param) Report {
		names := make([]string, len(params))
		for i, param := range params {
			names[i] = param.Name
		}
		return Report{Name: name, Description: description, Params: params, Query: query.Text("report "+name, sql, names...)}
	}
	return []Report{
		one("songplays-by-level", "plays and listeners of each subscription level", dwhdb.SongplaysByLevel),
		one("songplays-by-location", "plays of each location and level", dwhdb.SongplaysByLocation),
		one("top-artists", "the most played artists", dwhdb.TopArtists, limit),
		one("top-songs", "the most played songs", dwhdb.TopSongs, limit),
		one("top-artists-by-gender", "the most played artists among women and men", dwhdb.TopArtistsByGender, limit),
		one("artist-locations", "where an artist's listeners are", dwhdb.ArtistLocations, artist, limit),
		one("gender-breakdown", "staged events by gender", dwhdb.GenderBreakdown),
		one("songplays-by-hour", "plays of each hour of the day, UTC", dwhdb.SongplaysByHour),
		one("songplays-by-weekday", "plays of each weekday, 0 for Monday, UTC", dwhdb.SongplaysByWeekday),
		one("daily-activity", "plays, listeners and sessions of each day, UTC", dwhdb.DailyActivity),
	}
}

// Project reads a user's reports, NAME.sql in fsys: one SELECT each, whose columns are the keys. dir names the folder in errors.
func Project(fsys fs.FS, dir string, engine sqlfile.Engine) ([]Report, error) {
	found, err := query.Folder(fsys, dir, engine, func(header sqlfile.Header, name string) (problem, hint string) {
		if slices.ContainsFunc(header.Params, func(p sqlfile.Param) bool { return p.Name == name }) {
			return "", ""
		}
		return fmt.Sprintf("the report uses :'%s', which it does not declare", name), fmt.Sprintf("add the line \"-- param: %s\" at the top", name)
	})
	if err != nil {
		return nil, err
	}
	out := make([]Report, 0, len(found))
	for _, file := range found {
		one := Report{Name: file.Name, Description: file.Header.Description, Query: file.Query}
		for _, param := range file.Header.Params {
			help := param.Help
			if help == "" {
				help = "a value of the report"
			}
			_, err := strconv.ParseInt(param.Default, 10, 64)
			one.Params = append(one.Params, Param{Name: param.Name, Usage: help, Default: param.Default, Required: param.Required, Number: err == nil})
		}
		out = append(out, one)
	}
	return out, nil
}

// An UnknownError is a name that no report has.
type UnknownError struct {
	Name  string
	Names []string
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no report %q", e.Name) }

// ExitCode is 2: the command line has to change.
func (e *UnknownError) ExitCode() int { return 2 }

// Hint names the nearest report.
func (e *UnknownError) Hint() string {
	return strings.TrimSpace(suggest.Hint(e.Name, e.Names) + ` (see "dwh report list")`)
}

// Find returns the report of that name.
func Find(all []Report, name string) (Report, error) {
	names := make([]string, 0, len(all))
	for _, one := range all {
		if one.Name == name {
			return one, nil
		}
		names = append(names, one.Name)
	}
	return Report{}, &UnknownError{Name: name, Names: names}
}

// A ValueError is a parameter that is missing or malformed.
type ValueError struct{ Report, Param, Problem string }

func (e *ValueError) Error() string {
	return fmt.Sprintf("report %s: --%s %s", e.Report, e.Param, e.Problem)
}

// ExitCode is 2: the command line has to change.
func (e *ValueError) ExitCode() int { return 2 }

// Validate returns a *ValueError when a value is missing, malformed or not the report's.
func (r Report) Validate(values map[string]string) error {
	for name := range values {
		known := false
		for _, param := range r.Params {
			known = known || param.Name == name
		}
		if !known {
			return &ValueError{Report: r.Name, Param: name, Problem: "is not a parameter of it"}
		}
	}
	_, err := r.args(values)
	return err
}

// Run runs the report with values by parameter name; what is left out has its default.
func (r Report) Run(ctx context.Context, db query.Querier, values map[string]string) (out table.Table, err error) {
	args, err := r.args(values)
	if err != nil {
		return table.Table{}, err
	}
	ctx, span := telemetry.Begin(ctx, "report "+r.Name, telemetry.Report(r.Name))
	defer func() { span.End(err, telemetry.Rows(int64(len(out.Rows)))) }()
	result, err := r.Query.Run(ctx, db, args, 0)
	if err != nil {
		return table.Table{}, err
	}
	result.Table.Title, result.Table.Description = r.Name, r.Description
	return result.Table, nil
}

// Told says for people which values the report runs with, defaults included: "artist: Muse, limit: 10"; "" without parameters.
func (r Report) Told(values map[string]string) string {
	var out []string
	for _, param := range r.Params {
		value, given := values[param.Name]
		if !given {
			value = param.Default
		}
		out = append(out, param.Name+": "+value)
	}
	return strings.Join(out, ", ")
}

func (r Report) args(values map[string]string) (map[string]any, error) {
	args := map[string]any{}
	for _, param := range r.Params {
		value, given := values[param.Name]
		switch {
		case !given && param.Required:
			return nil, &ValueError{Report: r.Name, Param: param.Name, Problem: "is needed"}
		case !given:
			value = param.Default
		}
		if !param.Number {
			args[param.Name] = value
			continue
		}
		number, err := strconv.ParseInt(value, 10, 64)
		if err != nil || number < 1 {
			return nil, &ValueError{Report: r.Name, Param: param.Name, Problem: fmt.Sprintf("is a whole number from 1, not %q", value)}
		}
		args[param.Name] = number
	}
	return args, nil
}
