package cli

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

func (a *app) reportCommand() *cli.Command {
	flags := func() []cli.Flag {
		sources := slices.DeleteFunc(sourceFlags(),
			func(f cli.Flag) bool { return slices.Contains(a.reportParamNames(), f.Names()[0]) })
		return flagSet(connectionFlags(), hidden(sources), []cli.Flag{projectFlag()})
	}
	return &cli.Command{
		Name:      "report",
		Usage:     "print a report, or list the reports",
		ArgsUsage: "NAME",
		Description: examples(`The reports of a project are its files reports/NAME.sql. Without a project, dwh has the reports of
the song-play warehouse. "dwh report list" lists them.

--all writes all reports into one file, from one snapshot. It leaves out a report if a value that the
report requires is not given. An html file needs no other files and prints well; of a long table it
shows the first 100 rows. A csv file is for programs and keeps every cell as it is. Use --safe for a
spreadsheet, which would run a text that begins with = as a formula.`,
			a.reportExamples()...),
		Flags: append(flags(), append(reportFlags(), a.reportParams()...)...),
		BashComplete: func(c *cli.Context) {
			_, _ = fmt.Fprintln(c.App.Writer, "list")
			for _, knownReport := range a.knownReports() {
				_, _ = fmt.Fprintln(c.App.Writer, knownReport.Name)
			}
		},
		Action: func(c *cli.Context) error {
			r := reportRun{app: a, all: c.Bool("all"), chart: c.Bool("chart"), safe: c.Bool("safe"),
				file: c.String("output"), values: map[string]string{}}
			switch {
			case r.all && c.NArg() > 0:
				return reportUsage(
					fmt.Sprintf("--all cannot be used with the report name %q", c.Args().First()),
					"leave out one of the two",
				)
			case !r.all && c.NArg() == 0:
				return reportUsage("which report?", `list the reports with "dwh report list", or write all with `+
					`--all`)
			case c.NArg() > 1:
				return reportUsage(
					fmt.Sprintf("unexpected argument %q", c.Args().Get(1)),
					"give values of a report as flags, such as --limit 3",
				)
			}
			r.name = c.Args().First()
			var err error
			if r.cfg, err = a.load(c); err != nil {
				return err
			}
			if r.format, err = reportFormat(c, r.file); err != nil {
				return err
			}
			if r.chart && r.format != table.Text {
				return reportUsage(
					"--chart draws in the terminal and cannot be used with --format",
					"leave out one of the two; --format svg writes a picture",
				)
			}
			if r.all && (r.format == table.CSV || r.format == table.SVG) {
				return reportUsage(
					fmt.Sprintf("--all cannot write %s, which holds only one report", r.format),
					"use html, markdown, json or table, or name one report",
				)
			}
			if r.safe && r.format != table.CSV {
				return reportUsage(fmt.Sprintf("--safe is for csv, and the format is %s", r.format),
					"add --format csv, or leave --safe out")
			}
			for _, name := range a.reportParamNames() {
				if c.IsSet(name) {
					r.values[name] = c.String(name)
				}
			}
			return r.run(c.Context)
		},
	}
}

// reportFlags are the flags of every report, whatever its parameters.
func reportFlags() []cli.Flag {
	return []cli.Flag{
		formatFlag(), jsonFlag(),
		&cli.StringFlag{
			Name: "output", Aliases: []string{"o"},
			Usage: "write to `FILE`; its ending chooses the format, unless --format is given",
		},
		&cli.BoolFlag{Name: "all", Usage: "write all reports into one file: html, markdown or json"},
		&cli.BoolFlag{Name: "chart", Usage: "draw bars in the terminal"},
		&cli.BoolFlag{Name: "safe",
			Usage: "csv for a spreadsheet: put ' before a cell that looks like a formula"},
	}
}

func reportUsage(message, advice string) error {
	return &UsageError{Msg: message, Advice: advice, Help: "dwh report --help"}
}

// reportFormat is the format that --json or --format say, else the ending of the file.
func reportFormat(c *cli.Context, file string) (table.Format, error) {
	given := c.String("format")
	switch {
	case c.Bool("json") && c.IsSet("format") && given != string(table.JSON):
		return "", reportUsage(fmt.Sprintf("--json cannot be used with --format %s", given), "")
	case c.Bool("json"):
		return table.JSON, nil
	case c.IsSet("format") || file == "":
		return table.ParseFormat(given)
	}
	switch ending := strings.ToLower(filepath.Ext(file)); ending {
	case ".html", ".htm":
		return table.HTML, nil
	case ".md", ".markdown":
		return table.Markdown, nil
	case ".json":
		return table.JSON, nil
	case ".csv":
		return table.CSV, nil
	case ".svg":
		return table.SVG, nil
	case ".pdf":
		return "", reportUsage("dwh writes no PDF", "write html, open it in a browser and print it to PDF")
	case "", ".txt":
		return table.Text, nil
	default:
		return "", reportUsage(fmt.Sprintf("%s: the file's ending %s names no format", file, ending),
			"use .txt, .json, .csv, .md, .html or .svg, or add --format")
	}
}

// reportParamNames are the parameters of all reports. The project is found without the command
// line's flags being parsed: they depend on it.
func (a *app) reportParamNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, knownReport := range a.knownReports() {
		for _, param := range knownReport.Params {
			if !seen[param.Name] {
				seen[param.Name] = true
				names = append(names, param.Name)
			}
		}
	}
	return names
}

func (a *app) reportParams() []cli.Flag {
	taken := map[string]bool{}
	for _, set := range [][]cli.Flag{globalFlags(), connectionFlags(), {projectFlag()}, reportFlags()} {
		for _, flag := range set {
			for _, name := range flag.Names() {
				taken[name] = true
			}
		}
	}
	usage := map[string]string{}
	for _, knownReport := range a.knownReports() {
		for _, param := range knownReport.Params {
			if usage[param.Name] == "" {
				usage[param.Name] = param.Usage
				if param.Dated() {
					usage[param.Name] += ", such as 2018-11-30"
				}
				if param.Default != "" {
					usage[param.Name] += ", " + param.Default + " unless given"
				}
			}
		}
	}
	var flags []cli.Flag
	for _, name := range a.reportParamNames() {
		if !taken[name] {
			flags = append(flags, &textFlag{&cli.StringFlag{Name: name, Usage: usage[name]}})
		}
	}
	return flags
}

// reportRun performs dwh report.
type reportRun struct {
	app    *app
	cfg    *config.Config
	name   string
	all    bool
	format table.Format
	chart  bool
	safe   bool   // csv for a spreadsheet
	file   string // "" or "-": stdout
	values map[string]string
}

func (r reportRun) run(ctx context.Context) error {
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return err
	}
	engine, err := engineOf(r.cfg)
	if err != nil {
		return err
	}
	all, err := p.allReports(engine)
	if err != nil {
		return err
	}
	out, err := newReportFile(r.file)
	if err != nil {
		return err
	}
	if r.name == "list" {
		if len(all) == 0 && r.file == "" && r.format == table.Text {
			r.app.out.Status("the project has no report; write one SELECT into reports/NAME.sql")
			return nil
		}
		return r.write(out, report.Document{Title: "reports", When: time.Now(),
			Sections: []report.Section{{Name: "reports", Table: reportList(all, r.format)}}})
	}
	doc := report.Document{Title: "dwh reports", When: time.Now()}
	chosen := all
	if r.all {
		chosen, doc.LeftOut = withValues(all, r.values)
	} else {
		item, err := report.Find(all, r.name)
		if err != nil {
			return err
		}
		chosen, doc.Title = []report.Report{item}, item.Name
	}
	for _, item := range chosen {
		if err := item.Validate(r.valuesOf(item)); err != nil {
			return err
		}
	}
	s, err := r.app.beginLinted(ctx, r.cfg, false, project.lintReports)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.requireCurrent(ctx); err != nil {
		return err
	}
	doc.Target = s.warehouse.Target()
	if doc.Sections, err = r.sections(ctx, s, chosen); err != nil {
		return err
	}
	if err := r.write(out, doc); err != nil {
		return err
	}
	for _, leftOut := range doc.LeftOut {
		r.app.out.Status("left out: %s, which %s", leftOut.Name, leftOut.Reason)
	}
	return nil
}

// sections runs the reports in one transaction that only reads, and in one snapshot, so that they
// agree with each other. On Redshift every transaction reads one snapshot anyway.
func (r reportRun) sections(ctx context.Context, s *session, chosen []report.Report) ([]report.Section, error) {
	options := pgx.TxOptions{AccessMode: pgx.ReadOnly}
	if s.warehouse.Engine() == sqlfile.Postgres {
		options.IsoLevel = pgx.RepeatableRead
	}
	tx, err := s.warehouse.Pool().BeginTx(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	var out []report.Section
	for _, item := range chosen {
		values := r.valuesOf(item)
		result, err := item.Run(ctx, tx, values)
		if err != nil {
			return nil, s.withColumns(err, item.Query.SQL())
		}
		out = append(out, report.Section{Name: item.Name, Title: item.Heading, Description: item.Description,
			Values: item.Told(values), Table: result})
	}
	return out, nil
}

// valuesOf are the given values that concern a report: of one report all, so that a wrong one is an
// error.
func (r reportRun) valuesOf(item report.Report) map[string]string {
	if !r.all {
		return r.values
	}
	out := map[string]string{}
	for _, param := range item.Params {
		if value, given := r.values[param.Name]; given {
			out[param.Name] = value
		}
	}
	return out
}

// withValues are the reports whose required values are given, and those that have to be left out.
func withValues(all []report.Report, values map[string]string) (chosen []report.Report, leftOut []report.LeftOut) {
	for _, r := range all {
		var missing []string
		for _, param := range r.Params {
			if _, given := values[param.Name]; param.Required && !given {
				missing = append(missing, "--"+param.Name)
			}
		}
		if len(missing) > 0 {
			leftOut = append(leftOut, report.LeftOut{Name: r.Name, Reason: "needs " + strings.Join(missing, " and ")})
			continue
		}
		chosen = append(chosen, r)
	}
	return chosen, leftOut
}

// write renders the document and puts it where it belongs.
func (r reportRun) write(out reportFile, doc report.Document) error {
	var body bytes.Buffer
	if err := r.render(&body, doc, out); err != nil {
		return err
	}
	if out.stdout() {
		to := r.app.out.Stdout
		if r.chart {
			// its bars are coloured, and table.Draw lets no control character through
			to = r.app.out.bare
		}
		_, err := to.Write(body.Bytes())
		return err
	}
	if err := out.write(body.Bytes()); err != nil {
		return err
	}
	what := doc.Title
	if r.all {
		what = counted(int64(len(doc.Sections)), "report")
	}
	r.app.out.Status("wrote %s: %s as %s, %s", out.path, what, r.format, counted(int64(body.Len()), "byte"))
	return nil
}

func (r reportRun) render(w *bytes.Buffer, doc report.Document, out reportFile) error {
	var body []byte
	var err error
	switch {
	case r.format == table.HTML:
		body, err = doc.HTML()
	case r.format == table.Markdown:
		body, err = doc.Markdown()
	case r.format == table.JSON && r.all:
		body, err = doc.JSON()
	case r.format == table.SVG:
		body, err = chart.SVG(doc.Sections[0].Table, chart.Options{Title: doc.Sections[0].Heading()})
	default:
		return r.renderText(w, doc, out)
	}
	w.Write(body)
	return err
}

// renderText renders the formats that consist of tables only, each below the other.
func (r reportRun) renderText(w *bytes.Buffer, doc report.Document, out reportFile) error {
	o := r.app.out
	width, colour := o.Width, o.Color
	if !out.stdout() {
		width, colour = 0, false
	}
	if r.chart && width == 0 {
		// without a terminal COLUMNS still says what the reader wants
		width = terminalWidth(nil, r.app.env)
	}
	for i, section := range doc.Sections {
		if i > 0 {
			w.WriteByte('\n')
		}
		// Among all reports, one that has nothing to draw is shown as a table.
		if r.chart && (!r.all || len(section.Table.Rows) == 0 || chart.Drawable(section.Table)) {
			if err := table.Draw(
				w, section.Table, table.ChartOptions{Width: width, Color: colour, ASCII: !o.UTF8},
			); err != nil {
				return err
			}
			continue
		}
		if r.safe {
			section.Table = table.Safe(section.Table)
		}
		if err := table.Render(w, section.Table, r.format, table.TextOptions{Width: width, ASCII: !o.UTF8,
			Color: colour}); err != nil {
			return err
		}
	}
	return nil
}

// reportList lists the reports. For programs each has a name, as in every list.
func reportList(all []report.Report, format table.Format) table.Table {
	t := table.Table{Title: "reports", Columns: columns(
		column{name: "report", narrow: table.NarrowKeep}, column{name: "parameters", narrow: table.NarrowFold},
		column{name: "description", narrow: table.NarrowWrap})}
	for _, r := range all {
		var params []string
		for _, param := range r.Params {
			params = append(params, strings.TrimSuffix(param.Flag(), " (needed)"))
		}
		t.Rows = append(t.Rows, []any{r.Name, strings.Join(params, ", "), r.Description})
	}
	if format == table.JSON {
		t.Columns = slices.Insert(t.Columns, 0, table.Column{Name: "name"})
		for i := range t.Rows {
			t.Rows[i] = slices.Insert(t.Rows[i], 0, t.Rows[i][0])
		}
	}
	return t
}
