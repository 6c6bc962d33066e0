package transform

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Unknown is unknownObjects, for the tests.
func (r *Runner) Unknown(ctx context.Context, tx pgx.Tx, table catalogue.Name, objects []objectstore.Object) ([]objectstore.Object, error) {
	return r.unknownObjects(ctx, tx, table, objects)
}

// Outdated is size.outdated, for the tests.
func Outdated(rows float64, pages, now, added int64) bool {
	return size{Rows: rows, Pages: pages, Now: now}.outdated(added)
}
