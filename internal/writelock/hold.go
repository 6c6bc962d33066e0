package writelock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A LostError says that a writer does not hold the lock any more: another dwh may write by now.
type LostError struct {
	Err error // why its session does not answer
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the write lock is lost, because the session that held it has ended: %v", e.Err)
}

// Unwrap returns what the session's connection said.
func (e *LostError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (*LostError) Hint() string {
	return "work that was not committed was rolled back: run the command again; the server's log says why the " +
		"session ended"
}

// errEnded says that the session is there and its transaction is not.
var errEnded = errors.New("its transaction was ended")

// holdInterval is how often a Hold asks whether its session is alive.
const holdInterval = time.Second

// holdTime bounds the wait for an answer.
const holdTime = 10 * time.Second

// A Hold watches a session that holds the lock for work on other connections. It is safe for
// concurrent use; nobody else may use the session's connection until Release.
type Hold struct {
	conn   *pgx.Conn
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed by the goroutine

	mu   sync.Mutex // guards the connection and lost
	lost error
}

// Keep begins to watch conn, in whose transaction Begin took the lock. The context that it returns
// ends with a *LostError as its cause as soon as the lock is lost. Release ends the watch.
func Keep(ctx context.Context, conn *pgx.Conn) (*Hold, context.Context) {
	watched, cancel := context.WithCancelCause(ctx)
	h := &Hold{conn: conn, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		ticker := time.NewTicker(holdInterval)
		defer ticker.Stop()
		for {
			select {
			case <-watched.Done():
				return
			case <-ticker.C:
				if err := h.Check(ctx); err != nil {
					return
				}
			}
		}
	}()
	return h, watched
}

// Check asks the server whether the lock is still held, and returns a *LostError if it is not. The
// question is an empty query, which takes no snapshot: a snapshot in the lock's transaction would
// be waited for by CREATE INDEX CONCURRENTLY.
func (h *Hold) Check(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost != nil {
		return h.lost
	}
	// A caller that is told to stop must not end the lock's connection.
	asking, stop := context.WithTimeout(context.WithoutCancel(ctx), holdTime)
	defer stop()
	err := h.conn.Ping(asking)
	if err == nil && h.conn.PgConn().TxStatus() != 'T' {
		err = errEnded
	}
	if err != nil {
		h.lost = &LostError{Err: err}
		h.cancel(h.lost)
	}
	return h.lost
}

// Lost returns the *LostError once the lock was found to be lost, else nil.
func (h *Hold) Lost() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

// Release ends the watch, and waits for it. The connection is free again then.
func (h *Hold) Release() {
	h.cancel(nil)
	<-h.ended
}
