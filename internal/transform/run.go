package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/writelock"
)

// StepResult is what one model did.
type StepResult struct {
	Step     string
	Table    catalogue.Name
	Helper   bool  // nothing is stored
	RowsIn   int64 // unprocessed rows of the staging tables that it follows from
	RowsOut  int64 // rows written to its table, or that a build gave
	Change   model.Change
	Duration time.Duration
}

// Summary says in words what became of a table's rows: "812 added, 12 healed"; "" for nothing.
func Summary(c model.Change) string {
	var words []string
	for _, one := range []struct {
		rows int64
		what string
	}{{c.Added, "added"}, {c.Changed, "changed"}, {c.Healed, "healed"}, {c.Removed, "removed"}} {
		if one.rows != 0 {
			words = append(words, fmt.Sprintf("%s %s", grouped(one.rows), one.what))
		}
	}
	return strings.Join(words, ", ")
}

// grouped writes a count with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Result is what a run did.
type Result struct {
	Run         string // its id in the journal
	Loads       []LoadResult
	Transforms  []StepResult
	Flagged     int64    // staged rows that are processed since this run
	Differences []Change // a replay: what it changed, or would change
	Stale       []string // why it replayed
	Replayed    bool
	Checks      []check.Result // of the gate
	Duration    time.Duration

	everything bool                     // Checks looked at all rows
	counts     []TableCount             // rows of every table, where they were counted
	warnings   []check.Result           // of the checks of severity warn over all rows, where they were made
	analyzed   []catalogue.Name         // tables of which the planner knows what the run wrote
	waiting    map[catalogue.Name]int64 // rows of each staging table that were not processed before
}

// Changed tells whether a difference was found or written.
func (r Result) Changed() bool {
	return slices.ContainsFunc(r.Differences, func(c Change) bool { return c.Added+c.Changed+c.Removed > 0 })
}

// Run loads what is new and transforms what is not processed yet. With only, just those steps run and nothing is
// flagged. A stale warehouse is replayed instead. command is how the journal calls it.
func (r *Runner) Run(ctx context.Context, command string, only []string) (Result, error) {
	chosen, err := Select(r.Steps, only)
	if err != nil {
		return Result{}, err
	}
	for _, step := range chosen {
		// What is wrong with the command line is said before anything runs.
		if step.Load && step.Configured(r.Vars) {
			statement, err := r.copyOf(step)
			if err != nil {
				return Result{}, err
			}
			if copier, ok := r.Copier.(CheckingCopier); ok {
				if err := copier.Check(statement); err != nil {
					return Result{}, err
				}
			}
		}
	}
	return r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, result *Result) error {
		marks, built, err := r.standing(ctx, conn)
		if err != nil {
			return err
		}
		if len(marks) > 0 && r.NoReplay {
			return &StaleError{Marks: sentences(marks)}
		}
		switch {
		case built:
			if err = r.buildIndexes(ctx, conn, j); err == nil && len(marks) == 0 && len(only) == 0 {
				var done bool
				if done, err = r.atOnce(ctx, conn, j, result); done {
					return err
				}
			}
		case len(marks) == 0 && len(only) == 0:
			var done bool
			if done, err = r.first(ctx, conn, j, result); done {
				return err
			}
		}
		if err != nil {
			return err
		}
		for _, step := range chosen {
			if !step.Load {
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
		if len(marks) > 0 && len(only) == 0 {
			result.Stale = sentences(marks)
			for _, mark := range result.Stale {
				r.Observer(Event{Kind: Note, Text: "replay needed: " + mark})
			}
			return r.replayAfter(ctx, conn, j, result, func(pgx.Tx) error { return nil }, marks)
		}
		return r.incremental(ctx, conn, j, chosen, len(only) == 0, result)
	})
}

// journaled runs work on a connection of its own between the journal's first and last word.
func (r *Runner) journaled(ctx context.Context, command string, work func(conn *pgx.Conn, j *journal, result *Result) error) (Result, error) {
	started := time.Now()
	conn, release, err := r.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer release()
	j, err := r.begin(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("write journal: %w", err)
	}
	telemetry.Annotate(ctx, telemetry.Run(j.run))
	result := Result{Run: j.run}
	r.Failpoint("run.begun")
	err = work(conn, j, &result)
	if err != nil && conn.IsClosed() && ctx.Err() == nil {
		err = lost(err)
	}
	result.Duration = time.Since(started)
	if endErr := r.end(ctx, j, err); endErr != nil {
		// The run's own outcome matters more than the note about it: what it did is committed.
		r.Logger.Warn("the journal could not be written", "run", j.run, "error", endErr)
	}
	return result, err
}

// incremental brings the models up to date with what is unprocessed, flags it, and commits if the checks let it.
func (r *Runner) incremental(ctx context.Context, conn *pgx.Conn, j *journal, steps []Step, flag bool, result *Result) error {
	return r.incrementalAfter(ctx, conn, j, steps, flag, result, func(pgx.Tx, *arrivals) error { return nil })
}

// incrementalAfter is incremental with something done first in the same transaction.
func (r *Runner) incrementalAfter(ctx context.Context, conn *pgx.Conn, j *journal, steps []Step, flag bool, result *Result, first func(tx pgx.Tx, a *arrivals) error) error {
	return r.increment(ctx, conn, j, increment{steps: steps, flag: flag, first: first}, result)
}

// increment is one incremental run.
type increment struct {
	steps []Step
	flag  bool                               // flag what the models have computed
	first func(tx pgx.Tx, a *arrivals) error // done first in the transaction
	// erase, where set, says which staged rows the run erases, when the scratch schema is there.
	erase func(ctx context.Context, w *work) (map[string][]model.Erasure, error)
	// erased is told how many rows were, behind the last model.
	erased func(ctx context.Context, tx pgx.Tx, rows int64) error
}

func (r *Runner) increment(ctx context.Context, conn *pgx.Conn, j *journal, in increment, result *Result) error {
	noted := len(j.steps)
	err := r.write(ctx, conn, j, func(tx pgx.Tx) error {
		// A retry begins from nothing.
		result.Transforms, result.Checks, result.Differences, result.Flagged = nil, nil, nil, 0
		j.steps = j.steps[:noted]
		return r.incrementOnce(ctx, tx, j, in, result)
	})
	if err != nil {
		j.rolledBack(noted)
		return err
	}
	r.Failpoint("transform.committed")
	return r.settle(ctx, conn, j, result)
}

// incrementOnce is the work of increment's transaction.
func (r *Runner) incrementOnce(ctx context.Context, tx pgx.Tx, j *journal, in increment, result *Result) error {
	var a *arrivals
	if in.flag {
		var err error
		if a, err = r.arrivals(ctx, tx); err != nil {
			return err
		}
	}
	if err := in.first(tx, a); err != nil {
		return err
	}
	w, err := r.openWork(ctx, tx)
	if err != nil {
		return err
	}
	if err := a.show(ctx, w); err != nil {
		return err
	}
	waiting := total(w.unprocessed)
	result.waiting = w.unprocessed
	script := slices.ContainsFunc(in.steps, func(s Step) bool { return s.Model != nil && s.Model.Kind == model.Script })
	if waiting == 0 && !w.first && in.erase == nil && !script {
		if err := a.leave(ctx); err != nil {
			return err
		}
		if in.flag {
			return r.remember(ctx, tx, j, w.built)
		}
		return nil
	}
	result.everything = w.first
	if err := r.preferParallel(ctx, w, waiting); err != nil {
		return err
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	var erase map[string][]model.Erasure
	if in.erase != nil {
		if erase, err = in.erase(ctx, w); err != nil {
			return err
		}
	}
	r.beginModels(w, a, erase)
	if err := r.compute(ctx, w, j, in, result); err != nil {
		return err
	}
	if in.erase != nil {
		rows, err := w.run.Erase(ctx)
		if err != nil {
			return err
		}
		if err := in.erased(ctx, tx, rows); err != nil {
			return err
		}
	}
	r.Observer(Event{Kind: StepStarted, Step: "check"})
	// Before the flags are set: what the gate looks at depends on them.
	if err := w.behindScratch(ctx); err != nil {
		return err
	}
	if err := a.reveal(ctx, w); err != nil {
		return err
	}
	if result.Checks, err = r.gate(ctx, tx, w, check.NewSight(tx, r.Engine), in.steps, false); err != nil {
		return err
	}
	if in.flag {
		if result.Flagged, err = r.flag(ctx, tx, w, a, in.steps); err != nil {
			return err
		}
		if err := a.hide(ctx, w); err != nil {
			return err
		}
		r.Failpoint("transform.flagged")
		late, err := r.gate(ctx, tx, w, check.NewSight(tx, r.Engine), in.steps, true)
		if err != nil {
			return err
		}
		result.Checks = append(result.Checks, late...)
	}
	if err := j.judge(result.Checks); err != nil {
		return err
	}
	if err := w.leave(ctx); err != nil {
		return err
	}
	if err := a.leave(ctx); err != nil {
		return err
	}
	if in.flag {
		if err := r.remember(ctx, tx, j, w.built); err != nil {
			return err
		}
	}
	r.Failpoint("transform.checked")
	return nil
}

// compute runs the models among an increment's steps. Where nothing was built before, everything is built and the difference applied.
func (r *Runner) compute(ctx context.Context, w *work, j *journal, in increment, result *Result) error {
	var chosen []*model.Model
	for _, step := range in.steps {
		if step.Model != nil {
			chosen = append(chosen, w.graph.Model(step.Model.Name))
		}
	}
	if w.first {
		if err := r.buildAll(ctx, w, chosen, result); err != nil {
			return err
		}
		if err := r.compareAll(ctx, w, result); err != nil {
			return err
		}
		r.note(j, result, 0)
		if err := r.applyAll(ctx, w, result); err != nil {
			return err
		}
		r.Failpoint("transform.built")
		w.building = nil
		return w.enter(ctx) // the checks look at what readers see
	}
	if err := r.incrementModels(ctx, w, j, chosen, result); err != nil {
		return err
	}
	r.Failpoint("transform.built")
	return nil
}

// incrementModels brings the tables of models up to date, with the helpers that they read.
func (r *Runner) incrementModels(ctx context.Context, w *work, j *journal, chosen []*model.Model, result *Result) error {
	isChosen := map[string]bool{}
	for _, m := range chosen {
		isChosen[m.Name] = true
	}
	// Helpers that the chosen ones read are computed with them.
	chosen = slices.DeleteFunc(w.graph.Upstream(chosen...), func(m *model.Model) bool { return m.Stored && !isChosen[m.Name] })
	started := time.Now()
	return w.run.Increment(ctx, chosen, func(m *model.Model, change model.Change) error {
		step, err := r.stepOf(m)
		if err != nil {
			return err
		}
		one := StepResult{Step: step.Name, Table: step.Table, Helper: !m.Stored, Change: change, RowsOut: change.Added + change.Changed + change.Healed, Duration: time.Since(started)}
		started = time.Now()
		if !w.run.Computed(m) && m.Kind != model.Script && !m.Stored {
			return nil
		}
		one.RowsIn = w.rowsIn(m)
		if !m.Stored {
			one.RowsOut = w.run.Rows(m)
		}
		r.finish(j, step, one, result)
		return nil
	})
}

// finish tells of a model that was computed.
func (r *Runner) finish(j *journal, step Step, one StepResult, result *Result) {
	result.Transforms = append(result.Transforms, one)
	j.step(step.Name, time.Now().Add(-one.Duration), one.RowsIn, one.RowsOut, step.Fingerprint, "done", Summary(one.Change))
	r.Observer(Event{Kind: StepDone, Step: step.Name, Rows: one.RowsOut, RowsIn: one.RowsIn, Duration: one.Duration, Text: Summary(one.Change)})
	r.Failpoint("transform.ran." + step.Name)
}

// settle is what follows the commit of a run: nobody waits for it, and a run that ends before leaves it to the next.
func (r *Runner) settle(ctx context.Context, conn *pgx.Conn, j *journal, result *Result) error {
	if err := r.analyzeWritten(ctx, conn, result); err != nil {
		return err
	}
	return r.buildIndexes(ctx, conn, j)
}

// explain puts file, line and column to what the server refused.
func explain(expanded sqlfile.Expanded, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	return expanded.ErrorAt(int(refused.Position), query.Message(refused), refused.Hint, err)
}

// flag marks as processed what the run's snapshot holds, in each staging table whose every transform ran, and stages what has arrived.
func (r *Runner) flag(ctx context.Context, tx pgx.Tx, w *work, a *arrivals, ran []Step) (int64, error) {
	var flagged int64
	for _, table := range w.staged {
		if w.unprocessed[table.Name] == 0 {
			continue
		}
		complete := true
		for _, step := range r.Steps {
			if step.Model != nil && slices.Contains(step.Reads, table.Name) && !slices.ContainsFunc(ran, func(s Step) bool { return s.Name == step.Name }) {
				complete = false
			}
		}
		rows, err := a.settle(ctx, table, complete)
		if err != nil {
			return flagged, err
		}
		if !complete {
			continue
		}
		if flagged += rows; w.unprocessed[table.Name] == rows {
			continue
		}
		tag, err := tx.Exec(ctx, catalogue.FlagProcessed(table))
		if err != nil {
			return flagged, fmt.Errorf("flag %s: %w", table.Name, err)
		}
		flagged += tag.RowsAffected()
	}
	return flagged, nil
}

// built tells whether the transforms have built the star before.
func (r *Runner) built(ctx context.Context) (bool, error) {
	known, err := dwhdb.New(r.Pool).Fingerprints(ctx)
	if err != nil {
		return false, fmt.Errorf("read fingerprints: %w", err)
	}
	return len(known) > 0, nil
}

// remember writes down the text that the star now follows from; known is what the transaction's snapshot holds of it.
func (r *Runner) remember(ctx context.Context, tx pgx.Tx, j *journal, known []dwhdb.FingerprintsRow) error {
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
			if err := db.AddFingerprint(ctx, step.Name, step.Fingerprint, j.run); err != nil {
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

// TableCount is how many rows a table holds.
type TableCount struct {
	Table catalogue.Name
	Rows  int64
}

// CountsAfter is Counts behind a run, which may have counted already.
func (r *Runner) CountsAfter(ctx context.Context, ran Result) ([]TableCount, error) {
	if ran.counts != nil {
		return ran.counts, nil
	}
	return r.Counts(ctx)
}

// Counts counts the rows of every table that the steps write, in their order.
func (r *Runner) Counts(ctx context.Context) ([]TableCount, error) {
	schema, err := catalogue.CurrentSchema(ctx, r.Pool)
	if err != nil {
		return nil, err
	}
	return r.count(ctx, r.Pool, nil, func(name catalogue.Name) catalogue.Table { return catalogue.Table{Schema: schema, Name: name} })
}

// count counts the rows of the tables that the steps write, where they stand, but for those of which they are known.
func (r *Runner) count(ctx context.Context, q catalogue.Querier, known map[catalogue.Name]int64, at func(name catalogue.Name) catalogue.Table) ([]TableCount, error) {
	var out []TableCount
	for _, step := range r.Steps {
		for _, name := range step.Writes {
			if slices.ContainsFunc(out, func(c TableCount) bool { return c.Table == name }) {
				continue
			}
			counted, ok := known[name]
			if !ok {
				rows, err := q.Query(ctx, catalogue.CountRows(at(name)))
				if err != nil {
					return nil, fmt.Errorf("count %s: %w", name, err)
				}
				if counted, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
					return nil, fmt.Errorf("count %s: %w", name, err)
				}
			}
			out = append(out, TableCount{Table: name, Rows: counted})
		}
	}
	return out, nil
}

// checked is what a span says of checks.
func checked(results []check.Result) []telemetry.Attribute {
	var violations int64
	for _, one := range results {
		if one.Check.Severity == check.Error {
			violations += one.Violations
		}
	}
	return []telemetry.Attribute{telemetry.Checks(len(results)), telemetry.Violations(violations)}
}

// CheckAfter runs the checks over everything, as Check does, behind a run: what the run itself has checked over everything, as a first one and a
// replay do before they commit, is not checked again.
func (r *Runner) CheckAfter(ctx context.Context, ran Result) ([]check.Result, error) {
	known := map[string]check.Result{}
	if ran.everything {
		for _, one := range slices.Concat(ran.Checks, ran.warnings) {
			known[one.Check.Name] = one
		}
	}
	var names []string
	for _, one := range r.Checks {
		if _, ok := known[one.Name]; !ok {
			names = append(names, one.Name)
		}
	}
	if len(names) > 0 {
		rest, err := r.Check(ctx, ran.Run, names)
		if err != nil {
			return nil, err
		}
		for _, one := range rest {
			known[one.Check.Name] = one
		}
	}
	results := make([]check.Result, 0, len(r.Checks))
	for _, one := range r.Checks {
		results = append(results, known[one.Name])
	}
	return results, nil
}

// Check runs the named checks, or all, over everything, in one read-only snapshot, and keeps their results in the journal under the run, a
// new id when it is "".
func (r *Runner) Check(ctx context.Context, run string, names []string) (results []check.Result, err error) {
	ctx, span := telemetry.Begin(ctx, "check")
	defer func() { span.End(err, checked(results)...) }()
	chosen, err := check.Select(r.Checks, names)
	if err != nil {
		return nil, err
	}
	settings := r.Settings
	settings.Now = time.Now()
	options := pgx.TxOptions{AccessMode: pgx.ReadOnly}
	if r.Engine == sqlfile.Postgres {
		options.IsoLevel = pgx.RepeatableRead
	}
	tx, err := r.Pool.BeginTx(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if r.Engine == sqlfile.Postgres {
		if err := execAll(ctx, tx, preferParallel); err != nil {
			return nil, fmt.Errorf("set planner costs: %w", err)
		}
	}
	if results, err = r.checkAll(ctx, tx, check.NewSight(tx, r.Engine), chosen, settings, nil); err != nil {
		return results, err
	}
	if err := tx.Rollback(ctx); err != nil {
		return results, fmt.Errorf("end reading: %w", err)
	}
	ofRun := run != ""
	if !ofRun {
		run = newID(time.Now())
	}
	j := &journal{run: run, db: dwhdb.New(writelock.Retrying(r.Pool))}
	j.results(results)
	if err := r.put(ctx, j, nil); err != nil {
		if ofRun && ctx.Err() == nil { // as in journaled
			r.Logger.Warn("the journal could not be written", "run", run, "error", err)
			return results, nil
		}
		return results, fmt.Errorf("keep check results: %w", err)
	}
	if failed := check.Failed(results, false); failed != nil && ofRun {
		text := clip(failed.Error(), 8192)
		if err := j.db.FailRun(ctx, outcomeCheckFailed, &text, run); err != nil {
			r.Logger.Warn("the journal could not be written", "run", run, "error", err)
		}
	}
	return results, nil
}
