package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Skip records an object, as it is now, as skipped for the tables: no load tries this version of it
// again.
func (l *Loader) Skip(ctx context.Context, run Run, object objectstore.Object, tables []string) error {
	return run.Write(ctx, func(tx pgx.Tx) error {
		for _, table := range tables {
			r := recorder{tx: tx, engine: l.Engine, load: run.ID, table: catalogue.Name(table)}
			if err := r.giveUp(ctx, object, nil, objectSkipped); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetFailed removes the refused records of failed loads of an object that no longer exists, for
// the tables. It returns the tables that had any. The ledger does not change: an object that comes
// back is loaded.
func (l *Loader) ForgetFailed(ctx context.Context, run Run, url objectstore.URL, tables []string) ([]string, error) {
	var forgotten []string
	err := run.Write(ctx, func(tx pgx.Tx) error {
		forgotten = nil
		db := dwhdb.New(tx)
		for _, table := range tables {
			failed, err := db.FailedURLs(ctx, table)
			if err != nil {
				return fmt.Errorf("read rejects: %w", err)
			}
			if !slices.Contains(failed, string(url)) {
				continue
			}
			if err := db.ForgetFailedRejects(ctx, table, string(url)); err != nil {
				return fmt.Errorf("write rejects: %w", err)
			}
			forgotten = append(forgotten, table)
		}
		return nil
	})
	return forgotten, err
}

// Quarantine gives an object of a load up: it is written down as a reject, with the records that
// cause names, and into the ledger, so that this version of it is not tried again.
func (l *Loader) Quarantine(ctx context.Context, run Run, file *File, object objectstore.Object, cause error) error {
	var rejects []clientcopy.RecordError
	var tooMany *clientcopy.MaxErrorError
	var fatal *clientcopy.FatalError
	switch {
	case errors.As(cause, &tooMany):
		rejects = slices.Clone(tooMany.Result.Rejects)
	case errors.As(cause, &fatal):
		rejects = append(slices.Clone(fatal.Result.Rejects), fatal.Record)
	}
	rejects = slices.DeleteFunc(
		rejects,
		func(e clientcopy.RecordError) bool { return e.Object != object.URL || e.Line == 0 },
	)
	rejects = append(rejects, clientcopy.RecordError{Object: object.URL, Reason: "quarantined: " + cause.Error()})
	return run.Write(ctx, func(tx pgx.Tx) error {
		r := recorder{tx: tx, engine: l.Engine, load: run.ID, table: file.Table, text: file.Fingerprint}
		return r.giveUp(ctx, object, rejects, objectQuarantined)
	})
}

// giveUp writes an object that is not loaded into the ledger, unless it stands there.
func (r recorder) giveUp(
	ctx context.Context, object objectstore.Object, rejects []clientcopy.RecordError, outcome string,
) error {
	fresh, _, err := unknown(ctx, r.tx, r.engine, r.table, []objectstore.Object{object})
	if err != nil || len(fresh) == 0 {
		return err
	}
	if len(rejects) > 0 {
		if err := r.rejects(ctx, rejects, []clientcopy.ObjectResult{{Object: object}}, rejectFailed); err != nil {
			return err
		}
	}
	return r.objects(ctx, [][]any{r.object(object, 0, int64(len(rejects)), time.Now().UTC(), outcome)})
}

// Forgotten is an object's given-up version that the ledger has forgotten.
type Forgotten struct {
	Table   string // the object's staging table
	Outcome string // what it was: quarantined or skipped
}

// A RetryError says why there is nothing to try again.
type RetryError struct {
	URL    objectstore.URL // of the object to try again
	Loaded bool            // it was loaded; else the ledger does not know it
}

func (e *RetryError) Error() string {
	if e.Loaded {
		return fmt.Sprintf("there is nothing to retry: %s was loaded, and s_reject holds no record of it", e.URL)
	}
	return fmt.Sprintf("there is nothing to retry: %s was not skipped or quarantined, and no load has loaded "+
		"records of it", e.URL)
}

// Hint says how the object is loaded then.
func (e *RetryError) Hint() string {
	if e.Loaded {
		return "dwh loads an object once, and again only after somebody rewrites it"
	}
	return `check the URL with "dwh reject list"; if the object exists, the next load takes it; if not, ` +
		`"dwh reject skip URL" removes it from the list`
}

// Retry forgets that an object was quarantined or skipped, for the tables or, when there are none,
// for all: the next load tries it again. What was loaded of it stays known. A *RetryError says that
// there is nothing to forget.
func (l *Loader) Retry(ctx context.Context, run Run, url objectstore.URL, tables []string) ([]Forgotten, error) {
	var out []Forgotten
	err := run.Write(ctx, func(tx pgx.Tx) error {
		out = nil
		db := dwhdb.New(tx)
		rows, err := db.LedgerOf(ctx, string(url))
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		loaded := false
		for _, row := range rows {
			if len(tables) > 0 && !slices.Contains(tables, row.TableName) {
				continue
			}
			if row.Outcome != objectQuarantined && row.Outcome != objectSkipped {
				loaded = true
				continue
			}
			out = append(out, Forgotten{Table: row.TableName, Outcome: row.Outcome})
			if _, err := db.ForgetGivenUp(ctx, string(url), row.TableName); err != nil {
				return fmt.Errorf("write ledger: %w", err)
			}
		}
		if len(out) == 0 {
			return &RetryError{URL: url, Loaded: loaded}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
