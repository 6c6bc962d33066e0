package writelock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Wait is a session of dwh's that waits for a lock of another session.
type Wait struct {
	PID    int64         // of the session that waits
	Waited time.Duration // so far; 0 where the server does not say
	// what is locked: "table f_order", "a row of table d_customer"; "" of a transaction as such
	Object string
	Holder Holder
}

// A Holder is a session that holds a lock. What the user may not see of another session is zero.
type Holder struct {
	PID   int64     // the server's process id; 0 for a prepared transaction
	User  string    // the database user of the session
	App   string    // the application_name of the session
	State string    // such as "idle in transaction"
	Since time.Time // when its transaction began

	engine sqlfile.Engine
}

// String says what is waited for, whose lock it is, and by which query that can be seen.
func (w Wait) String() string {
	return fmt.Sprintf("waiting for a lock: %s; see: %s", w.Reason(), w.Holder.Query())
}

// Reason says what is locked, and by whom.
func (w Wait) Reason() string {
	if w.Object == "" {
		return fmt.Sprintf("%s has to end its transaction first", w.Holder)
	}
	return fmt.Sprintf("%s is locked by %s", w.Object, w.Holder)
}

// String names the session.
func (h Holder) String() string {
	switch {
	case h.PID == 0 && h.engine == sqlfile.Postgres:
		return "a prepared transaction"
	case h.PID == 0:
		return "a session that this user may not see"
	}
	var known []string
	if h.User != "" {
		known = append(known, "user "+h.User)
	}
	if h.App != "" {
		known = append(known, h.App)
	}
	if h.State != "" {
		known = append(known, h.State)
	}
	if !h.Since.IsZero() {
		known = append(known, "in a transaction since "+h.Since.UTC().Format("2006-01-02 15:04:05")+" UTC")
	}
	text := fmt.Sprintf("session %d", h.PID)
	if len(known) > 0 {
		text += " (" + strings.Join(known, ", ") + ")"
	}
	return text
}

// Query is a query that shows the session.
func (h Holder) Query() string {
	switch {
	case h.engine == sqlfile.Redshift && h.PID == 0:
		return "SELECT * FROM svv_transactions, as a superuser"
	case h.engine == sqlfile.Redshift:
		return fmt.Sprintf("SELECT * FROM svv_transactions WHERE pid = %d", h.PID)
	case h.PID == 0:
		return "SELECT * FROM pg_prepared_xacts"
	}
	return fmt.Sprintf("SELECT pid, usename, state, xact_start, query FROM pg_stat_activity WHERE pid = %d", h.PID)
}

// Sessions are the server's process ids of dwh's own sessions. The zero value is empty; it is safe
// for concurrent use.
type Sessions struct {
	mu   sync.Mutex
	open map[int64]<-chan struct{} // closed when the session's connection is
}

// Add adds a session.
func (s *Sessions) Add(pid int64, closed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[int64]<-chan struct{}{}
	}
	s.open[pid] = closed
}

// Open is how many sessions are open.
func (s *Sessions) Open() int { return len(s.pids()) }

// pids returns the sessions that are open.
func (s *Sessions) pids() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pids []int64
	for pid, closed := range s.open {
		select {
		case <-closed:
			delete(s.open, pid)
		default:
			pids = append(pids, pid)
		}
	}
	return pids
}

// Querier is a connection or a pool.
type Querier interface {
	// Query sends a query with args for $1, $2 and so on. The caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Waits returns which of the sessions wait for locks of others.
func Waits(ctx context.Context, q Querier, engine sqlfile.Engine, sessions *Sessions) ([]Wait, error) {
	pids := sessions.pids()
	if len(pids) == 0 {
		return nil, nil
	}
	if engine == sqlfile.Redshift {
		return redshiftWaits(ctx, q, pids)
	}
	return postgresWaits(ctx, q, pids)
}

func postgresWaits(ctx context.Context, q Querier, pids []int64) ([]Wait, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(waiting.pid AS bigint), COALESCE(EXTRACT(epoch FROM clock_timestamp() - wanted.waitstart), 0),
			COALESCE(wanted.locktype, ''),
			COALESCE(CAST(CAST(COALESCE(wanted.relation, changed.relation) AS regclass) AS text), ''),
			CAST(blocker.pid AS bigint), COALESCE(CAST(holder.usename AS text), ''),
			COALESCE(holder.application_name, ''), COALESCE(holder.state, ''), holder.xact_start
		FROM pg_stat_activity AS waiting
		CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocker (pid)
		LEFT JOIN pg_stat_activity AS holder ON holder.pid = blocker.pid
		LEFT JOIN pg_locks AS wanted ON wanted.pid = waiting.pid AND NOT wanted.granted
		-- Who waits for the transaction that has changed a row holds a lock on the row itself.
		LEFT JOIN pg_locks AS changed
			ON changed.pid = waiting.pid
			AND changed.granted
			AND changed.locktype = 'tuple'
			AND wanted.locktype = 'transactionid'
		WHERE waiting.pid = ANY (CAST($1 AS bigint[])) AND waiting.wait_event_type = 'Lock'
		ORDER BY waiting.pid, blocker.pid`, pids)
	if err != nil {
		return nil, fmt.Errorf("look for locks that are waited for: %w", err)
	}
	waits, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Wait, error) {
		w := Wait{Holder: Holder{engine: sqlfile.Postgres}}
		var seconds float64
		var kind, relation string
		var since *time.Time
		if err := row.Scan(&w.PID, &seconds, &kind, &relation, &w.Holder.PID, &w.Holder.User, &w.Holder.App,
			&w.Holder.State, &since); err != nil {
			return w, err
		}
		w.Waited = time.Duration(seconds * float64(time.Second))
		if since != nil {
			w.Holder.Since = *since
		}
		w.Object = object(kind, relation)
		return w, nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for locks that are waited for: %w", err)
	}
	return waits, nil
}

// object names what a lock is on.
func object(kind, relation string) string {
	switch {
	case kind == "relation", kind == "extend":
		return "table " + relation
	case relation != "":
		return "a row of table " + relation
	case kind == "transactionid", kind == "virtualxid", kind == "":
		return ""
	}
	return "something of kind " + kind
}

// redshiftWaits reads SVV_TRANSACTIONS (dg/r_SVV_TRANSACTIONS), where who is no superuser sees his
// own transactions alone.
func redshiftWaits(ctx context.Context, q Querier, pids []int64) ([]Wait, error) {
	type wait struct {
		Wait
		relation int64
	}
	rows, err := q.Query(ctx, `
		SELECT CAST(waiting.pid AS BIGINT), CAST(COALESCE(waiting.relation, 0) AS BIGINT),
			CAST(COALESCE(holder.pid, 0) AS BIGINT), COALESCE(holder.txn_owner, ''), holder.txn_start
		FROM svv_transactions AS waiting
		LEFT JOIN svv_transactions AS holder
			ON holder.relation = waiting.relation
			AND holder.granted
			AND holder.pid <> waiting.pid
		WHERE NOT waiting.granted
		ORDER BY 1, 3`)
	if err != nil {
		return nil, fmt.Errorf("look for locks that are waited for: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (wait, error) {
		w := wait{Wait: Wait{Holder: Holder{engine: sqlfile.Redshift}}}
		var since *time.Time
		if err := row.Scan(&w.PID, &w.relation, &w.Holder.PID, &w.Holder.User, &since); err != nil {
			return w, err
		}
		w.Holder.User = strings.TrimRight(w.Holder.User, " ")
		if since != nil {
			w.Holder.Since = *since
		}
		return w, nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for locks that are waited for: %w", err)
	}
	var waits []Wait
	for _, w := range found {
		if !slices.Contains(pids, w.PID) {
			continue
		}
		if w.Object, err = redshiftTable(ctx, q, w.relation); err != nil {
			return nil, err
		}
		waits = append(waits, w.Wait)
	}
	return waits, nil
}

// redshiftTable names a table by its number. The catalogue is on the leader node, so that it takes
// a query of its own.
func redshiftTable(ctx context.Context, q Querier, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	rows, err := q.Query(ctx, `SELECT CAST(relname AS VARCHAR(127)) FROM pg_class WHERE oid = CAST($1 AS INTEGER)`, id)
	if err != nil {
		return "", fmt.Errorf("look for the locked table: %w", err)
	}
	name, err := pgx.CollectOneRow(rows, pgx.RowTo[string])
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Sprintf("table %d", id), nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the locked table: %w", err)
	}
	return "table " + name, nil
}

// A Watcher tells when a session of dwh's waits for somebody else's lock.
type Watcher struct {
	Engine   sqlfile.Engine // of the server that is watched
	Sessions *Sessions      // dwh's own, whose waits are told
	// Connect opens a connection of the watcher's own. It is called when there has been something
	// to watch for a second, so that a short command opens none.
	Connect func(ctx context.Context) (*pgx.Conn, error)
	// Busy says whether a session may be waiting; nil means always. While none is, the server is
	// not asked: a Serverless workgroup would never sleep.
	Busy func() bool
	// After is how long a wait lasts before it is told.
	After time.Duration
	// Tell is called once for each object and holder.
	Tell func(Wait)
	// Failed is told why the watcher gives up; nil for nobody.
	Failed func(error)

	conn *pgx.Conn
	seen map[string]*waiting
}

// A Watcher looks every half second while there is something to watch, from the second time on. Its
// connection is closed after ten seconds without. A wait that was interrupted for less than
// forgotten counts as one: a migration tries again and again.
const (
	watching  = 500 * time.Millisecond
	settled   = 2
	parted    = 20
	forgotten = 8 * time.Second
)

// waiting is a wait that a Watcher has seen.
type waiting struct {
	first, last time.Time
	told        bool
}

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	defer w.part(ctx)
	w.seen = map[string]*waiting{}
	busy, idle := 0, 0 // looks in a row
	ticker := time.NewTicker(watching)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if w.Busy != nil && !w.Busy() {
			if busy, idle = 0, idle+1; idle == parted {
				w.part(ctx)
			}
			continue
		}
		if busy, idle = busy+1, 0; busy < settled {
			continue
		}
		if err := w.look(ctx); err != nil {
			if ctx.Err() == nil && w.Failed != nil {
				w.Failed(err)
			}
			return
		}
	}
}

// part closes the watcher's connection.
func (w *Watcher) part(ctx context.Context) {
	if w.conn == nil {
		return
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = w.conn.Close(closing)
	w.conn = nil
}

// look asks the server once, and tells what has lasted long enough.
func (w *Watcher) look(ctx context.Context) (err error) {
	if w.conn == nil {
		if w.conn, err = w.Connect(ctx); err != nil {
			return err
		}
	}
	waits, err := Waits(ctx, w.conn, w.Engine, w.Sessions)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, wait := range waits {
		key := fmt.Sprint(wait.Object, " ", wait.Holder.PID)
		of := w.seen[key]
		if of == nil || now.Sub(of.last) > forgotten {
			of = &waiting{first: now}
			w.seen[key] = of
		}
		of.last = now
		if began := now.Add(-wait.Waited); began.Before(of.first) {
			of.first = began
		}
		wait.Waited = now.Sub(of.first)
		if !of.told && wait.Waited >= w.After {
			of.told = true
			w.Tell(wait)
		}
	}
	for key, of := range w.seen {
		if now.Sub(of.last) > forgotten {
			delete(w.seen, key)
		}
	}
	return nil
}
