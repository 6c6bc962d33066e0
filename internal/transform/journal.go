package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// Outcomes of a run beside done, failed and refused.
const (
	outcomeCheckFailed = "check failed" // checks found violations of error severity
	outcomeInterrupted = "interrupted"
)

// journal writes down a run. What it writes on its own is autocommitted beside the run's
// transactions, so that a run that fails leaves its trace.
type journal struct {
	run     string
	started time.Time
	db      *dwhdb.Queries
	retries int32
	steps   []dwhdb.AddStepParams
	checks  []dwhdb.AddCheckParams
	quiet   func() // ends what keepAlive began; nil without
}

// begin writes the run's first row. end has to follow.
func (r *Runner) begin(ctx context.Context, command string) (*journal, error) {
	now := time.Now().UTC()
	j := &journal{run: newID(now), started: now, db: dwhdb.New(writelock.Retrying(r.Pool))}
	if r.Copier != nil {
		r.Copier.ForRun(j.run)
	}
	if err := j.db.StartRun(ctx, dwhdb.StartRunParams{
		RunID: j.run, Command: bulk.Clip(command, 256), Engine: string(r.Engine), DwhVersion: bulk.Clip(
			r.Version, 64,
		), StartedAt: now,
	}); err != nil {
		return nil, err
	}
	j.keepAlive(ctx, r.Heartbeat, r.Logger)
	return j, nil
}

// step notes a step; it is written at the run's end, or with the transaction that did its work.
func (j *journal) step(name string, started time.Time, rowsIn, rowsOut int64, fingerprint, outcome, note string) {
	step := dwhdb.AddStepParams{RunID: j.run, Step: bulk.Clip(name, 127), StartedAt: started.UTC(), Outcome: outcome}
	ended := time.Now().UTC()
	step.EndedAt, step.RowsIn, step.RowsOut = &ended, &rowsIn, &rowsOut
	if fingerprint != "" {
		step.Fingerprint = &fingerprint
	}
	if note = bulk.Clip(note, 8192); note != "" {
		step.Note = &note
	}
	j.steps = append(j.steps, step)
}

// rolledBack says of the steps from the given one on that their transaction was.
func (j *journal) rolledBack(from int) {
	for i := from; i < len(j.steps); i++ {
		j.steps[i].Outcome = "rolled back"
	}
}

// load notes a load step.
func (j *journal) load(file *load.File, result load.Result, outcome string) {
	note := fmt.Sprintf("%d objects, %d known, %d rejects", result.Objects, result.Known, result.Rejects)
	j.step(file.Name, time.Now().Add(-result.Duration), result.Objects, result.Rows, file.Fingerprint, outcome, note)
}

// results notes what checks found.
func (j *journal) results(results []check.Result) {
	for _, result := range results {
		j.checks = append(j.checks, dwhdb.AddCheckParams{
			RunID: j.run, Name: bulk.Clip(
				result.Check.Name, 127,
			), Severity: string(result.Check.Severity), Outcome: result.Outcome(),
			Violations: result.Violations, CheckedAt: time.Now().UTC(),
		})
	}
}

// judge notes what the checks of a run found, in place of what an earlier try found, and returns a
// *check.FailedError if it must not be committed.
func (j *journal) judge(results []check.Result) error {
	j.checks = nil
	j.results(results)
	return check.Failed(results, true)
}

// end writes the steps, the checks and how the run went, even when ctx has ended.
func (r *Runner) end(ctx context.Context, j *journal, cause error) error {
	outcome := "done"
	var text *string
	var busy *writelock.BusyError
	var failed *check.FailedError
	switch {
	case cause == nil:
	case errors.As(cause, &busy):
		outcome = "refused"
	case errors.Is(cause, context.Canceled):
		outcome = outcomeInterrupted
	case errors.As(cause, &failed):
		outcome = outcomeCheckFailed
	default:
		outcome = "failed"
	}
	if cause != nil {
		message := bulk.Clip(cause.Error(), 8192)
		text = &message
	}
	if j.quiet != nil {
		j.quiet()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for i := range j.steps {
		j.steps[i].Position = int32(i + 1)
	}
	ended := time.Now().UTC()
	return r.put(
		ctx, j,
		&dwhdb.EndRunParams{EndedAt: &ended, Outcome: outcome, Error: text, Retries: j.retries, RunID: j.run},
	)
}

// put writes the journal's steps and checks and, last, the end of its run, if it has come.
// PostgreSQL takes them in one message, which is one transaction
// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY). On Redshift
// they are a statement for each table. A transaction of all three would take its snapshot before it
// waits for whoever writes the same tables, and end in error 1023 behind it
// (dg/c_serial_isolation); without one, a run that breaks off in between is still called running.
func (r *Runner) put(ctx context.Context, j *journal, end *dwhdb.EndRunParams) error {
	if r.Engine != sqlfile.Postgres {
		own := writelock.Retrying(r.Pool)
		err := errors.Join(
			bulk.InsertValues(ctx, own, "dwh_step", stepColumns, j.stepRows()),
			bulk.InsertValues(ctx, own, "dwh_check", checkColumns, j.checkRows()),
		)
		if end == nil {
			return err
		}
		// how the run went is worth more than its steps
		return errors.Join(err, j.db.EndRun(ctx, *end))
	}
	batch := &pgx.Batch{}
	for _, row := range j.stepRows() {
		batch.Queue(dwhdb.AddStep, row...)
	}
	for _, row := range j.checkRows() {
		batch.Queue(dwhdb.AddCheck, row...)
	}
	if end != nil {
		batch.Queue(dwhdb.EndRun, end.EndedAt, end.Outcome, end.Error, end.Retries, end.RunID)
	}
	if batch.Len() == 0 {
		return nil
	}
	return writelock.Retry(ctx, func() error { return r.Pool.SendBatch(ctx, batch).Close() })
}

// The columns in the order in which AddStep and AddCheck have them.
var (
	stepColumns = []catalogue.Name{
		"run_id", "position", "step", "started_at", "ended_at", "rows_in", "rows_out",
		"fingerprint", "outcome", "note",
	}
	checkColumns = []catalogue.Name{"run_id", "name", "severity", "outcome", "violations", "checked_at"}
)

func (j *journal) stepRows() [][]any {
	rows := make([][]any, len(j.steps))
	for i, s := range j.steps {
		rows[i] = []any{
			s.RunID, int64(s.Position), s.Step, s.StartedAt, *s.EndedAt, s.RowsIn, s.RowsOut,
			s.Fingerprint, s.Outcome, s.Note,
		}
	}
	return rows
}

func (j *journal) checkRows() [][]any {
	rows := make([][]any, len(j.checks))
	for i, c := range j.checks {
		rows[i] = []any{c.RunID, c.Name, c.Severity, c.Outcome, c.Violations, c.CheckedAt}
	}
	return rows
}
