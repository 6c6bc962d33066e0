package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/writelock"
)

// leaseName is the role that servers of one warehouse share.
const leaseName = "serve"

// lease says which of several servers works. It needs no clock that two machines agree on: its
// holder raises a number, and who sees the number stand still for a whole term takes it over. Only
// convenience hangs on it; writers are kept apart by the lock on dwh_lock.
type lease struct {
	db     *dwhdb.Queries
	holder string
	term   time.Duration

	seen   dwhdb.LeaseRow // at the last look
	since  time.Time      // when that was new
	looked bool
}

func newLease(pool *pgxpool.Pool, holder string, term time.Duration) *lease {
	return &lease{db: dwhdb.New(writelock.Retrying(pool)), holder: holder, term: term}
}

// errLost says that another server took the lease.
var errLost = errors.New("another server took over")

// try takes the lease if it is free or its holder is silent, and tells who holds it.
func (l *lease) try(ctx context.Context) (mine bool, holder string, err error) {
	row, err := l.db.Lease(ctx, leaseName)
	if err != nil {
		return false, "", fmt.Errorf("read the lease: %w", err)
	}
	if !l.looked || row != l.seen {
		l.seen, l.since, l.looked = row, time.Now(), true
	}
	if row.Holder != "" && row.Holder != l.holder && time.Since(l.since) < l.term {
		return false, row.Holder, nil
	}
	taken, err := l.take(ctx, row)
	if err != nil || !taken {
		return false, row.Holder, err
	}
	return true, l.holder, nil
}

func (l *lease) take(ctx context.Context, row dwhdb.LeaseRow) (bool, error) {
	rows, err := l.db.TakeLease(
		ctx,
		dwhdb.TakeLeaseParams{Holder: l.holder, Name: leaseName, HeldBy: row.Holder, SeenBeat: row.Beat},
	)
	if err != nil {
		return false, fmt.Errorf("take the lease: %w", err)
	}
	if rows == 1 {
		l.seen, l.since = dwhdb.LeaseRow{Holder: l.holder, Beat: row.Beat + 1}, time.Now()
	}
	return rows == 1, nil
}

// renew keeps the lease. It returns errLost when another server has it.
func (l *lease) renew(ctx context.Context) error {
	row, err := l.db.Lease(ctx, leaseName)
	if err != nil {
		return fmt.Errorf("read the lease: %w", err)
	}
	if row.Holder != l.holder {
		return errLost
	}
	taken, err := l.take(ctx, row)
	if err == nil && !taken {
		return errLost
	}
	return err
}

// leave frees the lease, so that a standby need not wait for a term.
func (l *lease) leave(ctx context.Context) error {
	if _, err := l.db.LeaveLease(ctx, leaseName, l.holder); err != nil {
		return fmt.Errorf("leave the lease: %w", err)
	}
	return nil
}
