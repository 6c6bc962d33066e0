package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

func (a *app) reportCommand() *cli.Command {
	flags := func() []cli.Flag {
		return flagSet(connectionFlags(), hidden(sourceFlags()), []cli.Flag{projectFlag()})
	}
	return &cli.Command{
		Name:      "report",
		Usage:     "answer a question: list, or the report of that name",
		ArgsUsage: "NAME",
		Description: examples(`The reports that dwh ships stand in queries/reports.sql; those of --project in its reports/ folder.`,
			"dwh report list", "dwh report songplays-by-level", "dwh report top-artists --limit 3 --format json",
			`dwh report artist-locations --artist "Muse" --chart`),
		Flags: append(flags(), append([]cli.Flag{
			formatFlag(), jsonFlag(),
			&cli.BoolFlag{Name: "chart", Usage: "draw bars in the terminal"},
		}, a.reportParams()...)...),
		BashComplete: func(c *cli.Context) {
			_, _ = fmt.Fprintln(c.App.Writer, "list")
			for _, one := range report.BuiltIn() {
				_, _ = fmt.Fprintln(c.App.Writer, one.Name)
			}
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return &UsageError{Msg: "which report?", Advice: `see them with "dwh report list"`, Help: "dwh report --help"}
			}
			if c.NArg() > 1 {
				return &UsageError{Msg: fmt.Sprintf("unexpected argument %q", c.Args().Get(1)), Advice: "a report's values are flags, such as --limit 3", Help: "dwh report --help"}
			}
			if given := c.String("format"); c.IsSet("format") && c.Bool("json") && given != string(table.JSON) {
				return &UsageError{Msg: fmt.Sprintf("--json and --format %s contradict each other", given), Help: "dwh report --help"}
			}
			if c.Bool("chart") && (c.Bool("json") || c.IsSet("format") && c.String("format") != string(table.Text)) {
				return &UsageError{Msg: "--chart draws in the terminal and has no other format", Advice: "leave one of them out", Help: "dwh report --help"}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			format := table.JSON
			if !c.Bool("json") {
				if format, err = table.ParseFormat(c.String("format")); err != nil {
					return err
				}
			}
			r := reportRun{app: a, cfg: cfg, name: c.Args().First(), format: format, chart: c.Bool("chart"), values: map[string]string{}}
			for _, name := range a.reportParamNames() {
				if c.IsSet(name) {
					r.values[name] = c.String(name)
				}
			}
			return r.run(c.Context)
		},
	}
}

// reportParamNames are the parameters of all reports, the built-in ones first. The project is found without the command line's
// flags being parsed: they depend on it.
func (a *app) reportParamNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, one := range a.knownReports() {
		for _, param := range one.Params {
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
	for _, set := range [][]cli.Flag{globalFlags(), connectionFlags(), sourceFlags(), {projectFlag(), formatFlag(), jsonFlag(), &cli.BoolFlag{Name: "chart"}}} {
		for _, flag := range set {
			for _, name := range flag.Names() {
				taken[name] = true
			}
		}
	}
	usage := map[string]string{}
	for _, one := range a.knownReports() {
		for _, param := range one.Params {
			if usage[param.Name] == "" {
				usage[param.Name] = param.Usage
				if param.Default != "" {
					usage[param.Name] += ", " + param.Default + " unless given"
				}
			}
		}
	}
	var flags []cli.Flag
	for _, name := range a.reportParamNames() {
		if !taken[name] {
			flags = append(flags, &cli.StringFlag{Name: name, Usage: usage[name]})
		}
	}
	return flags
}

// knownReports are the built-in reports and those of the project that the command line, the environment or the file names. What is wrong
// with the project is said when the report runs.
func (a *app) knownReports() []report.Report {
	folder := a.env["DWH_PROJECT"]
	for i, word := range a.args {
		if value, ok := strings.CutPrefix(word, "--project="); ok {
			folder = value
		} else if word == "--project" && i+1 < len(a.args) {
			folder = a.args[i+1]
		}
	}
	if folder == "" {
		folder = a.configuredProject()
	}
	p, err := openProject(folder)
	if err != nil {
		return report.BuiltIn()
	}
	all, err := p.allReports("postgres")
	if err != nil {
		return report.BuiltIn()
	}
	return all
}

// reportRun performs dwh report.
type reportRun struct {
	app    *app
	cfg    *config.Config
	name   string
	format table.Format
	chart  bool
	values map[string]string
}

func (r reportRun) run(ctx context.Context) error {
	p, err := openProject(r.cfg.Project)
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
	if r.name == "list" {
		return r.list(all)
	}
	one, err := report.Find(all, r.name)
	if err != nil {
		return err
	}
	if err := one.Validate(r.values); err != nil {
		return err
	}
	s, err := r.app.begin(ctx, r.cfg, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.ready(ctx); err != nil {
		return err
	}
	tx, err := s.warehouse.Pool().BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	result, err := one.Run(ctx, tx, r.values)
	if err != nil {
		return err
	}
	if r.chart {
		return r.app.out.Chart(result)
	}
	return r.app.out.Table(result, r.format)
}

func (r reportRun) list(all []report.Report) error {
	t := table.Table{Title: "reports", Columns: table.Columns("report", "parameters", "description")}
	for _, one := range all {
		var params []string
		for _, param := range one.Params {
			word := "--" + param.Name
			if !param.Required {
				word += " " + param.Default
			}
			params = append(params, word)
		}
		t.Rows = append(t.Rows, []any{one.Name, strings.Join(params, ", "), one.Description})
	}
	return r.app.out.Table(t, r.format)
}
