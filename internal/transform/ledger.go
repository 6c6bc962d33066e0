package transform

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/sqlliteral"
)

// Outcomes in s_object and s_reject.
const (
	objectLoaded  = "loaded"
	objectSkipped = "skipped"
	rejectLoaded  = "loaded" // the good records of its batch were loaded
	rejectFailed  = "failed" // nothing of its batch, or of its object, was loaded
)

var ledgerColumns = []catalogue.Name{"url", "etag", "table_name", "size", "last_modified", "rows", "rejects", "loaded_at", "load_id", "outcome"}

// lastURL is beyond every URL of either scheme in byte order.
const lastURL = "\U0010FFFF"

// ledger reads a table's known objects in the order of a listing. Both are in byte order of URLs (s_object.url has the C
// collation; Redshift has no other), so that one pass over each finds what is new.
type ledger struct {
	rows        pgx.Rows
	release     func()
	more        bool            // rows stands at a row that was not looked at
	first, past objectstore.URL // it knows of the URLs from first on and before past
	last        objectstore.URL // of the latest question
	etags       []string        // of last
}

// openLedger reads the ledger from the first object of a listing on, to the end of what the listing's prefix can have; "" is no prefix.
func (r *Runner) openLedger(ctx context.Context, table catalogue.Name, first, prefix objectstore.URL) (*ledger, error) {
	conn, err := r.Pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	past := objectstore.URL(lastURL)
	if strings.HasPrefix(string(first), string(prefix)) {
		past = prefix + lastURL
	}
	rows, err := conn.Query(ctx, dwhdb.KnownObjects, string(table), string(first), string(past))
	if err != nil {
		conn.Release()
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	l := &ledger{rows: rows, release: conn.Release, first: first, past: past}
	if err := l.step(); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *ledger) close() {
	l.rows.Close()
	l.release()
}

func (l *ledger) step() error {
	if l.more = l.rows.Next(); !l.more {
		if err := l.rows.Err(); err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
	}
	return nil
}

// knows tells whether the object's URL and etag stand in the ledger. Objects must be asked for in byte order of their URLs.
func (l *ledger) knows(o objectstore.Object) (bool, error) {
	if o.URL < l.last || o.URL < l.first || o.URL >= l.past {
		return false, fmt.Errorf("listing is out of order: %s after %s", o.URL, cmp.Or(l.last, l.first))
	}
	if o.URL != l.last {
		l.last, l.etags = o.URL, l.etags[:0]
	}
	for l.more {
		// A text is the same bytes in both formats, and to compare them takes no copy.
		row := l.rows.RawValues()
		if string(row[0]) > string(o.URL) {
			break
		}
		if string(row[0]) == string(o.URL) {
			l.etags = append(l.etags, string(row[1]))
		}
		if err := l.step(); err != nil {
			return false, err
		}
	}
	return slices.Contains(l.etags, o.ETag), nil
}

// record writes the ledger rows and the rejects of a batch into the transaction that staged it.
func (r *Runner) record(ctx context.Context, tx pgx.Tx, j *journal, step Step, copied clientcopy.Result) error {
	now := time.Now().UTC()
	var rows [][]any
	for _, object := range copied.Objects {
		if object.Err != nil || object.Changed {
			continue
		}
		rows = append(rows, []any{
			string(object.Object.URL), object.Object.ETag, string(step.Table), object.Object.Size, object.Object.LastModified.UTC(),
			counted(object.Rows), counted(object.Rejects), now, j.run, objectLoaded,
		})
	}
	if err := r.insert(ctx, tx, "s_object", ledgerColumns, rows); err != nil {
		return err
	}
	return r.insertRejects(ctx, tx, j, step, copied.Rejects, copied.Objects, rejectLoaded)
}

// insertRejects writes the refused records, and line 0 for each object that could not be read at all. What earlier tries of
// the same objects left behind goes: it would be told twice.
func (r *Runner) insertRejects(ctx context.Context, tx pgx.Tx, j *journal, step Step, rejects []clientcopy.RecordError, objects []clientcopy.ObjectResult, outcome string) error {
	db := dwhdb.New(tx)
	tried, err := db.FailedURLs(ctx, string(step.Table))
	if err != nil {
		return fmt.Errorf("read rejects: %w", err)
	}
	failed := make(map[string]bool, len(tried))
	for _, one := range tried {
		failed[one] = true
	}
	forget := func(u objectstore.URL) error {
		if !failed[string(u)] {
			return nil
		}
		delete(failed, string(u))
		return db.ForgetFailedRejects(ctx, string(step.Table), string(u))
	}
	now := time.Now().UTC()
	var rows [][]any
	add := func(u objectstore.URL, line int64, column, reason, raw, outcome string) {
		rows = append(rows, []any{
			j.run, string(step.Table), clip(string(u), 2048), line, optional(clip(column, 127)), clip(reason, 4096), optional(clip(raw, 65535)), outcome, now,
		})
	}
	for _, object := range objects {
		if err := forget(object.Object.URL); err != nil {
			return fmt.Errorf("forget earlier rejects: %w", err)
		}
	}
	for _, reject := range rejects {
		if err := forget(reject.Object); err != nil {
			return fmt.Errorf("forget earlier rejects: %w", err)
		}
		said, came := outcome, reject.Reason
		if reject.Line == 0 {
			said = rejectFailed // nothing of the object is loaded
		}
		if reject.Part != "" {
			came = reject.Part + ": " + came
		}
		add(reject.Object, reject.Line, reject.Column, came, reject.Raw, said)
	}
	columns := []catalogue.Name{"load_id", "table_name", "url", "line", "column_name", "reason", "raw_text", "outcome", "rejected_at"}
	return r.insert(ctx, tx, "s_reject", columns, rows)
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// insertBytes is the size at which an INSERT on Redshift is sent, well below the 16 MB that a statement may have (dg/c_redshift-sql); one
// row of s_reject adds at most twice its 65,535 bytes of text.
const insertBytes = 2 << 20

// insert adds rows: on PostgreSQL by binary COPY, on Redshift, which has no COPY FROM STDIN, by INSERTs of many rows.
func (r *Runner) insert(ctx context.Context, tx pgx.Tx, table catalogue.Name, columns []catalogue.Name, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if r.Engine == sqlfile.Postgres {
		names := make([]string, len(columns))
		for i, column := range columns {
			names[i] = string(column)
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{string(table)}, names, pgx.CopyFromRows(rows)); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
		return nil
	}
	return insertLiterals(ctx, tx, table, columns, rows)
}

// executor is a transaction, a connection or a pool.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// insertLiterals adds rows by INSERTs of many, as typed literals: what type a parameter of a list of VALUES gets is documented for no more than one
// row.
func insertLiterals(ctx context.Context, db executor, table catalogue.Name, columns []catalogue.Name, rows [][]any) error {
	var values []byte
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		if _, err := db.Exec(ctx, catalogue.InsertValues(table, columns, string(values))); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
		values = values[:0]
		return nil
	}
	for _, row := range rows {
		separator := "("
		if len(values) > 0 {
			separator = ", ("
		}
		for _, value := range row {
			values = append(values, separator...)
			var err error
			if values, err = sqlliteral.Append(values, value); err != nil {
				return fmt.Errorf("write %s: %w", table, err)
			}
			separator = ", "
		}
		values = append(values, ')')
		if len(values) >= insertBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
