package load

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Outcomes in s_object.
const (
	objectLoaded      = "loaded"
	objectSkipped     = "skipped"     // somebody said so; this version of it is not tried again
	objectQuarantined = "quarantined" // it failed several times by itself; likewise
)

// Outcomes in s_reject.
const (
	rejectLoaded = "loaded" // the good records of its batch were loaded
	rejectFailed = "failed" // nothing of its batch, or of its object, was loaded
)

// recorder writes the ledger and the rejects of one table in an open transaction.
type recorder struct {
	tx     pgx.Tx
	engine sqlfile.Engine
	load   string // the run's id
	table  catalogue.Name
	text   string // the fingerprint of the COPY
}

// object is an object's row in the ledger.
func (r recorder) object(o objectstore.Object, rows, rejects int64, now time.Time, outcome string) []any {
	return []any{
		string(
			o.URL,
		), o.ETag, string(r.table), o.Size, o.LastModified.UTC(), counted(rows), counted(rejects), now, r.load,
		outcome,
	}
}

// counted is a count for the ledger: nil while it is not known.
func counted(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// objects writes rows that object gave.
func (r recorder) objects(ctx context.Context, rows [][]any) error {
	return bulk.Insert(ctx, r.tx, r.engine, "s_object", []catalogue.Name{
		"url", "etag", "table_name", "size", "last_modified", "rows", "rejects", "loaded_at", "load_id", "outcome",
	}, rows)
}

// batch writes the ledger's rows and the rejects of a batch whose rows are staged.
func (r recorder) batch(ctx context.Context, copied clientcopy.Result) error {
	now := time.Now().UTC()
	var rows [][]any
	for _, o := range copied.Objects {
		if o.Err == nil && !o.Changed {
			rows = append(rows, r.object(o.Object, o.Rows, o.Rejects, now, objectLoaded))
		}
	}
	if err := r.objects(ctx, rows); err != nil {
		return err
	}
	return r.rejects(ctx, copied.Rejects, copied.Objects, rejectLoaded)
}

// rejects writes the refused records, and line 0 of each object that could not be read at all. What
// earlier tries of the same objects left behind goes, so that nothing is told twice.
func (r recorder) rejects(
	ctx context.Context, rejects []clientcopy.RecordError, objects []clientcopy.ObjectResult, outcome string,
) error {
	if err := r.forget(ctx, rejects, objects); err != nil {
		return err
	}
	now := time.Now().UTC()
	var rows [][]any
	for _, reject := range rejects {
		said, reason := outcome, reject.Reason
		if reject.Line == 0 {
			said = rejectFailed // nothing of the object is loaded
		}
		if reject.Part != "" {
			reason = reject.Part + ": " + reason
		}
		raw := optional(reject.Raw, longestRaw)
		rows = append(rows, []any{
			r.load, string(r.table), bulk.Clip(string(reject.Object), 2048), reject.Line, optional(reject.Column, 127),
			bulk.Clip(reason, 4096), raw, said, now, optional(r.text, 64), isExact(reject, raw),
		})
	}
	return insertRejects(ctx, r.tx, r.engine, rows)
}

// longestRaw is how much of a refused record is kept, bytes: what a column of Redshift holds.
const longestRaw = 65535

// isExact tells whether the text that is kept is the record byte for byte.
func isExact(reject clientcopy.RecordError, kept *string) bool {
	switch {
	case reject.Cut || reject.Line == 0:
		return false
	case kept == nil:
		return reject.Raw == ""
	}
	return *kept == reject.Raw
}

// insertRejects writes rows of s_reject.
func insertRejects(ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, rows [][]any) error {
	return bulk.Insert(ctx, tx, engine, "s_reject", []catalogue.Name{
		"load_id", "table_name", "url", "line", "column_name", "reason", "raw_text", "outcome", "rejected_at",
		"fingerprint", "exact",
	}, rows)
}

// optional is a text of at most n bytes, or nil for none.
func optional(text string, n int) *string {
	if text = bulk.Clip(text, n); text == "" {
		return nil
	}
	return &text
}

// forget deletes the rejects of failed tries of the same objects.
func (r recorder) forget(
	ctx context.Context, rejects []clientcopy.RecordError, objects []clientcopy.ObjectResult,
) error {
	db := dwhdb.New(r.tx)
	urls, err := db.FailedURLs(ctx, string(r.table))
	if err != nil {
		return fmt.Errorf("read rejects: %w", err)
	}
	failed := make(map[string]bool, len(urls))
	for _, url := range urls {
		failed[url] = true
	}
	again := func(u objectstore.URL) error {
		if !failed[string(u)] {
			return nil
		}
		delete(failed, string(u))
		if err := db.ForgetFailedRejects(ctx, string(r.table), string(u)); err != nil {
			return fmt.Errorf("forget earlier rejects: %w", err)
		}
		return nil
	}
	for _, o := range objects {
		if err := again(o.Object.URL); err != nil {
			return err
		}
	}
	for _, reject := range rejects {
		if err := again(reject.Object); err != nil {
			return err
		}
	}
	return nil
}
