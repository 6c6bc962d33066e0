package migration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// A WaitError says that a migration gave up waiting for a lock.
type WaitError struct {
	Migration string          // the file; "" where the schema was only looked at
	Patience  time.Duration   // how long it waited
	Wait      *writelock.Wait // whose lock it was; nil where nobody could tell
	Err       error
}

func (e *WaitError) Error() string {
	of := ""
	if e.Migration != "" {
		of = e.Migration + ": "
	}
	if e.Wait == nil {
		return fmt.Sprintf("%sgave up after waiting %s for a lock on a table that the migration needs", of, e.Patience)
	}
	return fmt.Sprintf("%sgave up after waiting %s for a lock: %s", of, e.Patience, e.Wait.Reason())
}

// Unwrap returns the last error of the server.
func (e *WaitError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *WaitError) Hint() string {
	if e.Wait == nil || e.Wait.Holder.PID == 0 {
		return "end the transaction of the other session, then run the command again; no migration was committed " +
			"in part"
	}
	return fmt.Sprintf(
		"see the session with: %s; end its transaction, or the session: SELECT pg_terminate_backend(%d); then run "+
			"the command again",
		e.Wait.Holder.Query(),
		e.Wait.Holder.PID,
	)
}

// waits remembers whose lock the migrator waits for.
type waits struct {
	mu     sync.Mutex
	latest *writelock.Wait
	cancel context.CancelCauseFunc
	ended  chan struct{}

	// ends, with a *WaitError as its cause, when a wait on Redshift has lasted too long
	ctx context.Context
}

func (w *waits) stop() {
	w.cancel(nil)
	<-w.ended
}

func (w *waits) last() *writelock.Wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest
}

// watch begins to watch what the migrator's own sessions wait for. Redshift has no lock_timeout:
// there a wait that lasts longer than patience ends the context.
func (m *Migrator) watch(ctx context.Context) *waits {
	w := &waits{ended: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	looking, stop := context.WithCancel(ctx)
	// The migrator's pool is small, and its sessions wait.
	connect := func(ctx context.Context) (*pgx.Conn, error) {
		config := m.pool.Config()
		cc := config.ConnConfig
		cc.Tracer = nil
		if config.BeforeConnect != nil {
			if err := config.BeforeConnect(ctx, cc); err != nil {
				return nil, err
			}
		}
		return pgx.ConnectConfig(ctx, cc)
	}
	var group sync.WaitGroup
	run := func(after time.Duration, tell func(writelock.Wait)) {
		group.Go(func() {
			watcher := writelock.Watcher{
				Engine:   m.engine,
				Sessions: m.sessions,
				Connect:  connect,
				After:    after,
				Tell:     tell,
				Failed: func(err error) {
					m.logger.Debug("cannot tell what a migration waits for", "error", err)
				},
			}
			watcher.Run(looking)
		})
	}
	run(min(time.Second, m.patience/2), func(wait writelock.Wait) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.latest = &wait
	})
	if m.engine == sqlfile.Redshift {
		run(m.patience, func(wait writelock.Wait) {
			w.cancel(&WaitError{Patience: m.patience, Wait: &wait, Err: context.DeadlineExceeded})
		})
	}
	go func() {
		defer close(w.ended)
		<-w.ctx.Done()
		stop()
		group.Wait()
	}()
	return w
}

// patient runs work, and again where another transaction was in the way or a lock did not come
// within lock_timeout, until patience ends.
func (m *Migrator) patient(ctx context.Context, waited *waits, work func(ctx context.Context) error) error {
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval = 100 * time.Millisecond
	pace.MaxInterval = 5 * time.Second
	told := false
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := work(waited.ctx)
		var gaveUp *WaitError
		switch {
		case err == nil:
			return struct{}{}, nil
		case errors.As(context.Cause(waited.ctx), &gaveUp):
			return struct{}{}, backoff.Permanent(gaveUp)
		case writelock.Conflict(err):
			m.logger.Warn("another transaction changed the same rows; trying again", "error", err)
		case locked(err):
			if !told {
				told = true
				m.logger.Warn(
					"a migration waits for readers of a table it changes; trying again",
					"gives up after",
					m.patience,
				)
			}
		default:
			return struct{}{}, backoff.Permanent(err)
		}
		if renewErr := m.renew(); renewErr != nil {
			return struct{}{}, backoff.Permanent(renewErr)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pace), backoff.WithMaxElapsedTime(m.patience))
	if locked(err) {
		return &WaitError{Patience: m.patience, Wait: waited.last(), Err: err}
	}
	return err
}

// locked recognizes a lock that did not come within lock_timeout.
func locked(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "55P03"
}
