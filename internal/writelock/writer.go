package writelock

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Writer runs transactions that hold the lock. The zero Wait fails with a *BusyError when another
// dwh holds it. It is not safe for concurrent use.
type Writer struct {
	Engine sqlfile.Engine // of the server; says how the lock is taken
	Wait   bool           // wait for another dwh until the context ends

	// had says that this Writer has had the lock. It waits for the lock from then on: another dwh
	// may take it between two transactions, and work that has begun should go on.
	had bool
}

// Write runs work in a transaction on conn that holds the lock, and commits. After a Conflict it
// runs the whole transaction again, at most Retries times, with growing pauses; retried is told of
// each conflict.
func (w *Writer) Write(
	ctx context.Context, conn *pgx.Conn, work func(tx pgx.Tx) error, retried func(conflict error),
) error {
	pause := firstPause
	for try := 0; ; try++ {
		err := w.once(ctx, conn, work)
		if err == nil || !Conflict(err) || try == Retries || conn.IsClosed() {
			return err
		}
		retried(err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// once runs work in one transaction.
func (w *Writer) once(ctx context.Context, conn *pgx.Conn, work func(tx pgx.Tx) error) error {
	tx, err := Begin(ctx, conn, w.Engine, w.Wait || w.had)
	if err != nil {
		return err
	}
	w.had = true
	defer func() {
		// After a commit this does nothing. The connection may be in the middle of a COPY: pgx then
		// closes it.
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = tx.Rollback(ending)
	}()
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
