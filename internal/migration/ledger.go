package migration

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/writelock"
)

// settleLedger brings the ledger and the rejects up to date. Entries of a renamed table get its new
// name. Entries of a table that is gone or emptied are deleted, so that the next load reads its
// objects again.
func (m *Migrator) settleLedger(ctx context.Context, conn *pgx.Conn, before, after shape) error {
	db := dwhdb.New(writelock.Retrying(conn))
	noted, err := db.LedgerTables(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's tables: %w", err)
	}
	emptied := after.emptied(before)
	forgotten := false
	for _, name := range noted {
		now := after.renamed(before, name)
		switch {
		case now != "" && !slices.Contains(noted, now):
			if err := rename(ctx, db, name, now); err != nil {
				return err
			}
			m.logger.Info("a staging table was renamed, and the ledger has its new name", "table", name, "now", now)
		case !after.has(name), slices.Contains(emptied, name):
			if err := forget(ctx, db, name); err != nil {
				return err
			}
			m.logger.Info("the staged rows of a table were dropped, so the ledger forgets their objects", "table", name)
			forgotten = true
		}
	}
	if !forgotten {
		return nil
	}
	known := slices.Collect(maps.Values(before.ids))
	for name, is := range after.staging() {
		if is.rows && !slices.Contains(known, is.id) && !slices.Contains(noted, name) {
			m.logger.Warn("a staging table was created with rows, and the ledger has no objects of it: the next load "+
				"reads every object of its source", "table", name)
		}
	}
	return nil
}

// renamed is the name that a table has now; "" where it has the same one, or is gone.
func (s shape) renamed(before shape, name string) string {
	id, existed := before.ids[name]
	if !existed || s.ids[name] == id {
		return ""
	}
	for now, is := range s.ids {
		if is == id {
			return now
		}
	}
	return ""
}

// rename gives the objects and rejects of a table to its new name.
func rename(ctx context.Context, db *dwhdb.Queries, name, now string) error {
	if err := db.RenameObjects(ctx, now, name); err != nil {
		return fmt.Errorf("rename %s in the ledger: %w", name, err)
	}
	if err := db.RenameRejects(ctx, now, name); err != nil {
		return fmt.Errorf("rename %s in the rejects: %w", name, err)
	}
	return nil
}

// forget deletes the objects and rejects of a table.
func forget(ctx context.Context, db *dwhdb.Queries, name string) error {
	if err := db.DeleteObjects(ctx, name); err != nil {
		return fmt.Errorf("delete the ledger of %s: %w", name, err)
	}
	if err := db.DeleteRejects(ctx, name); err != nil {
		return fmt.Errorf("delete the rejects of %s: %w", name, err)
	}
	return nil
}
