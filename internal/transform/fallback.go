package transform

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/writelock"
)

// A first run, and a load that is one transaction, fall back to loading batch by batch where
// something is wrong. That keeps the batches before the fault, and reports the fault.

// errNotEmpty stops work that is for an empty warehouse or table: another dwh came first.
var errNotEmpty = errors.New("the warehouse is not empty any more")

// refused tells whether the data of a load are to blame for an error.
func refused(err error) bool {
	var records *load.RefusedError
	var unreadable *clientcopy.UnreadableError
	return errors.As(err, &records) || errors.As(err, &unreadable)
}

// cannotGoOn tells whether an error leaves nothing to do in another way: the run was interrupted,
// the connection is gone, or another dwh has the lock.
func cannotGoOn(ctx context.Context, conn *pgx.Conn, err error) bool {
	var busy *writelock.BusyError
	return ctx.Err() != nil || conn.IsClosed() || errors.As(err, &busy)
}

// goPiecemeal says that what could not be loaded as a whole is loaded batch by batch. The cause is
// met again on that way, and told there.
func (r *Runner) goPiecemeal(cause error) {
	r.piecemeal = true
	r.Observer(progress.Event{Kind: progress.Note, Text: "loading again, batch by batch, to keep what can be loaded"})
	r.Logger.Debug("one transaction for all loads and models failed", "error", cause)
}
