package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) renderCommand() *cli.Command {
	return &cli.Command{
		Name:      "render",
		Usage:     "print the SQL of migrations and transforms for an engine",
		ArgsUsage: "[FILE…]",
		Description: examples(
			`Fills in variables and hides secrets. A COPY whose source is not configured becomes a comment. Needs
no connection. Without FILE it prints everything, the migrations of dwh's own tables last. The FILE
"bookkeeping" means those migrations.

--as prints every statement that the models send in such a run, without loads and checks. It assumes
that every table has rows, so that no step is missing. A real run skips steps that have nothing to do.`,
			"dwh render --engine redshift", "dwh render "+stepWord,
			"dwh render "+stepWord+" --as increment",
			"dwh render "+sourcesWord+" --engine redshift",
		),
		BashComplete: func(c *cli.Context) { _, _ = fmt.Fprintln(c.App.Writer, strings.Join(a.knownSteps(), "\n")) },
		Flags: flagSet([]cli.Flag{
			&cli.StringFlag{
				Name: "engine", Usage: "render for `ENGINE`: postgres or redshift",
				DefaultText: "postgres",
			},
			&cli.StringFlag{Name: "as", Usage: "print what the models send in a `RUN`: first, increment or replay"},
		}, sourceFlags(), []cli.Flag{projectFlag()}),
		Action: func(c *cli.Context) error {
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			r := renderRun{app: a, cfg: cfg, files: c.Args().Slice()}
			if c.IsSet("as") {
				return r.runAs(c.Context, c.String("as"))
			}
			return r.run()
		},
	}
}

// renderRun performs dwh render.
type renderRun struct {
	app   *app
	cfg   *config.Config
	files []string
}

func (r renderRun) run() error {
	engine, err := engineOf(r.cfg)
	if err != nil {
		return &UsageError{Msg: err.Error(), Help: "dwh render --help"}
	}
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return err
	}
	own, err := bookkeeping.Files()
	if err != nil {
		return err
	}
	migrations, err := migration.Files(p.migrations, p.migrationsDir)
	if err != nil {
		return err
	}
	steps, err := p.stepsIfAny(engine)
	if err != nil {
		return err
	}
	if err := unknownSources(steps, r.cfg); err != nil {
		return err
	}
	var parts []renderPart
	for _, file := range migrations {
		parts = append(
			parts,
			renderPart{file.Name(), false, func() (string, error) { return file.Render(engine), nil }},
		)
	}
	for _, step := range steps {
		parts = append(parts, renderPart{step.File.Name(), false, func() (string, error) {
			return renderStep(step, engine, r.cfg)
		}})
	}
	for _, file := range own {
		parts = append(parts, renderPart{file.Name(), true, func() (string, error) { return file.Render(engine), nil }})
	}
	chosen := map[string]bool{}
	for _, want := range r.files {
		found := false
		for _, part := range parts {
			if part.is(want) {
				chosen[part.name], found = true, true
			}
		}
		if !found {
			unknown := &transform.UnknownStepError{Name: want}
			for _, part := range parts[:len(migrations)+len(steps)] {
				unknown.Names = append(unknown.Names, strings.TrimSuffix(filepath.Base(part.name), ".sql"))
			}
			unknown.Names = append(unknown.Names, bookkeeping.Name)
			return unknown
		}
	}
	for i, part := range parts {
		if i == len(migrations) && len(chosen) == 0 {
			if err := r.sources(steps); err != nil {
				return err
			}
		}
		if len(chosen) > 0 && !chosen[part.name] {
			continue
		}
		text, err := part.text()
		if err != nil {
			return err
		}
		if len(chosen) != 1 {
			text = "-- " + part.name + "\n" + strings.TrimRight(text, "\n") + "\n\n"
		}
		if _, err := fmt.Fprint(r.app.out.Stdout, strings.TrimRight(text, "\n")+"\n"); err != nil {
			return err
		}
		if len(chosen) != 1 {
			if _, err := fmt.Fprintln(r.app.out.Stdout); err != nil {
				return err
			}
		}
	}
	return nil
}

// renderPart is a file that render prints.
type renderPart struct {
	name string
	own  bool // a migration of dwh's own tables
	text func() (string, error)
}

// is tells whether a word of the command line means the part. The migrations of dwh's own tables
// have numbers and names that a project's may have too: only bookkeeping and the path mean them.
func (p renderPart) is(word string) bool {
	if p.own {
		return word == bookkeeping.Name || word == p.name || word+".sql" == p.name
	}
	return matches(p.name, word)
}

// sources lists the project's sources as a comment.
func (r renderRun) sources(steps []transform.Step) error {
	var text strings.Builder
	for _, s := range sourcesOf(steps, r.cfg) {
		fmt.Fprintf(&text, "-- source %s: %s\n", s.name, printable(s.state()))
	}
	if text.Len() == 0 {
		return nil
	}
	_, err := fmt.Fprintln(r.app.out.Stdout, text.String()+"\n")
	return err
}

// matches tells whether a word of the command line means the file: its path, its name, its name
// without .sql, or its number.
func matches(file, word string) bool {
	base := filepath.Base(file)
	name := strings.TrimSuffix(base, ".sql")
	number, _, _ := strings.Cut(name, "_")
	return word == file || word == base || word == name || word == number || filepath.ToSlash(
		filepath.Clean(word),
	) == file
}

// renderStep is a transform's text with its variables filled in. A COPY without a source is
// commented out.
func renderStep(step transform.Step, engine sqlfile.Engine, cfg *config.Config) (string, error) {
	vars := cfg.SQLVariables()
	text := step.File.Render(engine)
	statements := step.File.Statements(engine)
	var out strings.Builder
	done := 0
	for _, statement := range statements {
		start := statement.Offset()
		end := start + len(statement.SQL())
		out.WriteString(text[done:start])
		done = end
		copying := step.Load && statement.Keyword() == "COPY" // and no index that a load makes
		switch {
		case copying && !step.Configured(vars):
			// The semicolon belongs to what is commented out.
			if done < len(text) && text[done] == ';' {
				done++
			}
			fmt.Fprintf(&out, "-- skipped: the source %s is not given\n-- %s;", step.Source,
				strings.ReplaceAll(sqlfile.Redact(statement.SQL()), "\n", "\n-- "))
		case copying:
			if missing := transform.Missing([]transform.Step{step}, vars); len(missing) > 0 {
				return "", missingSources(missing, []transform.Step{step}, cfg)
			}
			if err := missingValue(step, engine, vars); err != nil {
				return "", err
			}
			expanded, err := copystmt.Bind(statement, vars)
			if err != nil {
				return "", err
			}
			if _, err := copystmt.Parse(expanded); err != nil {
				return "", err
			}
			out.WriteString(dropBlankLines(expanded.String()))
		default:
			expanded, err := statement.Expand(vars)
			if err != nil {
				return "", err
			}
			out.WriteString(expanded.String())
		}
	}
	out.WriteString(text[done:])
	return out.String(), nil
}

// dropBlankLines takes out the line that a left-out REGION leaves behind.
func dropBlankLines(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimRight(line, " "))
		}
	}
	return strings.Join(lines, "\n")
}
