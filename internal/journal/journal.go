// Package journal writes what a run does into dwh_run, dwh_step and dwh_check. Begin with
// Journal.Begin, which returns the Run that steps and checks are noted in.
package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// Outcomes of a run and of a step, as the tables hold them.
const (
	running     = "running"
	done        = "done"
	Failed      = "failed"       // exported for the outcome of a step that broke off
	refused     = "refused"      // another dwh held the lock
	checkFailed = "check failed" // checks found violations of error severity
	interrupted = "interrupted"
	rolledBack  = "rolled back" // of a step
)

// The longest texts that the tables hold, in bytes.
const (
	longestName    = 127
	longestVersion = 64
	longestCommand = 256
	longestText    = 8192
)

// Options are what a Journal needs. Pool and Engine are required.
type Options struct {
	Pool    *pgxpool.Pool  // connections to the warehouse
	Engine  sqlfile.Engine // which each run notes
	Version string         // of dwh, which each run notes
	// Heartbeat is how often a run writes that it works; 0 means every minute.
	Heartbeat time.Duration
	Logger    *slog.Logger // nil discards
}

// A Journal writes runs. It writes beside the transactions of a run and commits at once, so that a
// run that fails leaves its trace. It is safe for concurrent use.
type Journal struct {
	Options
	db *dwhdb.Queries
}

// New returns a Journal.
func New(o Options) *Journal {
	if o.Heartbeat <= 0 {
		o.Heartbeat = heartbeat
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Journal{Options: o, db: dwhdb.New(writelock.Retrying(o.Pool))}
}

// NewID makes the id of a run. It sorts by time: UTC to the microsecond, and eight random digits.
func NewID(now time.Time) string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return now.UTC().Format("20060102T150405.000000Z") + "-" + hex.EncodeToString(random[:])
}

// Begin writes the first row of a run, and from then on that the run works. command is what the
// user typed. Run.End has to follow.
func (j *Journal) Begin(ctx context.Context, command string) (*Run, error) {
	now := time.Now().UTC()
	run := &Run{ID: NewID(now), Started: now, journal: j}
	if err := j.db.StartRun(ctx, dwhdb.StartRunParams{
		RunID: run.ID, Command: bulk.Clip(command, longestCommand), Engine: string(j.Engine),
		DwhVersion: bulk.Clip(j.Version, longestVersion), StartedAt: now,
	}); err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	run.keepAlive(ctx)
	return run, nil
}

// WriteChecks writes what checks found outside a run, or behind its end, under the id of a run. It
// does not change how that run ended: FailChecked does.
func (j *Journal) WriteChecks(ctx context.Context, run string, results []check.Result) error {
	entry := &Run{ID: run, journal: j}
	entry.Checks(results)
	return entry.put(ctx, nil)
}

// Extend writes a step behind the end of a run, and what its checks found. position is the step's
// place in the run, from 1. The run ends when the step does.
func (j *Journal) Extend(ctx context.Context, run string, position int, step Step, results []check.Result) error {
	entry := &Run{ID: run, journal: j}
	entry.Step(step)
	entry.steps[0].Position = int32(position)
	entry.Checks(results)
	if err := entry.put(ctx, nil); err != nil {
		return err
	}
	if err := j.db.ExtendRun(ctx, entry.steps[0].EndedAt, run); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// FailChecked writes that checks behind the end of a run failed.
func (j *Journal) FailChecked(ctx context.Context, run string, cause error) error {
	text := bulk.Clip(cause.Error(), longestText)
	if err := j.db.FailRun(ctx, checkFailed, &text, run); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// outcomeOf is how a run went that ended with an error; nil is done.
func outcomeOf(cause error) string {
	var busy *writelock.BusyError
	var violations *check.FailedError
	switch {
	case cause == nil:
		return done
	case errors.As(cause, &busy):
		return refused
	case errors.Is(cause, context.Canceled):
		return interrupted
	case errors.As(cause, &violations):
		return checkFailed
	}
	return Failed
}
