package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) transformCommand() *cli.Command {
	return &cli.Command{
		Name:  "transform",
		Usage: "load new objects and compute what they change",
		Description: examples(
			`Copies new objects into staging, finds the keys that the new rows touch, computes those again, checks
them and commits. If the warehouse is stale, dwh replays it first.

--replay rebuilds dimensions and facts from staging alone and writes only the difference. Readers see
the old state until then. If nothing differs, the tables are not touched.`,
			"dwh transform "+sourcesWord, "dwh transform --replay --dry-run",
			"dwh transform --plan",
		),
		Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
			projectFlag(), waitFlag(), jsonFlag(),
			&cli.BoolFlag{Name: "replay", Usage: "rebuild d_ and f_ tables from staging and write the difference"},
			&cli.BoolFlag{Name: "no-replay", Usage: "fail instead of replaying a stale warehouse"},
			&cli.BoolFlag{Name: "dry-run", Usage: "with --replay: print what would change, and end"},
			&cli.StringFlag{
				Name: "only",
				Usage: "run only these steps and the models after them, by `NUMBER` or table, separated by commas; " +
					"staged rows stay unprocessed",
			},
			&cli.BoolFlag{
				Name:  "plan",
				Usage: "print the steps, what changed in them and what the next run would do, and end",
			},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:    fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Advice: "choose steps with --only", Help: "dwh transform --help",
				}
			}
			t := transformRun{
				app: a, json: c.Bool("json"), replay: c.Bool("replay"), noReplay: c.Bool(
					"no-replay",
				), dryRun: c.Bool("dry-run"), plan: c.Bool("plan"),
				only: listed(c.String("only")),
			}
			switch {
			case t.replay && t.noReplay:
				return &UsageError{Msg: "--replay cannot be used with --no-replay", Help: "dwh transform --help"}
			case t.replay && len(t.only) > 0:
				return &UsageError{
					Msg:    "--replay rebuilds everything and cannot be used with --only",
					Advice: "leave out one of the two", Help: "dwh transform --help",
				}
			case t.dryRun && !t.replay:
				return &UsageError{
					Msg: "--dry-run needs --replay", Advice: "add --replay, or use --plan to see what a run would do",
					Help: "dwh transform --help",
				}
			}
			var err error
			if t.cfg, err = a.load(c); err != nil {
				return err
			}
			return t.run(c.Context)
		},
	}
}

// listed are the words of a list with commas.
func listed(text string) []string {
	var out []string
	for _, word := range strings.Split(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// transformRun performs dwh transform.
type transformRun struct {
	app      *app
	cfg      *config.Config
	only     []string
	json     bool
	replay   bool
	noReplay bool
	dryRun   bool
	plan     bool
}

func (t transformRun) run(ctx context.Context) error {
	if t.plan {
		return t.printPlan(ctx)
	}
	// What is wrong with the command line is said before a server is started for it.
	if !t.replay {
		if err := t.app.checkSources(t.cfg, t.only); err != nil {
			return err
		}
	}
	s, err := t.app.beginLinted(ctx, t.cfg, !t.dryRun, t.app.findings)
	if err != nil {
		return err
	}
	defer s.close()
	s.warnPortability()
	runner, watch, err := s.watched(ctx, t.noReplay)
	if err != nil {
		return err
	}
	defer watch.stop()
	var result transform.Result
	switch {
	case t.dryRun:
		result, err = runner.Compare(ctx)
	case t.replay:
		result, err = runner.Replay(ctx, t.app.commandLine())
	default:
		result, err = runner.Run(ctx, t.app.commandLine(), t.only)
	}
	watch.stop()
	if err != nil {
		return t.app.showViolations(err)
	}
	if t.json {
		return writeJSON(t.app.out, resultJSON(result))
	}
	of, err := t.extent(s)
	if err != nil {
		return err
	}
	return t.app.printResult(result, of)
}

// extent says which kinds of steps --only chose.
func (t transformRun) extent(s *session) (extent, error) {
	if len(t.only) == 0 {
		return everyStep, nil
	}
	steps, err := s.project.steps(s.warehouse.Engine())
	if err != nil {
		return everyStep, err
	}
	if steps, err = transform.Select(steps, t.only); err != nil {
		return everyStep, err
	}
	if slices.ContainsFunc(steps, func(step transform.Step) bool { return !step.Load }) {
		return someSteps, nil
	}
	return someLoads, nil
}

// engineOf is the engine that the configuration names, without connecting: PostgreSQL unless told.
func engineOf(cfg *config.Config) (sqlfile.Engine, error) {
	if cfg.Engine == "" {
		return sqlfile.Postgres, nil
	}
	return sqlfile.ParseEngine(cfg.Engine)
}
