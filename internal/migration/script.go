package migration

import (
	"context"
	"database/sql/driver"
	"errors"
)

// SQL is what Up or Down of a version of the project sends, for a dry run.
func (m *Migrator) SQL(ctx context.Context, version int64, up bool) (string, error) {
	return m.project.sql(ctx, version, up)
}

// recorder is a database that takes statements down and performs none. It serves one connection.
type recorder struct {
	statements  []string
	transaction bool // the statements were sent in one
}

var errRecorder = errors.New("a dry run only collects statements")

// Connect implements driver.Connector.
func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }

// Driver implements driver.Connector; nothing asks for it.
func (r *recorder) Driver() driver.Driver { return nil }

// ExecContext implements driver.ExecerContext.
func (r *recorder) ExecContext(_ context.Context, text string, _ []driver.NamedValue) (driver.Result, error) {
	r.statements = append(r.statements, text)
	return driver.ResultNoRows, nil
}

// BeginTx implements driver.ConnBeginTx.
func (r *recorder) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	r.transaction = true
	return r, nil
}

// Begin implements driver.Conn.
func (r *recorder) Begin() (driver.Tx, error) { return nil, errRecorder }

// Prepare implements driver.Conn.
func (r *recorder) Prepare(string) (driver.Stmt, error) { return nil, errRecorder }

// Commit implements driver.Tx.
func (r *recorder) Commit() error { return nil }

// Rollback implements driver.Tx.
func (r *recorder) Rollback() error { return nil }

// Close implements driver.Conn.
func (r *recorder) Close() error { return nil }
