package transform

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Skip records an object, as it is now, as skipped for the tables: no load tries this version of it again.
func (r *Runner) Skip(ctx context.Context, command string, object objectstore.Object, tables []string) error {
	_, err := r.journaled(ctx, command, func(conn *pgx.Conn, j *journal, _ *Result) error {
		return r.write(ctx, conn, j, func(tx pgx.Tx) error {
			now := time.Now().UTC()
			var rows [][]any
			for _, table := range tables {
				unknown, err := r.unknownObjects(ctx, tx, catalogue.Name(table), []objectstore.Object{object})
				if err != nil {
					return err
				}
				if len(unknown) == 0 {
					continue
				}
				rows = append(rows, []any{
					string(object.URL), object.ETag, table, object.Size, object.LastModified.UTC(), int64(0), int64(0), now, j.run, objectSkipped,
				})
			}
			return r.insert(ctx, tx, "s_object", ledgerColumns, rows)
		})
	})
	return err
}
