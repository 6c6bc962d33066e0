package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/interrupt"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/server/notification"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) serveCommand() *cli.Command {
	return &cli.Command{
		Name: "serve",
		Usage: "run the ETL server: load new objects as they arrive, and serve a dashboard, /healthz, /readyz and " +
			"/metrics",
		Description: examples(
			`Delivers new objects in small batches. One transaction loads, transforms and checks a batch. Several
servers can share a warehouse: one works, the others stand by. The server applies no migrations: run
"dwh migrate up" first. After SIGTERM it finishes the current batch and ends. A second SIGTERM aborts
the batch and rolls it back. A third kills the server.`,
			"dwh serve "+sourcesWord,
			"dwh serve --queue https://sqs.us-west-2.amazonaws.com/123456789012/dwh",
			"DWH_TOKEN=... dwh serve --listen 0.0.0.0:8080 --host dwh.example.com --log-format json",
		),
		Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
			projectFlag(),
			settingFlag("serve.listen"),
			&cli.StringFlag{
				Name:  "token",
				Usage: "require this `TOKEN` from clients; prefer DWH_TOKEN or --token-file",
			},
			settingFlag("serve.token_file"),
			&cli.StringSliceFlag{
				Name:  "host",
				Usage: "also accept this `NAME` in the Host header; repeatable",
			},
			settingFlag("serve.queue"),
			settingFlag("serve.batch_age"),
			settingFlag("serve.batch_objects"),
			settingFlag("serve.batch_bytes"),
			settingFlag("serve.sweep"),
			settingFlag("serve.poll"),
			settingFlag("serve.tries"),
			settingFlag("serve.full_check"),
			settingFlag("serve.lease"),
			settingFlag("serve.shutdown_timeout"),
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: "dwh serve --help",
				}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			token, err := a.serveToken(c.String("token"), cfg)
			if err != nil {
				return err
			}
			set := cfg.Serve
			if err := server.CheckAddress(set.Listen, token != ""); err != nil {
				return err
			}
			s := serveRun{app: a, cfg: cfg, options: server.Options{
				Listen: set.Listen, Token: token, Hosts: set.Hosts, BatchAge: set.BatchAge,
				BatchObjects: set.BatchObjects, BatchBytes: set.BatchBytes,
				Sweep: set.Sweep, Poll: set.Poll, Tries: set.Tries, FullCheck: set.FullCheck,
				Lease: set.Lease, Shutdown: set.ShutdownTimeout,
			}}
			if s.options.FullCheck == 0 {
				s.options.FullCheck = -1 // there, 0 is the default
			}
			if set.Queue != "" {
				queue, err := notification.New(set.Queue, cfg.Region)
				if err != nil {
					return &UsageError{
						Msg:  fmt.Sprintf("%s: %v", cfg.Origin("serve.queue"), err),
						Help: "dwh serve --help",
					}
				}
				s.options.Queue = queue
			}
			return s.run(c.Context)
		},
	}
}

// maxTokenBytes is far beyond any token, and keeps a wrong path from filling memory.
const maxTokenBytes = 4096

// serveToken finds the token: --token, --token-file, DWH_TOKEN, and the token file of environment
// and dwh.yaml, in this order.
func (a *app) serveToken(flag string, cfg *config.Config) (config.Secret, error) {
	if flag != "" {
		a.out.Warn(
			"a token on the command line is seen by other users of this machine; set DWH_TOKEN or --token-file instead",
		)
		return config.Secret(flag), nil
	}
	origin := cfg.Origin("serve.token_file")
	if token := a.env["DWH_TOKEN"]; token != "" && origin.Kind != config.Flag {
		return config.Secret(token), nil
	}
	if cfg.Serve.TokenFile == "" {
		return "", nil
	}
	fault := func(msg string, cause error) error {
		return &config.Error{
			Key: "serve.token_file", Origin: origin, Msg: msg,
			Advice: "write the token into the file, on one line", Err: cause,
		}
	}
	file, err := os.Open(cfg.Serve.TokenFile)
	if err != nil {
		return "", fault(fmt.Sprintf("cannot read the token file: %v", err), err)
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxTokenBytes+1))
	if err != nil {
		return "", fault(fmt.Sprintf("cannot read the token file: %v", err), err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || len(text) > maxTokenBytes || strings.ContainsAny(token, "\n\r") {
		return "", fault(cfg.Serve.TokenFile+" does not hold a token on one line", nil)
	}
	return config.Secret(token), nil
}

// serveRun performs dwh serve.
type serveRun struct {
	app     *app
	cfg     *config.Config
	options server.Options
}

func (r serveRun) run(ctx context.Context) error {
	if err := r.app.checkSources(r.cfg, nil); err != nil {
		return err
	}
	s, err := r.app.beginLinted(ctx, r.cfg, true, r.app.findings)
	if err != nil {
		return err
	}
	defer s.close()
	s.warnPortability()
	r.cfg.Wait = true // another dwh is waited for, batch by batch
	runner, err := s.runner(runs{noReplay: true}, func(e progress.Event) {
		if e.Kind == progress.Warning {
			r.app.log.Warn(e.Text, "step", e.Step)
		}
	})
	if err != nil {
		return err
	}
	migrator, err := s.migrator(ctx)
	if err != nil {
		return err
	}
	defer migrator.Close()
	o := r.options
	o.Runner, o.Pool, o.Store, o.RequireCurrent = runner, s.warehouse.Pool(), r.app.store(
		r.cfg,
	), migrator.RequireCurrent
	o.Revive = s.warehouse.Revive()
	o.Command, o.Target, o.Version, o.Logger = "serve", s.warehouse.Target(), Version(), r.app.log
	o.Abort = interrupt.Second(ctx)
	o.Watch, o.Origins = r.watch, r.tellSources(runner.Steps)
	pages, err := r.dashboard(ctx, s, runner)
	if err != nil {
		return err
	}
	defer pages.Close()
	o.Home = pages.Handler
	serving, err := server.New(o)
	if err != nil {
		return err
	}
	return explainStop(serving.Run(ctx))
}

// tellSources says what is going to be watched. It returns where the URL of each source comes from.
func (r serveRun) tellSources(steps []transform.Step) map[string]string {
	origins := map[string]string{}
	for _, s := range sourcesOf(steps, r.cfg) {
		origins[s.name] = s.origin
		if r.cfg.LogFormat == "json" {
			r.app.log.Info("source", "name", s.name, "url", s.url, "origin", s.origin, "loads", s.loads())
			continue
		}
		r.app.out.Status("source %s: %s", s.name, printable(s.state()))
	}
	return origins
}

// dashboard makes the pages; a project's reports are read for each view.
func (r serveRun) dashboard(ctx context.Context, s *session, runner *transform.Runner) (*dashboard.Dashboard, error) {
	engine := s.warehouse.Engine()
	var newest *dashboard.Newest
	if s.project.embedded() {
		newest = &dashboard.Newest{Name: embedded.NewestName, At: embedded.Newest}
	}
	return dashboard.New(ctx, dashboard.Options{
		Newest: newest,
		Pool:   s.warehouse.Pool(), Engine: engine, Steps: runner.Steps, Checks: runner.Checks,
		Settings: s.settings(), Logger: r.app.log,
		Reports: func() ([]report.Report, error) { return s.project.allReports(engine) },
		SQL:     func(step transform.Step) (string, error) { return renderStep(step, engine, r.cfg) },
	})
}

// stoppedError says what made the server stop, and what to do before it is started again.
type stoppedError struct {
	Err    error
	Advice string
}

func (e *stoppedError) Error() string { return "stopped: " + e.Err.Error() }

// Unwrap returns why.
func (e *stoppedError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *stoppedError) Hint() string { return e.Advice }

func explainStop(err error) error {
	var pending *migration.PendingError
	var foreign *bookkeeping.ForeignError
	var stale *transform.StaleError
	switch {
	case errors.As(err, &foreign):
		return &stoppedError{Err: err, Advice: foreign.Advice}
	case errors.As(err, &pending):
		return &stoppedError{Err: err, Advice: `run "dwh migrate up", then start the server again`}
	case errors.As(err, &stale):
		return &stoppedError{Err: err, Advice: `run "dwh transform --replay", then start the server again`}
	}
	return err
}

// watch tells people what happens, a line for each batch.
func (r serveRun) watch(e server.Event) {
	r.app.teller.watch(e)
	if r.cfg.LogFormat == "json" {
		r.record(e)
		return
	}
	out := r.app.out
	switch {
	case e.Batch != nil:
		out.Status("%s", batchLine(*e.Batch))
	case e.Problem != nil:
		out.Warn("%s; trying again (attempt %d)%s", e.Problem.Text, e.Problem.Tries, hintSuffix(e.Problem.Hint))
	case e.Recovered != "":
		out.Status("working again: %s", e.Recovered)
	case e.Quarantine != nil:
		out.Warn(
			`quarantined %s: %s; dwh tries it again when the object changes, or after "dwh reject retry %s"%s`,
			e.Quarantine.URL, e.Quarantine.WithViolation, e.Quarantine.URL, hintSuffix(e.Quarantine.Hint),
		)
	case e.Mended != "":
		out.Status("loaded at last: %s, which was quarantined", e.Mended)
	case e.Checks != nil:
		r.app.warnChecks(e.Checks)
		if err := check.Failed(e.Checks, false); err != nil {
			out.Warn("%v%s", err, hintSuffix(hintOf(err)))
		} else {
			out.Status("checked everything")
		}
	case e.Phase == server.Standby:
		out.Status("standing by: server %s is working", e.Leader)
	case e.Phase != "":
		out.Status("%s", e.Phase)
	}
}

// hintAttribute is the attribute of a log line for a hint, none where there is no hint.
func hintAttribute(hint string) []any {
	if hint == "" {
		return nil
	}
	return []any{"hint", hint}
}

// record writes the same for machines, under stable keys.
func (r serveRun) record(e server.Event) {
	log := r.app.log
	switch {
	case e.Batch != nil:
		b := e.Batch
		log.Info(
			"batch committed", "run", b.Run, "objects", b.Objects, "known", b.Known, "rows", b.Rows,
			"rejects", b.Rejects, "bytes", b.Bytes, "waited", b.Waited, "duration", b.Duration,
		)
	case e.Problem != nil:
		log.Warn("failed", slices.Concat([]any{"error", e.Problem.Text}, hintAttribute(e.Problem.Hint),
			[]any{"try", e.Problem.Tries, "since", e.Problem.Since})...)
	case e.Recovered != "":
		log.Info("works again", "what", e.Recovered)
	case e.Quarantine != nil:
		log.Warn("object quarantined", slices.Concat([]any{"url", e.Quarantine.URL, "step", e.Quarantine.Step,
			"error", e.Quarantine.WithViolation}, hintAttribute(e.Quarantine.Hint))...)
	case e.Mended != "":
		log.Info("quarantined object loaded", "url", e.Mended)
	case e.Checks != nil:
		for _, result := range e.Checks {
			if outcome := result.Outcome(); outcome == "fail" || outcome == "warn" {
				log.Warn(
					"check found violations", "check", result.Check.Name, "severity",
					result.Check.Severity, "violations", result.Violations,
				)
			}
		}
		log.Info("checked everything", "checks", len(e.Checks))
	default:
		log.Info("phase", "phase", e.Phase, "leader", e.Leader)
	}
}

func hintSuffix(hint string) string {
	if hint == "" {
		return ""
	}
	return ": " + hint
}

// batchLine is "12 objects in, 340 rows out, f_order 300 added, 2 healed (230 ms, waited 210 ms)".
func batchLine(b server.Batch) string {
	words := []string{counted(b.Objects, "object") + " in", counted(b.Rows, "row") + " out"}
	if b.Rejects > 0 {
		words = append(words, counted(b.Rejects, "reject"))
	}
	for _, step := range b.Steps {
		if said := transform.Summary(step.Change); said != "" {
			words = append(words, step.Table+" "+said)
		}
	}
	return fmt.Sprintf("%s (%s, waited %s)", strings.Join(words, ", "), seconds(b.Duration), seconds(b.Waited))
}
