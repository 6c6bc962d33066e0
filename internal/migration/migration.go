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
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// lockTimeout is how long a migration may queue for a lock in front of readers, in milliseconds:
// DESIGN's bound.
const lockTimeout = "2000"

// lockPatience is how long a migration waits for locks on the tables that it changes, all tries
// together, unless Options.Patience says otherwise.
const lockPatience = 2 * time.Minute

// A Migration is one numbered file.
type Migration struct {
	Version int64     `json:"version"`    // the number in its name
	Name    string    `json:"name"`       // the name of the file, such as 00001_create_tables.sql
	Applied bool      `json:"applied"`    // the warehouse has it
	At      time.Time `json:"applied_at"` // zero while not applied
}

// A Step is a migration that was run.
type Step struct {
	Version  int64 // the number in the migration's name
	Name     string
	Up       bool          // it was applied; false: reverted
	Duration time.Duration // how long it took
}

// A PendingError says that the schema is older than the program's migrations.
type PendingError struct {
	Migrations  []Migration       // the project's that are pending
	Bookkeeping bookkeeping.State // of dwh's own tables; it may be current
}

func (e *PendingError) Error() string {
	switch len(e.Migrations) {
	case 0:
		return fmt.Sprintf("%s: %s", bookkeeping.Name, e.Bookkeeping)
	case 1:
		return fmt.Sprintf("a migration is pending: %s", e.Migrations[0].Name)
	}
	return fmt.Sprintf(
		"%d migrations are pending, from %s to %s", len(e.Migrations), e.Migrations[0].Name,
		e.Migrations[len(e.Migrations)-1].Name,
	)
}

// Hint says what to do about it.
func (*PendingError) Hint() string { return `run "dwh migrate up"` }

// Migrator applies and reverts the migrations of one project to one warehouse. What changes the
// schema brings dwh's own tables up to date first; they are never reverted. It is not safe for
// concurrent use.
type Migrator struct {
	engine    sqlfile.Engine
	project   *history
	own       *history // of package bookkeeping
	ownSteps  []Step
	pool      *pgxpool.Pool
	db        *sql.DB
	failure   *failureTracer
	logger    *slog.Logger
	wait      bool
	patience  time.Duration
	sessions  *writelock.Sessions // those of pool
	models    Dependents          // nil where nothing depends
	failpoint func(name string)
}

// Options are what a Migrator needs beside the pool.
type Options struct {
	Engine sqlfile.Engine // of the warehouse behind the pool
	FS     fs.FS          // holds the migrations, NNNNN_name.sql
	Dir    string         // how the files' folder is called in errors; "" means migrations
	Wait   bool           // wait for another dwh instead of failing
	Logger *slog.Logger   // of the migrator; nil discards
	// Models, where set, tells what models depend on, so that a migration that changes the rows of
	// a table or a function marks them stale.
	Models Dependents
	// Patience is how long a migration waits for locks on the tables that it changes before it
	// gives up; 0 means two minutes.
	Patience time.Duration
	// Failpoint, where set, is called at named moments; the crash tests end the process there.
	Failpoint func(name string)
}

// New reads and renders the migrations. It opens connections like those of pool, but of its own;
// Close ends them.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Migrator, error) {
	project, err := readProject(o.FS, o.Dir, o.Engine)
	if err != nil {
		return nil, err
	}
	own, err := readOwn(o.Engine)
	if err != nil {
		return nil, err
	}
	m := &Migrator{
		engine:    o.Engine,
		models:    o.Models,
		project:   project,
		own:       own,
		failure:   &failureTracer{},
		logger:    o.Logger,
		wait:      o.Wait,
		patience:  o.Patience,
		sessions:  &writelock.Sessions{},
		failpoint: o.Failpoint,
	}
	if m.failpoint == nil {
		m.failpoint = func(string) {}
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
			return nil, &sqlfile.Error{
				Msg:  "no migrations in " + m.project.dir,
				Hint: `create one with "dwh migrate create NAME", and write CREATE TABLE statements into it`,
			}
		}
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return m, nil
}

// renew makes the providers. goose creates its version table once in a provider's life, and counts
// a try that failed.
func (m *Migrator) renew() error {
	if err := m.own.open(m.db); err != nil {
		return err
	}
	return m.project.open(m.db)
}

// Close ends the connections that New opened.
func (m *Migrator) Close() {
	if m.db != nil {
		_ = m.db.Close()
	}
	m.pool.Close()
}

// reading runs what only reads. It creates goose's version table where it is absent, and so can
// meet another transaction.
func (m *Migrator) reading(ctx context.Context, read func(ctx context.Context) error) error {
	waited := m.watch(ctx)
	defer waited.stop()
	return m.patient(ctx, waited, read)
}

// Status lists every migration of the project in order of version. The error is a
// *bookkeeping.ForeignError where this dwh cannot work with the warehouse.
func (m *Migrator) Status(ctx context.Context) ([]Migration, error) {
	if _, err := m.Bookkeeping(ctx); err != nil {
		return nil, err
	}
	return m.list(ctx)
}

// list is Status without a look at dwh's own tables.
func (m *Migrator) list(ctx context.Context) ([]Migration, error) {
	var listed []*goose.MigrationStatus
	err := m.reading(ctx, func(ctx context.Context) (err error) {
		listed, err = m.project.provider.Status(ctx)
		return err
	})
	if err != nil {
		return nil, m.explain(m.project, "read the state of migrations", err)
	}
	out := make([]Migration, 0, len(listed))
	for _, migrationStatus := range listed {
		out = append(
			out,
			Migration{
				Version: migrationStatus.Source.Version, Name: migrationStatus.Source.Path,
				Applied: migrationStatus.State == goose.StateApplied, At: migrationStatus.AppliedAt,
			},
		)
	}
	// goose lists them by name: 10_x.sql before 9_y.sql.
	slices.SortFunc(out, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return out, nil
}

// RequireCurrent returns a *PendingError while a migration is pending, one of dwh's own tables too,
// and a *bookkeeping.ForeignError where this dwh cannot work with the warehouse.
func (m *Migrator) RequireCurrent(ctx context.Context) error {
	state, err := m.Bookkeeping(ctx)
	if err != nil {
		return err
	}
	all, err := m.list(ctx)
	if err != nil {
		return err
	}
	var pending []Migration
	for _, migration := range all {
		if !migration.Applied {
			pending = append(pending, migration)
		}
	}
	if len(pending) > 0 || !state.Current() {
		return &PendingError{Migrations: pending, Bookkeeping: state}
	}
	return nil
}

// Version is the highest version that is applied; 0 for none.
func (m *Migrator) Version(ctx context.Context) (int64, error) {
	var version int64
	err := m.reading(ctx, func(ctx context.Context) (err error) {
		version, err = m.project.provider.GetDBVersion(ctx)
		return err
	})
	if err != nil {
		return 0, m.explain(m.project, "read the schema's version", err)
	}
	return version, nil
}

// Up applies everything that is pending. The error is an *OrderError where a pending migration is
// older than an applied one.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) { return m.UpTo(ctx, math.MaxInt64) }

// UpTo applies what is pending up to and including version, with the same error.
func (m *Migrator) UpTo(ctx context.Context, version int64) ([]Step, error) {
	return m.locked(ctx, func(ctx context.Context) ([]*goose.MigrationResult, error) {
		if err := m.CheckUp(ctx, version); err != nil {
			return nil, err
		}
		return m.project.provider.UpTo(ctx, version)
	})
}

// Down reverts the newest migration. The error is an *OrderError where its file is gone.
func (m *Migrator) Down(ctx context.Context) ([]Step, error) {
	return m.locked(ctx, func(ctx context.Context) ([]*goose.MigrationResult, error) {
		if _, err := m.list(ctx); err != nil { // makes the version table
			return nil, err
		}
		version, err := m.previous(ctx)
		if err != nil || version < 0 {
			return nil, err
		}
		return m.project.provider.DownTo(ctx, version)
	})
}

// DownTo reverts every migration above version. The error is an *OrderError where the file of one
// of them is gone.
func (m *Migrator) DownTo(ctx context.Context, version int64) ([]Step, error) {
	return m.locked(ctx, func(ctx context.Context) ([]*goose.MigrationResult, error) {
		if err := m.CheckDown(ctx, version); err != nil {
			return nil, err
		}
		return m.project.provider.DownTo(ctx, version)
	})
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
