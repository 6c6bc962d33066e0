package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Complete fills in what earlier loads of a file's table could not say: the counts of objects that
// the Copier learns of only after a commit. Of any other Copier it does nothing.
func (l *Loader) Complete(ctx context.Context, run Run, file *File) error {
	if !l.Copier.Can().LateCounts || !file.Configured(l.Vars) {
		return nil
	}
	rows, err := dwhdb.New(run.Conn).UncountedObjects(ctx, string(file.Table))
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	statement, err := file.Statement(l.Vars)
	if err != nil {
		return err
	}
	objects := make([]objectstore.Object, len(rows))
	for i, row := range rows {
		objects[i] = objectstore.Object{URL: objectstore.URL(row.Url), ETag: row.Etag}
	}
	found, err := l.Copier.Complete(ctx, statement, objects)
	if err != nil {
		return fmt.Errorf("complete the ledger: %w", err)
	}
	loads := map[objectstore.URL]string{} // of the objects whose counts are known now
	for i, object := range found.Objects {
		if object.Rejects >= 0 {
			loads[object.Object.URL] = rows[i].LoadID
		}
	}
	if len(loads) == 0 {
		return nil
	}
	return run.Write(ctx, func(tx pgx.Tx) error {
		return l.fillIn(ctx, tx, file, rows, found, loads)
	})
}

// fillIn writes the counts and the rejects that Complete has learnt of, each under the load that
// loaded the object.
func (l *Loader) fillIn(
	ctx context.Context, tx pgx.Tx, file *File, rows []dwhdb.UncountedObjectsRow, found clientcopy.Result,
	loads map[objectstore.URL]string,
) error {
	db := dwhdb.New(tx)
	// Another dwh may have filled them in since.
	still, err := db.UncountedObjects(ctx, string(file.Table))
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
			TableName: string(file.Table), Url: rows[i].Url, Etag: rows[i].Etag,
		}); err != nil {
			return fmt.Errorf("complete the ledger: %w", err)
		}
	}
	rejects := map[string][]clientcopy.RecordError{} // by load
	for _, reject := range found.Rejects {
		if load, ok := loads[reject.Object]; ok {
			rejects[load] = append(rejects[load], reject)
		}
	}
	for load, list := range rejects {
		r := recorder{tx: tx, engine: l.Engine, load: load, table: file.Table, text: file.Fingerprint}
		if err := r.rejects(ctx, list, nil, rejectLoaded); err != nil {
			return err
		}
	}
	return nil
}
