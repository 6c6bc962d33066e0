package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
)

func (a *app) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "rebuild the star from staging beside the live one and compare them",
		Description: examples(`Writes nothing. Ends with exit code 3 if a live table differs from what its staged rows give.`,
			"dwh verify", "dwh verify --json"),
		Flags: flagSet(connectionFlags(), hidden(sourceFlags()), []cli.Flag{projectFlag(), jsonFlag()}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{Msg: fmt.Sprintf("unexpected argument %q", c.Args().First()), Help: "dwh verify --help"}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return verifyRun{app: a, cfg: cfg, json: c.Bool("json")}.run(c.Context)
		},
	}
}

// verifyRun performs dwh verify.
type verifyRun struct {
	app  *app
	cfg  *config.Config
	json bool
}

func (v verifyRun) run(ctx context.Context) error {
	s, err := v.app.beginLinted(ctx, v.cfg, false, project.lint)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.requireCurrent(ctx); err != nil {
		return err
	}
	watch := s.newWatcher()
	defer watch.stop()
	runner, err := s.runner(true, watch.event)
	if err != nil {
		return err
	}
	result, err := runner.Compare(ctx)
	watch.stop()
	if err != nil {
		return err
	}
	if v.json {
		if err := writeJSON(v.app.out, changesJSON(result)); err != nil {
			return err
		}
	} else if err := v.app.printChanges(result); err != nil {
		return err
	}
	if !result.Changed() {
		return nil
	}
	var tables []string
	for _, change := range result.Differences {
		if change.Added+change.Changed+change.Removed > 0 {
			tables = append(tables, string(change.Table))
		}
	}
	return &CheckFailed{
		Msg:    "staging gives other rows than " + strings.Join(tables, ", "),
		Advice: `"dwh transform --replay" applies the difference; rows that wait in staging count as one too, and "dwh transform" takes them in`,
	}
}
