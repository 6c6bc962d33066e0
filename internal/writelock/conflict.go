package writelock

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A conflict is an error by which an engine ends a transaction because of another transaction. The
// same transaction can succeed when it is run again as a whole.
type conflict struct {
	code   string // the SQLSTATE
	number string // Redshift's number, as a whole number in the message or the detail; "" for none
	words  string // in the message or the detail, in lower case; "" for none
}

// conflicts is every error that is retried. Redshift gives its own errors the SQLSTATE XX000, which
// also stands for faults of the server: number or words tell them apart.
var conflicts = []conflict{
	// PostgreSQL: serialization failure, deadlock (PostgreSQL 15, Appendix A, class 40).
	{code: "40001"},
	{code: "40P01"},
	// Serializable isolation violation. The message is "1023", the words and the table's id stand
	// in the detail (dg/c_serial_isolation-serializable-isolation-troubleshooting;
	// aws/aws-sdk-pandas#665, estuary/connectors#5218).
	{code: "XX000", number: "1023"},
	// Relation does not exist: it was made, or made again, after the transaction's snapshot
	// (dg/c_serial_isolation-serializable-isolation-troubleshooting).
	{code: "XX000", number: "1018"},
	// Without a number (trinodb/trino#27537, aws/amazon-redshift-jdbc-driver#147,
	// dbt-labs/dbt-adapters#626).
	{code: "XX000", words: "conflict with concurrent transaction"},
}

// Conflict says whether err is one that ended a transaction because of another transaction, so that
// the whole transaction is to be run again.
func Conflict(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}
	text := strings.ToLower(refused.Message + " " + refused.Detail)
	for _, c := range conflicts {
		if refused.Code == c.code && (c.number == "" || containsNumber(text, c.number)) &&
			strings.Contains(text, c.words) {
			return true
		}
	}
	return false
}

// containsNumber finds number in text as a whole number.
func containsNumber(text, number string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for i := 0; i+len(number) <= len(text); i++ {
		if text[i:i+len(number)] == number && !digit(i-1) && !digit(i+len(number)) {
			return true
		}
	}
	return false
}

// Retries is how often a transaction is run again after a conflict.
const Retries = 6

// firstPause is the pause before the second try. Each later pause is twice as long.
const firstPause = 50 * time.Millisecond

// Retry runs work, and runs it again after each Conflict, at most Retries times, with growing
// pauses. work must be one whole transaction, or one statement that is a transaction of its own.
func Retry(ctx context.Context, work func() error) error {
	pause := firstPause
	for try := 0; ; try++ {
		err := work()
		if err == nil || !Conflict(err) || try == Retries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// A DB is a pool or a connection outside a transaction.
type DB interface {
	// Exec sends a statement with args for $1, $2 and so on, and returns its command tag.
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	// Query sends a query with args for $1, $2 and so on. The caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	// QueryRow is Query for one row. Errors come from the row's Scan.
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Retrying returns db with an Exec that runs the statement again after a Conflict. Each statement
// is a transaction of its own there. Query and QueryRow are those of db. Do not give it a
// transaction: a conflict ends a transaction as a whole.
func Retrying(db DB) DB { return retrying{db} }

type retrying struct{ DB }

func (r retrying) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = Retry(ctx, func() error {
		tag, err = r.DB.Exec(ctx, sql, args...)
		return err
	})
	return tag, err
}
