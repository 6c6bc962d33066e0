package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A StagingCopy is an empty table like a staging table, which a large load fills in its place.
//
// Where wal_level is minimal, as on the private server, PostgreSQL writes the rows of a table that
// the same transaction made once, and not into its log as well, which is a third of what a COPY
// costs (https://www.postgresql.org/docs/current/populate.html#POPULATE-COPY-FROM). TRUNCATE, which
// is the other way to that, would keep readers out from the first row to the commit. A copy takes
// the place of the empty table in the transaction's last moments.
type StagingCopy struct {
	live       catalogue.Table
	statistics []catalogue.Name  // its statistics objects, which have the names of the live table's
	indexes    []catalogue.Index // the live table's, to build once it is loaded
}

// copyPrefix marks staging copies in the scratch schema as long as they are loaded.
const copyPrefix = "loaded_"

// recordBytes is about how many bytes of an object are one row; it decides how many bytes are a
// large load.
const recordBytes = 256

// LargeLoad tells whether a load of so many bytes is worth a staging copy.
func (o Options) LargeLoad(bytes int64) bool {
	return o.Engine == sqlfile.Postgres && bytes >= o.Large*recordBytes
}

// CopyStaging makes a copy of a staging table for a large load, if one can take its place.
// Otherwise made is false, and nothing is left.
func (h *Handover) CopyStaging(ctx context.Context, live catalogue.Table) (into catalogue.Table, made bool, err error) {
	if ok, err := h.mayCopy(ctx, live); err != nil || !ok {
		return into, false, err
	}
	into = live.In(h.scratch).Named(copyPrefix + live.Name)
	if err := catalogue.Exec(ctx, h.tx, catalogue.CreateStagingCopy(into, live)); err != nil {
		return into, false, fmt.Errorf("copy table %s: %w", live.Name, err)
	}
	theirs, err := catalogue.ReadStatistics(ctx, h.tx, live)
	if err != nil {
		return into, false, err
	}
	ours, err := catalogue.ReadStatistics(ctx, h.tx, into)
	if err != nil {
		return into, false, err
	}
	if !slices.EqualFunc(theirs, ours, func(a, b catalogue.Statistics) bool { return a.Says == b.Says }) {
		return into, false, catalogue.Exec(ctx, h.tx, catalogue.DropTable(into))
	}
	c := &StagingCopy{live: live}
	for i, statistics := range theirs {
		rename := catalogue.RenameStatistics(h.scratch, ours[i].Name, statistics.Name)
		if err := catalogue.Exec(ctx, h.tx, rename); err != nil {
			return into, false, fmt.Errorf("copy table %s: %w", live.Name, err)
		}
		c.statistics = append(c.statistics, statistics.Name)
	}
	if c.indexes, err = catalogue.ReadIndexes(ctx, h.tx, live); err != nil {
		return into, false, err
	}
	h.copies[live.Name] = c
	return into, true, nil
}

// mayCopy tells whether a copy can take the place of a staging table.
func (h *Handover) mayCopy(ctx context.Context, live catalogue.Table) (bool, error) {
	if ok, err := catalogue.ReplaceableByCopy(ctx, h.tx, live); err != nil || !ok {
		return false, err
	}
	if needed, err := h.check.needed(ctx); err != nil || !needed {
		return err == nil, err
	}
	// Without a checkpoint the commit might take long, with readers waiting behind it.
	var may bool
	if err := h.tx.QueryRow(ctx, "SELECT pg_has_role('pg_checkpoint', 'USAGE')").Scan(&may); err != nil {
		return false, fmt.Errorf("read privileges: %w", err)
	}
	return may, nil
}

// Loaded begins to write to disk what was loaded into staging copies so far.
func (h *Handover) Loaded(ctx context.Context) error { return h.check.begin(ctx, false) }

// HasCopy tells whether a staging table has a copy.
func (h *Handover) HasCopy(name catalogue.Name) bool { return h.copies[name] != nil }

// Finish gives the staging copies the names of their tables, for what reads them from now on, and
// the indexes: to build one takes a fraction of the time that it takes to keep one while rows come
// in. Rows that a unique index does not take are met only here, and are an error. built counts the
// indexes.
func (h *Handover) Finish(ctx context.Context) (built int, err error) {
	for _, name := range slices.Sorted(maps.Keys(h.copies)) {
		c := h.copies[name]
		loaded := c.live.In(h.scratch)
		rename := catalogue.RenameTable(loaded.Named(copyPrefix+name), name)
		if err := catalogue.Exec(ctx, h.tx, rename); err != nil {
			return built, fmt.Errorf("rename the copy of %s: %w", name, err)
		}
		computed := false
		for _, index := range c.indexes {
			h.Observer(progress.Event{Kind: progress.StepUnderWay, Text: "index " + string(index.Name)})
			if err := catalogue.Exec(ctx, h.tx, index.On(loaded)); err != nil {
				return built, fmt.Errorf("build an index of %s: %w", name, err)
			}
			h.Failpoint("copy.indexed")
			built++
			computed = computed || index.Computed
		}
		if computed {
			if err := catalogue.Exec(ctx, h.tx, catalogue.AnalyzeLoaded(loaded)); err != nil {
				return built, fmt.Errorf("analyze %s: %w", name, err)
			}
		}
	}
	return built, nil
}
