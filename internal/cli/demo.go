package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/sample"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/warehouse"
)

// demoDatabase is the demo's own database in the private PostgreSQL.
const demoDatabase = "dwh_demo"

func (a *app) demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "build a whole warehouse from sample data",
		Description: examples(
			`Writes sample objects of songs and events, loads and transforms them, checks the result and prints a
report. It uses the database dwh_demo of the private PostgreSQL and creates it again each time. It
ignores database URLs, the configuration file and sources.`,
			"dwh demo",
		),
		Flags: []cli.Flag{dataDirFlag()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: "dwh demo --help",
				}
			}
			cfg, err := a.loadOnly(c, []string{"data_dir", "log_format"})
			if err != nil {
				return err
			}
			return demoRun{app: a, cfg: cfg}.run(c.Context)
		},
	}
}

// The sample of dwh demo.
const (
	demoSongs  = 2000
	demoEvents = 60000
	demoSeed   = 2018
)

// demoRun performs dwh demo.
type demoRun struct {
	app *app
	cfg *config.Config
}

func (d demoRun) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "dwh-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the sample: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	d.app.out.Status("writing sample data: 2,000 songs and 60,000 events")
	summary, err := sample.Write(ctx, folder, sample.Options{Songs: demoSongs, Events: demoEvents, Seed: demoSeed})
	if err != nil {
		return err
	}
	d.app.out.Status("%s", summary)

	private, err := localpg.New(localpg.Options{DataDir: d.cfg.DataDir, Logger: d.app.log})
	if err != nil {
		return err
	}
	if err := private.DropDatabase(ctx, demoDatabase); err != nil {
		return err
	}
	target, err := warehouse.Private(ctx, d.cfg.DataDir, demoDatabase, d.app.log)
	if err != nil {
		return err
	}
	w, err := warehouse.Open(ctx, target)
	if err != nil {
		return err
	}
	defer w.Close()
	d.app.out.Status("target: %s", w.Target())

	cfg := *d.cfg
	cfg.Sources = map[string]config.Source{}
	for name, place := range sample.Sources() {
		cfg.Sources[name] = config.Source{Name: name, URL: filepath.Join(folder, place)}
	}
	p, err := d.app.openFolder("")
	if err != nil {
		return err
	}
	findings, err := p.findings()
	if err != nil {
		return err
	}
	if err := lint.Err(findings); err != nil {
		return err
	}
	s := &session{app: d.app, cfg: &cfg, project: p, warehouse: w}
	if err := (mainRun{app: d.app, cfg: &cfg, fullCheck: true}).in(ctx, s); err != nil {
		return err
	}
	for _, shown := range []struct {
		name  string
		chart bool
	}{{"songplays-by-level", false}, {"top-artists", true}, {"songplays-by-hour", true}} {
		if err := d.report(ctx, s, shown.name, shown.chart); err != nil {
			return err
		}
	}
	flag := ""
	if d.cfg.DataDir != "" {
		flag = " --data-dir " + shellWord(d.cfg.DataDir)
	}
	d.app.out.Status(
		"\nmore reports: DWH_DATABASE_URL=\"$(dwh local url --database %s%s)\" dwh report list",
		demoDatabase, flag,
	)
	d.app.out.Status(
		"dashboard, which loads the same sample data again and shows it at http://%s/:", server.DefaultListen,
	)
	d.app.out.Status("  dwh sample --songs %d --events %d --seed %d --out dwh-sample", demoSongs, demoEvents, demoSeed)
	d.app.out.Status(
		"  DWH_DATABASE_URL=\"$(dwh local url --database %s%s)\" dwh serve --song-data dwh-sample/song_data "+
			"--log-data dwh-sample/log_data --log-jsonpaths dwh-sample/log_json_path.json --names dwh-sample/names",
		demoDatabase, flag,
	)
	d.app.out.Status("the private PostgreSQL keeps running; stop it with: dwh local stop%s", flag)
	return nil
}

func (d demoRun) report(ctx context.Context, s *session, name string, chart bool) error {
	all, err := s.project.allReports(s.warehouse.Engine())
	if err != nil {
		return err
	}
	for _, report := range all {
		if report.Name != name {
			continue
		}
		result, err := report.Run(ctx, s.warehouse.Pool(), nil)
		if err != nil {
			return err
		}
		result.Title = fmt.Sprintf("%s (%s)", report.Name, report.Description)
		if _, err := fmt.Fprintln(d.app.out.Stdout); err != nil {
			return err
		}
		if chart {
			return d.app.out.Chart(result)
		}
		return d.app.out.Table(result, table.Text)
	}
	return nil
}
