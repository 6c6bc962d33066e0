package transform

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/writelock"
)

// An activeRun is a run under way. The modes of a run embed it: firstRun, increment, onlySteps,
// erasure, erasingReplay, emptying, replay and partialReplay. Each has a method transact, which is
// its work in one transaction, and a method run, which commits that.
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

// analyzeAfter refreshes PostgreSQL's statistics of the tables to which rows were added, where it
// is worth it.
func (r *activeRun) analyzeAfter(ctx context.Context, added map[catalogue.Name]int64) error {
	schema, err := r.currentSchema(ctx, r.conn)
	if err != nil {
		return err
	}
	return publish.AnalyzeAfter(ctx, r.conn, r.Engine, schema, added)
}

// loadRun is a run as package load knows it.
func (r *activeRun) loadRun() load.Run { return load.Run{ID: r.entry.ID, Conn: r.conn, Write: r.write} }

// beginStage begins a stage of the run.
func (r *activeRun) beginStage(name string) *stage { return r.newStage(r.entry, name) }

// publishAfter ends the gate and begins to publish. flagging is how long the gate waited for the
// flags of staged rows, which count as published.
func (r *activeRun) publishAfter(checking *stage, flagging time.Duration, note string) *stage {
	checking.started = checking.started.Add(flagging)
	checking.end(note)
	publishing := r.beginStage(stagePublish)
	publishing.started = publishing.started.Add(-flagging)
	return publishing
}
