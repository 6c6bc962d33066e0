package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) historyCommand() *cli.Command {
	return &cli.Command{
		Name:      "history",
		Usage:     "list past runs, or show the steps of one run",
		ArgsUsage: "[RUN]",
		Description: examples(`Without RUN it lists the latest runs. With RUN it shows the result and the steps of that run. RUN is
a run's id, the first characters of the id if no other run begins with them, or "latest".`,
			"dwh history", "dwh history latest", "dwh history --limit 3 --json", "dwh history 20181101T1015"),
		Flags: flagSet(connectionFlags(), []cli.Flag{
			projectFlag(), jsonFlag(),
			&cli.Int64Flag{Name: "limit", Usage: "show the latest `N` runs", Value: 20},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().Get(1)),
					Help: "dwh history --help",
				}
			}
			if c.Int64("limit") < 1 {
				return &UsageError{Msg: "--limit is a whole number from 1", Help: "dwh history --help"}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return historyRun{
				app: a, cfg: cfg, json: c.Bool("json"), limit: c.Int64("limit"),
				run: c.Args().First(),
			}.show(c.Context)
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
	if err := s.requireJournal(ctx); err != nil {
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
		runs[i] = journal.Seen(dwhdb.DwhRun(runs[i]), time.Now())
	}
	if h.json {
		type runRow struct {
			Name string `json:"name"` // the run's id
			dwhdb.DwhRun
			Steps []stepRow `json:"steps"`
		}
		out := []runRow{}
		for _, run := range runs {
			steps, err := db.Steps(ctx, run.RunID)
			if err != nil {
				return fmt.Errorf("read journal: %w", err)
			}
			out = append(out, runRow{Name: run.RunID, DwhRun: run, Steps: stepRows(steps)})
		}
		return writeJSON(h.app.out, out)
	}
	t := table.Table{Columns: columns(
		column{name: "run", narrow: table.NarrowKeep},
		// the run's id begins with it
		column{name: "started", narrow: table.NarrowDrop, style: faint},
		column{name: "took", narrow: table.NarrowKeep, style: faint}, column{name: "command", narrow: table.NarrowFold},
		column{name: "outcome", narrow: table.NarrowKeep, style: outcomeStyle}, column{name: "error",
			narrow: table.NarrowFold})}
	for _, run := range runs {
		t.Rows = append(t.Rows, []any{
			run.RunID, moment(run.StartedAt), took(run.StartedAt, run.EndedAt), run.Command,
			run.Outcome, firstLine(run.Error),
		})
	}
	return h.app.out.Table(t, table.Text)
}

func (h historyRun) steps(ctx context.Context, db *dwhdb.Queries) error {
	run, err := h.find(ctx, db)
	if err != nil {
		return err
	}
	steps, err := db.Steps(ctx, run.RunID)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	if h.json {
		return writeJSON(h.app.out, stepRows(steps))
	}
	if err := h.heading(run); err != nil {
		return err
	}
	t := table.Table{Columns: columns(
		column{name: "step", narrow: table.NarrowKeep}, column{name: "took", narrow: table.NarrowKeep, style: faint},
		column{name: "in"}, column{name: "out"},
		column{name: "outcome", narrow: table.NarrowKeep, style: outcomeStyle}, column{name: "note",
			narrow: table.NarrowWrap})}
	t.Columns[2].Align, t.Columns[3].Align = table.AlignRight, table.AlignRight
	for _, step := range steps {
		what := "row"
		if transform.IsLoad(step.Step) {
			what = "object"
		}
		t.Rows = append(t.Rows, []any{
			step.Step, took(step.StartedAt, step.EndedAt), countedOf(step.RowsIn, what), countedOf(step.RowsOut, "row"),
			step.Outcome, step.Note,
		})
	}
	return h.app.out.Table(t, table.Text)
}

// stepRow is a step of a run in JSON.
type stepRow struct {
	Name string `json:"name"` // the step's
	dwhdb.DwhStep
}

func stepRows(steps []dwhdb.DwhStep) []stepRow {
	out := []stepRow{}
	for _, step := range steps {
		out = append(out, stepRow{step.Step, step})
	}
	return out
}

// heading says what a run was and what became of it.
func (h historyRun) heading(run dwhdb.DwhRun) error {
	out, paint := h.app.out, h.app.out.ink()
	lines := []string{
		"run:     " + paint.dye(table.Strong, run.RunID),
		"command: " + printable(run.Command),
		"started: " + moment(run.StartedAt),
		"outcome: " + paint.outcome(run.Outcome),
	}
	if took, ok := took(run.StartedAt, run.EndedAt).(string); ok {
		lines[3] += " " + paint.dye(table.Faint, "("+took+")")
	}
	if run.Error != nil {
		lines = append(lines, "error:   "+indentRest(printable(strings.TrimRight(*run.Error, "\n"))))
	}
	for _, line := range lines {
		// A position's caret has to stay below its place: lines of source are not wrapped.
		if !strings.Contains(line, "\n") {
			line = table.Wrap(line, out.Width, 4)
		}
		if _, err := fmt.Fprintln(out.Stdout, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out.Stdout)
	return err
}

// indentRest moves the lines after the first to the right.
func indentRest(text string) string { return strings.ReplaceAll(text, "\n", "\n    ") }

// latestRun is the word for the run that started last.
const latestRun = "latest"

// find returns the run that the command line means: the latest, the one of that id, or the only one
// whose id begins so.
func (h historyRun) find(ctx context.Context, db *dwhdb.Queries) (dwhdb.DwhRun, error) {
	limit := int64(math.MaxInt64)
	if h.run == latestRun {
		limit = 1
	}
	runs, err := db.Runs(ctx, limit)
	if err != nil {
		return dwhdb.DwhRun{}, fmt.Errorf("read journal: %w", err)
	}
	var found []dwhdb.DwhRun
	for _, dwhRun := range runs {
		run := dwhdb.DwhRun(dwhRun)
		if h.run == latestRun || run.RunID == h.run {
			return journal.Seen(run, time.Now()), nil
		}
		if strings.HasPrefix(run.RunID, h.run) {
			found = append(found, run)
		}
	}
	switch {
	case len(found) == 1:
		return journal.Seen(found[0], time.Now()), nil
	case len(found) > 1:
		const shown = 3
		var ids []string
		for _, run := range found[:min(shown, len(found))] {
			ids = append(ids, run.RunID)
		}
		return dwhdb.DwhRun{}, &UsageError{
			Msg:    fmt.Sprintf("%s begin with %q", counted(int64(len(found)), "run"), h.run),
			Advice: "write more of the id, such as " + strings.Join(ids, " or "),
		}
	case h.run == latestRun:
		return dwhdb.DwhRun{}, errors.New(`the journal holds no run yet; "dwh run" makes one`)
	}
	return dwhdb.DwhRun{}, &UsageError{Msg: fmt.Sprintf("there is no run %q", h.run),
		Advice: "see the runs with: dwh history"}
}

// countedOf is counted of what the journal may not know.
func countedOf(n *int64, what string) any {
	if n == nil {
		return nil
	}
	return counted(*n, what)
}

// moment is a time for people, with its zone.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

func took(started time.Time, ended *time.Time) any {
	if ended == nil {
		return nil
	}
	return seconds(ended.Sub(started))
}
