// Package publish gives readers what a run has built and loaded beside the tables that they see.
// Begin with Handover.
package publish

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Options are what a Handover needs beside its transaction. All but Flush are required.
type Options struct {
	Pool   *pgxpool.Pool  // shows what others have committed since the transaction's snapshot
	Engine sqlfile.Engine // of the warehouse behind Pool
	Large  int64          // a table of so many rows replaces the live one; 0: each table does
	// Flush, where set, writes to disk what the server has written to its files, for a server on
	// this machine.
	Flush    func() error
	Logger   *slog.Logger
	Observer progress.Observer
	// Failpoint is called at named moments; the crash tests end the process there.
	Failpoint func(name string)
}

// A Handover gives readers the tables that a transaction has filled in its scratch schema: those
// that models built, and staging copies. A first run fills the empty live tables (Publish); any
// other build is compared with them, and the difference is written (Compare, Apply).
type Handover struct {
	Options
	tx      pgx.Tx
	scratch catalogue.Name
	built   []*builtTable
	copies  map[catalogue.Name]*StagingCopy
	holds   map[catalogue.Name]bool // what Holds has told of live tables
	check   checkpoint
	// replaced are the tables that have taken the place of the live ones.
	replaced []catalogue.Name
}

// builtTable is a table that a model has built in the scratch schema.
type builtTable struct {
	live     catalogue.Table // with the columns that the model gives, and the key to compare by
	rows     int64
	unique   bool // the server keeps the live table's key unique
	keyed    bool // it has its key, and may take the place of the live table
	standing bool // no table was made: the live one holds just these rows
}

// New returns the Handover of a transaction, which has filled nothing yet.
func New(o Options, tx pgx.Tx, scratch catalogue.Name) *Handover {
	h := &Handover{
		Options: o, tx: tx, scratch: scratch, copies: map[catalogue.Name]*StagingCopy{},
		holds: map[catalogue.Name]bool{},
	}
	h.check.handover = h
	return h
}

// Close waits for what the Handover does beside the transaction. Call it in any case.
func (h *Handover) Close() { h.check.wait() }

// Add notes a table of so many rows that stands in the scratch schema, or that was not made because
// Holds told that the live table holds its rows. live is the one that readers
// see, with the columns that were built. It is compared by its key. A table without one, such as a
// script's, is compared by any column without NULLs: it tells groups of rows apart, and the
// difference replaces a group as a whole.
func (h *Handover) Add(live catalogue.Table, rows int64) {
	key, unique := ComparedBy(live)
	live.Key = key
	h.built = append(h.built, &builtTable{
		live: live, rows: rows, unique: unique && h.Engine == sqlfile.Postgres, standing: h.holds[live.Name],
	})
}

// find returns a built table that stands in the scratch schema; nil without.
func (h *Handover) find(name catalogue.Name) *builtTable {
	for _, b := range h.built {
		if b.live.Name == name && !b.standing {
			return b
		}
	}
	return nil
}

// At is where a table's rows stand for now: in the scratch schema if they were built or loaded
// there.
func (h *Handover) At(live catalogue.Table) catalogue.Table {
	if h.find(live.Name) != nil || h.copies[live.Name] != nil {
		return live.In(h.scratch)
	}
	return live
}

// LacksKey tells whether a table stands in the scratch schema without its key, so that the server
// does not keep it unique.
func (h *Handover) LacksKey(name catalogue.Name) bool {
	b := h.find(name)
	return b != nil && !b.keyed
}

// Rows is how many rows a built table has; known is false of any other table.
func (h *Handover) Rows(name catalogue.Name) (rows int64, known bool) {
	if b := h.find(name); b != nil {
		return b.rows, true
	}
	return 0, false
}

// Prepare gives each large built table its key, if the table can take the place of the live one. It
// analyzes all that it does not copy, for the gate and for the readers after it, and those that it
// copies if several processes of the server work for the gate.
func (h *Handover) Prepare(ctx context.Context, parallel bool) error {
	if !parallel {
		return h.flush(ctx)
	}
	for _, b := range h.built {
		if b.rows >= h.Large && b.unique && len(b.live.Key) > 0 {
			if err := h.makeKey(ctx, b); err != nil {
				return err
			}
		}
	}
	if err := h.flush(ctx); err != nil {
		return err
	}
	for _, b := range h.built {
		if b.keyed {
			continue
		}
		if err := catalogue.Exec(ctx, h.tx, catalogue.AnalyzeLoaded(b.live.In(h.scratch))); err != nil {
			return fmt.Errorf("analyze %s: %w", b.live.Name, err)
		}
	}
	return nil
}

// flush writes to disk, for the last time, what takes the place of a live table.
func (h *Handover) flush(ctx context.Context) error {
	if len(h.copies) == 0 && !slices.ContainsFunc(h.built, func(b *builtTable) bool { return b.keyed }) {
		return nil
	}
	return h.check.begin(ctx, true)
}

// makeKey makes the key of a table, if the table can take the place of the live one.
func (h *Handover) makeKey(ctx context.Context, b *builtTable) error {
	key, ok, err := catalogue.Replaceable(ctx, h.tx, b.live)
	if err != nil || !ok {
		return err
	}
	here := b.live.In(h.scratch)
	if len(b.live.Required) > 0 {
		if err := catalogue.Exec(ctx, h.tx, catalogue.Require(here, b.live.Required)); err != nil {
			return fmt.Errorf("make columns of %s required: %w", b.live.Name, err)
		}
	}
	if err := catalogue.Exec(ctx, h.tx, catalogue.AddKey(here, key, b.live.Key)); err != nil {
		return fmt.Errorf("make the key of %s: %w", b.live.Name, err)
	}
	if err := catalogue.Exec(ctx, h.tx, catalogue.AnalyzeLoaded(here)); err != nil {
		return fmt.Errorf("analyze %s: %w", b.live.Name, err)
	}
	b.keyed = true
	return nil
}

// Publish fills the live tables, which are empty, with what was built and loaded beside them. Small
// tables are copied. A large one with its key, which would take as long to copy as to build, takes
// the place of the empty one, where nobody can tell the two apart; so does a staging copy. Where
// the last checkpoint failed, all are copied: the commit might take long.
func (h *Handover) Publish(ctx context.Context) error {
	flushed := h.check.wait()
	var large []catalogue.Table // last: from then on readers wait for the commit
	for _, b := range h.built {
		if flushed && b.keyed {
			large = append(large, b.live)
		} else if err := h.copyOver(ctx, b.live); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.copies)) {
		live := h.copies[name].live
		if flushed {
			large = append(large, live)
		} else if err := h.copyOver(ctx, live); err != nil {
			return err
		}
	}
	for len(large) > 0 {
		blocked, err := h.swap(ctx, large)
		if err != nil {
			return err
		}
		if blocked == "" {
			break
		}
		// None has been replaced: those that could be wait until this one is copied.
		i := slices.IndexFunc(large, func(t catalogue.Table) bool { return t.Name == blocked })
		if err := h.copyOver(ctx, large[i]); err != nil {
			return err
		}
		large = slices.Delete(large, i, i+1)
	}
	for _, live := range large {
		h.replaced = append(h.replaced, live.Name)
	}
	return nil
}

// Replaced are the tables that have taken the place of the live ones. They are analyzed.
func (h *Handover) Replaced() []catalogue.Name { return h.replaced }

// copyOver fills a live table.
func (h *Handover) copyOver(ctx context.Context, live catalogue.Table) error {
	if err := catalogue.Exec(ctx, h.tx, catalogue.InsertAll(live, live.In(h.scratch))); err != nil {
		return fmt.Errorf("fill %s: %w", live.Name, err)
	}
	if h.copies[live.Name] == nil {
		return nil
	}
	// What was built is analyzed at the run's end, what was loaded only in its copy.
	if err := catalogue.Exec(ctx, h.tx, catalogue.AnalyzeLoaded(live)); err != nil {
		return fmt.Errorf("analyze %s: %w", live.Name, err)
	}
	return nil
}

// Drop drops the tables that were built, and the views of them.
func (h *Handover) Drop(ctx context.Context) error {
	for _, b := range h.built {
		if b.standing {
			continue
		}
		if err := catalogue.Exec(ctx, h.tx, catalogue.DropTableCascade(b.live.In(h.scratch))); err != nil {
			return fmt.Errorf("drop %s: %w", b.live.Name, err)
		}
	}
	h.Clear()
	return nil
}

// Clear forgets the tables. Their schema is dropped.
func (h *Handover) Clear() { h.built, h.copies = nil, nil }
