package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// RetryResult is what became of the refused records of one load that were tried again.
type RetryResult struct {
	Step    string         // the load's, such as 020_s_order
	Table   catalogue.Name // the staging table that it fills
	Tried   int64          // records that were tried again
	Loaded  int64          // of them, loaded; they left s_reject
	Removed int64          // of them, lines of names that the COPY passes over now; likewise
	Rows    int64          // that they gave
	Refused int64          // of them, that were refused again
	// Unread are records that were not tried: their kept text is not all of them, and their object
	// has changed or gone; or dwh cannot read the format of the COPY.
	Unread  int64
	Objects int64 // that were read again whole, because nothing of them had been loaded
	// ObjectRows and ObjectRejects are what those gave.
	ObjectRows, ObjectRejects int64
}

// version is one version of an object that a load has loaded.
type version struct{ url, load string }

// RetryRefused runs the refused records of a load through its COPY of today. Objects of which no
// record was loaded are read again whole; of the others, the records' texts are tried by
// themselves, in one transaction. An empty url stands for all objects.
//
// What is loaded leaves s_reject, and the ledger counts it. What is refused again stands there with
// its new reason. Objects that were given up, or that no load has loaded, are not touched.
func (l *Loader) RetryRefused(ctx context.Context, run Run, file *File, url objectstore.URL) (RetryResult, error) {
	result := RetryResult{Step: file.Name, Table: file.Table}
	refused, err := dwhdb.New(l.Pool).RefusedCount(ctx, string(file.Table), string(url))
	if err != nil {
		return result, fmt.Errorf("read rejects: %w", err)
	}
	if refused == 0 {
		return result, nil
	}
	statement, err := l.retryStatement(file)
	if err != nil {
		return result, err
	}
	if statement.NoLoad {
		return result, nil
	}
	unloaded, err := l.unloaded(ctx, file, url)
	if err != nil {
		return result, err
	}
	r := retry{Loader: l, run: run, file: file, statement: statement, url: url, unloaded: unloaded}
	r.unable = clientcopy.Check(statement)
	err = r.records(ctx, &result)
	if ctx.Err() != nil {
		return result, err
	}
	return result, errors.Join(err, r.objects(ctx, &result))
}

// retryStatement is the COPY of today. Where it copies from does not matter, and need not be given.
func (l *Loader) retryStatement(file *File) (*copystmt.Statement, error) {
	vars := maps.Clone(l.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	if file.Source != "" && vars[file.Source] == "" {
		vars[file.Source] = "s3://none/"
	}
	return file.Statement(vars)
}

// retry tries the refused records of one load again.
type retry struct {
	*Loader
	run       Run
	file      *File
	statement *copystmt.Statement
	url       objectstore.URL
	unloaded  map[version]objectstore.Object
	// why dwh cannot try records by themselves, such as those of FIXEDWIDTH; nil: it can
	unable error
}

// retryBytes and lookupList, in objects, bound what is tried at once.
const retryBytes = 16 << 20

// records tries records by themselves, in one transaction. They are read on another connection: the
// lock keeps everybody else from changing them.
func (r *retry) records(ctx context.Context, result *RetryResult) error {
	var tried RetryResult
	err := r.run.Write(ctx, func(tx pgx.Tx) error {
		tried = RetryResult{}
		conn, err := r.Pool.Acquire(ctx)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer conn.Release()
		rows, err := conn.Query(ctx, dwhdb.RefusedRecords, string(r.file.Table), string(r.url))
		if err != nil {
			return fmt.Errorf("read rejects: %w", err)
		}
		defer rows.Close()
		part := &part{retry: r, tx: tx, result: &tried}
		var row dwhdb.RefusedRecordsRow
		into := []any{
			&row.LoadID, &row.Url, &row.Line, &row.ColumnName, &row.Reason, &row.RawText, &row.Exact, &row.Fingerprint,
			&row.RejectedAt, &row.Etag,
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return fmt.Errorf("read rejects: %w", err)
			}
			if part.full(row.Url) {
				if err := part.settle(ctx); err != nil {
					return err
				}
			}
			part.add(row)
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("read rejects: %w", err)
		}
		return part.settle(ctx)
	})
	if err != nil {
		return fmt.Errorf("try the refused records of %s again: %w", r.file.Table, err)
	}
	r.Failpoint("retry.committed")
	result.Tried, result.Loaded, result.Removed = tried.Tried, tried.Loaded, tried.Removed
	result.Rows, result.Refused, result.Unread = tried.Rows, tried.Refused, tried.Unread
	return nil
}

// part is some of the records: all of each object.
type part struct {
	*retry
	tx     pgx.Tx
	result *RetryResult

	rows  []dwhdb.RefusedRecordsRow
	urls  []string
	bytes int
}

// full tells whether the part is to be settled before a record of the URL is added.
func (p *part) full(url string) bool {
	return len(p.urls) > 0 && p.urls[len(p.urls)-1] != url && (p.bytes >= retryBytes || len(p.urls) >= lookupList)
}

func (p *part) add(row dwhdb.RefusedRecordsRow) {
	p.rows = append(p.rows, row)
	if n := len(p.urls); n == 0 || p.urls[n-1] != row.Url {
		p.urls = append(p.urls, row.Url)
	}
	if row.RawText != nil {
		p.bytes += len(*row.RawText)
	}
}

// settle tries the part's records, and writes down what became of them.
func (p *part) settle(ctx context.Context) error {
	rows, urls := p.rows, p.urls
	p.rows, p.urls, p.bytes = nil, nil, 0
	if len(rows) == 0 {
		return nil
	}
	texts, err := p.texts(ctx, rows)
	if err != nil {
		return err
	}
	var records []clientcopy.Record
	for i, row := range rows {
		if texts[i].known && !p.passedOver(row, texts[i].text) {
			records = append(records, clientcopy.Record{Text: texts[i].text, Line: row.Line})
		}
	}
	var results []clientcopy.RecordResult
	if len(records) > 0 {
		if results, err = p.Copier.CopyRecords(ctx, p.run.Conn, p.statement, records); err != nil {
			return err
		}
	}
	p.Failpoint("retry.copied")
	w := written{part: p, counts: map[version]*counts{}}
	changed := false
	for i, row := range rows {
		changed = changed || texts[i].meant
		switch {
		case !texts[i].meant:
			w.keep(row)
		case !texts[i].known:
			p.result.Unread++
			row.Fingerprint = &p.file.Fingerprint
			w.keep(row)
		case p.passedOver(row, texts[i].text):
			p.result.Tried++
			p.result.Removed++
			w.count(row, 0, -1)
		default:
			p.result.Tried++
			w.tried(row, texts[i].text, results[0])
			results = results[1:]
		}
	}
	if !changed {
		return nil
	}
	if err := w.write(ctx, urls); err != nil {
		return err
	}
	p.Failpoint("retry.recorded")
	return nil
}

// passedOver tells whether a record is a line with the names of the columns that the COPY passes
// over by now.
func (p *part) passedOver(row dwhdb.RefusedRecordsRow, text string) bool {
	return row.Line <= int64(p.statement.IgnoreHeader) && clientcopy.LooksLikeNames(p.statement, text)
}

// counts are changes of an object's counts in the ledger.
type counts struct {
	etag          *string
	rows, rejects int64
}

// written is what s_reject and the ledger hold in the end.
type written struct {
	*part
	rejects [][]any
	counts  map[version]*counts
}

func (w *written) keep(row dwhdb.RefusedRecordsRow) {
	w.rejects = append(w.rejects, []any{
		row.LoadID, string(w.file.Table), row.Url, row.Line, row.ColumnName, row.Reason, row.RawText, rejectLoaded,
		row.RejectedAt, row.Fingerprint, row.Exact,
	})
}

// loaded notes that a record is refused no more.
func (w *written) loaded(row dwhdb.RefusedRecordsRow, rows int64) {
	w.result.Loaded++
	w.result.Rows += rows
	w.count(row, rows, -1)
}

func (w *written) count(row dwhdb.RefusedRecordsRow, rows, rejects int64) {
	v := version{row.Url, row.LoadID}
	if w.counts[v] == nil {
		w.counts[v] = &counts{etag: row.Etag}
	}
	w.counts[v].rows += rows
	w.counts[v].rejects += rejects
}

// tried notes what became of a record. A text that turned out to be several gives way to those that
// were refused.
func (w *written) tried(row dwhdb.RefusedRecordsRow, text string, result clientcopy.RecordResult) {
	if len(result.Rejects) == 0 {
		w.loaded(row, result.Rows)
		return
	}
	w.result.Refused++
	w.result.Rows += result.Rows
	w.count(row, result.Rows, int64(len(result.Rejects))-1)
	file := fileOf(row)
	now := time.Now().UTC()
	for _, reject := range result.Rejects {
		again := row
		again.Line, again.RejectedAt, again.Fingerprint = reject.Line, now, &w.file.Fingerprint
		again.ColumnName = optional(reject.Column, 127)
		reason := bulk.Clip(file+reject.Reason, 4096)
		again.Reason = &reason
		if alone := result.Rows == 0 && len(result.Rejects) == 1; alone {
			again.Line = row.Line
			reject.Raw, reject.Cut = text, false
		}
		again.RawText = optional(reject.Raw, longestRaw)
		again.Exact = isExact(reject, again.RawText)
		w.keep(again)
	}
}

// fileOf is how the reason of a record of an archive begins: with the file inside, and a colon.
func fileOf(row dwhdb.RefusedRecordsRow) string {
	if row.Reason == nil || !strings.EqualFold(path.Ext(row.Url), ".zip") {
		return ""
	}
	if name, _, ok := strings.Cut(*row.Reason, ": "); ok && path.Ext(name) != "" {
		return name + ": "
	}
	return ""
}

// write replaces the refused records of the URLs, and corrects the counts of the ledger.
func (w *written) write(ctx context.Context, urls []string) error {
	var list strings.Builder
	args := []any{string(w.file.Table)}
	for i, url := range urls {
		if i > 0 {
			list.WriteString(", ")
		}
		list.WriteString("$" + strconv.Itoa(i+2))
		args = append(args, url)
	}
	if _, err := w.tx.Exec(ctx, `
		DELETE FROM s_reject
		WHERE table_name = $1 AND outcome = 'loaded' AND line > 0 AND url IN (`+list.String()+`)`, args...); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	if err := insertRejects(ctx, w.tx, w.Engine, w.rejects); err != nil {
		return err
	}
	db := dwhdb.New(w.tx)
	for v, c := range w.counts {
		if c.etag == nil || c.rows == 0 && c.rejects == 0 {
			continue
		}
		if err := db.CountRetried(ctx, dwhdb.CountRetriedParams{
			MoreRows: &c.rows, MoreRejects: &c.rejects, TableName: string(w.file.Table), Url: v.url, Etag: *c.etag,
		}); err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
	}
	return nil
}
