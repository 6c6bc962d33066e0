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
		for _, statement := range file.Statements(m.engine) {
			expanded, expandErr := statement.Expand(nil)
			if expandErr != nil || !strings.HasPrefix(failed, firstLine(expanded.SQL)) && !strings.Contains(failed, strings.TrimSpace(expanded.SQL)) {
				continue
			}
			// goose sends the statement with the comments that stand before it.
			skipped := strings.Index(failed, strings.TrimSpace(expanded.SQL))
			at := int(refused.Position)
			if skipped > 0 {
				at -= len([]rune(failed[:skipped]))
			}
			return expanded.ErrorAt(max(at, 0), message(refused), refused.Hint, err)
		}
		return &sqlfile.Error{File: file.Name(), Line: 1, Column: 1, Msg: message(refused), Hint: refused.Hint, Err: err}
	}
	return fmt.Errorf("%s: %w", doing, err)
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
