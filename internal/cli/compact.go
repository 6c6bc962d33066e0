package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/compact"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) compactCommand() *cli.Command {
	return &cli.Command{
		Name:  "compact",
		Usage: "load new objects into Redshift's staging tables, packed into large objects first",
		Description: examples(
			`Redshift's COPY is slow with many small objects. This command packs the new objects, batch by batch,
into a few large gzip objects under --work-prefix, loads those and deletes them. The ledger records
the original objects, so nothing is loaded twice. If a load stops early, the next one uses the packs
that are finished. Transforms do not run: run "dwh transform" afterwards.

With load.compact: true in dwh.yaml, every load on Redshift packs small objects.`,
			"dwh compact "+sourcesWord+" --work-prefix s3://bucket/dwh-work --region us-west-2",
		),
		Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{projectFlag(), waitFlag(), jsonFlag(),
			&cli.StringFlag{Name: "only", Usage: "load only these tables, by `NUMBER` or table, separated by " +
				"commas"}}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: "dwh compact --help",
				}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return compactRun{app: a, cfg: cfg, json: c.Bool("json"), only: listed(c.String("only"))}.run(c.Context)
		},
	}
}

// compactRun performs dwh compact.
type compactRun struct {
	app  *app
	cfg  *config.Config
	json bool
	only []string
}

func (r compactRun) run(ctx context.Context) error {
	if r.cfg.WorkPrefix == "" {
		return &nativecopy.WorkPrefixError{}
	}
	prefix, err := objectstore.ParseURL(r.cfg.WorkPrefix)
	if err != nil {
		return err
	}
	loads, err := r.loads()
	if err != nil {
		return err
	}
	if err := r.app.checkSources(r.cfg, r.only); err != nil {
		return err
	}
	r.cfg.Load.Compact = true
	s, err := r.app.begin(ctx, r.cfg, true)
	if err != nil {
		return err
	}
	defer s.close()
	if s.warehouse.Engine() != sqlfile.Redshift {
		return &UsageError{
			Msg:    "dwh compact is for Redshift; on PostgreSQL dwh reads many small objects in parallel",
			Advice: `use "dwh transform"`,
		}
	}
	if err := s.requireCurrent(ctx); err != nil {
		return err
	}
	store := r.app.store(r.cfg)
	if swept, err := compact.Sweep(ctx, store, prefix, time.Now()); err != nil {
		return err
	} else if swept > 0 {
		r.app.out.Status("deleted %d pack objects that no load has used for a week", swept)
	}
	watch := s.newWatcher()
	defer watch.stop()
	runner, err := s.runner(runs{}, watch.event)
	if err != nil {
		return err
	}
	result, err := runner.Run(ctx, r.app.commandLine(), loads)
	watch.stop()
	if err != nil {
		return err
	}
	if r.json {
		return writeJSON(r.app.out, resultJSON(result))
	}
	return r.app.printResult(result, justLoading)
}

// loads are the names of the loads that --only chooses, all without it.
func (r compactRun) loads() ([]string, error) {
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return nil, err
	}
	steps, err := p.steps(sqlfile.Redshift)
	if err != nil {
		return nil, err
	}
	if steps, err = transform.Select(steps, r.only); err != nil {
		return nil, err
	}
	var names []string
	for _, step := range steps {
		if step.Load {
			names = append(names, step.Name)
		}
	}
	if len(names) == 0 {
		return nil, &UsageError{
			Msg: "--only names no load", Advice: "name at least one load, a step whose number is 0xx",
			Help: "dwh compact --help",
		}
	}
	return names, nil
}
