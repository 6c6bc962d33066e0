// Package bulk writes many rows at once into dwh's own tables.
package bulk

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/sqlliteral"
)

// fewRows is how many rows an INSERT adds faster than a COPY, which asks for the columns' types
// first.
const fewRows = 200

// Insert adds rows: on PostgreSQL by binary COPY if they are many, else as InsertValues does.
// Redshift has no COPY FROM STDIN.
func Insert(
	ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, table catalogue.Name, columns []catalogue.Name, rows [][]any,
) error {
	if len(rows) == 0 {
		return nil
	}
	if engine != sqlfile.Postgres || len(rows) <= fewRows {
		return InsertValues(ctx, tx, table, columns, rows)
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = string(column)
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{string(table)}, names, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	return nil
}

// Executor is a transaction, a connection or a pool.
type Executor interface {
	// Exec sends a statement with args for $1, $2 and so on, and returns its command tag.
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// statementBytes is the size at which an INSERT is sent, well below the 16 MB that a statement may
// have on Redshift (dg/c_redshift-sql). One row of s_reject adds at most twice its 65,535 bytes of
// text.
const statementBytes = 2 << 20

// InsertValues adds rows by INSERTs of many rows each, as typed literals. Redshift documents the
// type of a parameter in VALUES for one row only.
func InsertValues(
	ctx context.Context, db Executor, table catalogue.Name, columns []catalogue.Name, rows [][]any,
) error {
	var values []byte
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		if _, err := db.Exec(ctx, catalogue.InsertValues(table, columns, string(values))); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
		values = values[:0]
		return nil
	}
	for _, row := range rows {
		separator := "("
		if len(values) > 0 {
			separator = ", ("
		}
		for _, value := range row {
			values = append(values, separator...)
			var err error
			if values, err = sqlliteral.Append(values, value); err != nil {
				return fmt.Errorf("write %s: %w", table, err)
			}
			separator = ", "
		}
		values = append(values, ')')
		if len(values) >= statementBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// Clip cuts text to at most n bytes, between characters, and replaces what PostgreSQL cannot store.
func Clip(text string, n int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
