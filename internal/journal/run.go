package journal

import (
	"context"
	"time"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// A Run is what the journal knows of one run. Its steps and checks are written at its end. It is
// not safe for concurrent use.
type Run struct {
	ID      string
	Started time.Time // when it began, in UTC
	Retries int32     // how often a transaction began again because of a conflict

	journal *Journal
	steps   []dwhdb.AddStepParams
	checks  []dwhdb.AddCheckParams
	quiet   func() // ends what keepAlive began; nil without
}

// A Step is one step of a run.
type Step struct {
	Name            string
	Started         time.Time // when it began, in any time zone
	Ended           time.Time // when it ended; zero: now
	RowsIn, RowsOut int64     // rows that it read and wrote; not written with Uncounted
	Uncounted       bool      // the step counts no rows
	Fingerprint     string    // of the step's file; "" for none
	Outcome         string    // how it went; "" means done
	Note            string    // for people; "" for none
}

// Step notes a step.
func (r *Run) Step(s Step) {
	if s.Ended.IsZero() {
		s.Ended = time.Now()
	}
	if s.Outcome == "" {
		s.Outcome = done
	}
	ended := s.Ended.UTC()
	step := dwhdb.AddStepParams{
		RunID: r.ID, Step: bulk.Clip(s.Name, longestName), StartedAt: s.Started.UTC(), EndedAt: &ended,
		Outcome: s.Outcome,
	}
	if !s.Uncounted {
		step.RowsIn, step.RowsOut = &s.RowsIn, &s.RowsOut
	}
	if s.Fingerprint != "" {
		step.Fingerprint = &s.Fingerprint
	}
	if note := bulk.Clip(s.Note, longestText); note != "" {
		step.Note = &note
	}
	r.steps = append(r.steps, step)
}

// Mark is a place behind the steps that are noted so far, for RolledBack and Forget.
func (r *Run) Mark() int { return len(r.steps) }

// RolledBack notes that the transaction of the steps behind a mark was rolled back.
func (r *Run) RolledBack(mark int) {
	for i := mark; i < len(r.steps); i++ {
		r.steps[i].Outcome = rolledBack
	}
}

// Forget takes back the steps behind a mark, and what checks found: the work begins again.
func (r *Run) Forget(mark int) { r.steps, r.checks = r.steps[:mark], nil }

// Checks notes what checks found.
func (r *Run) Checks(results []check.Result) {
	now := time.Now().UTC()
	for _, result := range results {
		r.checks = append(r.checks, dwhdb.AddCheckParams{
			RunID: r.ID, Name: bulk.Clip(result.Check.Name, longestName),
			Severity: string(result.Check.Severity), Outcome: result.Outcome(),
			Violations: result.Violations, CheckedAt: now,
		})
	}
}

// Judge notes what the checks of a run's gate found, in place of what an earlier try found. It
// returns a *check.FailedError if the run must not be committed.
func (r *Run) Judge(results []check.Result) error {
	r.checks = nil
	r.Checks(results)
	return check.Failed(results, true)
}

// Part returns a Run with the same id that is never written. A stream of batches notes each batch
// in one, and writes their sums.
func (r *Run) Part() *Run { return &Run{ID: r.ID, Started: time.Now(), journal: r.journal} }

// End writes the steps, the checks and how the run went, even where ctx has ended. cause is the
// error that ended the run; nil means that it is done.
func (r *Run) End(ctx context.Context, cause error) error {
	if r.quiet != nil {
		r.quiet()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for i := range r.steps {
		r.steps[i].Position = int32(i + 1)
	}
	ended := time.Now().UTC()
	end := &dwhdb.EndRunParams{EndedAt: &ended, Outcome: outcomeOf(cause), Retries: r.Retries, RunID: r.ID}
	if cause != nil {
		message := bulk.Clip(cause.Error(), longestText)
		end.Error = &message
	}
	return r.put(ctx, end)
}
