package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) historyCommand() *cli.Command {
	return &cli.Command{
		Name:        "history",
		Usage:       "the journal: runs and their steps",
		ArgsUsage:   "[RUN]",
		Description: examples("Without a RUN the latest runs; with one, its steps.", "dwh history", "dwh history --limit 3 --json", "dwh history 20181101T101500.000000Z-0a1b2c3d"),
		Flags: flagSet(connectionFlags(), []cli.Flag{
			projectFlag(), jsonFlag(),
			&cli.Int64Flag{Name: "limit", Usage: "show the latest `N` runs", Value: 20},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return &UsageError{Msg: fmt.Sprintf("unexpected argument %q", c.Args().Get(1)), Help: "dwh history --help"}
			}
			if c.Int64("limit") < 1 {
				return &UsageError{Msg: "--limit is a whole number from 1", Help: "dwh history --help"}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return historyRun{app: a, cfg: cfg, json: c.Bool("json"), limit: c.Int64("limit"), run: c.Args().First()}.show(c.Context)
		},
	}
}

// historyRun performs dwh history.
type historyRun struct {
	app   *app
	cfg   *config.Config
	json  bool
	limit int64
	run   string
}

func (h historyRun) show(ctx context.Context) error {
	s, err := h.app.begin(ctx, h.cfg, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.requireCurrent(ctx); err != nil {
		return err
	}
	db := dwhdb.New(s.warehouse.Pool())
	if h.run != "" {
		return h.steps(ctx, db)
	}
	runs, err := db.Runs(ctx, h.limit)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	for i := range runs {
		runs[i] = transform.Seen(dwhdb.DwhRun(runs[i]), time.Now())
	}
	if h.json {
		type runRow struct {
			dwhdb.DwhRun
			Steps []dwhdb.DwhStep `json:"steps"`
		}
		out := []runRow{}
		for _, run := range runs {
			steps, err := db.Steps(ctx, run.RunID)
			if err != nil {
				return fmt.Errorf("read journal: %w", err)
			}
			out = append(out, runRow{DwhRun: run, Steps: steps})
		}
		return writeJSON(h.app.out, out)
	}
	t := table.Table{Columns: table.Columns("run", "started", "took", "command", "outcome", "error")}
	for _, run := range runs {
		t.Rows = append(t.Rows, []any{run.RunID, run.StartedAt.UTC().Format(time.DateTime), took(run.StartedAt, run.EndedAt), run.Command, run.Outcome, excerpt(run.Error)})
	}
	return h.app.out.Table(t, table.Text)
}

func (h historyRun) steps(ctx context.Context, db *dwhdb.Queries) error {
	steps, err := db.Steps(ctx, h.run)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	if len(steps) == 0 {
		known, err := h.known(ctx, db)
		if err != nil {
			return err
		}
		if !known {
			return &UsageError{Msg: fmt.Sprintf("there is no run %q", h.run), Advice: "see the runs with: dwh history"}
		}
	}
	if h.json {
		return writeJSON(h.app.out, steps)
	}
	t := table.Table{Columns: table.Columns("step", "took", "rows_in", "rows_out", "outcome", "note")}
	for _, step := range steps {
		t.Rows = append(t.Rows, []any{step.Step, took(step.StartedAt, step.EndedAt), step.RowsIn, step.RowsOut, step.Outcome, step.Note})
	}
	return h.app.out.Table(t, table.Text)
}

// known tells whether the journal holds the run: one that failed early has no steps.
func (h historyRun) known(ctx context.Context, db *dwhdb.Queries) (bool, error) {
	runs, err := db.Runs(ctx, math.MaxInt64)
	if err != nil {
		return false, fmt.Errorf("read journal: %w", err)
	}
	return slices.ContainsFunc(runs, func(run dwhdb.DwhRun) bool { return run.RunID == h.run }), nil
}

func took(started time.Time, ended *time.Time) any {
	if ended == nil {
		return nil
	}
	return seconds(ended.Sub(started))
}
