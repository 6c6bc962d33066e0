package load

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

// How many objects one statement looks up by their URLs. Redshift has no arrays
// (dg/c_unsupported-postgresql-datatypes), and reads blocks by their range anyway: only few
// objects, which may lie far apart, are looked up one by one there.
const (
	lookupObjects = 1_000
	lookupList    = 200
)

// unknown returns those of the objects, in byte order of URLs, whose URL and etag the ledger of the
// table does not hold. It reads inside the transaction, so that another dwh cannot load one of them
// meanwhile.
func unknown(
	ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, table catalogue.Name, objects []objectstore.Object,
) ([]objectstore.Object, error) {
	known, err := lookUp(ctx, tx, engine, table, objects)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	if len(known) == 0 {
		return objects, nil
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o objectstore.Object) bool {
		return known[dwhdb.KnownObjectsRow{Url: string(o.URL), Etag: o.ETag}]
	}), nil
}

// lookUp reads the ledger's rows of some objects, or of all in their range.
func lookUp(
	ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, table catalogue.Name, objects []objectstore.Object,
) (map[dwhdb.KnownObjectsRow]bool, error) {
	known := map[dwhdb.KnownObjectsRow]bool{}
	read := func(sql string, args ...any) error {
		rows, err := tx.Query(ctx, sql, append([]any{string(table)}, args...)...)
		if err != nil {
			return err
		}
		var row dwhdb.KnownObjectsRow
		_, err = pgx.ForEachRow(rows, []any{&row.Url, &row.Etag}, func() error {
			known[row] = true
			return nil
		})
		return err
	}
	switch {
	case len(objects) == 0:
	case engine == sqlfile.Postgres:
		for part := range slices.Chunk(objects, lookupObjects) {
			urls := make([]string, len(part))
			for i, object := range part {
				urls[i] = string(object.URL)
			}
			if err := read(`
				SELECT object.url, object.etag
				FROM s_object AS object
				WHERE object.table_name = $1 AND object.url = ANY(CAST($2 AS text[]))`, urls); err != nil {
				return nil, err
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
		return known, read(`
			SELECT object.url, object.etag
			FROM s_object AS object
			WHERE object.table_name = $1 AND object.url IN (`+list.String()+`)`, args...)
	default:
		return known, read(dwhdb.KnownObjects, string(objects[0].URL), string(objects[len(objects)-1].URL))
	}
	return known, nil
}
