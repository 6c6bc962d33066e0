package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
)

// unloaded are the objects of which every record was refused, as far as they are still there.
func (l *Loader) unloaded(
	ctx context.Context,
	file *File,
	url objectstore.URL,
) (map[version]objectstore.Object, error) {
	rows, err := dwhdb.New(l.Pool).UnloadedObjects(ctx, string(file.Table), string(url))
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	out := map[version]objectstore.Object{}
	for _, row := range rows {
		object, there, err := l.current(ctx, objectstore.URL(row.Url), &row.Etag)
		if err != nil {
			return nil, err
		}
		if there {
			out[version{row.Url, row.LoadID}] = object
		}
	}
	return out, nil
}

// objects loads again, as any other objects, those of which nothing was loaded. Their old rejects
// go in the same transaction. One that cannot be read, or a COPY that fails, leaves them as they
// are.
func (r *retry) objects(ctx context.Context, result *RetryResult) error {
	versions := map[objectstore.URL]version{}
	var objects []objectstore.Object
	for v, object := range r.unloaded {
		versions[object.URL] = v
		objects = append(objects, object)
	}
	slices.SortFunc(objects, func(a, b objectstore.Object) int { return strings.Compare(string(a.URL), string(b.URL)) })
	for len(objects) > 0 {
		n, bytes := 0, int64(0)
		for n < len(objects) && n < r.BatchObjects && (n == 0 || bytes+objects[n].Size <= r.BatchBytes) {
			bytes += objects[n].Size
			n++
		}
		if err := r.batch(ctx, objects[:n], versions, result); err != nil {
			return err
		}
		objects = objects[n:]
	}
	return nil
}

func (r *retry) batch(
	ctx context.Context, objects []objectstore.Object, versions map[objectstore.URL]version, result *RetryResult,
) error {
	statement := *r.statement
	statement.From = string(objects[0].URL) // it decides who copies: dwh or Redshift
	var loaded Result
	plan := &Plan{File: r.file, Statement: &statement, stop: func() {}}
	x := execution{Loader: r.Loader, run: r.run, plan: plan, result: &loaded}
	for len(objects) > 0 {
		var copied clientcopy.Result
		err := r.run.Write(ctx, func(tx pgx.Tx) error {
			mine, err := r.forget(ctx, tx, objects, versions)
			if err != nil {
				return err
			}
			copied, err = x.copy(ctx, tx, mine, nil)
			return err
		})
		var unreadable *clientcopy.UnreadableError
		var tooMany *clientcopy.MaxErrorError
		var fatal *clientcopy.FatalError
		switch {
		case errors.As(err, &unreadable):
			objects = without(objects, unreadable.Objects)
			continue
		case errors.As(err, &tooMany):
			x.warnFirstLines(tooMany.Result)
			return &RefusedError{Step: r.file.Name, Cause: tooMany}
		case errors.As(err, &fatal):
			x.warnFirstLines(fatal.Result)
			return &RefusedError{Step: r.file.Name, Cause: fatal}
		case err != nil:
			return fmt.Errorf("load objects of %s again: %w", r.file.Table, err)
		}
		x.Failpoint("retry.loaded")
		x.count(copied)
		result.Objects += loaded.Objects
		result.ObjectRows += loaded.Rows
		result.ObjectRejects += loaded.Rejects
		return nil
	}
	return nil
}

// forget takes objects out of the ledger and out of s_reject. It returns those that still stood
// there: nothing of another one may be loaded again.
func (r *retry) forget(
	ctx context.Context, tx pgx.Tx, objects []objectstore.Object, versions map[objectstore.URL]version,
) ([]objectstore.Object, error) {
	db := dwhdb.New(tx)
	var mine []objectstore.Object
	for _, object := range objects {
		v := versions[object.URL]
		forgotten, err := db.ForgetUnloaded(ctx, string(r.file.Table), v.url, object.ETag)
		if err != nil {
			return nil, fmt.Errorf("write ledger: %w", err)
		}
		if forgotten == 0 {
			continue
		}
		if err := db.ForgetRejects(ctx, string(r.file.Table), v.url, v.load); err != nil {
			return nil, fmt.Errorf("write rejects: %w", err)
		}
		mine = append(mine, object)
	}
	return mine, nil
}
