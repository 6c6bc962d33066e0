package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// touchedPrefix marks the tables and views in which a transform keeps the keys it recomputes: touched_d_song has the key
// columns of d_song. The gate narrows the checks to them.
const touchedPrefix = "touched_"

// flagColumn says in a staging table whether the star holds the row.
const flagColumn = "processed"

// work is what one building transaction knows of the schema, and the scratch schema it builds in.
type work struct {
	tx          pgx.Tx
	schema      catalogue.Name // of the scratch
	live        catalogue.Name // of the tables that readers use
	tables      map[catalogue.Name]catalogue.Table
	staged      []catalogue.Table        // tables of records: s_ with a flag, by name
	unprocessed map[catalogue.Name]int64 // rows of each that the star does not hold
	built       []dwhdb.FingerprintsRow  // the transforms that the star follows from
	narrowed    map[catalogue.Name]bool  // tables of which the gate has a copy of what the run touched
	shown       []catalogue.Name         // tables that the gate's views stand before
	first       bool                     // no transform has built anything yet: all of the star is touched
	building    []catalogue.Name         // tables that are built anew, in the scratch schema
	fills       int64                    // from how many rows on they are worth being made by several processes of the server; 0: never
	handsOver   bool                     // they may take the place of the live ones, which are empty
	made        map[catalogue.Name]int64 // rows of those whose touched_ table has their types, until it takes their place
	rows        map[catalogue.Name]int64 // of tables that nothing has written to since they were counted
	inserted    map[catalogue.Name]bool  // tables that hold the rows of their touched_ table, which nothing has written to since
	keyed       map[catalogue.Name]bool  // those that have their key, and may take the place of the live ones
	twins       map[catalogue.Name]twin  // staging tables beside the live ones, which are empty
	flushing    flushing
	swapped     []catalogue.Name        // tables that have taken the place of the live ones
	loose       map[catalogue.Name]bool // tables without a primary key, compared by a column in which rows may share a value
}

// openWork reads the catalogue and counts what waits.
func (r *Runner) openWork(ctx context.Context, tx pgx.Tx) (*work, error) {
	live, err := r.currentSchema(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := &work{
		tx: tx, schema: scratch, live: live, flushing: flushing{r: r}, unprocessed: map[catalogue.Name]int64{}, narrowed: map[catalogue.Name]bool{},
		made: map[catalogue.Name]int64{}, rows: map[catalogue.Name]int64{}, inserted: map[catalogue.Name]bool{}, keyed: map[catalogue.Name]bool{}, twins: map[catalogue.Name]twin{}, loose: map[catalogue.Name]bool{},
	}
	if w.tables, err = catalogue.Read(ctx, tx, r.Engine, live); err != nil {
		return nil, err
	}
	for name, table := range w.tables {
		if strings.HasPrefix(string(name), "s_") && table.Has(flagColumn) {
			w.staged = append(w.staged, table)
		}
	}
	if w.built, err = dwhdb.New(tx).Fingerprints(ctx); err != nil {
		return nil, fmt.Errorf("read fingerprints: %w", err)
	}
	w.first = len(w.built) == 0
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

// enter makes the scratch schema and puts it in front of the others. One that an earlier version left behind goes first.
func (w *work) enter(ctx context.Context, behind ...catalogue.Name) error {
	if err := execAll(ctx, w.tx,
		catalogue.DropSchema(w.schema),
		catalogue.CreateSchema(w.schema),
		catalogue.SetSearchPath(append([]catalogue.Name{w.schema}, behind...)...),
	); err != nil {
		return fmt.Errorf("make schema %s: %w", w.schema, err)
	}
	return nil
}

// preferParallel makes PostgreSQL's planner think better of parallel plans for the rest of the transaction: by default it takes handing a row from one
// process to another for ten times the work of reading it, and has one process build what all of them could
// (https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PARALLEL-TUPLE-COST).
const preferParallel = "SET LOCAL parallel_tuple_cost = 0.001; SET LOCAL parallel_setup_cost = 100"

// parallel has several processes of PostgreSQL work for a run over so many rows.
func (r *Runner) parallel(ctx context.Context, w *work, rows int64) error {
	if r.Engine != sqlfile.Postgres || rows < r.ParallelRows {
		return nil
	}
	if err := execAll(ctx, w.tx, preferParallel); err != nil {
		return fmt.Errorf("set planner costs: %w", err)
	}
	w.fills = r.ParallelRows
	return nil
}

// total is how many rows wait in all the tables.
func total(waiting map[catalogue.Name]int64) int64 {
	var rows int64
	for _, count := range waiting {
		rows += count
	}
	return rows
}

// anew makes the transforms build the tables from nothing: empty ones stand before them.
func (w *work) anew(ctx context.Context, names []catalogue.Name) error {
	for _, name := range names {
		live := w.tables[name]
		if _, err := w.tx.Exec(ctx, catalogue.CreateEmpty(live.In(w.schema), live)); err != nil {
			return fmt.Errorf("make scratch table %s: %w", name, err)
		}
		w.building = append(w.building, name)
	}
	return nil
}

// unflag shows the transforms every staged row as one that they have not seen.
func (w *work) unflag(ctx context.Context) error {
	for _, table := range w.staged {
		of := table
		if one, ok := w.twins[table.Name]; ok {
			of = one.Table
		}
		if _, err := w.tx.Exec(ctx, catalogue.CreateUnprocessed(table.In(w.schema), of)); err != nil {
			return fmt.Errorf("make scratch view of %s: %w", table.Name, err)
		}
	}
	return nil
}

// reflag shows staged rows with the flags that they have.
func (w *work) reflag(ctx context.Context) error {
	for _, table := range w.staged {
		if _, err := w.tx.Exec(ctx, catalogue.DropView(table.In(w.schema))); err != nil {
			return fmt.Errorf("drop scratch view of %s: %w", table.Name, err)
		}
	}
	return nil
}

// leave drops the scratch schema.
func (w *work) leave(ctx context.Context) error {
	if err := execAll(ctx, w.tx, catalogue.SetSearchPath(w.live), catalogue.DropSchema(w.schema)); err != nil {
		return fmt.Errorf("drop schema %s: %w", w.schema, err)
	}
	w.building = nil
	return nil
}

// touched returns the touched_ tables and views of the scratch schema by the table they speak of.
func (r *Runner) touched(ctx context.Context, w *work) (map[catalogue.Name]catalogue.Table, error) {
	made, err := catalogue.Read(ctx, w.tx, r.Engine, w.schema)
	if err != nil {
		return nil, err
	}
	out := map[catalogue.Name]catalogue.Table{}
	for name, table := range made {
		if of, ok := strings.CutPrefix(string(name), touchedPrefix); ok {
			out[catalogue.Name(of)] = table
		}
	}
	return out, nil
}
