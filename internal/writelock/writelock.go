// Package writelock lets one dwh write to a warehouse at a time, by the same statement on both
// engines.
package writelock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A BusyError says that another dwh holds the lock.
type BusyError struct{}

func (*BusyError) Error() string { return "another dwh is writing to this warehouse" }

// Hint says what to do about it.
func (*BusyError) Hint() string { return "run the command again later, or wait with --wait" }

// Ensure creates the table that is locked, dwh_lock, where it is absent. Like goose's own version
// table it stands outside the migrations, since they are what it has to serialize.
func Ensure(ctx context.Context, conn *pgx.Conn) error {
	// Two first migrators may both see no table. On PostgreSQL the later CREATE then fails in spite
	// of IF NOT EXISTS, on the catalogue's unique index (23505), the table (42P07) or its row type
	// (42710), and the table is there.
	var err error
	for try := 0; try < 5; try++ {
		_, err = conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS dwh_lock (held_by VARCHAR(64))`)
		var refused *pgconn.PgError
		if err == nil || !errors.As(err, &refused) || !slices.Contains(
			[]string{"23505", "42P07", "42710"}, refused.Code,
		) {
			break
		}
		time.Sleep(time.Duration(try+1) * 20 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("create table dwh_lock: %w", err)
	}
	return nil
}

// redshiftPatience is how long LOCK may wait on Redshift before another dwh counts as busy,
// milliseconds as an integer (dg/r_statement_timeout). The time that WLM queues a statement counts
// too, so that it is not short.
const redshiftPatience = "10000"

// Begin opens a transaction on conn and takes the lock as its first statement, so that no snapshot
// precedes it and the lock ends with the work it protects. On PostgreSQL the transaction is
// REPEATABLE READ: one snapshot, taken by the first statement after LOCK (PostgreSQL 15, LOCK
// TABLE, Notes). Redshift runs every transaction at the database's own level
// (dg/c_serial_isolation).
//
// With wait it waits until ctx ends; without, a *BusyError is returned when another dwh holds the
// lock. Redshift's LOCK has no NOWAIT (dg/r_LOCK): there a statement_timeout of the transaction
// stands in for it. It is set and set back by SET LOCAL (dg/r_SET): a RESET inside a transaction is
// undone by a rollback, and the limit would stay with the pooled session.
func Begin(ctx context.Context, conn *pgx.Conn, engine sqlfile.Engine, wait bool) (pgx.Tx, error) {
	return BeginOn(ctx, conn, engine, wait, "dwh_lock")
}

// BeginOn is Begin with another table than dwh_lock, named as SQL names it.
func BeginOn(
	ctx context.Context, conn *pgx.Conn, engine sqlfile.Engine, wait bool, table string,
) (pgx.Tx, error) {
	options := pgx.TxOptions{}
	lock := `LOCK TABLE ` + table
	if engine == sqlfile.Postgres {
		options.IsoLevel = pgx.RepeatableRead
		lock = `LOCK TABLE ` + table + ` IN ACCESS EXCLUSIVE MODE`
		if !wait {
			lock += ` NOWAIT`
		}
	}
	limited := engine == sqlfile.Redshift && !wait
	usual := ""
	if limited {
		if err := conn.QueryRow(ctx, `SHOW statement_timeout`).Scan(&usual); err != nil {
			return nil, fmt.Errorf("read statement_timeout: %w", err)
		}
	}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	if err := take(ctx, tx, lock, limited, usual); err != nil {
		_ = tx.Rollback(context.WithoutCancel(ctx))
		var refused *pgconn.PgError
		if errors.As(err, &refused) &&
			(refused.Code == "55P03" || limited && refused.Code == "57014" && ctx.Err() == nil) {
			return nil, &BusyError{}
		}
		return nil, err
	}
	return tx, nil
}

// take takes the lock; where it is limited, the session's usual statement_timeout holds again
// afterwards.
func take(ctx context.Context, tx pgx.Tx, lock string, limited bool, usual string) error {
	if limited {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout TO `+redshiftPatience); err != nil {
			return fmt.Errorf("set statement_timeout: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, lock); err != nil {
		return fmt.Errorf("lock table dwh_lock: %w", err)
	}
	if limited {
		// Redshift shows whole milliseconds. What is no number is the default, in words.
		if strings.Trim(usual, "0123456789") != "" || usual == "" {
			usual = "DEFAULT"
		}
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout TO `+usual); err != nil {
			return fmt.Errorf("set statement_timeout back: %w", err)
		}
	}
	return nil
}
