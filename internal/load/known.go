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

// known counts objects whose URL and etag the ledger holds.
type known struct {
	loaded  int64 // by an earlier load
	givenUp int64 // skipped or quarantined
}

// add counts an object by its outcome in the ledger; "" is none.
func (k *known) add(outcome string) {
	switch outcome {
	case "":
	case objectLoaded:
		k.loaded++
	default:
		k.givenUp++
	}
}

// unknown returns those of the objects, in byte order of URLs, whose URL and etag the ledger of the
// table does not hold, and counts the others. It reads inside the transaction, so that another dwh
// cannot load one of them meanwhile.
func unknown(
	ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, table catalogue.Name, objects []objectstore.Object,
) (fresh []objectstore.Object, others known, err error) {
	outcomes, err := lookUp(ctx, tx, engine, table, objects)
	if err != nil {
		return nil, others, fmt.Errorf("read ledger: %w", err)
	}
	if len(outcomes) == 0 {
		return objects, others, nil
	}
	fresh = slices.DeleteFunc(slices.Clone(objects), func(o objectstore.Object) bool {
		outcome := outcomes[ledgerKey{string(o.URL), o.ETag}]
		others.add(outcome)
		return outcome != ""
	})
	return fresh, others, nil
}

// ledgerKey is what the ledger knows an object of a table by.
type ledgerKey struct{ url, etag string }

// lookUp reads the outcomes of some objects in the ledger, or of all in their range.
func lookUp(
	ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, table catalogue.Name, objects []objectstore.Object,
) (map[ledgerKey]string, error) {
	outcomes := map[ledgerKey]string{}
	read := func(sql string, args ...any) error {
		rows, err := tx.Query(ctx, sql, append([]any{string(table)}, args...)...)
		if err != nil {
			return err
		}
		var row dwhdb.KnownObjectsRow
		_, err = pgx.ForEachRow(rows, []any{&row.Url, &row.Etag, &row.Outcome}, func() error {
			outcomes[ledgerKey{row.Url, row.Etag}] = row.Outcome
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
				SELECT object.url, object.etag, object.outcome
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
		return outcomes, read(`
			SELECT object.url, object.etag, object.outcome
			FROM s_object AS object
			WHERE object.table_name = $1 AND object.url IN (`+list.String()+`)`, args...)
	default:
		return outcomes, read(dwhdb.KnownObjects, string(objects[0].URL), string(objects[len(objects)-1].URL))
	}
	return outcomes, nil
}
