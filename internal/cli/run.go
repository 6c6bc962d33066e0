package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "migrate, load, transform, check: the main command",
		Description: examples(`Applies pending migrations, loads new objects, computes what they change, and checks all rows. If
nothing is new, another run changes nothing.`,
			"dwh run "+sourcesWord,
			"dwh run --config /srv/shop/dwh.yaml",
		),
		Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
			projectFlag(), waitFlag(), jsonFlag(),
			&cli.BoolFlag{Name: "no-replay", Usage: "fail if the warehouse is stale, instead of replaying it"},
			&cli.BoolFlag{Name: "no-full-check", Usage: "skip the checks of all rows at the end"},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{Msg: fmt.Sprintf("unexpected argument %q", c.Args().First()), Help: "dwh run --help"}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return mainRun{
				app: a, cfg: cfg, json: c.Bool("json"), noReplay: c.Bool("no-replay"),
				fullCheck: !c.Bool("no-full-check"),
			}.run(c.Context)
		},
	}
}

// mainRun performs dwh run.
type mainRun struct {
	app       *app
	cfg       *config.Config
	json      bool
	noReplay  bool
	fullCheck bool
}

func (m mainRun) run(ctx context.Context) error {
	// What is wrong with the command line is said before a server is started for it.
	if err := m.app.checkSources(m.cfg, nil); err != nil {
		return err
	}
	s, err := m.app.beginLinted(ctx, m.cfg, true, m.app.findings)
	if err != nil {
		return err
	}
	defer s.close()
	s.warnPortability()
	return m.in(ctx, s)
}

// in does the job in an open session.
func (m mainRun) in(ctx context.Context, s *session) error {
	watch := s.newWatcher()
	defer watch.stop()
	runner, err := s.runner(runs{noReplay: m.noReplay, fullCheck: m.fullCheck}, watch.event)
	if err != nil {
		return err
	}
	if err := s.migrateUp(ctx); err != nil {
		return err
	}
	result, err := runner.Run(ctx, m.app.commandLine(), nil)
	if err != nil {
		return m.app.showViolations(err)
	}
	var checks []check.Result
	var counts []transform.TableCount
	if m.fullCheck {
		if checks, err = runner.CheckAfter(ctx, &result); err != nil {
			return err
		}
		if counts, err = runner.CountsAfter(ctx, result); err != nil {
			return err
		}
	}
	watch.stop()
	m.app.warnChecks(checks)
	if err := m.print(result, checks, counts); err != nil {
		return err
	}
	return m.app.showViolations(check.Failed(checks, false))
}

// migrateUp applies what is pending and says so.
func (s *session) migrateUp(ctx context.Context) error {
	if current, err := migration.Current(ctx, s.warehouse.Pool(), s.project.migrations); current || err != nil {
		return err
	}
	m, err := s.migrator(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.RequireCurrent(ctx); err == nil {
		return nil
	}
	if err := s.project.checkFlags(s.warehouse.Engine()); err != nil {
		return err
	}
	steps, err := m.Up(ctx)
	for _, step := range slices.Concat(m.BookkeepingSteps(), steps) {
		paint := s.app.out.errInk()
		s.app.out.dressed("%s %s %s", paint.outcome("applied"), printable(step.Name), paint.took(step.Duration))
	}
	return err
}

// warnChecks tells the warnings among results.
func (a *app) warnChecks(results []check.Result) {
	for _, result := range results {
		if result.Outcome() == "warn" {
			a.out.Warn("check %s: %s", result.Check.Name, violationText(result))
		}
	}
}

func (m mainRun) print(result transform.Result, checks []check.Result, counts []transform.TableCount) error {
	if m.json {
		type tableJSON struct {
			Table string `json:"table"`
			Rows  int64  `json:"rows"`
		}
		out := struct {
			runJSON
			FullChecks []checkJSON `json:"full_checks"`
			Tables     []tableJSON `json:"tables"`
		}{runJSON: resultJSON(result), FullChecks: checksJSON(checks), Tables: []tableJSON{}}
		for _, tableCount := range counts {
			out.Tables = append(out.Tables, tableJSON{Table: string(tableCount.Table), Rows: tableCount.Rows})
		}
		return writeJSON(m.app.out, out)
	}
	if err := m.app.printResult(result, everyStep); err != nil {
		return err
	}
	if len(counts) > 0 {
		t := table.Table{Columns: columns(column{name: "table", narrow: table.NarrowKeep}, column{name: "rows",
			style: strong})}
		for _, tableCount := range counts {
			t.Rows = append(t.Rows, []any{string(tableCount.Table), tableCount.Rows})
		}
		if err := m.app.out.Table(t, table.Text); err != nil {
			return err
		}
	}
	if len(checks) > 0 {
		_, err := fmt.Fprintln(m.app.out.Stdout, checkSummary(checks, m.app.out.ink()))
		return err
	}
	return nil
}
