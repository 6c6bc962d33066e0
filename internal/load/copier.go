package load

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Copier performs COPY statements on one engine. It is not safe for concurrent use.
type Copier interface {
	// Can says what the Copier is able to do. The answer is always the same.
	Can() Capabilities

	// Check tells, before anything runs, why the statement cannot be performed, such as for want of
	// a setting. nil: it can.
	Check(statement *copystmt.Statement) error

	// Copy performs a COPY inside the transaction that is open on conn. It neither begins nor
	// commits. Errors about data are those of clientcopy.Copy: *clientcopy.MaxErrorError,
	// *clientcopy.FatalError and *clientcopy.UnreadableError.
	Copy(ctx context.Context, conn *pgx.Conn, c Copy) (clientcopy.Result, error)

	// CopyRecords loads refused records by themselves, as clientcopy.CopyRecords does, inside the
	// transaction that is open on conn.
	CopyRecords(
		ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement, records []clientcopy.Record,
	) ([]clientcopy.RecordResult, error)

	// ForRun names the run that the next copies work for. Objects that the Copier writes itself
	// bear the name, so that one can tell what a killed run has left behind.
	ForRun(run string)

	// Complete looks up the counts and rejects of objects that were loaded before, in byte order of
	// their URLs, with the etags of the ledger. Its answer has one element each, with the etag that
	// was read; rejects are -1 where they are still not known. Only a Copier with LateCounts is
	// asked.
	Complete(
		ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
	) (clientcopy.Result, error)
}

// Capabilities says what a Copier is able to do beside COPY itself.
type Capabilities struct {
	// SetTrue: it can fill one BOOLEAN column with TRUE, so that rows are staged as processed.
	SetTrue bool
	// LateCounts: it may learn of a load's rows and rejects only after the load's commit. Copy then
	// answers -1 for an object's counts, and Complete finds them later. Where only rows are -1,
	// nobody will know them.
	LateCounts bool
}

// A Copy is one COPY of exactly the given objects.
type Copy struct {
	Statement *copystmt.Statement  // the COPY with its values
	Objects   []objectstore.Object // what it loads, and nothing else
	// True names a BOOLEAN column outside the statement's list that holds TRUE in every row; "":
	// none. It needs the capability SetTrue.
	True string
	// Progress is called now and then, never twice at once; nil: not.
	Progress func(clientcopy.Progress)
}

// ClientCopier performs COPY by dwh itself, for PostgreSQL.
type ClientCopier struct {
	Store   *objectstore.Store // reads the objects to load
	Options clientcopy.Options // of each copy; a Copy sets Progress and True
}

// Can implements Copier.
func (ClientCopier) Can() Capabilities { return Capabilities{SetTrue: true} }

// Check implements Copier.
func (ClientCopier) Check(statement *copystmt.Statement) error { return clientcopy.Check(statement) }

// Copy implements Copier.
func (c ClientCopier) Copy(ctx context.Context, conn *pgx.Conn, do Copy) (clientcopy.Result, error) {
	options := c.Options
	options.Progress, options.True = do.Progress, do.True
	return clientcopy.Copy(ctx, conn, c.Store, do.Statement, do.Objects, options)
}

// CopyRecords implements Copier.
func (c ClientCopier) CopyRecords(
	ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement, records []clientcopy.Record,
) ([]clientcopy.RecordResult, error) {
	return clientcopy.CopyRecords(ctx, conn, c.Store, statement, records, c.Options)
}

// ForRun implements Copier: nothing is written but rows.
func (ClientCopier) ForRun(string) {}

// Complete implements Copier. Every count is known when Copy returns.
func (ClientCopier) Complete(
	_ context.Context, _ *copystmt.Statement, objects []objectstore.Object,
) (clientcopy.Result, error) {
	return Uncounted(objects), nil
}

// Uncounted is the answer of Complete that knows nothing of any object.
func Uncounted(objects []objectstore.Object) clientcopy.Result {
	result := clientcopy.Result{Objects: make([]clientcopy.ObjectResult, len(objects))}
	for i, o := range objects {
		result.Objects[i] = clientcopy.ObjectResult{Object: o, Rows: -1, Rejects: -1}
	}
	return result
}
