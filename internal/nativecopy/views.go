package nativecopy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// nameLength is how much of an object's URL the views keep: CHARACTER(256) (dg/SYS_LOAD_DETAIL, dg/SYS_LOAD_ERROR_DETAIL).
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
		record := clientcopy.RecordError{Object: objectstore.URL(f.file), Line: f.line, Column: f.column, Reason: f.reason, Raw: f.raw, Value: f.value}
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
		// Clusters of before 2023 have the older view alone, which knows no etag (dg/r_STL_LOAD_COMMITS).
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

// failedViews reads the refused records of the COPY that has just failed: the session's first one since marks were taken. Its id
// cannot be asked for in a transaction that failed.
func (c *Copier) failedViews(ctx context.Context, before marks) (views, error) {
	faults, err := c.faults(ctx,
		"session_id IN (CAST($1 AS INTEGER), CAST($2 AS INTEGER)) AND query_id > CAST($3 AS BIGINT)",
		"session IN (CAST($1 AS INTEGER), CAST($2 AS INTEGER)) AND query > CAST($3 AS INTEGER)", before.session, before.key, before.copied)
	return views{faults: faults}, err
}

// faults reads refused records: from SYS_LOAD_ERROR_DETAIL, which covers every kind of cluster, and beside it from STL_LOAD_ERRORS, which has
// the records' texts and is empty on Serverless (dg/r_STL_LOAD_ERRORS).
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

// Complete looks up what the views did not show yet when the objects were loaded. The objects are those of one table, in byte order of
// their URLs, with the etags that the ledger has. The answer has one element each, with the etag that Redshift read; rows are -1
// where there is still nothing about an object. Views keep a few days (dg/cm_chap_system-tables): what is older is never found.
func (c *Copier) Complete(ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object) (clientcopy.Result, error) {
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
	faults := map[int64]views{} // by query
	for i := range result.Objects {
		o := &result.Objects[i]
		found := loads[name(o.Object.URL)]
		if len(found) == 0 {
			continue
		}
		// The same bytes give the same counts, whether that COPY was the one that was committed or one that was tried before.
		chosen := found[0]
		if at := slices.IndexFunc(found, func(l load) bool { return l.etag == o.Object.ETag }); at >= 0 {
			chosen = found[at]
		}
		of, known := faults[chosen.query]
		if !known {
			if of.faults, err = c.faults(ctx, "query_id = CAST($1 AS BIGINT)", "query = CAST($1 AS INTEGER)", chosen.query); err != nil {
				return result, err
			}
			faults[chosen.query] = of
		}
		if chosen.etag != "" {
			o.Object.ETag = chosen.etag
		}
		o.Rejects = of.rejected(o.Object.URL)
		o.Rows = chosen.lines - o.Rejects
		mine := views{faults: slices.DeleteFunc(slices.Clone(of.faults), func(f fault) bool { return f.file != name(o.Object.URL) })}
		result.Rejects = append(result.Rejects, mine.rejects(result.Objects[i:i+1])...)
	}
	return result, c.complete(ctx, statement, result.Rejects)
}
