package load

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Unknown is unknown, for the tests. It returns the objects, how many others were loaded, and how
// many were given up.
func Unknown(
	ctx context.Context, tx pgx.Tx, engine sqlfile.Engine, table catalogue.Name, objects []objectstore.Object,
) (fresh []objectstore.Object, loaded, givenUp int64, err error) {
	fresh, others, err := unknown(ctx, tx, engine, table, objects)
	return fresh, others.loaded, others.givenUp, err
}
