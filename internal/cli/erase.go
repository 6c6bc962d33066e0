package cli

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/transform"
)

// An erasable is what `-- erase:` lines of loads declare under one name: a flag of
// "dwh staging delete", and the columns that it means.
type erasable struct {
	flag string // without dashes
	of   []erasableColumn
}

// erasableColumn is a column of a staging table, and where its line stands.
type erasableColumn struct {
	table, column string
	file          *sqlfile.File
	line          sqlfile.Erase
}

// loadFiles are the names of loads.
const loadFiles = "0[0-9][0-9]_*.sql"

// tableOfLoad is the table that a file of that name loads.
func tableOfLoad(name string) string { return strings.TrimSuffix(name[len("0NN_"):], ".sql") }

// erasables are those of a project, in the order of its loads. A file that cannot be read is left
// out: what is wrong with it is told where it runs.
func (p project) erasables() []erasable {
	names, err := fs.Glob(p.transforms, loadFiles)
	if err != nil {
		return nil
	}
	var out []erasable
	for _, name := range names {
		text, err := fs.ReadFile(p.transforms, name)
		if err != nil {
			continue
		}
		file, err := sqlfile.Parse(path.Join(p.transformsDir, name), string(text))
		if err != nil {
			continue
		}
		table := tableOfLoad(name)
		for _, line := range file.Header().Erase {
			flag := strings.ReplaceAll(line.Flag, "_", "-")
			at := slices.IndexFunc(out, func(e erasable) bool { return e.flag == flag })
			if at < 0 {
				at = len(out)
				out = append(out, erasable{flag: flag})
			}
			out[at].of = append(out[at].of, erasableColumn{table: table, column: line.Column, file: file, line: line})
		}
	}
	return out
}

// findErasables finds what app.knownErasables returns.
func (a *app) findErasables() []erasable {
	p, err := a.projectAtHand()
	if err != nil {
		return nil
	}
	taken := a.eraseTaken()
	return slices.DeleteFunc(p.erasables(), func(e erasable) bool { return slices.Contains(taken, e.flag) })
}

// eraseTaken are the names that flags of "dwh staging delete" have whatever the project.
func (a *app) eraseTaken() []string {
	var names []string
	for _, set := range [][]cli.Flag{globalFlags(), stagingFlags(), selectFlags()} {
		for _, flag := range set {
			names = append(names, flag.Names()...)
		}
	}
	return append(names, "help", "h")
}

// eraseFlags are the flags that the project's loads declare.
func (a *app) eraseFlags() []cli.Flag {
	var flags []cli.Flag
	for _, knownErasable := range a.knownErasables() {
		var columns []string
		for _, c := range knownErasable.of {
			columns = append(columns, c.table+"."+c.column)
		}
		flags = append(
			flags,
			&cli.StringFlag{
				Name:  knownErasable.flag,
				Usage: "records with this `VALUE` in " + strings.Join(columns, ", "),
			},
		)
	}
	return flags
}

// selectFlags name records by table and columns.
func selectFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "table", Usage: "records of this staging `TABLE`; needs --match"},
		&cli.GenericFlag{
			Name:  "match",
			Value: &matchValues{},
			Usage: "records of --table with this `COLUMN=VALUE`; repeatable, all must match",
		},
	}
}

// matchValues collects the values of --match. A value may hold commas.
type matchValues []string

// Set adds a value.
func (m *matchValues) Set(text string) error {
	*m = append(*m, text)
	return nil
}

func (m *matchValues) String() string { return "" }

// selection is what a command line of "dwh staging delete" selects.
func (a *app) selection(c *cli.Context) (transform.Selection, error) {
	const help = "dwh staging delete --help"
	var s transform.Selection
	var given []string
	for _, knownErasable := range a.knownErasables() {
		if !c.IsSet(knownErasable.flag) {
			continue
		}
		given = append(given, "--"+knownErasable.flag)
		value := c.String(knownErasable.flag)
		if strings.TrimSpace(value) == "" {
			return s, &UsageError{Msg: "--" + knownErasable.flag + " has no value", Help: help}
		}
		if !utf8.ValidString(value) {
			return s, &UsageError{Msg: fmt.Sprintf("--%s must be a text in UTF-8, not %q", knownErasable.flag, value),
				Help: help}
		}
		for _, of := range knownErasable.of {
			s.Of = append(
				s.Of,
				transform.Selected{
					Table:   catalogue.Name(of.table),
					Matches: []transform.Match{{Column: of.column, Value: value}},
				},
			)
		}
	}
	matches, _ := c.Generic("match").(*matchValues)
	switch {
	case c.IsSet("table"):
		given = append(given, "--table")
	case matches != nil && len(*matches) > 0:
		return s, &UsageError{
			Msg:    "--match goes with --table",
			Advice: "add --table with the staging table",
			Help:   help,
		}
	}
	if len(given) != 1 {
		var flags []string
		for _, knownErasable := range a.knownErasables() {
			flags = append(flags, "--"+knownErasable.flag)
		}
		msg := "nothing says which records to delete"
		if len(given) > 1 {
			msg = strings.Join(given, " and ") + " name different records"
		}
		return s, &UsageError{
			Msg:    msg,
			Advice: "give one of " + strings.Join(append(flags, "--table with --match"), ", "),
			Help:   help,
		}
	}
	if !c.IsSet("table") {
		return s, nil
	}
	selected := transform.Selected{Table: catalogue.Name(c.String("table"))}
	if matches == nil || len(*matches) == 0 {
		return s, &UsageError{
			Msg: fmt.Sprintf("--table %s needs --match", selected.Table), Help: help,
			Advice: "say which records: --match column=value; to empty the table use dwh staging drop",
		}
	}
	for _, text := range *matches {
		column, value, ok := strings.Cut(text, "=")
		if !ok || column == "" || strings.TrimSpace(value) == "" {
			return s, &UsageError{
				Msg:    fmt.Sprintf("--match %q is not column=value", text),
				Advice: "such as --match store_id=7",
				Help:   help,
			}
		}
		if !utf8.ValidString(text) {
			return s, &UsageError{Msg: fmt.Sprintf("--match must be a text in UTF-8, not %q", text), Help: help}
		}
		selected.Matches = append(selected.Matches, transform.Match{Column: column, Value: value})
	}
	return transform.Selection{Of: []transform.Selected{selected}, Strict: true}, nil
}

// findings are the project's, and the `-- erase:` lines that checkErasables refuses.
func (a *app) findings(p project) ([]lint.Finding, error) {
	findings, err := p.findings()
	if err != nil {
		return nil, err
	}
	for _, fault := range a.checkErasables(p, sqlfile.Postgres) {
		rule := modelRule
		rule.Instead = fault.Hint
		findings = append(findings, lint.Finding{Rule: rule, Err: fault})
	}
	return findings, nil
}

// checkErasables refuses `-- erase:` lines whose flag is taken, or whose column its table has not,
// as far as the migrations tell.
func (a *app) checkErasables(p project, engine sqlfile.Engine) []*sqlfile.Error {
	tables, err := p.tables(engine)
	if err != nil {
		return nil // told elsewhere
	}
	taken := a.eraseTaken()
	var out []*sqlfile.Error
	for _, e := range p.erasables() {
		for _, of := range e.of {
			if slices.Contains(taken, e.flag) {
				out = append(
					out,
					of.file.ErrorAt(
						of.line.Line,
						of.line.At,
						fmt.Sprintf("erase: --%s is another flag of dwh staging delete", e.flag),
						fmt.Sprintf(
							"give it a name: -- erase: %s as %s_value",
							of.column,
							strings.ReplaceAll(e.flag, "-", "_"),
						),
						nil,
					),
				)
			}
			known, ok := tables[of.table]
			if _, has := known.Column(of.column); !ok || known.Unknown || has {
				continue
			}
			var names []string
			for _, column := range known.Columns {
				names = append(names, column.Name)
			}
			out = append(
				out,
				of.file.ErrorAt(
					of.line.Line,
					of.line.At,
					fmt.Sprintf("erase: table %s has no column %s", of.table, of.column),
					suggest.Hint(of.column, names),
					nil,
				),
			)
		}
	}
	return out
}
