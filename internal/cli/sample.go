package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/sample"
)

func (a *app) sampleCommand() *cli.Command {
	return &cli.Command{
		Name:  "sample",
		Usage: "write sample data with the layout of the real bucket",
		Description: examples(
			`The same flags always give the same files. late/song_data holds songs that arrive after their plays.
Copy it into song_data and run again: dwh then fills in the songs of these plays.`,
			"dwh sample --songs 1000 --events 50000 --out ./sample",
			"dwh sample --songs 15000 --events 1000000 --out ./big --seed 7",
		),
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "songs", Usage: "write `N` songs", Value: 1000},
			&cli.IntFlag{Name: "events", Usage: "write `M` events", Value: 50000},
			&cli.StringFlag{
				Name: "out", Usage: "write into `DIR`, which must be new, empty or an earlier sample",
				Required: true,
			},
			&cli.Uint64Flag{Name: "seed", Usage: "`SEED` of the random data", Value: 1},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			if _, err := a.load(c); err != nil {
				return err
			}
			if err := config.CheckPath(c.String("out")); err != nil {
				return &UsageError{Msg: "--out " + err.Error(), Help: "dwh sample --help"}
			}
			for _, name := range []string{"songs", "events"} {
				if n := c.Int(name); n < 0 || n > sample.Largest {
					return &UsageError{
						Msg:  fmt.Sprintf("--%s must be a number from 0 to %d, not %d", name, sample.Largest, n),
						Help: "dwh sample --help",
					}
				}
			}
			return sampleRun{
				app: a, dir: c.String("out"), json: c.Bool("json"),
				options: sample.Options{
					Songs: c.Int("songs"), Events: c.Int("events"), Seed: c.Uint64("seed"),
					Late: true,
				},
			}.run(c.Context)
		},
	}
}

// sampleRun performs dwh sample.
type sampleRun struct {
	app     *app
	dir     string
	json    bool
	options sample.Options
}

func (s sampleRun) run(ctx context.Context) error {
	summary, err := sample.Write(ctx, s.dir, s.options)
	if err != nil {
		return err
	}
	if s.json {
		return writeJSON(s.app.out, summary)
	}
	_, err = fmt.Fprintln(s.app.out.Stdout, summary)
	return err
}
