package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/writelock"
)

// Outcomes of a run beside done, failed and refused.
const (
	outcomeCheckFailed = "check failed" // checks found violations of error severity
	outcomeInterrupted = "interrupted"
)

// journal writes down a run. What it writes on its own is autocommitted beside the run's transactions, so that a run
// that fails leaves its trace.
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
	j := &journal{run: newID(now), started: now, db: dwhdb.New(r.Pool)}
	if copier, ok := r.Copier.(NamingCopier); ok {
		copier.ForRun(j.run)
	}
	if err := j.db.StartRun(ctx, dwhdb.StartRunParams{
		RunID: j.run, Command: clip(command, 256), Engine: string(r.Engine), DwhVersion: clip(r.Version, 64), StartedAt: now,
	}); err != nil {
		return nil, err
	}
	j.keepAlive(ctx, r.Heartbeat, r.Logger)
	return j, nil
}

// step notes a step; it is written at the run's end, or with the transaction that did its work.
func (j *journal) step(name string, started time.Time, rowsIn, rowsOut int64, fingerprint, outcome, note string) {
	step := dwhdb.AddStepParams{RunID: j.run, Step: clip(name, 127), StartedAt: started.UTC(), Outcome: outcome}
	ended := time.Now().UTC()
	step.EndedAt, step.RowsIn, step.RowsOut = &ended, &rowsIn, &rowsOut
	if fingerprint != "" {
		step.Fingerprint = &fingerprint
	}
	if note = clip(note, 8192); note != "" {
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
func (j *journal) load(step Step, started time.Time, result LoadResult, outcome string) {
	note := fmt.Sprintf("%d objects, %d known, %d rejects", result.Objects, result.Known, result.Rejects)
	j.step(step.Name, started, result.Objects, result.Rows, step.Fingerprint, outcome, note)
}

// results notes what checks found.
func (j *journal) results(results []check.Result) {
	for _, result := range results {
		j.checks = append(j.checks, dwhdb.AddCheckParams{
			RunID: j.run, Name: clip(result.Check.Name, 127), Severity: string(result.Check.Severity), Outcome: result.Outcome(),
			Violations: result.Violations, CheckedAt: time.Now().UTC(),
		})
	}
}

// judge notes what the checks of a run found, in place of what an earlier try found, and returns a *check.FailedError if it must not be committed.
func (j *journal) judge(results []check.Result) error {
	j.checks = nil
	j.results(results)
	return check.Failed(results, true)
}

// end writes the steps, the checks and how the run went, even when ctx has ended.
func (j *journal) end(ctx context.Context, cause error) error {
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
		message := clip(cause.Error(), 8192)
		text = &message
	}
	if j.quiet != nil {
		j.quiet()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for i := range j.steps {
		j.steps[i].Position = int32(i + 1)
		if err := j.db.AddStep(ctx, j.steps[i]); err != nil {
			return err
		}
	}
	for _, one := range j.checks {
		if err := j.db.AddCheck(ctx, one); err != nil {
			return err
		}
	}
	ended := time.Now().UTC()
	return j.db.EndRun(ctx, dwhdb.EndRunParams{EndedAt: &ended, Outcome: outcome, Error: text, Retries: j.retries, RunID: j.run})
}

// clip cuts text to at most n bytes, between characters, and takes out what PostgreSQL cannot store.
func clip(text string, n int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
