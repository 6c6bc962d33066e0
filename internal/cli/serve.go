package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/server/notification"
	"github.com/sparkify/dwh/internal/transform"
)

// ListAfter lets a server list from where it stopped.
func (l lister) ListAfter(ctx context.Context, prefix, after objectstore.URL) iter.Seq2[objectstore.Object, error] {
	return l.store.ListAfter(ctx, prefix, after)
}

func (a *app) serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "the ETL server: watches the sources, delivers what arrives, serves /healthz, /readyz and /metrics",
		Description: examples(`Delivers new objects in small batches: loads, transforms, checks and commits each in one transaction. Several servers
of one warehouse take turns: one works, the others stand by. Migrations are not applied: run "dwh migrate up" first. SIGTERM
finishes the batch at hand; a second one aborts it, and nothing of it is left behind.`,
			"dwh serve --song-data ./song_data --log-data ./log_data --log-jsonpaths ./log_json_path.json",
			"dwh serve --song-data s3://bucket/song_data/ --log-data s3://bucket/log_data/ --log-jsonpaths s3://bucket/log_json_path.json --queue https://sqs.us-west-2.amazonaws.com/123456789012/dwh",
			"DWH_TOKEN=... dwh serve --log-data /var/spool/events --log-jsonpaths paths.json --listen 0.0.0.0:8080 --host dwh.example.com --log-format json",
		),
		Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
			projectFlag(),
			&cli.StringFlag{Name: "listen", Usage: "serve HTTP on `ADDRESS`, host:port or unix:/path; any but a loopback address needs a token", Value: server.DefaultListen},
			&cli.StringFlag{Name: "token", Usage: "`TOKEN` that clients have to give; better in DWH_TOKEN"},
			&cli.StringSliceFlag{Name: "host", Usage: "also serve requests for this `NAME` in the Host header; repeatable"},
			&cli.StringFlag{Name: "queue", Usage: "`URL` of an SQS queue that receives the bucket's event notifications"},
			&cli.DurationFlag{Name: "batch-age", Usage: "deliver an object after at most `DURATION`", Value: server.DefaultBatchAge},
			&cli.IntFlag{Name: "batch-objects", Usage: "deliver at most `N` objects at once", Value: server.DefaultBatchObjects},
			&cli.StringFlag{Name: "batch-bytes", Usage: "deliver at most this `SIZE` at once, unless one object is larger", Value: "64MiB"},
			&cli.DurationFlag{Name: "sweep", Usage: "list all of a source every `DURATION`", Value: server.DefaultSweep},
			&cli.DurationFlag{Name: "poll", Usage: "list the newest part of an S3 source every `DURATION`", Value: server.DefaultPoll},
			&cli.IntFlag{Name: "tries", Usage: "quarantine an object that fails by itself `N` times", Value: server.DefaultTries},
			&cli.DurationFlag{Name: "full-check", Usage: "check everything every `DURATION`; 0 never does", Value: server.DefaultFullCheck},
			&cli.DurationFlag{Name: "lease", Usage: "take over from a server that is silent for `DURATION`", Value: server.DefaultLease},
			&cli.DurationFlag{Name: "shutdown-timeout", Usage: "give the batch at hand `DURATION` when told to stop", Value: server.DefaultShutdown},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{Msg: fmt.Sprintf("unexpected argument %q", c.Args().First()), Help: "dwh serve --help"}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			token := c.String("token")
			if token != "" {
				a.out.Warn("a token on the command line is seen by other users of this machine; set DWH_TOKEN instead")
			} else {
				token = a.env["DWH_TOKEN"]
			}
			s := serveRun{app: a, cfg: cfg, options: server.Options{
				Listen: c.String("listen"), Token: config.Secret(token), Hosts: c.StringSlice("host"),
				BatchAge: c.Duration("batch-age"), BatchObjects: c.Int("batch-objects"),
				Sweep: c.Duration("sweep"), Poll: c.Duration("poll"), Tries: c.Int("tries"), FullCheck: c.Duration("full-check"),
				Lease: c.Duration("lease"), Shutdown: c.Duration("shutdown-timeout"),
			}}
			for name, d := range map[string]time.Duration{
				"batch-age": s.options.BatchAge, "sweep": s.options.Sweep, "poll": s.options.Poll, "lease": s.options.Lease, "shutdown-timeout": s.options.Shutdown,
			} {
				if d < time.Millisecond {
					return &UsageError{Msg: fmt.Sprintf("--%s: wants a duration of at least 1ms, got %s", name, d), Help: "dwh serve --help"}
				}
			}
			for name, n := range map[string]int{"batch-objects": s.options.BatchObjects, "tries": s.options.Tries} {
				if n < 1 {
					return &UsageError{Msg: fmt.Sprintf("--%s: wants a number from 1, got %d", name, n), Help: "dwh serve --help"}
				}
			}
			if s.options.BatchBytes, err = parseBytes(c.String("batch-bytes")); err != nil || s.options.BatchBytes < 1 {
				return &UsageError{Msg: fmt.Sprintf("--batch-bytes: wants a size such as 64MiB, got %q", c.String("batch-bytes")), Help: "dwh serve --help"}
			}
			switch {
			case s.options.FullCheck < 0:
				return &UsageError{Msg: fmt.Sprintf("--full-check: wants a positive duration or 0, got %s", s.options.FullCheck), Help: "dwh serve --help"}
			case s.options.FullCheck == 0:
				s.options.FullCheck = -1
			}
			if s.options.Listen == "" {
				return &UsageError{Msg: "--listen names no address", Help: "dwh serve --help"}
			}
			if err := server.CheckAddress(s.options.Listen, token != ""); err != nil {
				return err
			}
			if url := c.String("queue"); url != "" {
				queue, err := notification.New(url, cfg.Region)
				if err != nil {
					return &UsageError{Msg: "--queue: " + err.Error(), Help: "dwh serve --help"}
				}
				s.options.Queue = queue
			}
			return s.run(c.Context)
		},
	}
}

// serveRun performs dwh serve.
type serveRun struct {
	app     *app
	cfg     *config.Config
	options server.Options
}

func (r serveRun) run(ctx context.Context) error {
	if err := checkSources(r.cfg, nil); err != nil {
		return err
	}
	s, err := r.app.begin(ctx, r.cfg, true)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.lint(); err != nil {
		return err
	}
	r.cfg.Wait = true // another dwh is waited for, batch by batch
	runner, err := s.runner(true, nil)
	if err != nil {
		return err
	}
	migrator, err := s.migrator(ctx)
	if err != nil {
		return err
	}
	defer migrator.Close()
	o := r.options
	o.Runner, o.Pool, o.Store, o.RequireCurrent = runner, s.warehouse.Pool(), r.app.store(r.cfg), migrator.RequireCurrent
	o.Command, o.Target, o.Version, o.Logger = "serve", s.warehouse.Target(), Version(), r.app.log
	o.Watch = r.watch
	serving, err := server.New(o)
	if err != nil {
		return err
	}
	return explainStop(serving.Run(ctx))
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
	var stale *transform.StaleError
	switch {
	case errors.As(err, &pending):
		return &stoppedError{Err: err, Advice: `run "dwh migrate up", then start the server again`}
	case errors.As(err, &stale):
		return &stoppedError{Err: err, Advice: `run "dwh transform --replay", then start the server again`}
	}
	return err
}

// watch tells people what happens, a line for each batch.
func (r serveRun) watch(e server.Event) {
	if r.cfg.LogFormat == "json" {
		r.record(e)
		return
	}
	out := r.app.out
	switch {
	case e.Batch != nil:
		out.Status("%s", batchLine(*e.Batch))
	case e.Problem != nil:
		out.Warn("%s; trying again (try %d)%s", e.Problem.Text, e.Problem.Tries, hintSuffix(e.Problem.Hint))
	case e.Recovered != "":
		out.Status("works again: %s", e.Recovered)
	case e.Quarantine != nil:
		out.Warn("quarantined %s: %s; it is not tried again until it changes", e.Quarantine.URL, e.Quarantine.Reason)
	case e.Checks != nil:
		r.app.warnChecks(e.Checks)
		if err := check.Failed(e.Checks, false); err != nil {
			out.Warn("%v", err)
		} else {
			out.Status("checked everything")
		}
	case e.Phase == server.Standby:
		out.Status("standing by: %s works", e.Leader)
	case e.Phase != "":
		out.Status("%s", e.Phase)
	}
}

// record writes the same for machines, under stable keys.
func (r serveRun) record(e server.Event) {
	log := r.app.log
	switch {
	case e.Batch != nil:
		b := e.Batch
		log.Info("batch committed", "run", b.Run, "objects", b.Objects, "known", b.Known, "rows", b.Rows, "rejects", b.Rejects, "bytes", b.Bytes, "waited", b.Waited, "duration", b.Duration)
	case e.Problem != nil:
		log.Warn("failed", "error", e.Problem.Text, "hint", e.Problem.Hint, "try", e.Problem.Tries, "since", e.Problem.Since)
	case e.Recovered != "":
		log.Info("works again", "what", e.Recovered)
	case e.Quarantine != nil:
		log.Warn("object quarantined", "url", e.Quarantine.URL, "step", e.Quarantine.Step, "error", e.Quarantine.Reason)
	case e.Checks != nil:
		for _, one := range e.Checks {
			if outcome := one.Outcome(); outcome == "fail" || outcome == "warn" {
				log.Warn("check found violations", "check", one.Check.Name, "severity", one.Check.Severity, "violations", one.Violations)
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

// batchLine is "12 objects, 340 rows, healed 2 songplays (230 ms, waited 210 ms)".
func batchLine(b server.Batch) string {
	words := []string{counted(b.Objects, "object"), counted(b.Rows, "row")}
	if b.Rejects > 0 {
		words = append(words, counted(b.Rejects, "reject"))
	}
	for _, step := range b.Steps {
		for _, one := range step.Counts {
			if one.Value != 0 {
				words = append(words, one.String())
			}
		}
	}
	return fmt.Sprintf("%s (%s, waited %s)", strings.Join(words, ", "), seconds(b.Duration), seconds(b.Waited))
}

// parseBytes reads a size as dwh.yaml has it: a number of bytes, or one with a unit.
func parseBytes(text string) (int64, error) {
	value, unit := strings.TrimSpace(text), int64(1)
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}} {
		if digits, ok := strings.CutSuffix(value, u.name); ok {
			value, unit = strings.TrimSpace(digits), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(value, 10, 40)
	return n * unit, err
}
