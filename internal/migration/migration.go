// Package migration runs the goose migrations of a project, rendered for the engine at hand.
package migration

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// lockTimeout is how long a migration may queue for a lock in front of readers, in milliseconds: DESIGN's bound.
const lockTimeout = "2000"

// lockPatience is how long a migration waits for locks on the tables that it changes, all tries
// together, unless Options.Patience says otherwise.
const lockPatience = 2 * time.Minute

// A Migration is one numbered file.
type Migration struct {
	Version int64     `json:"version"`
	Name    string    `json:"name"` // the file's name, such as 00001_create_staging_tables.sql
	Applied bool      `json:"applied"`
	At      time.Time `json:"applied_at"` // zero while not applied
}

// A Step is a migration that was run.
type Step struct {
	Version  int64
	Name     string
	Up       bool // false: Down
	Duration time.Duration
}

// A PendingError says that the schema is older than the program's migrations.
type PendingError struct {
	Migrations []Migration
}

func (e *PendingError) Error() string {
	if len(e.Migrations) == 1 {
		return fmt.Sprintf("a migration is pending: %s", e.Migrations[0].Name)
	}
	return fmt.Sprintf("%d migrations are pending, from %s to %s", len(e.Migrations), e.Migrations[0].Name, e.Migrations[len(e.Migrations)-1].Name)
}

// Hint says what to do about it.
func (*PendingError) Hint() string { return `run "dwh migrate up"` }

// Migrator applies and reverts the migrations of one project to one warehouse. It is not safe for concurrent use.
type Migrator struct {
	engine   sqlfile.Engine
	files    []*sqlfile.File
	rendered fs.FS
	pool     *pgxpool.Pool
	db       *sql.DB
	provider *goose.Provider
	failure  *failureTracer
	logger   *slog.Logger
	wait     bool
	patience time.Duration
	sessions *writelock.Sessions // those of pool
	models   Dependents          // nil where nothing depends
}

// Options are what a Migrator needs beside the pool.
type Options struct {
	Engine sqlfile.Engine
	FS     fs.FS  // holds NNNNN_name.sql
	Dir    string // how the files' folder is called in errors; "" means migrations
	Wait   bool   // wait for another dwh instead of failing
	Logger *slog.Logger
	// Models, where set, tells what models depend on, so that a migration that changes the rows of a
	// table or a function marks them stale.
	Models Dependents
	// Patience is how long a migration waits for locks on the tables that it changes before it
	// gives up; 0 means two minutes.
	Patience time.Duration
}

// New reads and renders the migrations. It opens connections like those of pool, but of its own; Close ends them.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Migrator, error) {
	files, rendered, err := render(o.FS, o.Dir, o.Engine)
	if err != nil {
		return nil, err
	}
	m := &Migrator{
		engine:   o.Engine,
		models:   o.Models,
		files:    files,
		rendered: rendered,
		failure:  &failureTracer{},
		logger:   o.Logger,
		wait:     o.Wait,
		patience: o.Patience,
		sessions: &writelock.Sessions{},
	}
	if m.patience <= 0 {
		m.patience = lockPatience
	}
	if m.logger == nil {
		m.logger = slog.New(slog.DiscardHandler)
	}
	config := pool.Config()
	config.MaxConns = 4
	config.MinConns = 0
	config.ConnConfig.Tracer = m.failure
	after := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if after != nil {
			if err := after(ctx, conn); err != nil {
				return err
			}
		}
		if o.Engine == sqlfile.Postgres {
			if _, err := conn.Exec(ctx, `SET lock_timeout = `+lockTimeout); err != nil {
				return err
			}
		}
		var pid int64
		if err := conn.QueryRow(ctx, `SELECT CAST(pg_backend_pid() AS BIGINT)`).Scan(&pid); err != nil {
			return err
		}
		m.sessions.Add(pid, conn.PgConn().CleanupDone())
		return nil
	}
	if m.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("connect for migrations: %w", err)
	}
	m.db = stdlib.OpenDBFromPool(m.pool)
	if err := m.renew(); err != nil {
		m.Close()
		if errors.Is(err, goose.ErrNoMigrations) {
			return nil, fmt.Errorf("no migrations in %s", dirName(o.Dir))
		}
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return m, nil
}

// renew makes the provider. goose creates its version table once in a provider's life, and counts a try that failed.
func (m *Migrator) renew() error {
	dialect := goose.DialectPostgres
	if m.engine == sqlfile.Redshift {
		dialect = goose.DialectRedshift
	}
	provider, err := goose.NewProvider(dialect, m.db, m.rendered, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	m.provider = provider
	return nil
}

// Close ends the connections that New opened.
func (m *Migrator) Close() {
	if m.db != nil {
		_ = m.db.Close()
	}
	m.pool.Close()
}

// reading runs what only reads. It creates goose's version table where it is absent, and so can meet another transaction.
func (m *Migrator) reading(ctx context.Context, read func(ctx context.Context) error) error {
	waited := m.watch(ctx)
	defer waited.stop()
	return m.patient(ctx, waited, read)
}

// Status lists every migration in order of version.
func (m *Migrator) Status(ctx context.Context) ([]Migration, error) {
	var listed []*goose.MigrationStatus
	err := m.reading(ctx, func(ctx context.Context) (err error) {
		listed, err = m.provider.Status(ctx)
		return err
	})
	if err != nil {
		return nil, m.explain("read the state of migrations", err)
	}
	out := make([]Migration, 0, len(listed))
	for _, one := range listed {
		out = append(out, Migration{Version: one.Source.Version, Name: one.Source.Path, Applied: one.State == goose.StateApplied, At: one.AppliedAt})
	}
	// goose lists them by name: 10_x.sql before 9_y.sql.
	slices.SortFunc(out, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return out, nil
}

// RequireCurrent returns a *PendingError while a migration is pending.
func (m *Migrator) RequireCurrent(ctx context.Context) error {
	all, err := m.Status(ctx)
	if err != nil {
		return err
	}
	var pending []Migration
	for _, one := range all {
		if !one.Applied {
			pending = append(pending, one)
		}
	}
	if len(pending) > 0 {
		return &PendingError{Migrations: pending}
	}
	return nil
}

// Version is the highest version that is applied; 0 for none.
func (m *Migrator) Version(ctx context.Context) (int64, error) {
	var version int64
	err := m.reading(ctx, func(ctx context.Context) (err error) {
		version, err = m.provider.GetDBVersion(ctx)
		return err
	})
	if err != nil {
		return 0, m.explain("read the schema's version", err)
	}
	return version, nil
}

// Up applies everything that is pending.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) {
	return m.locked(ctx, func(ctx context.Context) ([]*goose.MigrationResult, error) { return m.provider.Up(ctx) })
}

// UpTo applies what is pending up to and including version.
func (m *Migrator) UpTo(ctx context.Context, version int64) ([]Step, error) {
	return m.locked(
		ctx,
		func(ctx context.Context) ([]*goose.MigrationResult, error) { return m.provider.UpTo(ctx, version) },
	)
}

// Down reverts the newest migration.
func (m *Migrator) Down(ctx context.Context) ([]Step, error) {
	return m.locked(
		ctx,
		func(ctx context.Context) ([]*goose.MigrationResult, error) { return one(m.provider.Down(ctx)) },
	)
}

// DownTo reverts every migration above version.
func (m *Migrator) DownTo(ctx context.Context, version int64) ([]Step, error) {
	return m.locked(
		ctx,
		func(ctx context.Context) ([]*goose.MigrationResult, error) { return m.provider.DownTo(ctx, version) },
	)
}

// Redo reverts the newest migration and applies it again.
func (m *Migrator) Redo(ctx context.Context) ([]Step, error) {
	down, err := m.Down(ctx)
	if err != nil || len(down) == 0 {
		return down, err
	}
	up, err := m.UpTo(ctx, down[0].Version)
	return append(down, up...), err
}

func one(result *goose.MigrationResult, err error) ([]*goose.MigrationResult, error) {
	if errors.Is(err, goose.ErrNoNextVersion) {
		return nil, nil
	}
	if result == nil {
		return nil, err
	}
	return []*goose.MigrationResult{result}, err
}

// locked runs work while no other dwh writes. A migration that cannot get its lock on a table
// within lock_timeout steps aside, so that readers queue behind it no longer than that, and is
// tried again until patience ends; goose skips what is done. work's context ends when the lock is
// lost, and then nothing of it is committed any more.
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

	// Not in the lock's transaction: it would hold on to every table that it looks into, against the migrations.
	var before shape
	if err := m.patient(held, waited, func(ctx context.Context) (err error) {
		before, err = m.readShape(ctx)
		return err
	}); err != nil {
		return nil, m.ended(err, hold)
	}
	guarded := before.staged && before.marks
	if guarded {
		if err := m.setMark(held, interrupted); err != nil {
			return nil, m.ended(err, hold)
		}
	}

	var steps []Step
	err = m.patient(held, waited, func(ctx context.Context) error {
		results, err := work(ctx)
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			results = partial.Applied
		}
		for _, result := range results {
			if result.Error == nil {
				steps = append(steps, Step{Version: result.Source.Version, Name: result.Source.Path, Up: result.Direction == "up", Duration: result.Duration})
			}
		}
		return err
	})
	var gaveUp *WaitError
	switch {
	case errors.As(err, &gaveUp):
		gaveUp.Migration = m.failedFile(err)
		err = m.ended(gaveUp, hold)
	case err != nil:
		err = m.ended(m.explain("migrate", err), hold)
	}
	if hold.Lost() != nil {
		return steps, err // another dwh may write: the mark of an interrupted migration stays
	}
	if markErr := m.markStale(context.WithoutCancel(ctx), before, steps, guarded); markErr != nil && err == nil {
		err = markErr
	}
	return steps, err
}

// ended is what ended a migration: the lost lock, where it is that.
func (m *Migrator) ended(err error, hold *writelock.Hold) error {
	if lost := hold.Lost(); lost != nil {
		return lost
	}
	return err
}

// readShape reads the shape on a connection of its own.
func (m *Migrator) readShape(ctx context.Context) (shape, error) {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return shape{}, fmt.Errorf("connect for migrations: %w", err)
	}
	defer conn.Release()
	return readShape(ctx, conn.Conn())
}

// setMark writes a stale mark on a connection of its own: the lock's holder is in the middle of a transaction.
func (m *Migrator) setMark(ctx context.Context, marks ...[2]string) error {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect for migrations: %w", err)
	}
	defer conn.Release()
	return mark(ctx, conn.Conn(), marks)
}

// markStale replaces the mark that stands while migrations run by what they made stale.
func (m *Migrator) markStale(ctx context.Context, before shape, steps []Step, guarded bool) error {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect for migrations: %w", err)
	}
	defer conn.Release()
	after, err := readShape(ctx, conn.Conn())
	if err != nil {
		return err
	}
	if !after.marks {
		return nil
	}
	marks := reasons(before, after, steps)
	if before.staged || after.staged {
		marks = append(marks, m.changed(steps)...)
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
