package transform

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/writelock"
)

// An activeRun is a run under way. The modes of a run embed it: firstRun, increment, onlySteps,
// erasure, replay, partialReplay.
type activeRun struct {
	*Runner
	conn       *pgx.Conn    // of its own
	entry      *journal.Run // nil: the run writes nothing that lasts
	result     *Result
	publishing *stage // that ends behind the commit; nil where nothing is published
}

// journaled runs work on a connection of its own between the journal's first and last word.
func (r *Runner) journaled(ctx context.Context, command string, work func(run *activeRun) error) (Result, error) {
	started := time.Now()
	conn, release, err := r.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer release()
	entry, err := r.beginEntry(ctx, command)
	if err != nil {
		return Result{}, err
	}
	telemetry.Annotate(ctx, telemetry.Run(entry.ID))
	result := Result{Run: entry.ID}
	r.numbering.Begin()
	r.Failpoint("run.begun")
	err = work(&activeRun{Runner: r, conn: conn, entry: entry, result: &result})
	if err != nil && conn.IsClosed() && ctx.Err() == nil {
		err = lost(err)
	}
	result.Duration, result.Steps, result.noted = time.Since(started), r.numbering.Taken(), entry.Mark()
	if endErr := entry.End(ctx, err); endErr != nil {
		// The run's own outcome matters more than the note about it: what it did is committed.
		r.Logger.Warn("the journal could not be written", "run", entry.ID, "error", endErr)
	}
	return result, err
}

// beginEntry writes the first row of a run into the journal. End has to follow.
func (r *Runner) beginEntry(ctx context.Context, command string) (*journal.Run, error) {
	entry, err := r.journal.Begin(ctx, command)
	if err == nil && r.Copier != nil {
		r.Copier.ForRun(entry.ID)
	}
	return entry, err
}

// write runs work in a transaction that holds the lock, and commits. Where another transaction came
// between, the work begins again.
func (r *activeRun) write(ctx context.Context, work func(tx pgx.Tx) error) error {
	err := r.writer.Write(ctx, r.conn, work, func(conflict error) {
		r.entry.Retries++
		r.Logger.Warn("another transaction changed the same rows; trying again", "error", conflict)
	})
	return catalogue.ExplainPublication(ctx, r.Pool, err)
}

// commit runs the one transaction of a mode, and what follows it. failpoint is the name of the
// moment behind the commit.
func (r *activeRun) commit(ctx context.Context, failpoint string, transact func(tx pgx.Tx) error) error {
	mark := r.entry.Mark()
	err := r.write(ctx, func(tx pgx.Tx) error {
		// A retry begins from nothing.
		r.result.Transforms, r.result.Checks, r.result.Differences, r.result.Flagged = nil, nil, nil, 0
		r.publishing = nil
		r.entry.Forget(mark)
		return transact(tx)
	})
	if err != nil {
		r.entry.RolledBack(mark)
		return err
	}
	r.Failpoint(failpoint)
	return r.settle(ctx)
}

// readStaleness reads the staleness of the warehouse, and marks steps whose text has changed.
func (r *activeRun) readStaleness(ctx context.Context) (Staleness, error) {
	return ReadStaleness(ctx, writelock.Retrying(r.conn), r.Engine, r.Steps, WriteMarks)
}

// open opens the work of the run's transaction, and notes what it found.
func (r *activeRun) open(ctx context.Context, tx pgx.Tx) (*work, error) {
	w, err := r.openWork(ctx, tx, r.Scratch+scratchSuffix)
	if err != nil {
		return nil, err
	}
	r.result.everything, r.result.waiting = w.first(), w.unprocessed
	return w, nil
}

// remember writes down the models that the tables now follow from.
func (r *activeRun) remember(ctx context.Context, w *work) error {
	db := dwhdb.New(w.tx)
	held := map[string]string{}
	for _, row := range w.builds {
		held[row.Name] = row.Fingerprint
	}
	for _, step := range r.Steps {
		if step.Load {
			continue
		}
		if held[step.Name] != step.Fingerprint {
			if err := db.ForgetFingerprint(ctx, step.Name); err != nil {
				return fmt.Errorf("write fingerprints: %w", err)
			}
			if err := db.AddFingerprint(ctx, dwhdb.AddFingerprintParams{
				Name: step.Name, Fingerprint: step.Fingerprint, RunID: r.entry.ID, FileText: keptText(step),
			}); err != nil {
				return fmt.Errorf("write fingerprints: %w", err)
			}
		}
		delete(held, step.Name)
	}
	for name := range held {
		if err := db.ForgetFingerprint(ctx, name); err != nil {
			return fmt.Errorf("write fingerprints: %w", err)
		}
	}
	return nil
}

// settle is what follows the commit of a run: statistics and indexes. A run that ends before leaves
// it to the next.
func (r *activeRun) settle(ctx context.Context) error {
	if err := r.analyzeWritten(ctx); err != nil {
		return err
	}
	missing, err := r.missingIndexes(ctx)
	if err != nil {
		return err
	}
	apart := r.numbering.Open(stageIndex)
	if apart {
		r.publishing.end("")
	}
	if err := r.buildIndexes(ctx, missing); err != nil {
		return err
	}
	if !apart {
		r.publishing.end("")
	}
	r.numbering.Skip("no index to build", stageIndex)
	return nil
}

// analyzeWritten refreshes the statistics of what a run wrote much of. The flags count: the indexes
// that an increment follows cover processed rows only, and as long as the planner takes those for
// few, it reads everything instead.
func (r *activeRun) analyzeWritten(ctx context.Context) error {
	written := map[catalogue.Name]int64{}
	if r.result.Flagged > 0 {
		maps.Copy(written, r.result.waiting)
	}
	for _, step := range r.result.Transforms {
		written[step.Table] += step.RowsOut
	}
	for _, name := range r.result.analyzed {
		delete(written, name)
	}
	return r.analyzeAfter(ctx, written)
}

// analyzeAfter refreshes PostgreSQL's statistics of the tables to which rows were added, where it
// is worth it.
func (r *activeRun) analyzeAfter(ctx context.Context, added map[catalogue.Name]int64) error {
	schema, err := r.currentSchema(ctx, r.conn)
	if err != nil {
		return err
	}
	return publish.AnalyzeAfter(ctx, r.conn, r.Engine, schema, added)
}
