package transform

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// A NamingCopier writes objects of its own, and names them by the run it works for, so that what a killed run leaves behind can be told.
type NamingCopier interface {
	Copier
	ForRun(run string)
}

// A CompletingCopier may learn of a load's rows and rejects only after the load's commit. Its Copy
// then answers -1 for an object's counts, which the ledger holds as NULL until a later load asks.
// Where only rows are -1, nobody will know them.
type CompletingCopier interface {
	Copier
	// Complete looks up the counts and rejects of objects that were loaded before, in byte order of
	// their URLs, with the etags of the ledger. Its answer has one element each, with the etag that
	// was read; rejects are -1 for what is still not known.
	Complete(ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object) (clientcopy.Result, error)
}

// A CheckingCopier can tell before anything runs that it cannot perform a COPY, such as for want of a setting.
type CheckingCopier interface {
	Copier
	Check(statement *copystmt.Statement) error
}

// counted is a count for the ledger: nil while it is not known.
func counted(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// complete fills in what earlier loads of the step's table could not say.
func (r *Runner) complete(ctx context.Context, conn *pgx.Conn, j *journal, step Step, statement *copystmt.Statement) error {
	copier, ok := r.Copier.(CompletingCopier)
	if !ok {
		return nil
	}
	rows, err := dwhdb.New(conn).UncountedObjects(ctx, string(step.Table))
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	objects := make([]objectstore.Object, len(rows))
	for i, row := range rows {
		objects[i] = objectstore.Object{URL: objectstore.URL(row.Url), ETag: row.Etag}
	}
	found, err := copier.Complete(ctx, statement, objects)
	if err != nil {
		return fmt.Errorf("complete the ledger: %w", err)
	}
	loads := map[objectstore.URL]string{}
	rejects := map[string][]clientcopy.RecordError{} // by load
	var filled int64
	for i, object := range found.Objects {
		if object.Rejects >= 0 {
			filled++
			loads[object.Object.URL] = rows[i].LoadID
		}
	}
	if filled == 0 {
		return nil
	}
	for _, reject := range found.Rejects {
		if load, ok := loads[reject.Object]; ok {
			rejects[load] = append(rejects[load], reject)
		}
	}
	return r.write(ctx, conn, j, func(tx pgx.Tx) error {
		db := dwhdb.New(tx)
		// Another dwh may have filled them in since.
		still, err := db.UncountedObjects(ctx, string(step.Table))
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		if len(still) != len(rows) {
			return nil
		}
		for i, object := range found.Objects {
			if object.Rejects < 0 {
				continue
			}
			if err := db.CountObject(ctx, dwhdb.CountObjectParams{
				ReadEtag: object.Object.ETag, Rows: counted(object.Rows), Rejects: counted(object.Rejects),
				TableName: string(step.Table), Url: rows[i].Url, Etag: rows[i].Etag,
			}); err != nil {
				return fmt.Errorf("complete the ledger: %w", err)
			}
		}
		for load, list := range rejects {
			if err := r.insertRejects(ctx, tx, &journal{run: load}, step, list, nil, rejectLoaded); err != nil {
				return err
			}
		}
		return nil
	})
}
