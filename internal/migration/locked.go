package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// locked runs work while no other dwh writes, after bringing dwh's own tables up to date. A
// migration that cannot get its lock on a table within lock_timeout steps aside, so that readers
// queue behind it no longer than that, and is tried again until patience ends; goose skips what is
// done. work's context ends when the lock is lost, and then nothing of it is committed any more.
func (m *Migrator) locked(
	ctx context.Context,
	work func(ctx context.Context) ([]*goose.MigrationResult, error),
) ([]Step, error) {
	holder, err := m.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for migrations: %w", err)
	}
	defer holder.Release()
	if err := writelock.Ensure(ctx, holder.Conn()); err != nil {
		return nil, err
	}
	if m.engine == sqlfile.Postgres {
		// The connection goes back to the pool, from which goose takes those that it migrates on.
		defer func() { _, _ = holder.Exec(context.WithoutCancel(ctx), `SET lock_timeout = `+lockTimeout) }()
		// --wait means waiting for the other dwh for as long as it takes.
		if _, err := holder.Exec(ctx, `SET lock_timeout = 0`); err != nil {
			return nil, fmt.Errorf("set lock_timeout: %w", err)
		}
	}
	lock, err := writelock.Begin(ctx, holder.Conn(), m.engine, m.wait)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Rollback(context.WithoutCancel(ctx)) }()
	hold, held := writelock.Keep(ctx, holder.Conn())
	defer hold.Release()
	m.failure.guard(hold)
	defer m.failure.guard(nil)
	waited := m.watch(held)
	defer waited.stop()

	if err := m.upgradeOwn(held, waited); err != nil {
		return nil, m.failed(m.own, err, hold)
	}
	m.failpoint("migrate.bookkeeping")

	// Not in the lock's transaction: it would hold on to every table that it looks into, against
	// the migrations.
	var before shape
	if err := m.patient(held, waited, func(ctx context.Context) (err error) {
		before, err = m.look(ctx)
		return err
	}); err != nil {
		return nil, m.ended(err, hold)
	}
	guarded := before.staged || before.ran // a model may read seeds alone
	if guarded {
		if err := m.setMark(held, interrupted); err != nil {
			return nil, m.ended(err, hold)
		}
	}

	var steps []Step
	err = m.patient(held, waited, func(ctx context.Context) error {
		done, err := stepsOf(work(ctx))
		steps = append(steps, done...)
		return err
	})
	tried := steps
	if step, ok := m.cutShort(err); ok {
		tried = append(slices.Clone(steps), step)
	}
	if err != nil {
		err = m.failed(m.project, err, hold)
	}
	if hold.Lost() != nil {
		return steps, err // another dwh may write: the mark of an interrupted migration stays
	}
	m.failpoint("migrate.done")
	if settleErr := m.settle(context.WithoutCancel(ctx), before, tried, guarded); settleErr != nil && err == nil {
		err = settleErr
	}
	return steps, err
}

// stepsOf are the migrations of goose's results that were committed.
func stepsOf(results []*goose.MigrationResult, err error) ([]Step, error) {
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	var steps []Step
	for _, result := range results {
		if result.Error == nil {
			steps = append(steps, Step{
				Version: result.Source.Version, Name: result.Source.Path,
				Up: result.Direction == "up", Duration: result.Duration,
			})
		}
	}
	return steps, err
}

// cutShort is the migration that ended with err, where some of its statements may be committed. On
// Redshift a TRUNCATE commits the transaction that it stands in.
func (m *Migrator) cutShort(err error) (Step, bool) {
	var partial *goose.PartialError
	if !errors.As(err, &partial) || partial.Failed == nil || partial.Failed.Source == nil {
		return Step{}, false
	}
	file := m.project.file(partial.Failed.Source.Path)
	if file == nil || m.engine != sqlfile.Redshift && !withoutTransaction(file) {
		return Step{}, false
	}
	return Step{Name: partial.Failed.Source.Path, Up: partial.Failed.Direction == "up"}, true
}

// failed is what people read of an error that ended the migrations of a history.
func (m *Migrator) failed(h *history, err error, hold *writelock.Hold) error {
	var gaveUp *WaitError
	if errors.As(err, &gaveUp) {
		gaveUp.Migration = h.failedFile(err)
		return m.ended(gaveUp, hold)
	}
	return m.ended(m.explain(h, "migrate", err), hold)
}

// ended is what ended a migration: the lost lock, where it is that.
func (m *Migrator) ended(err error, hold *writelock.Hold) error {
	if lost := hold.Lost(); lost != nil {
		return lost
	}
	return err
}

// look reads the shape before a migration, on a connection of its own. Tables that an interrupted
// one dropped leave the ledger.
func (m *Migrator) look(ctx context.Context) (shape, error) {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return shape{}, fmt.Errorf("connect for migrations: %w", err)
	}
	defer conn.Release()
	before, err := readShape(ctx, conn.Conn(), m.follows)
	if err != nil {
		return before, err
	}
	if err := before.readBuilt(ctx, conn.Conn()); err != nil {
		return before, err
	}
	return before, m.settleLedger(ctx, conn.Conn(), before, before)
}

// setMark writes a stale mark on a connection of its own: the lock's holder is in the middle of a
// transaction.
func (m *Migrator) setMark(ctx context.Context, marks ...[2]string) error {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect for migrations: %w", err)
	}
	defer conn.Release()
	return mark(ctx, conn.Conn(), marks)
}

// settle writes down what the steps changed for later runs: what is stale, in the place of the mark
// that stands while migrations run, and which staged rows are gone.
func (m *Migrator) settle(ctx context.Context, before shape, steps []Step, guarded bool) error {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect for migrations: %w", err)
	}
	defer conn.Release()
	after, err := readShape(ctx, conn.Conn(), m.follows)
	if err != nil {
		return err
	}
	if err := m.settleLedger(ctx, conn.Conn(), before, after); err != nil {
		return err
	}
	marks := reasons(before, after, steps, m.uses)
	if before.staged || after.staged || before.ran {
		marks = append(marks, m.changed(before, steps, marks)...)
	}
	if err := mark(ctx, conn.Conn(), marks); err != nil {
		return err
	}
	if guarded {
		if err := dwhdb.New(writelock.Retrying(conn)).ForgetStaleMark(ctx, interrupted[0], interrupted[1]); err != nil {
			return fmt.Errorf("forget stale mark: %w", err)
		}
	}
	return nil
}
