package cli

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/queries"
)

func (a *app) lintCommand() *cli.Command {
	return &cli.Command{
		Name:  "lint",
		Usage: "check, without a connection, that the SQL runs on both engines and that the models are valid",
		Description: examples(
			`Each SQL rule names its page in the Redshift guide. Every run applies these rules before anything
else, and checks the models after its migrations. In a project with engine: postgres, a finding that
concerns only Redshift is a warning. The models are checked as in a run, and so are the columns that
checks and reports name, against the tables that the migrations make.`,
			"dwh lint", "dwh lint --project .", "dwh lint --rules",
		),
		Flags: flagSet(hidden(sourceFlags()), []cli.Flag{
			projectFlag(), jsonFlag(), &cli.BoolFlag{Name: "rules", Usage: "list the rules and end"},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: "dwh lint --help",
				}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return lintRun{app: a, cfg: cfg, json: c.Bool("json"), rules: c.Bool("rules")}.run()
		},
	}
}

// lintRun performs dwh lint.
type lintRun struct {
	app   *app
	cfg   *config.Config
	json  bool
	rules bool
}

func (l lintRun) run() error {
	if l.rules {
		return l.list()
	}
	p, err := l.app.openProject(l.cfg)
	if err != nil {
		return err
	}
	findings, err := l.app.findings(p)
	if err != nil {
		return err
	}
	portability, findings := weigh(findings, l.cfg)
	faults, warnings, err := p.lintModels(postgresAlone(l.cfg))
	if err != nil {
		return err
	}
	refused, oneEngine := p.lintCopies(l.cfg)
	faults = append(faults, refused...)
	warnings = slices.Concat(portability, warnings, oneEngine)
	if l.json {
		type row struct {
			Name     string `json:"name"` // of the rule, as lists have it elsewhere
			Severity string `json:"severity"`
			File     string `json:"file"`
			Line     int    `json:"line"`
			Column   int    `json:"column"`
			Rule     string `json:"rule"`
			Message  string `json:"message"`
			Instead  string `json:"instead"`
			Page     string `json:"page"`
		}
		rows := []row{}
		add := func(severity string, list []lint.Finding) {
			for _, f := range list {
				rows = append(rows, row{
					Name: f.Rule.Name, Severity: severity, File: f.Err.File, Line: f.Err.Line,
					Column: f.Err.Column,
					Rule:   f.Rule.Name, Message: f.Err.Msg, Instead: f.Rule.Instead, Page: f.Rule.Page,
				})
			}
		}
		add("error", findings)
		add("error", faults)
		add("warn", warnings)
		if err := writeJSON(l.app.out, rows); err != nil {
			return err
		}
	} else {
		for _, list := range [][]lint.Finding{findings, faults} {
			for _, f := range list {
				if err := l.show("", f); err != nil {
					return err
				}
			}
		}
		for _, warning := range warnings {
			if err := l.show("warning: ", warning); err != nil {
				return err
			}
		}
	}
	l.app.out.count(len(warnings)) // they are printed above
	if found := len(findings) + len(faults); found > 0 {
		return fmt.Errorf("lint found %s", counted(int64(found), "error"))
	}
	if steps, ok := l.app.stepsOf(l.cfg); ok {
		if err := unknownSources(steps, l.cfg); err != nil {
			return err
		}
	}
	if len(portability) > 0 {
		l.app.out.Status("no errors: the SQL runs on PostgreSQL, the only engine of the project")
		return nil
	}
	if len(oneEngine) > 0 {
		l.app.out.Status("no errors, but one of the engines refuses a COPY, as a warning says")
		return nil
	}
	l.app.out.Status("no errors: the SQL runs on both engines, and the models match the migrations")
	return nil
}

// show prints one finding.
func (l lintRun) show(prefix string, f lint.Finding) error {
	label, page := "hint: ", ""
	if f.Rule.Page != "" {
		label, page = "instead: ", " ("+f.Rule.Page+")"
	}
	text := fmt.Sprintf("%s%s\n%s\n", prefix, printable(f.Err.Error()), indent(printable(f.Err.Snippet()), "    "))
	if f.Rule.Instead != "" {
		text += indent(label+printable(f.Rule.Instead)+page, "    ") + "\n"
	}
	_, err := fmt.Fprint(l.app.out.Stdout, text)
	return err
}

func (l lintRun) list() error {
	t := table.Table{Columns: columns(
		column{name: "rule", narrow: table.NarrowKeep}, column{name: "page", narrow: table.NarrowFold},
		column{name: "why", narrow: table.NarrowWrap}, column{name: "instead", narrow: table.NarrowWrap})}
	for _, rule := range append(lint.Rules(), modelRules()...) {
		t.Rows = append(t.Rows, []any{rule.Name, rule.Page, rule.Why, rule.Instead})
	}
	format := table.Text
	if l.json {
		format = table.JSON
	}
	return l.app.out.Table(t, format)
}

// postgresAlone tells whether the configuration says that the project is for PostgreSQL. A detected
// engine does not: the same project may run on Redshift too.
func postgresAlone(cfg *config.Config) bool { return cfg.Engine == string(sqlfile.Postgres) }

// weigh parts findings into what stops a command and what it warns of: in a project for PostgreSQL
// alone, what concerns Redshift alone.
func weigh(findings []lint.Finding, cfg *config.Config) (warnings, faults []lint.Finding) {
	if !postgresAlone(cfg) {
		return nil, findings
	}
	return lint.Portability(findings)
}

// warnPortability says how much leaves the portable subset in a project for PostgreSQL alone.
func (s *session) warnPortability() {
	switch n := len(s.portability); n {
	case 0:
	case 1:
		s.app.out.mildly("1 place would not run on Redshift: dwh lint shows it")
	default:
		s.app.out.mildly("%d places would not run on Redshift: dwh lint lists them", n)
	}
}

// lintReports are the findings before a report: of the files that dwh ships only what a report
// runs.
func (p project) lintReports() ([]lint.Finding, error) {
	var folders []sqlFolder
	for _, folder := range p.folders() {
		switch {
		case folder.kind == lint.Query:
			folder.files = "reports.sql"
		case folder.shipped:
			continue
		}
		folders = append(folders, folder)
	}
	return lintFolders(folders)
}

// sqlFolder is a folder of SQL files of one kind.
type sqlFolder struct {
	fsys    fs.FS // nil: there is none
	dir     string
	files   string // a pattern of their names
	kind    lint.Kind
	shipped bool // with dwh
}

// folders are the project's, and the queries that dwh ships.
func (p project) folders() []sqlFolder {
	return []sqlFolder{
		{p.migrations, p.migrationsDir, "*.sql", lint.Migration, p.migrations == fs.FS(migrations.FS)},
		{p.transforms, p.transformsDir, "*.sql", lint.Transform, !p.ownTransforms()},
		{queries.FS, "queries", "*.sql", lint.Query, true},
		{p.reports, p.reportsDir, "*.sql", lint.Report, false},
		{p.checks, p.checksDir, "*.sql", lint.Check, false},
	}
}

// findings are the places in the project's files, and in the queries that dwh ships, that leave the
// portable subset.
func (p project) findings() ([]lint.Finding, error) {
	findings, err := lintFolders(p.folders())
	if err == nil && len(findings) == 0 {
		_, err = p.allReports(sqlfile.Postgres) // their headers
	}
	return findings, err
}

func lintFolders(folders []sqlFolder) ([]lint.Finding, error) {
	var findings []lint.Finding
	for _, folder := range folders {
		if folder.fsys == nil {
			continue
		}
		var files []*sqlfile.File
		var err error
		if folder.kind == lint.Migration {
			// refuses a name that goose would pass over
			files, err = migration.Files(folder.fsys, folder.dir)
		} else {
			files, err = sqlfile.ParseFS(folder.fsys, folder.dir, folder.files)
		}
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			kind := folder.kind
			if kind == lint.Transform {
				kind = lint.TransformKind(file.Name())
			}
			findings = append(findings, lint.File(file, kind)...)
		}
	}
	return findings, nil
}
