package dashboard

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
)

const (
	// slotWait is how long a view waits for others before it is told that the dashboard is busy.
	slotWait = 2 * time.Second
	// connectWait is how long a view waits for a connection: a server that does not answer must not
	// hang the page.
	connectWait = 5 * time.Second
)

// reader reads the warehouse: read-only transactions with a statement timeout, a few at once, on
// connections of its own.
type reader struct {
	pool    *pgxpool.Pool
	slots   chan struct{}
	timeout time.Duration
	limits  string // sets the timeouts, for the transaction alone
}

// limitStatement sets the timeouts, in milliseconds and until the transaction's end. Redshift's
// guide has SET LOCAL (dg/r_SET) for what PostgreSQL does by a function for several at once; it has
// no lock_timeout, which keeps a view from queueing behind a migration. PostgreSQL is to plan each
// report for its values: after some runs it would plan once for all, and take every range of days
// for a short one.
func limitStatement(engine sqlfile.Engine, timeout time.Duration) string {
	ms := strconv.FormatInt(timeout.Milliseconds(), 10)
	if engine == sqlfile.Redshift {
		return "SET LOCAL statement_timeout TO " + ms
	}
	return "SELECT set_config('statement_timeout', '" + ms + "', true), set_config('lock_timeout', '2000', true), " +
		"set_config('plan_cache_mode', 'force_custom_plan', true)"
}

func newReader(ctx context.Context, o Options) (*reader, error) {
	config := o.Pool.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = int32(o.Concurrency), 0, 0
	config.MaxConnIdleTime = time.Minute
	if name := config.ConnConfig.RuntimeParams["application_name"]; name != "" {
		config.ConnConfig.RuntimeParams["application_name"] = name + " dashboard"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the dashboard's connections: %w", err)
	}
	return &reader{
		pool: pool, slots: make(chan struct{}, o.Concurrency), timeout: o.Timeout,
		limits: limitStatement(o.Engine, o.Timeout),
	}, nil
}

func (r *reader) close() { r.pool.Close() }

// read runs work in a read-only transaction. It ends when ctx does, which is when the client goes
// away. Errors are *busyError, *unreachableError, *slowError and those of work.
func (r *reader) read(ctx context.Context, work func(tx pgx.Tx) error) error {
	wait := time.NewTimer(slotWait)
	defer wait.Stop()
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return &busyError{cap(r.slots)}
	}
	defer func() { <-r.slots }()

	connecting, cancel := context.WithTimeout(ctx, connectWait)
	conn, err := r.pool.Acquire(connecting)
	cancel()
	if err != nil {
		return &unreachableError{err}
	}
	defer conn.Release()
	// Whatever the statements do, the view ends: the server's timeout is per statement.
	ctx, cancel = context.WithTimeout(ctx, 2*r.timeout)
	defer cancel()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return &unreachableError{err}
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = tx.Rollback(ending) // a connection that is in no state to is closed
	}()
	if _, err := tx.Exec(ctx, r.limits); err != nil {
		return &unreachableError{err}
	}
	return r.explain(ctx, work(tx))
}

// explain names the failures that are about how the warehouse is asked.
func (r *reader) explain(ctx context.Context, err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		if refused.Code == "57014" { // query_canceled
			return &slowError{limit: r.timeout, err: err}
		}
		// operator intervention, connection
		if class := refused.Code[:min(2, len(refused.Code))]; class == "57" || class == "08" {
			return &unreachableError{err}
		}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &slowError{limit: 2 * r.timeout, err: err}
	case errors.Is(err, context.Canceled), pgconn.SafeToRetry(err):
		return &unreachableError{err}
	}
	return err
}

// bounded hands on the rows of a query up to a number of rows, and up to a number of bytes.
type bounded struct {
	query.Querier
	rows   int // beyond which the rest is left out, and cut is set; 0 for no limit
	bytes  int // beyond which it fails with a *tooLargeError, or cuts where there are rows enough
	enough int // how many rows are; 0: none are
	cut    bool
}

// Query implements query.Querier.
func (b *bounded) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	ctx, stop := context.WithCancel(ctx)
	rows, err := b.Querier.Query(ctx, sql, args...)
	if err != nil {
		stop()
		return nil, err
	}
	return &boundedRows{Rows: rows, limits: b, stop: stop}, nil
}

// boundedRows counts what it hands on.
type boundedRows struct {
	pgx.Rows
	limits      *bounded
	stop        context.CancelFunc
	rows, bytes int
	ended       bool // before the query's end
	err         error
}

// Next implements pgx.Rows.
func (r *boundedRows) Next() bool {
	if r.ended || !r.Rows.Next() {
		return false
	}
	r.rows++
	for _, value := range r.RawValues() {
		r.bytes += len(value) + 16
	}
	switch {
	case r.limits.rows > 0 && r.rows > r.limits.rows:
		r.limits.cut, r.ended = true, true
	case r.bytes > r.limits.bytes && r.limits.enough > 0 && r.rows > r.limits.enough:
		r.limits.cut, r.ended = true, true
	case r.bytes > r.limits.bytes:
		r.err, r.ended = &tooLargeError{r.limits.bytes}, true
	}
	if r.ended {
		r.stop() // the rest is not waited for
	}
	return !r.ended
}

// Err implements pgx.Rows.
func (r *boundedRows) Err() error {
	if r.ended {
		return r.err
	}
	return r.Rows.Err()
}

// Close implements pgx.Rows.
func (r *boundedRows) Close() {
	r.Rows.Close()
	r.stop()
}
