package catalogue

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Indirections are the names by which a query may read a table without its unqualified name: the
// names of schemas, views and functions. PostgreSQL's own are left out, and those of the scratch
// schema.
func Indirections(ctx context.Context, q Querier, scratch Name) ([]string, error) {
	rows, err := q.Query(ctx, `
		WITH space AS (
			SELECT oid, nspname FROM pg_catalog.pg_namespace
			WHERE nspname <> $1 AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
		)
		SELECT CAST(nspname AS text) FROM space
		UNION SELECT CAST(c.relname AS text) FROM pg_catalog.pg_class AS c
		INNER JOIN space ON space.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
		UNION SELECT CAST(p.proname AS text) FROM pg_catalog.pg_proc AS p
		INNER JOIN space ON space.oid = p.pronamespace`, string(scratch))
	if err != nil {
		return nil, fmt.Errorf("look for views and functions: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for views and functions: %w", err)
	}
	return names, nil
}
