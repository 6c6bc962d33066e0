package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/server"
)

// runRow is a run as lists show it.
type runRow struct {
	dwhdb.DwhRun
	Link    string
	Took    string // "" while it runs
	Outcome string
	Error   string
	Live    bool   // it is this server's, and goes on
	Serving bool   // it is a server's, and goes on
	Changed string // what it changed; "" for nothing that the journal knows
}

// isServe tells whether a command is that of a server.
func isServe(command string) bool { return command == "serve" || strings.HasPrefix(command, "serve ") }

func newRunRow(run dwhdb.DwhRun, state server.State) runRow {
	run = journal.Seen(run, time.Now())
	row := runRow{DwhRun: run, Link: "/runs/" + url.PathEscape(run.RunID), Outcome: run.Outcome}
	if run.EndedAt != nil {
		row.Took = words(run.EndedAt.Sub(run.StartedAt))
	}
	if run.Error != nil {
		row.Error = *run.Error
	}
	row.Serving = run.EndedAt == nil && run.Outcome == "running" && isServe(run.Command)
	row.Live = run.EndedAt == nil && len(state.Batches) > 0 && state.Batches[0].Run == run.RunID
	return row
}

type runsBody struct {
	Runs []runRow
	paging
}

func (s *site) runs(r *http.Request) (answer, error) {
	page, err := pageOf(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	var runs []dwhdb.DwhRun
	var steps []dwhdb.StepsOfRunsRow
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		first, last := places(page)
		if runs, err = dwhdb.New(tx).RunsPage(ctx, first, last); err != nil {
			return err
		}
		steps, err = dwhdb.New(tx).StepsOfRuns(ctx, first, last)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	if len(runs) == 0 && page > 1 {
		return nil, &missingError{
			what:   fmt.Sprintf("page %s does not exist: there are fewer runs", number(int64(page))),
			advice: "see the latest runs at /runs",
		}
	}
	state, _ := s.source.State()
	body := runsBody{}
	runs, body.paging = cutPage(r, page, runs)
	changes := changesOf(steps, s.Steps)
	for _, run := range runs {
		row := newRunRow(run, state)
		row.Changed = changes[run.RunID]
		body.Runs = append(body.Runs, row)
	}
	return view{name: "runs", Title: "Runs", Nav: "Runs", Body: body}, nil
}

type runBody struct {
	Run     runRow
	Steps   []stepRow
	Checks  []dwhdb.DwhCheck
	Tally   tally
	Batches []server.Batch // of this server's, which the journal sums up when the run ends
	Rejects string         // address of those of this run
}

// latestOf keeps the latest result of each check: a run may make a check for each batch, and once
// more over everything.
func latestOf(checks []dwhdb.DwhCheck) []dwhdb.DwhCheck {
	latest := map[string]time.Time{}
	for _, c := range checks {
		if c.CheckedAt.After(latest[c.Name]) {
			latest[c.Name] = c.CheckedAt
		}
	}
	seen := map[string]bool{}
	var out []dwhdb.DwhCheck
	for _, c := range checks {
		if c.CheckedAt.Equal(latest[c.Name]) && !seen[c.Name] {
			seen[c.Name] = true
			out = append(out, c)
		}
	}
	return out
}

// stepRow is a step with its share of the run's time.
type stepRow struct {
	dwhdb.DwhStep
	Table string // that it works on, where a transform is known of that name
	Took  string
	Note  string
	Share int // of the longest step, in percent
}

func (s *site) run(r *http.Request) (answer, error) {
	id := r.PathValue("id")
	body, err := s.readRun(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return view{name: "run", Title: "Run " + excerpt(id, 64), Nav: "Runs", Body: body}, nil
}

func (s *site) readRun(ctx context.Context, id string) (*runBody, error) {
	missing := &missingError{what: fmt.Sprintf("run %q", excerpt(id, 64)), advice: "see the runs at /runs"}
	if !sendable(id, 64) {
		return nil, missing
	}
	var runs []dwhdb.DwhRun
	var steps []dwhdb.DwhStep
	body := &runBody{}
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		db := dwhdb.New(tx)
		if runs, err = db.OneRun(ctx, id); err != nil {
			return err
		}
		if steps, err = db.Steps(ctx, id); err != nil {
			return err
		}
		body.Checks, err = db.ChecksOfRun(ctx, id)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	if len(runs) == 0 {
		return nil, missing
	}
	state, _ := s.source.State()
	body.Run = newRunRow(runs[0], state)
	for _, batch := range state.Batches {
		if batch.Run == id {
			body.Batches = append(body.Batches, batch)
		}
	}
	var longest time.Duration
	for _, step := range steps {
		if step.EndedAt != nil {
			longest = max(longest, step.EndedAt.Sub(step.StartedAt))
		}
	}
	for _, step := range steps {
		row := stepRow{DwhStep: step}
		for _, known := range s.Steps {
			if known.Name == step.Step {
				row.Table = string(known.Table)
			}
		}
		if step.EndedAt != nil {
			took := step.EndedAt.Sub(step.StartedAt)
			row.Took = words(took)
			if longest > 0 {
				row.Share = int(100 * took / longest)
			}
		}
		if step.Note != nil {
			row.Note = *step.Note
		}
		body.Steps = append(body.Steps, row)
	}
	body.Checks = latestOf(body.Checks)
	for _, check := range body.Checks {
		body.Tally.add(check.Outcome)
	}
	return body, nil
}
