package model

import (
	"context"
	"errors"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// ErrTaken is what a Session wraps when the server refuses a row whose key is there already
// (SQLSTATE 23505).
var ErrTaken = errors.New("a row with this key is there already")

// isNew tells whether all rows that a step has made have new keys: before this run, the rows of
// from: made no row with them. The tables are those of stepKeys.
func (x *Run) isNew(m *Model, made [2]*Table, gone, fresh, held *Table) bool {
	return x.Graph.Engine == sqlfile.Postgres && m.Stored && x.sameRow(m) &&
		gone.empty() && held.empty() && !fresh.empty() && fresh == made[now]
}

// stepNew writes rows of new keys without looking for stored rows of these keys first. PostgreSQL
// enforces the primary key. ok is false, and nothing is written, where one of the keys is there: a
// run with --only may have computed it.
func (x *Run) stepNew(ctx context.Context, m *Model, made *Table) (ok bool, err error) {
	shared, err := x.sharedKeys(ctx, m, made)
	if err != nil {
		return false, err
	}
	result, err := x.rankedTable(ctx, m, "result", "the rows of these keys as they are now", made, shared)
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
