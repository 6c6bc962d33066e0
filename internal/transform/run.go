package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/writelock"
)

// Run loads what is new and transforms what is not processed yet. With only, just those steps run
// and nothing is flagged. A stale warehouse is replayed instead. command is how the journal calls
// it.
func (r *Runner) Run(ctx context.Context, command string, only []string) (Result, error) {
	chosen, err := Select(r.Steps, only)
	if err != nil {
		return Result{}, err
	}
	for _, step := range chosen {
		// What is wrong with the command line is said before anything runs.
		if step.Load && !r.NoLoad && step.Configured(r.Vars) {
			statement, err := step.file.Statement(r.Vars)
			if err != nil {
				return Result{}, err
			}
			if err := r.Copier.Check(statement); err != nil {
				return Result{}, err
			}
		}
	}
	result, err := r.journaled(ctx, command, func(conn *pgx.Conn, j *journal.Run, result *Result) error {
		staleness, err := r.readStaleness(ctx, conn)
		if err != nil {
			return err
		}
		if !staleness.Built() || staleness.Stale() {
			// Tables that were built from have passed. Others are looked at before anything is
			// loaded.
			if err := r.checkFlags(ctx, conn); err != nil {
				return err
			}
		}
		if staleness.Stale() && r.NoReplay {
			return staleness.Err()
		}
		done, err := r.asOne(ctx, conn, j, chosen, len(only) == 0, staleness, result)
		if done || err != nil {
			return err
		}
		for _, step := range chosen {
			if !step.Load || r.NoLoad {
				continue
			}
			load, err := r.load(ctx, conn, j, step)
			result.Loads = append(result.Loads, load)
			if err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(chosen, func(s Step) bool { return !s.Load }) {
			return nil
		}
		if staleness.Stale() && len(only) == 0 {
			result.Stale = staleness.Reasons()
			for _, mark := range result.Stale {
				r.Observer(progress.Event{Kind: progress.Note, Text: "replay needed: " + mark})
			}
			return r.replayAfter(ctx, conn, j, result, func(pgx.Tx) error { return nil }, staleness)
		}
		return r.incremental(ctx, conn, j, chosen, len(only) == 0, result)
	})
	if err == nil && len(only) == 0 && !r.NoLoad {
		err = r.tellWaiting(ctx, &result)
	}
	return result, err
}

// readStaleness reads the staleness of the warehouse, and marks steps whose text has changed.
func (r *Runner) readStaleness(ctx context.Context, conn *pgx.Conn) (Staleness, error) {
	return ReadStaleness(ctx, writelock.Retrying(conn), r.Engine, r.Steps, WriteMarks)
}

// asOne plans a run. It loads and transforms in one transaction, if that can be done.
func (r *Runner) asOne(
	ctx context.Context, conn *pgx.Conn, j *journal.Run, chosen []Step, all bool, staleness Staleness,
	result *Result,
) (done bool, err error) {
	built, fresh := staleness.Built(), !staleness.Stale() && all
	if !built && fresh {
		if done, err := r.first(ctx, conn, j, result); done || err != nil {
			return done, err
		}
	}
	var missing []load.Index
	var more bool
	if built {
		missing, more, err = r.missingIndexes(ctx, conn)
	} else { // the tables may not be there, which the loads tell
		var absent map[catalogue.Name]bool
		absent, err = r.absentIndexes(ctx, conn)
		more = len(absent) > 0
	}
	if err != nil {
		return false, err
	}
	stages := []string{stageCheck}
	if !built || staleness.Stale() && all {
		stages = []string{stageCompare, stageApply, stageCheck}
	}
	stages = append(stages, r.closing(more || len(missing) > 0, all)...)
	if !slices.ContainsFunc(chosen, func(s Step) bool { return !s.Load }) {
		stages = nil
		if len(missing) > 0 {
			stages = []string{stageIndex}
		}
	}
	r.planSteps(chosen, stages...)
	if !built {
		return false, nil
	}
	if err := r.buildIndexes(ctx, conn, j, missing, more); err != nil || !fresh {
		return false, err
	}
	return r.atOnce(ctx, conn, j, result)
}

// journaled runs work on a connection of its own between the journal's first and last word.
func (r *Runner) journaled(
	ctx context.Context, command string,
	work func(conn *pgx.Conn, j *journal.Run, result *Result) error,
) (Result, error) {
	started := time.Now()
	conn, release, err := r.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer release()
	j, err := r.begin(ctx, command)
	if err != nil {
		return Result{}, err
	}
	telemetry.Annotate(ctx, telemetry.Run(j.ID))
	result := Result{Run: j.ID}
	r.numbering.Begin()
	r.Failpoint("run.begun")
	err = work(conn, j, &result)
	if err != nil && conn.IsClosed() && ctx.Err() == nil {
		err = lost(err)
	}
	result.Duration, result.Steps, result.noted = time.Since(started), r.numbering.Taken(), j.Mark()
	if endErr := j.End(ctx, err); endErr != nil {
		// The run's own outcome matters more than the note about it: what it did is committed.
		r.Logger.Warn("the journal could not be written", "run", j.ID, "error", endErr)
	}
	return result, err
}

// begin writes the first row of a run into the journal. End has to follow.
func (r *Runner) begin(ctx context.Context, command string) (*journal.Run, error) {
	run, err := r.journal.Begin(ctx, command)
	if err == nil && r.Copier != nil {
		r.Copier.ForRun(run.ID)
	}
	return run, err
}

// analyzeAfter refreshes PostgreSQL's statistics of the tables to which rows were added, where it
// is worth it.
func (r *Runner) analyzeAfter(ctx context.Context, conn *pgx.Conn, added map[catalogue.Name]int64) error {
	schema, err := r.currentSchema(ctx, conn)
	if err != nil {
		return err
	}
	return publish.AnalyzeAfter(ctx, conn, r.Engine, schema, added)
}

// analyzeWritten refreshes the statistics of what a run wrote much of. The flags count: the indexes
// that an incremental run follows cover processed rows only, and as long as the planner takes those
// for few, it reads everything instead.
func (r *Runner) analyzeWritten(ctx context.Context, conn *pgx.Conn, result *Result) error {
	written := map[catalogue.Name]int64{}
	if result.Flagged > 0 {
		maps.Copy(written, result.waiting)
	}
	for _, step := range result.Transforms {
		written[step.Table] += step.RowsOut
	}
	for _, name := range result.analyzed {
		delete(written, name)
	}
	return r.analyzeAfter(ctx, conn, written)
}

// settle is what follows the commit of a run: nobody waits for it, and a run that ends before
// leaves it to the next.
func (r *Runner) settle(ctx context.Context, conn *pgx.Conn, j *journal.Run, result *Result) error {
	if err := r.analyzeWritten(ctx, conn, result); err != nil {
		return err
	}
	missing, more, err := r.missingIndexes(ctx, conn)
	if err != nil {
		return err
	}
	apart := r.numbering.Open(stageIndex)
	if apart {
		result.publishing.end("")
	}
	if err := r.buildIndexes(ctx, conn, j, missing, more); err != nil {
		return err
	}
	if !apart {
		result.publishing.end("")
	}
	r.numbering.Skip("no index to build", stageIndex)
	return nil
}

// explain puts file, line and column to what the server refused.
func explain(expanded sqlfile.Expanded, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	return expanded.ErrorAt(int(refused.Position), query.Message(refused), refused.Hint, err)
}

// built tells whether the transforms have built the star before.
func (r *Runner) built(ctx context.Context) (bool, error) {
	known, err := dwhdb.New(r.Pool).Fingerprints(ctx)
	if err != nil {
		return false, fmt.Errorf("read fingerprints: %w", err)
	}
	return len(known) > 0, nil
}

// remember writes down the text that the star now follows from; known is what the transaction's
// snapshot holds of it.
func (r *Runner) remember(ctx context.Context, tx pgx.Tx, j *journal.Run, known []dwhdb.FingerprintsRow) error {
	db := dwhdb.New(tx)
	held := map[string]string{}
	for _, row := range known {
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
				Name: step.Name, Fingerprint: step.Fingerprint, RunID: j.ID, FileText: keptText(step),
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
