package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
)

// touchedPrefix marks the tables and views in which a transform keeps the keys it recomputes: touched_d_song has the key
// columns of d_song. The gate narrows the checks to them.
const touchedPrefix = "touched_"

// work is what one building transaction knows of the schema, and the scratch schema it builds in.
type work struct {
	tx          pgx.Tx
	schema      catalogue.Name // of the scratch
	live        catalogue.Name // of the tables that readers use
	tables      map[catalogue.Name]catalogue.Table
	staged      []catalogue.Table        // tables of records: s_ with a flag, by name
	unprocessed map[catalogue.Name]int64 // rows of each that the star does not hold
	first       bool                     // no transform has built anything yet: all of the star is touched
}

// openWork reads the catalogue and counts what waits.
func (r *Runner) openWork(ctx context.Context, tx pgx.Tx) (*work, error) {
	live, err := catalogue.CurrentSchema(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := &work{tx: tx, schema: scratch, live: live, unprocessed: map[catalogue.Name]int64{}}
	if w.tables, err = catalogue.Read(ctx, tx, live); err != nil {
		return nil, err
	}
	for name, table := range w.tables {
		if strings.HasPrefix(string(name), "s_") && table.Has("processed") {
			w.staged = append(w.staged, table)
		}
	}
	built, err := dwhdb.New(tx).Fingerprints(ctx)
	if err != nil {
		return nil, fmt.Errorf("read fingerprints: %w", err)
	}
	w.first = len(built) == 0
	slices.SortFunc(w.staged, func(a, b catalogue.Table) int { return strings.Compare(string(a.Name), string(b.Name)) })
	for _, table := range w.staged {
		var count int64
		if err := tx.QueryRow(ctx, catalogue.CountUnprocessed(table)).Scan(&count); err != nil {
			return nil, fmt.Errorf("count unprocessed rows of %s: %w", table.Name, err)
		}
		w.unprocessed[table.Name] = count
	}
	return w, nil
}

// enter makes the scratch schema and puts it in front of the others. One that an earlier version left behind goes first.
func (w *work) enter(ctx context.Context, behind ...catalogue.Name) error {
	for _, sql := range []string{
		catalogue.DropSchema(w.schema),
		catalogue.CreateSchema(w.schema),
		catalogue.SetSearchPath(append([]catalogue.Name{w.schema}, behind...)...),
	} {
		if _, err := w.tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make schema %s: %w", w.schema, err)
		}
	}
	return nil
}

// leave drops the scratch schema.
func (w *work) leave(ctx context.Context) error {
	for _, sql := range []string{catalogue.SetSearchPath(w.live), catalogue.DropSchema(w.schema)} {
		if _, err := w.tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("drop schema %s: %w", w.schema, err)
		}
	}
	return nil
}

// touched returns the touched_ tables and views of the scratch schema by the table they speak of.
func (w *work) touched(ctx context.Context) (map[catalogue.Name]catalogue.Table, error) {
	made, err := catalogue.Read(ctx, w.tx, w.schema)
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
