// Package report holds the reports: named queries over the warehouse.
package report

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Report is one query with a name.
type Report struct {
	Name        string
	Heading     string      // as its header says it; "" for none
	Description string      // from its header; "" for none
	Params      []Param     // in the order of its header
	Query       query.Query // the SELECT, ready to run
	Chart       *Chart      // nil: the columns decide
	Tiles       []Tile      // in the order of its header; nil for none
	Links       []Link      // in the order of its header; nil for none
	Caption     Caption     // columns shown once, above the table

	file *sqlfile.File // whose header says all this
}

// ParamError is what is wrong with a parameter, at its place in the header.
func (r Report) ParamError(name, msg, hint string) error {
	for _, declared := range r.file.Header().Params {
		if declared.Name == name {
			return r.file.ErrorAt(declared.Line, declared.Column, msg, hint, nil)
		}
	}
	return r.fault(name, msg)
}

// Title is the report's name for people: what its header says, else its name as a heading,
// "Best days" for "best-days".
func (r Report) Title() string {
	if r.Heading != "" {
		return r.Heading
	}
	return TitleOf(r.Name)
}

// TitleOf is a report's name as a heading.
func TitleOf(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }), " ")
	if words == "" {
		return name
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

// listName is the argument that makes dwh report list the reports. A report of this name could not
// be printed.
const listName = "list"

// New returns the report of a query, whose file's header says all else. What is wrong with the
// header is a *sqlfile.Error with its place.
func New(name string, file *sqlfile.File, q query.Query) (Report, error) {
	if name == listName {
		return Report{}, file.ErrorAt(0, 0, "a report cannot have the name "+listName,
			`"dwh report list" lists the reports: give the file another name`, nil)
	}
	header := file.Header()
	r := Report{Name: name, Heading: header.Title, Description: header.Description, Query: q, file: file}
	for _, declared := range header.Params {
		param, err := newParam(declared)
		if err != nil {
			return r, file.ErrorAt(declared.Line, declared.Column, err.Error(),
				"write a valid default, or - if there is none", err)
		}
		r.Params = append(r.Params, param)
	}
	var err error
	if header.Chart != (sqlfile.Line{}) {
		if r.Chart, err = newChart(file, header.Chart); err != nil {
			return r, err
		}
	}
	for _, line := range header.Tiles {
		tile, err := newTile(file, line)
		if err != nil {
			return r, err
		}
		r.Tiles = append(r.Tiles, tile)
	}
	for _, line := range header.Links {
		link, err := newLink(file, line)
		if err != nil {
			return r, err
		}
		r.Links = append(r.Links, link)
	}
	r.Caption = newCaption(file, header.Caption)
	return r, nil
}

// Project reads a user's reports, NAME.sql in fsys: one SELECT each, whose columns are the keys.
// dir names the folder in errors.
func Project(fsys fs.FS, dir string, engine sqlfile.Engine) ([]Report, error) {
	found, err := query.Folder(fsys, dir, engine, func(header sqlfile.Header, name string) (problem, hint string) {
		if slices.ContainsFunc(header.Params, func(p sqlfile.Param) bool { return p.Name == name }) {
			return "", ""
		}
		return fmt.Sprintf("the report uses :'%s' without a param: line", name), undeclared(header, name)
	})
	if err != nil {
		return nil, err
	}
	out := make([]Report, 0, len(found))
	for _, file := range found {
		report, err := New(file.Name, file.File, file.Query)
		if err != nil {
			return nil, err
		}
		out = append(out, report)
	}
	return out, nil
}

// undeclared says what to do about a variable that a header does not declare.
func undeclared(header sqlfile.Header, name string) string {
	add := fmt.Sprintf("add the line \"-- param: %s\" at the top", name)
	if len(header.Params) == 0 {
		return add
	}
	var names []string
	for _, param := range header.Params {
		names = append(names, param.Name)
	}
	return add + "; the report has " + strings.Join(names, ", ")
}

// An UnknownError is a name that no report has.
type UnknownError struct {
	Name  string
	Names []string // the reports that there are
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
	for _, report := range all {
		if report.Name == name {
			return report, nil
		}
		names = append(names, report.Name)
	}
	return Report{}, &UnknownError{Name: name, Names: names}
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
	if r.Heading != "" {
		result.Table.Title = r.Heading
	}
	if r.Chart != nil {
		if result.Table.Plot, err = r.Chart.plot(result.Table); err != nil {
			return table.Table{}, err
		}
	}
	for _, tile := range r.Tiles {
		if _, _, _, err := tile.columns(result.Table); err != nil {
			return table.Table{}, err
		}
	}
	for _, link := range r.Links {
		if err := link.check(result.Table); err != nil {
			return table.Table{}, err
		}
	}
	if result.Table.Once, err = r.Caption.columns(result.Table); err != nil {
		return table.Table{}, err
	}
	return result.Table, nil
}
