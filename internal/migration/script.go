package migration

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// SQL is what Up or Down of a version sends, for a dry run. goose itself runs the migration, on a
// connection that only takes the statements down: a second reader of its annotations would differ.
func (m *Migrator) SQL(ctx context.Context, version int64, up bool) (string, error) {
	script := &recorder{}
	db := sql.OpenDB(script)
	defer db.Close()
	dialect := goose.DialectPostgres
	if m.engine == sqlfile.Redshift {
		dialect = goose.DialectRedshift
	}
	provider, err := goose.NewProvider(dialect, db, m.rendered,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()), goose.WithDisableVersioning(true))
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.ApplyVersion(ctx, version, up); err != nil {
		if errors.Is(err, goose.ErrVersionNotFound) {
			return "", fmt.Errorf("there is no migration %d", version)
		}
		return "", fmt.Errorf("read migration %d: %w", version, err)
	}
	text := strings.Join(script.statements, "\n\n") + "\n"
	if len(script.statements) > 0 && !script.transaction {
		text = "-- each statement by itself, outside a transaction\n" + text
	}
	return text, nil
}

// recorder is a database that takes statements down and performs none. It serves one connection.
type recorder struct {
	statements  []string
	transaction bool // the statements were sent in one
}

var errRecorder = errors.New("a dry run only takes statements down")

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
