package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
)

// A first run hands over what it built in the scratch schema. Most tables are small, and are copied. A large one with its key would take as long to
// copy as to build, and takes the place of the empty one instead, where nobody can tell the two apart; so does a staging table that was loaded aside.

// offer gives a table that a first run has filled its key, if it can take the place of the live one.
func (w *work) offer(ctx context.Context, name catalogue.Name, large int64) error {
	live := w.tables[name]
	if !w.parallel || w.rows[name] < large || len(live.Key) == 0 {
		return nil
	}
	key, ok, err := catalogue.Replaceable(ctx, w.tx, live)
	if err != nil || !ok {
		return err
	}
	if len(live.Required) > 0 {
		if _, err := w.tx.Exec(ctx, catalogue.Require(live.In(w.schema), live.Required)); err != nil {
			return fmt.Errorf("make columns of %s required: %w", name, err)
		}
	}
	if _, err := w.tx.Exec(ctx, catalogue.AddKey(live.In(w.schema), key, live.Key)); err != nil {
		return fmt.Errorf("make the key of %s: %w", name, err)
	}
	// For the gate, and for the readers after it.
	if _, err := w.tx.Exec(ctx, catalogue.AnalyzeLoaded(live.In(w.schema))); err != nil {
		return fmt.Errorf("analyze %s: %w", name, err)
	}
	w.keyed[name] = true
	return nil
}

// flushing is what writes to disk, beside a transaction, what that has made, if its commit would have to, with the locks of the tables held that readers
// want: so it is where wal_level is minimal (https://www.postgresql.org/docs/current/populate.html#POPULATE-PITR).
type flushing struct {
	r     *Runner
	level string     // wal_level, "" until it is known
	done  chan error // of the checkpoint under way; nil without
}

// needed tells whether there is anything to flush.
func (f *flushing) needed(ctx context.Context, tx pgx.Tx) (bool, error) {
	if f.level == "" {
		if err := tx.QueryRow(ctx, "SHOW wal_level").Scan(&f.level); err != nil {
			return false, fmt.Errorf("read wal_level: %w", err)
		}
	}
	return f.level == "minimal", nil
}

// begin starts a checkpoint where one is needed, unless it is not the last and another is under way: what was loaded so far is written while more is
// loaded, so that at the end little is left to wait for.
func (f *flushing) begin(ctx context.Context, tx pgx.Tx, last bool) error {
	if needed, err := f.needed(ctx, tx); err != nil || !needed {
		return err
	}
	if f.done != nil {
		select {
		case <-f.done:
		default:
			if !last {
				return nil
			}
			<-f.done
		}
	}
	done := make(chan error, 1)
	f.done = done
	go func() { // wait, or the next begin, waits for it
		_, err := f.r.Pool.Exec(ctx, "CHECKPOINT")
		if err == nil && last && f.r.Flush != nil {
			// What was written past the server's buffers, as an index is when it is built, no checkpoint knows of.
			if err := f.r.Flush(); err != nil {
				f.r.Logger.Debug("not flushed", "error", err)
			}
		}
		done <- err
	}()
	return nil
}

// wait ends when no checkpoint is under way any more; false says that the last one failed, and the commit may take long.
func (f *flushing) wait() bool {
	if f.done == nil {
		return true
	}
	err := <-f.done
	f.done = nil
	if err != nil {
		f.r.Logger.Debug("no checkpoint", "error", err)
	}
	return err == nil
}

// publish fills the live tables, which are empty, with what was built and loaded beside them. Where flushed is false, all of them by copying.
func (w *work) publish(ctx context.Context, flushed bool) error {
	var large []catalogue.Name // last: from then on readers wait for the commit
	for _, name := range w.building {
		if flushed && w.keyed[name] {
			large = append(large, name)
			continue
		}
		if err := w.copyOver(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.twins)) {
		if flushed {
			large = append(large, name)
			continue
		}
		if err := w.copyOver(ctx, name); err != nil {
			return err
		}
	}
	for len(large) > 0 {
		blocked, err := w.swap(ctx, large)
		if err != nil {
			return err
		}
		if blocked == "" {
			w.swapped = append(w.swapped, large...)
			return nil
		}
		// None has been replaced: those that could be wait until this one is copied.
		if err := w.copyOver(ctx, blocked); err != nil {
			return err
		}
		large = slices.DeleteFunc(large, func(name catalogue.Name) bool { return name == blocked })
	}
	return nil
}

func (w *work) copyOver(ctx context.Context, name catalogue.Name) error {
	live := w.tables[name]
	if _, err := w.tx.Exec(ctx, catalogue.InsertAll(live, live.In(w.schema))); err != nil {
		return fmt.Errorf("fill %s: %w", name, err)
	}
	if _, loaded := w.twins[name]; !loaded {
		return nil
	}
	// What was built is analyzed at the run's end, what was loaded only in its twin.
	if _, err := w.tx.Exec(ctx, catalogue.AnalyzeLoaded(live)); err != nil {
		return fmt.Errorf("analyze %s: %w", name, err)
	}
	return nil
}

// Tables are taken from under their readers only if none reads them for so long: those that come meanwhile wait behind the run. All of them
// together are worth one wait.
const (
	swapPatience = 30 * time.Millisecond
	swapTries    = 20
	swapPause    = 100 * time.Millisecond
)

// SQLSTATEs of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	lockNotAvailable = "55P03"
	dependentObjects = "2BP01" // dependent_objects_still_exist
	undefinedTable   = "42P01"
)

// errChanged says that a table has been written to or given an index or anything else, if only by
// somebody whose rows or index the snapshot does not show.
var errChanged = errors.New("the table is not empty, or has something that another in its place would not have")

// swap puts tables of the scratch schema in the place of the live ones, all of them or none. blocked is one that is better copied, "" when there is none:
// somebody holds on to the live table, has written to it, or may do what this role may not.
func (w *work) swap(ctx context.Context, names []catalogue.Name) (blocked catalogue.Name, err error) {
	for try := range swapTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(swapPause):
			}
		}
		err := w.attempt(ctx, func(tx pgx.Tx) (err error) {
			blocked, err = w.replace(ctx, tx, names)
			return err
		})
		switch {
		case err == nil:
			return "", nil
		case refusal(err) == lockNotAvailable:
		case refusal(err) != "", errors.Is(err, errChanged):
			return blocked, nil
		default:
			return "", fmt.Errorf("replace %s: %w", blocked, err)
		}
	}
	return blocked, nil
}

// replace is one try of swap; on an error, at is the table that it is about.
func (w *work) replace(ctx context.Context, tx pgx.Tx, names []catalogue.Name) (at catalogue.Name, err error) {
	replaced := func(name catalogue.Name) catalogue.Table { return w.tables[name].Named("dwh_replaced_" + name) }
	// The locks come with the new names.
	patience := (swapPatience / time.Duration(len(names))).Milliseconds()
	if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", max(1, patience))); err != nil {
		return names[0], err
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, catalogue.RenameTable(w.tables[name], replaced(name).Name)); err != nil {
			return name, err
		}
	}
	for _, name := range names {
		live, old := w.tables[name], replaced(name)
		var changed bool
		// Sizes are those of now, while pg_index shows the indexes of the snapshot.
		if err := tx.QueryRow(ctx, `
			SELECT pg_relation_size(CAST($1 AS regclass)) > 0
				OR pg_indexes_size(CAST($1 AS regclass)) > (SELECT COALESCE(SUM(pg_total_relation_size(i.indexrelid)), 0) FROM pg_index AS i WHERE i.indrelid = CAST($1 AS regclass))`,
			old.SQL()).Scan(&changed); err != nil {
			return name, err
		}
		if changed {
			return name, errChanged
		}
		if ok, err := w.replaceableNow(ctx, name); err != nil || !ok {
			return name, cmp.Or(err, errChanged)
		}
		steps := []string{catalogue.DropTable(old), catalogue.MoveTable(live.In(w.schema), live.Schema)}
		for _, statistics := range w.twins[name].statistics {
			steps = append(steps, catalogue.MoveStatistics(w.schema, statistics, live.Schema))
		}
		if err := execAll(ctx, tx, steps...); err != nil {
			return name, err
		}
	}
	_, err = tx.Exec(ctx, "SET LOCAL lock_timeout = DEFAULT")
	return names[0], err
}

// attempt does something so that an error undoes that and nothing else.
func (w *work) attempt(ctx context.Context, do func(tx pgx.Tx) error) error {
	within, err := w.tx.Begin(ctx)
	if err != nil {
		return fmt.Errorf("set a savepoint: %w", err)
	}
	if err := do(within); err != nil {
		if undone := within.Rollback(ctx); undone != nil {
			return errors.Join(undone, err)
		}
		return err
	}
	return within.Commit(ctx)
}

func execAll(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// refusal is the SQLSTATE of an error that the server gave, or "".
func refusal(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
