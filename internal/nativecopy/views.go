package nativecopy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// nameLength is how much of an object's URL the views keep: CHARACTER(256) (dg/SYS_LOAD_DETAIL,
// dg/SYS_LOAD_ERROR_DETAIL).
const nameLength = 256

// name is an object's URL as the views know it.
func name(u objectstore.URL) string {
	text := string(u)
	return strings.TrimRight(text[:min(len(text), nameLength)], " ")
}

// file is what the views say of one object of a COPY.
type file struct {
	lines int64
	etag  string // "" where they do not say
}

// fault is one refused record.
type fault struct {
	file   string
	line   int64
	column string
	reason string
	value  string
	raw    string // cut to 1,024 characters; "" where the views do not say
}

// views is what Redshift says of one COPY.
type views struct {
	files  map[string]file
	faults []fault
}

func (v views) file(u objectstore.URL) (file, bool) {
	f, ok := v.files[name(u)]
	return f, ok
}

// whole is the fault of an object as a whole, which stands at no line.
func (v views) whole(u objectstore.URL) (fault, bool) {
	for _, f := range v.faults {
		if f.file == name(u) && f.line == 0 {
			return f, true
		}
	}
	return fault{}, false
}

func (v views) rejected(u objectstore.URL) int64 {
	var n int64
	for _, f := range v.faults {
		if f.file == name(u) {
			n++
		}
	}
	return n
}

// rejects are the refused records in the order of objects and lines.
func (v views) rejects(objects []clientcopy.ObjectResult) []clientcopy.RecordError {
	place := make(map[string]int, len(objects))
	for i, o := range objects {
		place[name(o.Object.URL)] = i
	}
	var out []clientcopy.RecordError
	for _, f := range v.faults {
		record := clientcopy.RecordError{
			Object: objectstore.URL(f.file), Line: f.line, Column: f.column, Reason: f.reason,
			Raw: f.raw, Value: f.value, Cut: true,
		}
		if i, ok := place[f.file]; ok {
			record.Object = objects[i].Object.URL
		}
		out = append(out, record)
	}
	slices.SortStableFunc(out, func(a, b clientcopy.RecordError) int {
		return cmp.Or(place[name(a.Object)]-place[name(b.Object)], cmp.Compare(a.Line, b.Line))
	})
	return out
}

// views reads what there is about a COPY by now.
func (c *Copier) views(ctx context.Context, id int64) (views, error) {
	v := views{files: map[string]file{}}
	err := c.read(ctx, func(row pgx.CollectableRow) error {
		var of string
		var f file
		if err := row.Scan(&of, &f.lines, &f.etag); err != nil {
			return err
		}
		f.etag = strings.Trim(f.etag, `" `)
		v.files[strings.TrimRight(of, " ")] = f
		return nil
	}, `SELECT detail.file_name, CAST(SUM(detail.lines_scanned) AS BIGINT), CAST(COALESCE(MAX(detail.file_etag), '') AS VARCHAR(256))
		FROM sys_load_detail AS detail
		WHERE detail.query_id = CAST($1 AS BIGINT)
		GROUP BY detail.file_name`, id)
	if errors.Is(err, errAbsent) {
		// Clusters of before 2023 have the older view alone, which knows no etag
		// (dg/r_STL_LOAD_COMMITS).
		err = c.read(ctx, func(row pgx.CollectableRow) error {
			var of string
			var f file
			if err := row.Scan(&of, &f.lines); err != nil {
				return err
			}
			v.files[strings.TrimRight(of, " ")] = f
			return nil
		}, `SELECT loaded.filename, CAST(SUM(loaded.lines_scanned) AS BIGINT)
			FROM stl_load_commits AS loaded
			WHERE loaded.query = CAST($1 AS INTEGER)
			GROUP BY loaded.filename`, id)
	}
	if err != nil && !errors.Is(err, errAbsent) {
		return v, fmt.Errorf("read what the COPY loaded: %w", err)
	}
	v.faults, err = c.faults(ctx, "query_id = CAST($1 AS BIGINT)", "query = CAST($1 AS INTEGER)", id)
	return v, err
}

// failedViews reads the refused records of the COPY that has just failed: the session's first one
// since marks were taken. Its id cannot be asked for in a transaction that failed.
func (c *Copier) failedViews(ctx context.Context, before marks) (views, error) {
	faults, err := c.faults(ctx,
		"session_id IN (CAST($1 AS INTEGER), CAST($2 AS INTEGER)) AND query_id > CAST($3 AS BIGINT)",
		"session IN (CAST($1 AS INTEGER), CAST($2 AS INTEGER)) AND query > CAST($3 AS INTEGER)",
		before.session, before.key, before.copied)
	return views{faults: faults}, err
}

// Pauses between two looks at the views.
const (
	firstLook  = 100 * time.Millisecond
	laterLooks = 2 * time.Second
)

// awaitFaults is failedViews that waits, as long as the Copier's patience lasts, until the views
// show a refused record: their rows may come later than the error. As long as there are fewer than
// limit, more may come: two looks in a row have to show the same.
func (c *Copier) awaitFaults(ctx context.Context, before marks, limit int) (views, error) {
	deadline := time.Now().Add(c.Patience)
	last := -1
	for pause := firstLook; ; pause = min(2*pause, laterLooks) {
		found, err := c.failedViews(ctx, before)
		if err != nil {
			return found, err
		}
		n := len(found.faults)
		if n >= limit || n > 0 && n == last || time.Now().Add(pause).After(deadline) {
			return found, nil
		}
		if last < 0 && n == 0 {
			c.Logger.Info("COPY refused records; waiting for the load views to show them", "at most", c.Patience)
		}
		last = n
		select {
		case <-ctx.Done():
			return found, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// history is what SYS_LOAD_HISTORY says of a COPY as a whole.
type history struct {
	loaded int64
	errors int64
}

// history reads what there is about a COPY as a whole by now; known is false while its row has not
// come, or where there is no such view.
func (c *Copier) history(ctx context.Context, id int64) (h history, known bool, err error) {
	err = c.read(ctx, func(row pgx.CollectableRow) error {
		known = true
		return row.Scan(&h.loaded, &h.errors)
	}, `SELECT CAST(loaded.loaded_rows AS BIGINT), CAST(loaded.error_count AS BIGINT)
		FROM sys_load_history AS loaded
		WHERE loaded.query_id = CAST($1 AS BIGINT)
			AND loaded.loaded_rows IS NOT NULL
			AND loaded.error_count IS NOT NULL`, id)
	if err != nil && !errors.Is(err, errAbsent) {
		return h, false, fmt.Errorf("read how the COPY ended: %w", err)
	}
	return h, known, nil
}

// allFaults tells whether n refused records are all that the COPY refused.
func (c *Copier) allFaults(ctx context.Context, id int64, n int) (bool, error) {
	h, known, err := c.history(ctx, id)
	return known && h.errors == int64(n), err
}

// faults reads refused records: from SYS_LOAD_ERROR_DETAIL, which covers every kind of cluster, and
// beside it from STL_LOAD_ERRORS, which has the records' texts and is empty on Serverless
// (dg/r_STL_LOAD_ERRORS).
func (c *Copier) faults(ctx context.Context, sys, stl string, args ...any) ([]fault, error) {
	var found []fault
	scan := func(into *[]fault) func(row pgx.CollectableRow) error {
		return func(row pgx.CollectableRow) error {
			var f fault
			if err := row.Scan(&f.file, &f.line, &f.column, &f.reason, &f.value, &f.raw); err != nil {
				return err
			}
			for _, text := range []*string{&f.file, &f.column, &f.reason, &f.value, &f.raw} {
				*text = strings.TrimRight(*text, " ")
			}
			*into = append(*into, f)
			return nil
		}
	}
	err := c.read(ctx, scan(&found), `
		SELECT fault.file_name, CAST(fault.line_number AS BIGINT), COALESCE(fault.column_name, ''), COALESCE(fault.error_message, ''), '', ''
		FROM sys_load_error_detail AS fault
		WHERE fault.`+strings.ReplaceAll(sys, " AND ", " AND fault.")+`
		ORDER BY fault.file_name, fault.line_number, fault.column_name`, args...)
	absent := errors.Is(err, errAbsent)
	if err != nil && !absent {
		return nil, fmt.Errorf("read the records that COPY refused: %w", err)
	}
	var texts []fault
	err = c.read(ctx, scan(&texts), `
		SELECT fault.filename, CAST(fault.line_number AS BIGINT), COALESCE(fault.colname, ''), COALESCE(fault.err_reason, ''),
			COALESCE(fault.raw_field_value, ''), COALESCE(fault.raw_line, '')
		FROM stl_load_errors AS fault
		WHERE fault.`+strings.ReplaceAll(stl, " AND ", " AND fault.")+`
		ORDER BY fault.filename, fault.line_number, fault.colname`, args...)
	if err != nil && !errors.Is(err, errAbsent) {
		return nil, fmt.Errorf("read the records that COPY refused: %w", err)
	}
	if absent {
		return texts, nil
	}
	type key struct {
		file   string
		line   int64
		column string
	}
	text := make(map[key]fault, len(texts))
	for _, f := range texts {
		text[key{f.file, f.line, f.column}] = f
	}
	for i := range found {
		f := &found[i]
		if t, ok := text[key{f.file, f.line, f.column}]; ok {
			f.raw, f.value = t.raw, t.value
		}
	}
	return found, nil
}

// errAbsent says that a view is not there, or not for this user.
var errAbsent = errors.New("no such view")

// read runs a query on a connection of its own.
func (c *Copier) read(ctx context.Context, scan func(pgx.CollectableRow) error, sql string, args ...any) error {
	rows, err := c.Pool.Query(ctx, sql, args...)
	if err == nil {
		for rows.Next() {
			if err = scan(rows); err != nil {
				break
			}
		}
		rows.Close()
		err = errors.Join(err, rows.Err())
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "42703" || refused.Code == "42501") {
		return errAbsent
	}
	return err
}

// copied is what the views say of an earlier COPY.
type copied struct {
	views
	complete bool // every refused record is there
	lines    bool // lines_scanned counts the records of an object
}

// copied reads what there is about an earlier COPY by now.
func (c *Copier) copied(ctx context.Context, id int64) (*copied, error) {
	v, err := c.views(ctx, id)
	if err != nil {
		return nil, err
	}
	h, known, err := c.history(ctx, id)
	if err != nil {
		return nil, err
	}
	var records int64
	for _, f := range v.files {
		records += f.lines
	}
	for _, f := range v.faults {
		if file := v.files[f.file]; f.line != 0 ||
			file.lines != 0 { // else an object that could not be read: no record of it counts
			records--
		}
	}
	item := &copied{views: v, lines: known && records == h.loaded}
	item.complete = item.lines || known && h.errors == int64(len(v.faults))
	return item, nil
}

// Complete looks up what the views did not show yet when the objects were loaded. The objects are
// those of one table, in byte order of their URLs, with the etags that the ledger has. The answer
// has one element each, with the etag that Redshift read; rejects are -1 where there is still
// nothing about an object, and rows are -1 where the views count lines that are no records. Views
// keep a few days (dg/cm_chap_system-tables): what is older is never found.
func (c *Copier) Complete(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
) (clientcopy.Result, error) {
	result := clientcopy.Result{Objects: make([]clientcopy.ObjectResult, len(objects))}
	for i, o := range objects {
		result.Objects[i] = clientcopy.ObjectResult{Object: o, Rows: -1, Rejects: -1}
	}
	if len(objects) == 0 {
		return result, nil
	}
	type load struct {
		file
		query int64
	}
	loads := map[string][]load{} // of a name, the latest first
	err := c.read(ctx, func(row pgx.CollectableRow) error {
		var of string
		var l load
		if err := row.Scan(&of, &l.query, &l.lines, &l.etag); err != nil {
			return err
		}
		of, l.etag = strings.TrimRight(of, " "), strings.Trim(l.etag, `" `)
		loads[of] = append(loads[of], l)
		return nil
	}, `SELECT detail.file_name, CAST(detail.query_id AS BIGINT), CAST(SUM(detail.lines_scanned) AS BIGINT), CAST(COALESCE(MAX(detail.file_etag), '') AS VARCHAR(256))
		FROM sys_load_detail AS detail
		WHERE detail.file_name BETWEEN CAST($1 AS VARCHAR(256)) AND CAST($2 AS VARCHAR(256))
		GROUP BY detail.file_name, detail.query_id
		ORDER BY detail.query_id DESC`, name(objects[0].URL), name(objects[len(objects)-1].URL))
	if errors.Is(err, errAbsent) {
		return result, nil
	}
	if err != nil {
		return result, fmt.Errorf("read what earlier COPYs loaded: %w", err)
	}
	copies := map[int64]*copied{} // by query
	for i := range result.Objects {
		o := &result.Objects[i]
		found := loads[name(o.Object.URL)]
		if len(found) == 0 {
			continue
		}
		// The same bytes give the same counts, whether that COPY was the one that was committed or
		// one that was tried before. The one whose lines are records says most.
		same := slices.DeleteFunc(slices.Clone(found), func(l load) bool { return l.etag != o.Object.ETag })
		if len(same) == 0 {
			same = found[:1]
		}
		var chosen load
		var of *copied
		for _, item := range same {
			if copies[item.query] == nil {
				if copies[item.query], err = c.copied(ctx, item.query); err != nil {
					return result, err
				}
			}
			if tried := copies[item.query]; of == nil && tried.complete || tried.lines && !of.lines {
				chosen, of = item, tried
			}
		}
		if of == nil {
			continue
		}
		if chosen.etag != "" {
			o.Object.ETag = chosen.etag
		}
		o.Rejects = of.rejected(o.Object.URL)
		if of.lines {
			o.Rows = chosen.lines - o.Rejects
		}
		mine := views{
			faults: slices.DeleteFunc(
				slices.Clone(of.faults), func(f fault) bool { return f.file != name(o.Object.URL) },
			),
		}
		result.Rejects = append(result.Rejects, mine.rejects(result.Objects[i:i+1])...)
	}
	return result, c.complete(ctx, statement, result.Rejects)
}
