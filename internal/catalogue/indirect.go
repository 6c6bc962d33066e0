package catalogue

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Indirections are the names by which SQL may read tables that it does not name, or others than an
// unqualified name means in search_path: those of schemas, views and functions of PostgreSQL that
// are not the server's own. Those in the schema without are left out.
func Indirections(ctx context.Context, q Querier, without Name) ([]string, error) {
	rows, err := q.Query(ctx, `
		WITH space AS (
			SELECT oid, nspname FROM pg_catalog.pg_namespace
			WHERE nspname <> $1 AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
		)
		SELECT CAST(nspname AS text) FROM space
		UNION SELECT CAST(c.relname AS text) FROM pg_catalog.pg_class AS c
		INNER JOIN space ON space.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
		UNION SELECT CAST(p.proname AS text) FROM pg_catalog.pg_proc AS p
		INNER JOIN space ON space.oid = p.pronamespace`, string(without))
	if err != nil {
		return nil, fmt.Errorf("look for views and functions: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for views and functions: %w", err)
	}
	return names, nil
}
