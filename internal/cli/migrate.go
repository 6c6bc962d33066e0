package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/writelock"
)

func (a *app) migrateCommand() *cli.Command {
	flags := func(more ...cli.Flag) []cli.Flag {
		return flagSet(connectionFlags(), []cli.Flag{projectFlag(), waitFlag()}, more)
	}
	dryRun := func() cli.Flag {
		return &cli.BoolFlag{Name: "dry-run", Usage: "print the SQL and change nothing"}
	}
	drop := func() cli.Flag {
		return &cli.BoolFlag{Name: "drop-staged-rows", Usage: "go on even if staged rows are dropped"}
	}
	versions := func(c *cli.Context) { _, _ = fmt.Fprintln(c.App.Writer, strings.Join(a.knownMigrations(), "\n")) }
	return &cli.Command{
		Name:  "migrate",
		Usage: "change the schema: up, up-to, down, down-to, redo, status, create",
		Description: examples(
			"The migrations are goose files in migrations/, rendered for the warehouse's engine. A migration\n"+
				"waits at most two minutes for a lock that another session holds. Every command that changes the\n"+
				"schema first updates dwh's own tables (bookkeeping: s_object, s_reject, dwh_…). No command "+
				"reverts\nthose.",
			"dwh migrate up",
			"dwh migrate status",
			"dwh migrate create add_play_count --project .",
		),
		Subcommands: []*cli.Command{
			{
				Name: "up", Usage: "apply every pending migration",
				Description: examples(
					`Names at the end which tables are stale; the next dwh transform replays them. Applies nothing if a
staging table that a model reads would then lack its column processed.`,
					"dwh migrate up", "dwh migrate up --dry-run", "dwh migrate up --json",
				),
				Flags: flags(jsonFlag(), dryRun()),
				Action: a.migrate(0, func(ctx context.Context, m migrateRun) error {
					return m.up(ctx, math.MaxInt64)
				}),
			},
			{
				Name: "up-to", Usage: "apply pending migrations up to a version", ArgsUsage: "VERSION",
				Description:  examples("", "dwh migrate up-to 4"),
				BashComplete: versions,
				Flags:        flags(jsonFlag(), dryRun()),
				Action: a.migrate(
					1,
					func(ctx context.Context, m migrateRun) error { return m.up(ctx, m.version) },
				),
			},
			{
				Name: "down", Usage: "revert the newest migration",
				Description: examples(
					"Refuses to drop staged rows without --drop-staged-rows.", "dwh migrate down",
					"dwh migrate down --dry-run",
				),
				Flags:  flags(jsonFlag(), dryRun(), drop()),
				Action: a.migrate(0, func(ctx context.Context, m migrateRun) error { return m.down(ctx, false) }),
			},
			{
				Name: "down-to", Usage: "revert every migration above a version", ArgsUsage: "VERSION",
				Description: examples(
					"Refuses to drop staged rows without --drop-staged-rows.",
					"dwh migrate down-to 4",
				),
				BashComplete: versions,
				Flags:        flags(jsonFlag(), dryRun(), drop()),
				Action:       a.migrate(1, func(ctx context.Context, m migrateRun) error { return m.down(ctx, true) }),
			},
			{
				Name: "redo", Usage: "revert the newest migration and apply it again",
				Description: examples("Refuses to drop staged rows without --drop-staged-rows.", "dwh migrate redo"),
				Flags:       flags(jsonFlag(), dryRun(), drop()),
				Action:      a.migrate(0, func(ctx context.Context, m migrateRun) error { return m.redo(ctx) }),
			},
			{
				Name: "status", Usage: "list the migrations and whether they are applied",
				Description: examples("", "dwh migrate status", "dwh migrate status --json"),
				Flags:       flagSet(connectionFlags(), []cli.Flag{projectFlag(), jsonFlag()}),
				Action:      a.migrate(0, func(ctx context.Context, m migrateRun) error { return m.status(ctx) }),
			},
			{
				Name: "create", Usage: "write the next numbered migration file", ArgsUsage: "NAME",
				Description: examples(
					`Writes the file to migrations/ in the folder of --project, by default the project of the working
folder. The folder migrations/ must exist.`,
					"dwh migrate create add_play_count --project .",
				),
				Flags:  []cli.Flag{projectFlag()},
				Action: a.createMigration,
			},
		},
	}
}

func (a *app) createMigration(c *cli.Context) error {
	if c.NArg() != 1 {
		return &UsageError{
			Msg:    "migrate create takes one NAME",
			Advice: "such as: dwh migrate create add_play_count --project .",
			Help:   "dwh migrate create --help",
		}
	}
	cfg, err := a.load(c)
	if err != nil {
		return err
	}
	folder := cfg.Project
	if folder == "" {
		folder = "."
	}
	at := filepath.Join(folder, "migrations")
	if info, err := os.Stat(at); err != nil || !info.IsDir() {
		return &UsageError{
			Msg:    fmt.Sprintf("there is no folder %s to write the migration into", at),
			Advice: "make it, or name the folder that holds migrations/ with --project",
		}
	}
	path, err := migration.Create(at, c.Args().First())
	var system *fs.PathError
	switch {
	case errors.As(err, &system):
		return err
	case err != nil: // the name
		return &UsageError{Msg: err.Error(), Help: "dwh migrate create --help"}
	}
	_, err = fmt.Fprintln(a.out.Stdout, path)
	return err
}

// migrate returns the action of a command on the schema that takes args arguments, the first of
// them a version.
func (a *app) migrate(args int, run func(context.Context, migrateRun) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		m := migrateRun{out: a.out, json: c.Bool("json"), dryRun: c.Bool("dry-run"), drop: c.Bool("drop-staged-rows")}
		if c.NArg() != args {
			if args == 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: c.Command.HelpName + " --help",
				}
			}
			return &UsageError{
				Msg: "one VERSION is needed", Advice: "see the versions with: dwh migrate status",
				Help: c.Command.HelpName + " --help",
			}
		}
		if args == 1 {
			version, err := strconv.ParseInt(c.Args().First(), 10, 64)
			if err != nil || version < 0 {
				return &UsageError{
					Msg:    fmt.Sprintf("%q is not a version", c.Args().First()),
					Advice: "a version is a whole number; see: dwh migrate status",
				}
			}
			m.version = version
		}
		cfg, err := a.load(c)
		if err != nil {
			return err
		}
		if m.session, err = a.begin(c.Context, cfg, !m.dryRun && c.Command.Name != "status"); err != nil {
			return err
		}
		defer m.session.close()
		if m.migrator, err = m.session.migrator(c.Context); err != nil {
			return err
		}
		defer m.migrator.Close()
		return run(c.Context, m)
	}
}

// migrateRun performs the commands on the schema.
type migrateRun struct {
	session  *session
	migrator *migration.Migrator
	out      *Output
	json     bool
	dryRun   bool
	drop     bool
	version  int64
}

// migrateJSON is what the commands that change the schema print for machines: with --dry-run the
// SQL, else what was done.
type migrateJSON struct {
	Bookkeeping  []migrationJSON `json:"bookkeeping"` // of dwh's own tables, before the project's
	Migrations   []migrationJSON `json:"migrations"`
	ReplayNeeded []string        `json:"replay_needed"` // why; empty when nothing is stale
}

type migrationJSON struct {
	Version   int64    `json:"version"`
	Name      string   `json:"name"`
	Direction string   `json:"direction"` // up or down
	Seconds   *float64 `json:"seconds,omitempty"`
	SQL       string   `json:"sql,omitempty"`
}

func (m migrateRun) up(ctx context.Context, to int64) error {
	all, err := m.migrator.Status(ctx)
	if err != nil {
		return err
	}
	known := to == math.MaxInt64
	for _, item := range all {
		known = known || item.Version == to
	}
	if !known {
		return &UsageError{
			Msg:    fmt.Sprintf("there is no migration %d", to),
			Advice: "see the versions with: dwh migrate status",
		}
	}
	if to == math.MaxInt64 {
		if err := m.session.project.checkFlags(m.session.warehouse.Engine()); err != nil {
			return err
		}
	}
	if m.dryRun {
		if err := m.migrator.CheckUp(ctx, to); err != nil {
			return err
		}
		return m.printPlan(ctx, planUp(all, to))
	}
	steps, err := m.migrator.UpTo(ctx, to)
	return m.tell(ctx, steps, err)
}

func (m migrateRun) down(ctx context.Context, downTo bool) error {
	to := m.version
	if !downTo {
		var err error
		if to, err = m.migrator.Previous(ctx); err != nil {
			return err
		}
	} else if err := m.migrator.CheckDown(ctx, to); err != nil {
		return err
	}
	if m.dryRun {
		plan, err := m.planDown(ctx, to)
		if err != nil {
			return err
		}
		return m.printPlan(ctx, plan)
	}
	if !m.drop && to >= 0 {
		if err := m.migrator.GuardStaging(ctx, to); err != nil {
			return err
		}
	}
	var steps []migration.Step
	var err error
	if downTo {
		steps, err = m.migrator.DownTo(ctx, to)
	} else {
		steps, err = m.migrator.Down(ctx)
	}
	return m.tell(ctx, steps, err)
}

// planned is a migration that a dry run shows.
type planned struct {
	migration.Migration
	up bool
}

// planUp lists the pending migrations up to a version.
func planUp(all []migration.Migration, to int64) []planned {
	var plan []planned
	for _, m := range all {
		if !m.Applied && m.Version <= to {
			plan = append(plan, planned{m, true})
		}
	}
	return plan
}

// planDown lists the applied migrations above a version, the newest first; a negative one means
// that there is nothing to revert.
func (m migrateRun) planDown(ctx context.Context, to int64) ([]planned, error) {
	all, err := m.migrator.Status(ctx)
	if err != nil {
		return nil, err
	}
	var plan []planned
	for _, item := range slices.Backward(all) {
		if item.Applied && item.Version > to && to >= 0 {
			plan = append(plan, planned{item, false})
		}
	}
	return plan, nil
}

func (m migrateRun) redo(ctx context.Context) error {
	to, err := m.migrator.Previous(ctx)
	if err != nil {
		return err
	}
	if m.dryRun {
		plan, err := m.planDown(ctx, to)
		if err != nil {
			return err
		}
		for _, p := range slices.Backward(slices.Clone(plan)) {
			plan = append(plan, planned{p.Migration, true})
		}
		return m.printPlan(ctx, plan)
	}
	if !m.drop && to >= 0 {
		if err := m.migrator.GuardStaging(ctx, to); err != nil {
			return err
		}
	}
	steps, err := m.migrator.Redo(ctx)
	return m.tell(ctx, steps, err)
}

// printPlan writes the migrations' SQL.
func (m migrateRun) printPlan(ctx context.Context, plan []planned) error {
	out := newMigrateJSON()
	var err error
	if out.Bookkeeping, err = m.planBookkeeping(ctx); err != nil {
		return err
	}
	for _, p := range plan {
		text, err := m.migrator.SQL(ctx, p.Version, p.up)
		if err != nil {
			return err
		}
		if m.json {
			out.Migrations = append(
				out.Migrations,
				migrationJSON{Version: p.Version, Name: p.Name, Direction: direction(p.up), SQL: text},
			)
			continue
		}
		title := "Up"
		if !p.up {
			title = "Down"
		}
		if _, err := fmt.Fprintf(m.out.Stdout, "-- %s (%s)\n%s\n", p.Name, title, text); err != nil {
			return err
		}
	}
	if m.json {
		return writeJSON(m.out, out)
	}
	if len(out.Bookkeeping)+len(plan) == 0 {
		m.out.Status("nothing to migrate")
	}
	return nil
}

func direction(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// tell says what was done, and what is stale for it; after a failure, what was committed before it.
func (m migrateRun) tell(ctx context.Context, steps []migration.Step, cause error) error {
	out, paint := newMigrateJSON(), m.out.ink()
	own := m.migrator.BookkeepingSteps()
	for i, step := range slices.Concat(own, steps) {
		took := step.Duration.Seconds()
		list := &out.Migrations
		if i < len(own) {
			list = &out.Bookkeeping
		}
		*list = append(*list, migrationJSON{
			Version: step.Version, Name: step.Name, Direction: direction(step.Up), Seconds: &took,
		})
		if m.json {
			continue
		}
		word := "applied"
		if !step.Up {
			word = "reverted"
		}
		if _, err := fmt.Fprintf(m.out.Stdout, "%s %s %s\n", paint.outcome(word), step.Name,
			paint.took(step.Duration)); err != nil {
			return errors.Join(cause, err)
		}
	}
	if cause != nil {
		if m.json {
			return errors.Join(cause, writeJSON(m.out, out))
		}
		return cause
	}
	if len(own)+len(steps) == 0 {
		m.out.Status("nothing to migrate")
	}
	reasons, err := m.stale(ctx)
	if m.json {
		out.ReplayNeeded = append(out.ReplayNeeded, reasons...)
		return errors.Join(err, writeJSON(m.out, out))
	}
	if err != nil {
		return err
	}
	for _, reason := range reasons {
		if _, err := fmt.Fprintf(m.out.Stdout, "%s %s\n", paint.dye(table.Caution, "replay needed:"),
			reason); err != nil {
			return err
		}
	}
	if len(reasons) > 0 {
		m.out.Status(
			`"dwh transform" and "dwh run" replay first; "dwh transform --replay --dry-run" shows what would change`,
		)
	}
	return nil
}

// stale names what does not follow from staging any more.
func (m migrateRun) stale(ctx context.Context) ([]string, error) {
	if err := m.migrator.RequireCurrent(ctx); err != nil {
		return nil, nil // the marks may not be there to be read yet
	}
	steps, err := m.session.project.steps(m.session.warehouse.Engine())
	switch {
	case errors.Is(err, transform.ErrNoTransforms):
		return nil, nil // nothing is derived from staging
	case err != nil:
		// The migrations are applied, and a command that runs the transforms refuses them.
		m.out.Warn("dwh cannot tell which tables are stale: %s", withoutSeverity(err))
		return nil, nil
	}
	warehouse := m.session.warehouse
	staleness, err := transform.ReadStaleness(
		ctx, writelock.Retrying(warehouse.Pool()), warehouse.Engine(), steps, transform.WriteMarks,
	)
	return staleness.Reasons(), err
}

// writeJSON prints a value as indented JSON.
func writeJSON(out *Output, value any) error {
	encoder := json.NewEncoder(out.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
