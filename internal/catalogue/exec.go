package catalogue

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Executor is a transaction, a connection or a pool.
type Executor interface {
	// Exec sends a statement with args for $1, $2 and so on, and returns its command tag.
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Exec runs statements one after the other, up to the first error.
func Exec(ctx context.Context, on Executor, statements ...string) error {
	for _, sql := range statements {
		if _, err := on.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// ExecTogether is Exec in one message on PostgreSQL, which answers once. What Redshift makes of
// several statements in one message is not documented (dg/cm_chap_SQLCommandRef).
func ExecTogether(ctx context.Context, engine sqlfile.Engine, on Executor, statements ...string) error {
	if engine == sqlfile.Postgres && len(statements) > 0 {
		statements = []string{strings.Join(statements, ";\n")}
	}
	return Exec(ctx, on, statements...)
}

// SQLSTATEs of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	LockNotAvailable  = "55P03" // NOWAIT or lock_timeout ended the wait for a lock
	UndefinedTable    = "42P01" // the table does not exist
	UndefinedFunction = "42883" // a type has no such function or operator
)

// SQLState is the SQLSTATE of an error that the server gave, "" of another error.
func SQLState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
