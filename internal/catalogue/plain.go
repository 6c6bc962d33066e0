package catalogue

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Plain tells whether a table of a PostgreSQL server stores what an INSERT gives it and does
// nothing else: it is there, and has no trigger, rule, policy, partition, or column that the server
// computes.
func Plain(ctx context.Context, q Querier, table Table) (plain bool, err error) {
	return PlainRelation(ctx, q, table.SQL())
}

// PlainRelation is Plain for a qualified name as SQL has it.
func PlainRelation(ctx context.Context, q Querier, relation string) (plain bool, err error) {
	rows, err := q.Query(ctx, `
		SELECT c.relkind = 'r' AND NOT (c.relrowsecurity OR c.relhastriggers OR c.relhasrules OR c.relhassubclass OR c.relispartition)
			AND NOT EXISTS (SELECT 1 FROM pg_attribute AS a
				WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (a.attidentity <> '' OR a.attgenerated <> ''))
		FROM pg_class AS c
		WHERE c.oid = to_regclass($1)`, relation)
	if err != nil {
		return false, fmt.Errorf("read what %s does: %w", relation, err)
	}
	if _, err := pgx.ForEachRow(rows, []any{&plain}, func() error { return nil }); err != nil {
		return false, fmt.Errorf("read what %s does: %w", relation, err)
	}
	return plain, nil
}
