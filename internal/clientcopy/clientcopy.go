// Package clientcopy performs Amazon Redshift's COPY from object storage on PostgreSQL.
package clientcopy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Object is an object to load.
type Object = objectstore.Object

// DefaultBufferBytes is the budget of Options.BufferBytes when none is given.
const DefaultBufferBytes = 32 << 20

// Options configure Copy. The zero value works.
type Options struct {
	// Workers is the number of objects read at once; 0: a few more than CPUs for small files of
	// local folders, objectstore.DefaultConcurrency for small objects of S3, of which a few at a
	// time are converted. It has no influence on the result.
	Workers int
	// BufferBytes bounds the buffers of all workers together, bytes; 0: DefaultBufferBytes. A few
	// records of several MB at once, and decompression, come on top.
	BufferBytes int64
	// True names a BOOLEAN column outside the statement's list that holds TRUE in every row loaded;
	// "": none.
	True   string
	Logger *slog.Logger // nil: none
	// Progress is called after each object and now and then within a large one, never twice at
	// once; nil: not.
	Progress func(Progress)
}

// Progress is how far a Copy has come.
type Progress struct {
	Objects int   // read to their end, or found unreadable
	Bytes   int64 // read from the store, compressed as they are there
	Rows    int64 // of finished objects
	Rejects int64 // refused records of finished objects
}

// Result is what a Copy did. It does not depend on the number of workers, save the order of rows in
// the table.
type Result struct {
	// Rows is the number of rows loaded; with NOLOAD, of rows that would have been.
	Rows int64
	// Objects has one element an object given, in the same order.
	Objects []ObjectResult
	// Rejects are the refused records in the order of objects and lines.
	Rejects []RecordError
	// Trimmed names the text columns of the statement in which no value of these rows ends in a
	// blank. A column that is not named may hold such a value or not.
	Trimmed []string
}

// ObjectResult is what became of one object.
type ObjectResult struct {
	Object  Object // the object that this is about
	Rows    int64
	Rejects int64 // how many records were refused; -1 where it is not known yet
	// Err is why the object could not be read to its end; nothing of it is loaded then. Unless
	// Changed, it counts as one reject, of line 0.
	Err error
	// First is what its first line is, where IGNOREHEADER seems not to fit it; FirstLineFits where
	// nobody can tell.
	First FirstLine
	// Left are files of a .zip that are not loaded, as their names do not end in .txt or .csv;
	// those ending in .pdf do not count.
	Left []string
	// Changed is true for an object that was replaced, or written to, since it was listed; it is no
	// reject, but left for the next load.
	Changed bool
}

// RecordError is a record that COPY refused, with what STL_LOAD_ERRORS would say of it.
type RecordError struct {
	Object objectstore.URL // where the record comes from
	// Part is the file inside a .zip; Line counts in it.
	Part string
	// Line is the last line of the bad record, from 1 (r_STL_LOAD_ERRORS); 0: the object as a
	// whole.
	Line   int64
	Column string // "" when no single column is at fault
	Reason string
	// Raw is the record's text, bytes that are not UTF-8 replaced. It is cut to 64 KiB, or to the
	// share of one reject if MAXERROR rejects are to fit in 32 MiB, but no less than 512 bytes.
	Raw string
	// Cut says that Raw is not the record byte for byte: it is cut, or bytes are replaced.
	Cut bool
	// Value is the value at fault, cut to 1 KiB.
	Value string
}

// Error is one line: object, line, column, reason.
func (e *RecordError) Error() string {
	s := string(e.Object)
	if e.Part != "" {
		s += "/" + e.Part
	}
	if e.Line > 0 {
		s += ":" + strconv.FormatInt(e.Line, 10)
	}
	if e.Column != "" {
		s += ": column " + e.Column
	}
	return s + ": " + e.Reason
}

// MaxErrorError means that COPY stopped because MAXERROR was reached. The transaction must be
// rolled back.
type MaxErrorError struct {
	// Limit is the number of rejects at which COPY fails, at least 1.
	Limit int
	// Result holds the first Limit rejects in the order of objects and lines. Its rows were not
	// loaded, and objects after the last reject may not have been read.
	Result Result
}

func (e *MaxErrorError) Error() string {
	first := ""
	if len(e.Result.Rejects) > 0 {
		first = ": " + e.Result.Rejects[0].Error()
	}
	if e.Limit == 1 {
		return "a record was refused, and MAXERROR allows none" + first
	}
	return fmt.Sprintf(
		"%d records were refused, as many as MAXERROR; the first is %s", e.Limit,
		first[min(2, len(first)):],
	)
}

// Hint says what to do next.
func (e *MaxErrorError) Hint() string {
	return "correct the data, or raise MAXERROR in the COPY statement (100000 at most)"
}

// FatalError is a record at which COPY fails whatever MAXERROR says: one larger than 4 MB, or one
// in which a JSONPath's array index leads nowhere. The transaction must be rolled back.
type FatalError struct {
	Record RecordError // the record that ended the COPY
	// Result holds the rejects found before that record.
	Result Result
}

func (e *FatalError) Error() string { return e.Record.Error() }

// Hint says what to do next.
func (e *FatalError) Hint() string {
	return "correct or remove the record: MAXERROR does not apply to it"
}

// UnreadableError names objects that turned out to be unreadable, or changed, after some of their
// rows had been streamed to the server, which happens to large ones only. Roll back and repeat the
// batch without these objects.
type UnreadableError struct {
	Objects []ObjectResult // those to leave out of the batch
}

func (e *UnreadableError) Error() string {
	if len(e.Objects) == 0 {
		return "objects could not be read completely"
	}
	s := e.Objects[0].Err.Error()
	if n := len(e.Objects) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more objects)", n)
	}
	return s
}

// Unwrap returns why the objects could not be read.
func (e *UnreadableError) Unwrap() []error {
	errs := make([]error, len(e.Objects))
	for i, o := range e.Objects {
		errs[i] = o.Err
	}
	return errs
}

// Copy loads objects into the statement's table over conn, inside the transaction that the caller
// has opened on it; it neither begins nor commits one. The statement's source is not looked at:
// objects are exactly what is loaded, a repeated one repeatedly.
//
// Options that COPY has and this package has not are refused before anything is read, as an
// *sqlfile.Error at the option (see Check); so are columns and JSONPaths that do not fit the table.
// Other errors: *MaxErrorError, *FatalError, *UnreadableError, an error that wraps *pgconn.PgError
// or a network error when the server refuses, one that wraps objectstore.ErrCredentials, or ctx's
// own. After any of them nothing may be committed.
func Copy(
	ctx context.Context, conn *pgx.Conn, store *objectstore.Store, stmt *copystmt.Statement,
	objects []Object, o Options,
) (Result, error) {
	if err := Check(stmt); err != nil {
		return Result{}, err
	}
	if conn == nil || store == nil {
		return Result{}, errors.New("copy needs a connection and a store")
	}
	return copyTo(ctx, conn, store, stmt, objects, nil, o)
}

// copyTo is Copy of a checked statement. bodies, where set, are the objects' bytes.
func copyTo(
	ctx context.Context, conn *pgx.Conn, store *objectstore.Store, stmt *copystmt.Statement,
	objects []Object, bodies [][]byte, o Options,
) (Result, error) {
	p, err := compile(ctx, conn, store, stmt, o.True)
	if err != nil {
		return Result{}, err
	}
	l := newLoad(p, store, stmt, objects, o)
	l.bodies = bodies
	if stmt.NoLoad {
		return l.run(ctx, nil)
	}
	return l.run(ctx, binaryCopy{conn.PgConn()})
}
