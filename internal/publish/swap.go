package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
)

// Tables are taken from under their readers only if nobody reads them for so long: those that come
// meanwhile wait behind the run. All of them together are worth one wait.
const (
	swapPatience = 30 * time.Millisecond
	swapTries    = 20
	swapPause    = 100 * time.Millisecond
)

// errChanged says that a table has been written to or given an index or anything else, if only by
// somebody whose rows or index the snapshot does not show.
var errChanged = errors.New("the table is not empty, or has something that another in its place would not have")

// swap puts tables of the scratch schema in the place of the live ones, all of them or none.
// blocked is one that is better copied, "" when there is none: somebody holds on to the live table,
// has written to it, or may do what this role may not.
func (h *Handover) swap(ctx context.Context, tables []catalogue.Table) (blocked catalogue.Name, err error) {
	for try := range swapTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(swapPause):
			}
		}
		err := pgx.BeginFunc(ctx, h.tx, func(tx pgx.Tx) (err error) {
			blocked, err = h.replace(ctx, tx, tables)
			return err
		})
		switch state := catalogue.SQLState(err); {
		case err == nil:
			return "", nil
		case state == catalogue.LockNotAvailable:
		case state != "", errors.Is(err, errChanged):
			return blocked, nil
		default:
			return "", fmt.Errorf("replace %s: %w", blocked, err)
		}
	}
	return blocked, nil
}

// replace is one try of swap; on an error, at is the table that it is about.
func (h *Handover) replace(ctx context.Context, tx pgx.Tx, tables []catalogue.Table) (at catalogue.Name, err error) {
	old := func(live catalogue.Table) catalogue.Table { return live.Named("dwh_replaced_" + live.Name) }
	// The locks come with the new names.
	patience := (swapPatience / time.Duration(len(tables))).Milliseconds()
	if err := catalogue.Exec(ctx, tx, fmt.Sprintf("SET LOCAL lock_timeout = %d", max(1, patience))); err != nil {
		return tables[0].Name, err
	}
	for _, live := range tables {
		if err := catalogue.Exec(ctx, tx, catalogue.RenameTable(live, old(live).Name)); err != nil {
			return live.Name, err
		}
	}
	for _, live := range tables {
		var changed bool
		// Sizes are those of now, while pg_index shows the indexes of the snapshot.
		if err := tx.QueryRow(ctx, `
			SELECT pg_relation_size(CAST($1 AS regclass)) > 0
				OR pg_indexes_size(CAST($1 AS regclass)) > (
					SELECT COALESCE(SUM(pg_total_relation_size(i.indexrelid)), 0)
					FROM pg_index AS i
					WHERE i.indrelid = CAST($1 AS regclass)
				)`,
			old(live).SQL()).Scan(&changed); err != nil {
			return live.Name, err
		}
		if changed {
			return live.Name, errChanged
		}
		if ok, err := h.replaceableNow(ctx, live); err != nil || !ok {
			return live.Name, cmp.Or(err, errChanged)
		}
		steps := []string{catalogue.DropTable(old(live)), catalogue.MoveTable(live.In(h.scratch), live.Schema)}
		if c := h.copies[live.Name]; c != nil {
			for _, statistics := range c.statistics {
				steps = append(steps, catalogue.MoveStatistics(h.scratch, statistics, live.Schema))
			}
		}
		if err := catalogue.ExecTogether(ctx, h.Engine, tx, steps...); err != nil {
			return live.Name, err
		}
	}
	return tables[0].Name, catalogue.Exec(ctx, tx, "SET LOCAL lock_timeout = DEFAULT")
}

// replaceableNow tells whether a table can still be replaced, by what others have committed until
// now. The run's own snapshot is as old as the run: it does not show a privilege or a comment that
// came since, and another connection does. The caller holds the table's lock, so that nothing more
// comes.
func (h *Handover) replaceableNow(ctx context.Context, live catalogue.Table) (bool, error) {
	if h.copies[live.Name] != nil {
		return catalogue.ReplaceableByCopy(ctx, h.Pool, live)
	}
	_, ok, err := catalogue.Replaceable(ctx, h.Pool, live)
	return ok, err
}
