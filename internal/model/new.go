package model

import (
	"context"
	"errors"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// ErrTaken is what a Session wraps when the server refuses a row whose key is there already
// (SQLSTATE 23505).
var ErrTaken = errors.New("a row with this key is there already")

// isNew tells whether all the rows that a step has made are of new keys, as far as the rows of
// from: tell: nothing was made of these keys before. The tables are those of stepKeys.
func (x *Run) isNew(m *Model, made [2]*Table, gone, fresh, held *Table) bool {
	return x.Graph.Engine == sqlfile.Postgres && m.Stored && x.sameRow(m) &&
		gone.empty() && held.empty() && !fresh.empty() && fresh == made[now]
}

// stepNew writes rows of new keys without looking for stored rows of these keys first. PostgreSQL
// enforces the primary key. ok is false, and nothing is written, where one of the keys is there: a
// run with --only may have computed it.
func (x *Run) stepNew(ctx context.Context, m *Model, made *Table) (ok bool, err error) {
	result, err := x.rankedTable(ctx, m, "result", "the rows of these keys as they are now", made)
	if err != nil {
		return false, err
	}
	if err := x.checkRows(ctx, m, result); err != nil {
		return false, err
	}
	err = x.Session.Attempt(ctx, func() error { return x.insert(ctx, m, result) })
	switch {
	case err == nil:
		return true, x.wrote(ctx, m, nil, result)
	case errors.Is(err, ErrTaken), errors.Is(err, ErrTooLong):
		return false, nil // the ordinary way replaces rows, and names a text that does not fit
	default:
		return false, err
	}
}

// sharedKeys are the keys that several rows of a table have. known is false where the rows are too
// few for a statement of its own: then all of them are ranked.
func (x *Run) sharedKeys(ctx context.Context, m *Model, rows *Table) (shared *Table, known bool, err error) {
	if x.Graph.Engine != sqlfile.Postgres || len(m.Key) == 0 || rows.empty() || rows.Rows < x.Large/10 {
		return nil, false, nil
	}
	keys := columns("r.", m.Key)
	shared, err = x.create(ctx, "shared", "the keys that several of these rows have",
		"SELECT "+keys+"\nFROM "+rows.SQL+" AS r\nGROUP BY "+keys+"\nHAVING COUNT(*) > 1", m.Key)
	return shared, err == nil, err
}

// rankedTable ranks rows where they stand, and returns their table. Of many rows it looks only at
// those that share a key.
func (x *Run) rankedTable(ctx context.Context, m *Model, hint, note string, rows *Table) (*Table, error) {
	shared, known, err := x.sharedKeys(ctx, m, rows)
	if err != nil {
		return nil, err
	}
	return x.rankedShared(ctx, m, hint, note, rows, shared, known)
}

// rankedShared is rankedTable where sharedKeys has looked already.
func (x *Run) rankedShared(
	ctx context.Context, m *Model, hint, note string, rows, shared *Table, known bool,
) (*Table, error) {
	switch {
	case rows.empty():
		return nil, nil
	case !known:
		return x.ranked(ctx, m, hint, note, "SELECT "+columns("u.", m.Columns)+"\nFROM "+rows.SQL+" AS u")
	case shared.empty():
		return rows, nil
	}
	first, err := x.ranked(ctx, m, "first", "the first row of each of these keys",
		semi(m.Columns, rows.SQL, m.Key, shared, m.Key))
	if err != nil || first.empty() {
		return rows, err
	}
	taken, err := x.Session.Exec(ctx, x.statement("take out all rows of these keys",
		"DELETE FROM "+rows.SQL+" AS u USING "+shared.SQL+" AS v WHERE "+equal("v", m.Key, "u", m.Key)))
	if err != nil {
		return nil, err
	}
	list := columns("", m.Columns)
	put, err := x.Session.Exec(ctx, x.statement("put in the first of each",
		"INSERT INTO "+rows.SQL+" ("+list+")\nSELECT "+list+" FROM "+first.SQL))
	if err != nil {
		return nil, err
	}
	rows.Rows += put - taken
	return rows, nil
}
