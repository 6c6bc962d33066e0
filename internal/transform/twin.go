package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A large load into an empty table goes into a twin of it: a table that its transaction made. Where wal_level is minimal, as on the private server,
// PostgreSQL then writes the rows once, and not into its log as well, which is a third of what a COPY costs
// (https://www.postgresql.org/docs/current/populate.html#POPULATE-COPY-FROM). TRUNCATE, which is the other way to that, would keep readers out
// from the first row to the commit; a twin takes the place of the empty table in the transaction's last moments.

// twin is such a table.
type twin struct {
	catalogue.Table
	statistics []catalogue.Name  // its statistics objects, which have the names of the live table's
	indexes    []catalogue.Index // the live table's, to build once it is loaded
}

// twinPrefix marks twins in the scratch schema, where views of them have the live tables' names.
const twinPrefix = "loaded_"

// recordBytes is about how many bytes of an object are one row; it decides how many bytes are a large load.
const recordBytes = 256

// large tells whether a load of so many bytes is worth a twin.
func (r *Runner) large(bytes int64) bool {
	return r.Engine == sqlfile.Postgres && bytes >= r.ParallelRows*recordBytes
}

// makeTwin makes a twin for a load, if one is worth it and can take the place of the table. made is false where it has made nothing.
func (r *Runner) makeTwin(ctx context.Context, w *work, plan *load.Plan) (made bool, err error) {
	live := w.tables[plan.File.Table]
	if schema := plan.Statement.Schema; !r.large(plan.Bytes()) || schema != "" && catalogue.Name(schema) != w.live {
		return false, nil
	}
	if ok, err := catalogue.ReplaceableByTwin(ctx, w.tx, live); err != nil || !ok {
		return false, err
	}
	if needed, err := w.flushing.needed(ctx, w.tx); err != nil {
		return false, err
	} else if needed {
		// Without a checkpoint the commit might take long, with readers waiting behind it.
		var may bool
		if err := w.tx.QueryRow(ctx, "SELECT pg_has_role('pg_checkpoint', 'USAGE')").Scan(&may); err != nil {
			return false, fmt.Errorf("read privileges: %w", err)
		}
		if !may {
			return false, nil
		}
	}
	one := twin{Table: live.In(w.schema).Named(twinPrefix + live.Name)}
	if _, err := w.tx.Exec(ctx, catalogue.CreateTwin(one.Table, live)); err != nil {
		return false, fmt.Errorf("make a twin of %s: %w", live.Name, err)
	}
	theirs, err := catalogue.ReadStatistics(ctx, w.tx, live)
	if err != nil {
		return false, err
	}
	ours, err := catalogue.ReadStatistics(ctx, w.tx, one.Table)
	if err != nil {
		return false, err
	}
	if !slices.EqualFunc(theirs, ours, func(a, b catalogue.Statistics) bool { return a.Says == b.Says }) {
		_, err := w.tx.Exec(ctx, catalogue.DropTable(one.Table))
		return false, err
	}
	for i, statistics := range theirs {
		if _, err := w.tx.Exec(ctx, catalogue.RenameStatistics(w.schema, ours[i].Name, statistics.Name)); err != nil {
			return false, fmt.Errorf("make a twin of %s: %w", live.Name, err)
		}
		one.statistics = append(one.statistics, statistics.Name)
	}
	if one.indexes, err = catalogue.ReadIndexes(ctx, w.tx, live); err != nil {
		return false, err
	}
	w.twins[live.Name] = one
	return true, nil
}

// finishTwins gives the twins the names of their tables, for what reads them from now on, and the indexes: to build one takes a fraction of the time that it takes
// to keep one while rows come in. Rows that a unique one does not take are met only here; the load then goes the usual way, which says so.
func (r *Runner) finishTwins(ctx context.Context, w *work) error {
	for _, name := range slices.Sorted(maps.Keys(w.twins)) {
		one := w.twins[name]
		if _, err := w.tx.Exec(ctx, catalogue.RenameTable(one.Table, name)); err != nil {
			return fmt.Errorf("rename %s: %w", one.Name, err)
		}
		one.Table = one.Named(name)
		w.twins[name] = one
		computed := false
		for _, index := range one.indexes {
			if err := r.createIndex(ctx, w.tx, index.Name, index.On(one.Table)); err != nil {
				return fmt.Errorf("build an index of %s: %w", name, err)
			}
			computed = computed || index.Computed
		}
		if computed {
			if _, err := w.tx.Exec(ctx, catalogue.AnalyzeLoaded(one.Table)); err != nil {
				return fmt.Errorf("analyze %s: %w", name, err)
			}
		}
	}
	return nil
}

// indexTwins builds the indexes that the loads of the twins name and that no earlier run has built. Behind the commit they would take half as long again: each row
// is then looked up in the commit log and marked.
func (r *Runner) indexTwins(ctx context.Context, conn *pgx.Conn, w *work) error {
	if len(w.twins) == 0 {
		return nil
	}
	absent, err := r.absentIndexes(ctx, conn)
	if err != nil {
		return err
	}
	for _, step := range r.Steps {
		if _, ok := w.twins[step.Table]; !ok || !step.Load {
			continue
		}
		for _, one := range step.file.Indexes {
			if !absent[one.Name] {
				continue
			}
			if err := r.buildIndex(ctx, w.tx, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadInto loads a plan in the open transaction, into the twin that its table has or into the table itself, and tells the planner of the rows.
func (r *Runner) loadInto(ctx context.Context, conn *pgx.Conn, w *work, j *journal, plan *load.Plan) (load.Result, error) {
	into := w.tables[plan.File.Table]
	plan.Tx = w.tx
	if twin, ok := w.twins[plan.File.Table]; ok {
		into, plan.Into = twin.Table, twin.Table
		plan.Copied = func(ctx context.Context) error { return w.flushing.begin(ctx, w.tx, false) }
	}
	result, err := r.loader.Load(ctx, r.loadRun(conn, j), plan)
	if err != nil {
		return result, err
	}
	if result.Rows > 0 {
		if _, err := w.tx.Exec(ctx, catalogue.AnalyzeLoaded(into)); err != nil {
			return result, fmt.Errorf("analyze %s: %w", into.Name, err)
		}
	}
	return result, nil
}

// mayLoadAside tells whether a load whose first batch is listed may go into a twin: its table is empty. Whether the table can be replaced is
// seen under the lock.
func (r *Runner) mayLoadAside(ctx context.Context, conn *pgx.Conn, plan *load.Plan) (bool, error) {
	if r.piecemeal || !r.large(plan.Bytes()) {
		return false, nil
	}
	schema, err := r.currentSchema(ctx, conn)
	if err != nil {
		return false, err
	}
	filled, err := hasRows(ctx, conn, catalogue.Table{Schema: schema, Name: plan.File.Table})
	if refusal(err) == undefinedTable {
		return false, nil // the usual way says so, and where
	}
	return !filled, err
}

// loadAside loads into an empty table in one transaction, so that its rows can be staged in a twin. Where it is not done, it has loaded nothing: the table was
// not empty any more, or cannot be replaced, or something went wrong that the usual way tells of, and survives as far as it can.
func (r *Runner) loadAside(ctx context.Context, conn *pgx.Conn, j *journal, plan *load.Plan) (result load.Result, done bool, err error) {
	err = r.write(ctx, conn, j, func(tx pgx.Tx) error {
		w, err := r.openWork(ctx, tx)
		if err != nil {
			return err
		}
		if filled, err := hasRows(ctx, tx, w.tables[plan.File.Table]); err != nil || filled {
			return cmp.Or(err, errNotFirst)
		}
		defer w.flushing.wait()
		if err := w.enter(ctx); err != nil {
			return err
		}
		if made, err := r.makeTwin(ctx, w, plan); err != nil || !made {
			return cmp.Or(err, errNotFirst)
		}
		aside := *plan
		if result, err = r.loadInto(ctx, conn, w, j, &aside); err != nil {
			return err
		}
		if err := r.finishTwins(ctx, w); err != nil {
			return err
		}
		if err := w.flushing.begin(ctx, tx, true); err != nil {
			return err
		}
		if err := w.publish(ctx, w.flushing.wait()); err != nil {
			return err
		}
		r.Failpoint("aside.published")
		return w.leave(ctx)
	})
	switch {
	case err == nil:
		r.Failpoint("load.committed")
		return result, true, nil
	case cannotGoOn(ctx, conn, err):
		return result, false, fmt.Errorf("load %s: %w", plan.File.Name, err)
	case !errors.Is(err, errNotFirst):
		r.goPiecemeal(err)
	}
	return result, false, nil
}
