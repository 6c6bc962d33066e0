package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/proof"
)

func (a *app) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "rebuild the tables from staging and compare them with the live ones",
		Description: examples(
			`Writes nothing. Ends with exit code 3 if a live table differs from the rebuilt table.

--increments tests the headers of the models instead. It delivers the staged rows again in random
parts, in a schema that no other session sees: some rows twice, some copies with one column of
another row, some rows erased afterwards. After each part it compares every table with a complete
build. If they differ, it shows the few rows that cause the difference, and the header line to look
at. --seed repeats an earlier test over the same staged rows.`,
			"dwh verify", "dwh verify --json", "dwh verify --increments 20",
			"dwh verify --increments 20 --seed 42 --sample 500",
		),
		Flags: flagSet(connectionFlags(), hidden(sourceFlags()), []cli.Flag{
			projectFlag(), jsonFlag(),
			&cli.IntFlag{
				Name: "increments", DefaultText: "none",
				Usage: "test the models' headers with `N` random deliveries; 20 is a good number",
			},
			&cli.Uint64Flag{Name: "seed", Usage: "`SEED` of the random deliveries", DefaultText: "random"},
			&cli.IntFlag{
				Name: "sample", DefaultText: fmt.Sprint(proof.DefaultSample),
				Usage: "take at most `ROWS` of each staging table",
			},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: "dwh verify --help",
				}
			}
			deliveries, err := deliveriesOf(c)
			if err != nil {
				return err
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			if deliveries.Increments > 0 {
				return proveRun{
					app: a, cfg: cfg, json: c.Bool("json"), options: deliveries,
					seeded: c.IsSet("seed"),
				}.run(c.Context)
			}
			return verifyRun{app: a, cfg: cfg, json: c.Bool("json")}.run(c.Context)
		},
	}
}

// deliveriesOf reads the flags of --increments.
func deliveriesOf(c *cli.Context) (proof.Options, error) {
	usage := func(msg, advice string) error {
		return &UsageError{Msg: msg, Advice: advice, Help: "dwh verify --help"}
	}
	o := proof.Options{Increments: c.Int("increments"), Seed: c.Uint64("seed"), Sample: c.Int("sample")}
	for _, name := range []string{"seed", "sample"} {
		if c.IsSet(name) && !c.IsSet("increments") {
			return o, usage(fmt.Sprintf("--%s needs --increments", name), "add --increments 20")
		}
	}
	for _, name := range []string{"increments", "sample"} {
		if n := c.Int(name); c.IsSet(name) && n < 1 {
			return o, usage(fmt.Sprintf("--%s must be at least 1, not %d", name, n), "")
		}
	}
	if !c.IsSet("seed") {
		o.Seed = 1 + rand.Uint64N(1<<32-1) //nolint:gosec // short enough to type again
	}
	return o, nil
}

// verifyRun performs dwh verify.
type verifyRun struct {
	app  *app
	cfg  *config.Config
	json bool
}

func (v verifyRun) run(ctx context.Context) error {
	s, err := v.app.beginLinted(ctx, v.cfg, false, v.app.findings)
	if err != nil {
		return err
	}
	defer s.close()
	runner, watch, err := s.watched(ctx, true)
	if err != nil {
		return err
	}
	defer watch.stop()
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
		Msg: "the live tables differ from a rebuild: " + strings.Join(tables, ", "),
		Advice: `new rows in staging count as a difference: process them with "dwh transform"; for other ` +
			`differences run "dwh transform --replay"`,
	}
}
