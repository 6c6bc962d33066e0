package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// flagColumn says in a staging table whether the star holds the row.
const flagColumn = catalogue.Processed

// work is one transaction that builds, and its scratch schema.
type work struct {
	*Runner
	tx     pgx.Tx
	schema catalogue.Name // the scratch schema
	snapshot
	run      *model.Run // nil before beginModels
	handover *publish.Handover
	loads    []load.Result   // what a first run has loaded
	indirect map[string]bool // checks, by name, that see just what is published
	parallel bool            // several processes of the server work for a statement
	idle     time.Time       // when the last step ended, or the work began
}

// A snapshot is what a transaction has found at its beginning.
type snapshot struct {
	live        catalogue.Name // the schema of the tables that readers use
	tables      map[catalogue.Name]catalogue.Table
	graph       *model.Graph
	staged      []catalogue.Table        // tables of records with a flag, by name
	unprocessed map[catalogue.Name]int64 // rows of each that the models' tables do not hold
	builds      []dwhdb.FingerprintsRow  // the models that the tables follow from
}

// first tells whether no model has built anything yet: the run touches everything.
func (s snapshot) first() bool { return len(s.builds) == 0 }

// givesAll tells whether the models give each column of their tables. Only then can a table that
// they build take the place of the live one.
func (s snapshot) givesAll() bool {
	return !slices.ContainsFunc(s.graph.Models, func(m *model.Model) bool { return m.Stored && !m.Complete() })
}

// openWork reads the catalogue, checks the models against it, and counts what waits.
func (r *Runner) openWork(ctx context.Context, tx pgx.Tx, scratch catalogue.Name) (*work, error) {
	opened := time.Now()
	live, err := r.currentSchema(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := &work{
		Runner: r, tx: tx, schema: scratch, idle: opened,
		snapshot: snapshot{live: live, unprocessed: map[catalogue.Name]int64{}},
	}
	w.handover = publish.New(r.publishOptions(), tx, w.schema)
	if w.tables, err = catalogue.Read(ctx, tx, r.Engine, live); err != nil {
		return nil, err
	}
	tables, err := catalogue.SchemaOf(ctx, tx, r.Engine, live, w.tables)
	if err != nil {
		return nil, err
	}
	if w.graph, err = Graph(r.Steps, tables, r.Engine); err != nil {
		return nil, err
	}
	for name, table := range w.tables {
		if table.Has(flagColumn) && w.graph.IsStaging(string(name)) {
			w.staged = append(w.staged, table)
		}
	}
	if w.builds, err = dwhdb.New(tx).Fingerprints(ctx); err != nil {
		return nil, fmt.Errorf("read fingerprints: %w", err)
	}
	slices.SortFunc(w.staged, func(a, b catalogue.Table) int { return strings.Compare(string(a.Name), string(b.Name)) })
	if len(w.staged) == 0 {
		return w, nil
	}
	counts := make([]int64, len(w.staged))
	into := make([]any, len(w.staged))
	for i := range counts {
		into[i] = &counts[i]
	}
	if err := tx.QueryRow(ctx, catalogue.CountUnprocessed(w.staged)).Scan(into...); err != nil {
		return nil, fmt.Errorf("count unprocessed rows: %w", err)
	}
	for i, table := range w.staged {
		w.unprocessed[table.Name] = counts[i]
	}
	return w, nil
}

// enter makes the scratch schema, and runs further statements. It first drops a schema that an
// earlier version left behind.
func (w *work) enter(ctx context.Context, further ...string) error {
	steps := append([]string{
		catalogue.DropSchema(w.schema), catalogue.CreateSchema(w.schema), catalogue.SetSearchPath(w.live),
	}, further...)
	if err := catalogue.ExecTogether(ctx, w.Engine, w.tx, steps...); err != nil {
		return fmt.Errorf("make schema %s: %w", w.schema, err)
	}
	return nil
}

// enterFor makes the scratch schema for an increment over so many rows. It analyzes its tables by a
// small sample: each is small, and there are many.
func (w *work) enterFor(ctx context.Context, rows int64) error {
	if err := w.preferParallel(ctx, rows); err != nil {
		return err
	}
	if w.Engine == sqlfile.Postgres {
		return w.enter(ctx, catalogue.SmallSample)
	}
	return w.enter(ctx)
}

// behindScratch sets search_path so that an unqualified name means a table of the scratch schema,
// and a live table where there is none.
func (w *work) behindScratch(ctx context.Context) error {
	if err := catalogue.Exec(ctx, w.tx, catalogue.SetSearchPath(w.schema, w.live)); err != nil {
		return fmt.Errorf("set search_path: %w", err)
	}
	return nil
}

// parallelCosts makes PostgreSQL's planner prefer parallel plans for the rest of the transaction.
// By default it assumes that to hand a row from one process to another costs ten times as much as
// to read it, so that one process builds what all of them could
// (https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PARALLEL-TUPLE-COST).
const parallelCosts = "SET LOCAL parallel_tuple_cost = 0.001; SET LOCAL parallel_setup_cost = 100"

// preferParallel has several processes of PostgreSQL work for a run over so many rows.
func (w *work) preferParallel(ctx context.Context, rows int64) error {
	if w.Engine != sqlfile.Postgres || rows < w.ParallelRows {
		return nil
	}
	if err := catalogue.Exec(ctx, w.tx, parallelCosts); err != nil {
		return fmt.Errorf("set planner costs: %w", err)
	}
	w.parallel = true
	return nil
}

// total is how many unprocessed rows all the tables hold.
func total(waiting map[catalogue.Name]int64) int64 {
	var rows int64
	for _, count := range waiting {
		rows += count
	}
	return rows
}

// leave drops the scratch schema, and runs further statements that clear up.
func (w *work) leave(ctx context.Context, further ...string) error {
	steps := append([]string{catalogue.SetSearchPath(w.live), catalogue.DropSchema(w.schema)}, further...)
	if err := catalogue.ExecTogether(ctx, w.Engine, w.tx, steps...); err != nil {
		return fmt.Errorf("drop schema %s: %w", w.schema, err)
	}
	w.handover.Clear()
	return nil
}

// rowsIn is how many new rows of staging a model can follow from.
func (w *work) rowsIn(m *model.Model) int64 {
	var rows int64
	seen := map[string]bool{}
	for _, item := range w.graph.Upstream(m) {
		for _, name := range item.Follows {
			if w.graph.IsStaging(name) && !seen[name] {
				seen[name] = true
				rows += w.unprocessed[catalogue.Name(name)]
			}
		}
	}
	return rows
}
