package transform

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// How many objects one statement looks up by their URLs. Redshift has no arrays (dg/c_unsupported-postgresql-datatypes), and reads blocks by
// their range anyway: there only few objects, which may lie far apart, are looked up so.
const (
	lookupObjects = 1_000
	lookupList    = 200
)

// unknownObjects returns the objects, in byte order of URLs, whose URL and etag the ledger does not hold.
func (r *Runner) unknownObjects(ctx context.Context, tx pgx.Tx, table catalogue.Name, objects []objectstore.Object) ([]objectstore.Object, error) {
	held := map[dwhdb.KnownObjectsRow]bool{}
	look := func(sql string, args ...any) error {
		rows, err := tx.Query(ctx, sql, append([]any{string(table)}, args...)...)
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		var row dwhdb.KnownObjectsRow
		if _, err := pgx.ForEachRow(rows, []any{&row.Url, &row.Etag}, func() error {
			held[row] = true
			return nil
		}); err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		return nil
	}
	var err error
	switch {
	case len(objects) == 0:
	case r.Engine == sqlfile.Postgres:
		for part := range slices.Chunk(objects, lookupObjects) {
			urls := make([]string, len(part))
			for i, object := range part {
				urls[i] = string(object.URL)
			}
			if err = look(`
				SELECT object.url, object.etag
				FROM s_object AS object
				WHERE object.table_name = $1 AND object.url = ANY(CAST($2 AS text[]))`, urls); err != nil {
				break
			}
		}
	case len(objects) <= lookupList:
		var list strings.Builder
		args := make([]any, len(objects))
		for i, object := range objects {
			if i > 0 {
				list.WriteString(", ")
			}
			list.WriteString("$" + strconv.Itoa(i+2))
			args[i] = string(object.URL)
		}
		err = look("SELECT object.url, object.etag FROM s_object AS object WHERE object.table_name = $1 AND object.url IN ("+list.String()+")", args...)
	default:
		err = look(dwhdb.KnownObjects, string(objects[0].URL), string(objects[len(objects)-1].URL))
	}
	if err != nil || len(held) == 0 {
		return objects, err
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o objectstore.Object) bool {
		return held[dwhdb.KnownObjectsRow{Url: string(o.URL), Etag: o.ETag}]
	}), nil
}
