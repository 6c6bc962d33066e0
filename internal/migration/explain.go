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

	"github.com/sparkify/dwh/internal/sqlfile"
)

// failureTracer keeps the text of the last statement that the server refused. goose reports the error without the
// statement, and the position in PgError counts from the statement's start.
type failureTracer struct {
	mu  sync.Mutex
	sql string
}

type tracedSQL struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (*failureTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, tracedSQL{}, data.SQL)
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

// explain turns goose's error into one that names file, line and column.
func (m *Migrator) explain(doing string, err error) error {
	var partial *goose.PartialError
	var refused *pgconn.PgError
	if !errors.As(err, &partial) || !errors.As(err, &refused) || partial.Failed == nil || partial.Failed.Source == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	m.failure.mu.Lock()
	failed := strings.TrimSpace(m.failure.sql)
	m.failure.mu.Unlock()
	for _, file := range m.files {
		if !strings.HasSuffix(file.Name(), "/"+partial.Failed.Source.Path) {
			continue
		}
		found, skipped, ok := m.failedStatement(file, partial.Failed.Direction, failed)
		if ok {
			// goose sends the statement with the comments that stand before it.
			at := int(refused.Position)
			if skipped > 0 {
				at -= len([]rune(failed[:skipped]))
			}
			return found.ErrorAt(max(at, 0), message(refused), refused.Hint, err)
		}
		return &sqlfile.Error{File: file.Name(), Line: 1, Column: 1, Msg: message(refused), Hint: refused.Hint, Err: err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// failedStatement finds the statement that goose sent as text, and where it begins in it. goose drops some comments: when no statement
// stands in the text as a whole, its first line decides.
func (m *Migrator) failedStatement(file *sqlfile.File, direction, text string) (found sqlfile.Expanded, skipped int, ok bool) {
	var half []sqlfile.Expanded
	for _, statement := range file.Statements(m.engine) {
		expanded, err := statement.Expand(nil)
		if err == nil && statement.Section() == direction {
			half = append(half, expanded)
		}
	}
	for _, one := range half {
		if at := strings.Index(text, strings.TrimSpace(one.SQL)); at >= 0 {
			return one, at, true
		}
	}
	for _, one := range half {
		if strings.HasPrefix(text, firstLine(one.SQL)) {
			return one, 0, true
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
