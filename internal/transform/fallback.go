package transform

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
// the connection is gone, another dwh has the lock, or the server cannot work.
func cannotGoOn(ctx context.Context, conn *pgx.Conn, err error) bool {
	var busy *writelock.BusyError
	return ctx.Err() != nil || conn.IsClosed() || errors.As(err, &busy) || exhausted(err)
}

// exhausted tells whether the server's disk is full, or the server is out of another resource or
// shuts down. To write on makes it worse: a server whose disk has no room for its log ends. Batches
// need less memory, fewer locks and less time, so that their limits are no reason to stop.
func exhausted(err error) bool {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		return false
	}
	switch server.Code {
	case "53200", "53400", "57014": // out_of_memory, configuration_limit_exceeded, query_canceled
		return false
	}
	return strings.HasPrefix(server.Code, "53") || strings.HasPrefix(server.Code, "57")
}

// goPiecemeal says that what could not be loaded as a whole is loaded batch by batch. The cause is
// met again on that way, and told there.
func (r *Runner) goPiecemeal(cause error) {
	r.piecemeal = true
	r.Observer(progress.Event{Kind: progress.Note, Text: "loading again, batch by batch, to keep what can be loaded"})
	r.Logger.Debug("one transaction for all loads and models failed", "error", cause)
}
