package catalogue

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Querier is what reading the catalogue needs of a connection, a pool or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// CurrentSchema is the schema that an unqualified CREATE TABLE would write to.
func CurrentSchema(ctx context.Context, q Querier) (Name, error) {
	rows, err := q.Query(ctx, `SELECT CAST(current_schema() AS VARCHAR(127))`)
	if err != nil {
		return "", fmt.Errorf("read current schema: %w", err)
	}
	name, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*string])
	if err != nil {
		return "", fmt.Errorf("read current schema: %w", err)
	}
	if name == nil {
		return "", fmt.Errorf("the connection's search_path names no schema that exists")
	}
	return Name(*name), nil
}

// Read returns the tables and views of a schema by name, with columns and primary keys.
func Read(ctx context.Context, q Querier, schema Name) (map[Name]Table, error) {
	tables := map[Name]Table{}
	rows, err := q.Query(ctx, `
		SELECT CAST(c.table_name AS VARCHAR(127)), CAST(c.column_name AS VARCHAR(127)), CAST(c.is_nullable AS VARCHAR(3))
		FROM information_schema.columns AS c
		WHERE c.table_schema = CAST($1 AS VARCHAR(127))
		ORDER BY c.table_name, c.ordinal_position`, string(schema))
	if err != nil {
		return nil, fmt.Errorf("read columns of schema %s: %w", schema, err)
	}
	var table, column, nullable string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column, &nullable}, func() error {
		one := tables[Name(table)]
		one.Schema, one.Name = schema, Name(table)
		one.Columns = append(one.Columns, Name(column))
		if nullable == "NO" {
			one.Required = append(one.Required, Name(column))
		}
		tables[Name(table)] = one
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read columns of schema %s: %w", schema, err)
	}
	rows, err = q.Query(ctx, `
		SELECT CAST(t.table_name AS VARCHAR(127)), CAST(k.column_name AS VARCHAR(127))
		FROM information_schema.table_constraints AS t
		INNER JOIN information_schema.key_column_usage AS k
			ON k.constraint_schema = t.constraint_schema
			AND k.constraint_name = t.constraint_name
			AND k.table_name = t.table_name
		WHERE t.constraint_type = 'PRIMARY KEY'
			AND t.table_schema = CAST($1 AS VARCHAR(127))
		ORDER BY t.table_name, k.ordinal_position`, string(schema))
	if err != nil {
		return nil, fmt.Errorf("read keys of schema %s: %w", schema, err)
	}
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		one := tables[Name(table)]
		one.Key = append(one.Key, Name(column))
		tables[Name(table)] = one
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read keys of schema %s: %w", schema, err)
	}
	return tables, nil
}
