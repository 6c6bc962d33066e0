package migration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// failureTracer keeps the text of the last statement that the server refused. goose reports the
// error without the statement, and the position in PgError counts from the statement's start.
//
// While hold is set, it sees to it that nothing is committed when the lock is lost: the context of
// a statement that would commit has ended then, so that the statement is not sent, and pgx closes a
// connection whose commit failed.
type failureTracer struct {
	mu   sync.Mutex
	sql  string
	hold *writelock.Hold
}

type tracedSQL struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (t *failureTracer) TraceQueryStart(
	ctx context.Context,
	conn *pgx.Conn,
	data pgx.TraceQueryStartData,
) context.Context {
	ctx = context.WithValue(ctx, tracedSQL{}, data.SQL)
	t.mu.Lock()
	hold := t.hold
	t.mu.Unlock()
	if hold == nil || !commits(conn, data.SQL) {
		return ctx
	}
	if err := hold.Check(ctx); err != nil {
		ended, cancel := context.WithCancelCause(ctx)
		cancel(err)
		return ended
	}
	return ctx
}

// commits says whether a statement commits: COMMIT, and whatever stands alone but what opens a
// transaction block.
func commits(conn *pgx.Conn, sql string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(sql)), " ")
	if word == "commit" {
		return true
	}
	return conn.PgConn().TxStatus() == 'I' && word != "begin" && word != "set" && word != "show"
}

// guard has the tracer watch hold from now on; nil ends that.
func (t *failureTracer) guard(hold *writelock.Hold) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hold = hold
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t *failureTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if data.Err == nil {
		return
	}
	if text, ok := ctx.Value(tracedSQL{}).(string); ok {
		t.mu.Lock()
		t.sql = text
		t.mu.Unlock()
	}
}

// explain turns goose's error about a migration of h into one that names file, line and column.
func (m *Migrator) explain(h *history, doing string, err error) error {
	var foreign *bookkeeping.ForeignError
	if errors.As(err, &foreign) {
		return foreign
	}
	var order *OrderError
	if errors.As(err, &order) {
		return order
	}
	var partial *goose.PartialError
	var refused *pgconn.PgError
	if !errors.As(err, &partial) || !errors.As(err, &refused) || partial.Failed == nil || partial.Failed.Source == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	file := h.file(partial.Failed.Source.Path)
	if file == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	m.failure.mu.Lock()
	failed := strings.TrimSpace(m.failure.sql)
	m.failure.mu.Unlock()
	found, skipped, ok := failedStatement(file, h.engine, partial.Failed.Direction, failed)
	if !ok {
		hint := refused.Hint
		if refused.Code == "42P01" && strings.Contains(failed, h.table) {
			hint = "a statement of the file changes search_path, so that dwh does not find its own table; end the " +
				"section with RESET search_path;"
		}
		return &sqlfile.Error{File: file.Name(), Line: 1, Column: 1, Msg: message(refused), Hint: hint, Err: err}
	}
	// goose sends the statement with the comments that stand before it.
	at := int(refused.Position)
	if skipped > 0 {
		at -= len([]rune(failed[:skipped]))
	}
	return found.ErrorAt(max(at, 0), message(refused), refused.Hint, err)
}

// failedStatement finds the statement that goose sent as text, and where it begins in it. goose
// drops some comments: when no statement stands in the text as a whole, its first line decides.
func failedStatement(
	file *sqlfile.File,
	engine sqlfile.Engine,
	direction, text string,
) (found sqlfile.Expanded, skipped int, ok bool) {
	var half []sqlfile.Expanded
	for _, statement := range file.Statements(engine) {
		expanded, err := statement.Expand(nil)
		if err == nil && statement.Section() == direction {
			half = append(half, expanded)
		}
	}
	for _, e := range half {
		if at := strings.Index(text, strings.TrimSpace(e.SQL)); at >= 0 {
			return e, at, true
		}
	}
	for _, e := range half {
		if strings.HasPrefix(text, firstLine(e.SQL)) {
			return e, 0, true
		}
	}
	return sqlfile.Expanded{}, 0, false
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func message(refused *pgconn.PgError) string {
	text := refused.Message
	if refused.Detail != "" {
		text += ": " + refused.Detail
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", text, refused.Code)
}
