package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/journal"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/writelock"
)

// scratch is the schema in which a run builds. It is made and dropped inside the run's one
// transaction, so that nobody sees it and nothing of it is left when a run breaks off.
const scratch catalogue.Name = defaultScratch + scratchSuffix

// Runner loads and transforms. It is not safe for concurrent use; two of them, in two processes,
// are kept apart by the lock.
type Runner struct {
	Options
	writer  writelock.Writer
	loader  *load.Loader
	journal *journal.Journal
	// numbering is what Observer passes through.
	numbering *progress.Steps
	// piecemeal says that loading as a whole has failed, so that it goes on batch by batch.
	piecemeal bool
	// indexed says that the indexes of the loads are known to be there.
	indexed bool
	// schema is that of the tables that readers use, "" until somebody asks.
	schema catalogue.Name
}

// currentSchema is the schema that unqualified names mean outside a run's transaction.
func (r *Runner) currentSchema(ctx context.Context, q catalogue.Querier) (catalogue.Name, error) {
	if r.schema == "" {
		schema, err := catalogue.CurrentSchema(ctx, q)
		if err != nil {
			return "", err
		}
		r.schema = schema
	}
	return r.schema, nil
}

// New returns a Runner. Options that lack something, or contradict one another, are an
// *OptionsError.
func New(o Options) (*Runner, error) {
	if msg := o.contradiction(); msg != "" {
		return nil, &OptionsError{Msg: msg}
	}
	o = o.withDefaults()
	numbering := progress.NewSteps(o.Observer)
	o.Observer = numbering.Observe
	loader, err := load.New(load.Options{
		Pool: o.Pool, Engine: o.Engine, Vars: o.Vars, Copier: o.Copier, Store: o.Store,
		BatchObjects: o.BatchObjects, BatchBytes: o.BatchBytes, Observer: o.Observer, Failpoint: o.Failpoint,
	})
	if err != nil {
		return nil, err
	}
	return &Runner{
		Options: o, loader: loader, numbering: numbering, writer: writelock.Writer{Engine: o.Engine, Wait: o.Wait},
		journal: journal.New(journal.Options{
			Pool: o.Pool, Engine: o.Engine, Version: o.Version, Heartbeat: o.Heartbeat, Logger: o.Logger,
		}),
	}, nil
}

// publishOptions are the options of package publish.
func (r *Runner) publishOptions() publish.Options {
	return publish.Options{
		Pool: r.Pool, Engine: r.Engine, Large: r.ParallelRows, Flush: r.Flush, Logger: r.Logger,
		Observer: r.Observer, Failpoint: r.Failpoint,
	}
}

// Loader returns what loads for the Runner.
func (r *Runner) Loader() *load.Loader { return r.loader }

// Sources returns where the loads find their objects, without those that are not configured.
func (r *Runner) Sources() ([]load.Source, error) {
	var files []*load.File
	for _, step := range r.Steps {
		if step.Load {
			files = append(files, step.file)
		}
	}
	return r.loader.Sources(files)
}

// connect takes a connection that is closed afterwards: a run sets its search_path, and on Redshift
// SET outlives the transaction.
func (r *Runner) connect(ctx context.Context) (*pgx.Conn, func(), error) {
	acquired, err := r.Pool.Acquire(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	conn := acquired.Hijack()
	return conn, func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}, nil
}

// beginSnapshot begins a transaction whose statements all see the same rows: on Redshift those of
// the database's isolation level, on PostgreSQL those of REPEATABLE READ.
func (r *Runner) beginSnapshot(ctx context.Context, on interface {
	BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
}, options pgx.TxOptions) (pgx.Tx, error) {
	if r.Engine == sqlfile.Postgres {
		options.IsoLevel = pgx.RepeatableRead
	}
	tx, err := on.BeginTx(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return tx, nil
}

// A LostError says that the connection broke in the middle of a run. The driver's own word for it
// may be no more than "conn closed".
type LostError struct {
	Err error
}

func (e *LostError) Error() string {
	return "the connection to the database was lost: " + e.Err.Error()
}

// Unwrap returns what was being done.
func (e *LostError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (*LostError) Hint() string {
	return "the connection failed or broke: check that the server runs, and run the command again; nothing was " +
		"committed in part"
}

// lost makes err a *LostError unless somebody knows better: the server said why it ended the
// session, or the error has advice of its own.
func lost(err error) error {
	var refused *pgconn.PgError
	var advised interface{ Hint() string }
	if errors.As(err, &refused) || errors.As(err, &advised) {
		return err
	}
	return &LostError{Err: err}
}
