package catalogue

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/schema"
)

// ReadIndexedColumns returns the valid indexes of the tables of a schema of a PostgreSQL server,
// those of keys included, as pg_get_indexdef writes their columns and conditions.
func ReadIndexedColumns(ctx context.Context, q Querier, name Name) (map[string][]schema.Index, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(c.relname AS text), CAST(x.relname AS text), i.indisunique,
			COALESCE(pg_get_expr(i.indpred, i.indrelid, TRUE), ''),
			ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, TRUE) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n)
		FROM pg_catalog.pg_index AS i
		INNER JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
		INNER JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
		WHERE c.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = CAST($1 AS text))
			AND i.indisvalid
		ORDER BY i.indexrelid`, string(name))
	if err != nil {
		return nil, fmt.Errorf("read the indexes of schema %s: %w", name, err)
	}
	out := map[string][]schema.Index{}
	var table string
	var index schema.Index
	into := []any{&table, &index.Name, &index.Unique, &index.Where, &index.Expressions}
	if _, err := pgx.ForEachRow(rows, into, func() error {
		out[table] = append(out[table], index)
		index.Expressions = nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the indexes of schema %s: %w", name, err)
	}
	return out, nil
}
