// Package load brings new objects into staging tables, each object once. Begin with Loader.Plan and
// Loader.Load: a listing without what the ledger knows makes plans, a Copier copies them, and a
// recorder writes the ledger and the rejects.
package load

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Options are what a Loader needs. Pool, Engine, Observer and Failpoint are required.
type Options struct {
	Pool   *pgxpool.Pool      // for the ledger, which is read beside a listing
	Engine sqlfile.Engine     // of the warehouse behind Pool
	Vars   map[string]string  // psql variables; a source that is not configured is absent or empty
	Copier Copier             // nil: nothing can be loaded
	Store  *objectstore.Store // lists the sources and reads manifests
	// BatchObjects (objects) and BatchBytes (bytes) bound what one transaction loads. They have no
	// default here.
	BatchObjects int
	BatchBytes   int64
	Observer     progress.Observer
	// Failpoint is called at named moments; the crash tests end the process there.
	Failpoint func(name string)
}

// Loader loads objects and keeps the ledger. It is not safe for concurrent use.
type Loader struct{ Options }

// New returns a Loader. A Copier without a Store, or the reverse, is an error.
func New(o Options) (*Loader, error) {
	if (o.Copier == nil) != (o.Store == nil) {
		return nil, errors.New("a load needs both a Copier and a Store")
	}
	return &Loader{Options: o}, nil
}

// A Run is the run that a load works for.
type Run struct {
	ID   string    // in the journal; the ledger's load_id
	Conn *pgx.Conn // the connection that the run works on
	// Write runs work in a transaction of its own on Conn that holds the write lock, and commits.
	Write func(ctx context.Context, work func(tx pgx.Tx) error) error
}
