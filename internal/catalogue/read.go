package catalogue

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Querier is what reading the catalogue needs of a connection, a pool or a transaction.
type Querier interface {
	// Query sends a query with args for $1, $2 and so on. The caller closes the rows.
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

// Read returns the tables and views of a schema by name, with columns and primary keys: those that
// the user may use.
func Read(ctx context.Context, q Querier, engine sqlfile.Engine, schema Name) (map[Name]Table, error) {
	if engine == sqlfile.Postgres {
		return readSystem(ctx, q, schema)
	}
	return readInformation(ctx, q, schema)
}

// readSystem reads PostgreSQL's own catalogue, which takes a tenth of what its information_schema
// takes, whose views join dozens of tables. What it leaves out is what they leave out: relations
// that hold no rows, and columns that the user has no privilege on. A key is a key to whoever sees
// its columns, also to one who may only read them.
func readSystem(ctx context.Context, q Querier, schema Name) (map[Name]Table, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(c.relname AS text), CAST(a.attname AS text), a.attnotnull OR (t.typtype = 'd' AND t.typnotnull),
			COALESCE(array_position(k.conkey, a.attnum), 0)
		FROM pg_catalog.pg_namespace AS n
		INNER JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
		INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
		INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
		LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
		WHERE n.nspname = CAST($1 AS text) AND c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
			AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
		ORDER BY c.relname, a.attnum`, string(schema))
	if err != nil {
		return nil, fmt.Errorf("read tables of schema %s: %w", schema, err)
	}
	tables := map[Name]Table{}
	places := map[Name][]int{} // of the columns in the key, 0 for those outside
	var table, column string
	var required bool
	var place int
	if _, err := pgx.ForEachRow(rows, []any{&table, &column, &required, &place}, func() error {
		t := tables[Name(table)]
		t.Schema, t.Name = schema, Name(table)
		t.Columns = append(t.Columns, Name(column))
		if required {
			t.Required = append(t.Required, Name(column))
		}
		tables[Name(table)] = t
		places[Name(table)] = append(places[Name(table)], place)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read tables of schema %s: %w", schema, err)
	}
	for name, of := range places {
		t := tables[name]
		for next := 1; ; next++ {
			at := slices.Index(of, next)
			if at < 0 {
				break
			}
			t.Key = append(t.Key, t.Columns[at])
		}
		tables[name] = t
	}
	return tables, nil
}

// readInformation reads what the SQL standard has and Redshift documents, and the keys.
func readInformation(ctx context.Context, q Querier, schema Name) (map[Name]Table, error) {
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
		t := tables[Name(table)]
		t.Schema, t.Name = schema, Name(table)
		t.Columns = append(t.Columns, Name(column))
		if nullable == "NO" {
			t.Required = append(t.Required, Name(column))
		}
		tables[Name(table)] = t
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read columns of schema %s: %w", schema, err)
	}
	if err := readKeys(ctx, q, schema, tables); err != nil {
		return nil, err
	}
	return tables, nil
}

// readKeys reads the primary keys from pg_constraint: information_schema shows them to the tables'
// owners alone (sodadata/soda-core#2813, datadotworld/tap-redshift#42). The numbers of a key's
// columns are taken apart here, since Redshift has no functions for arrays.
func readKeys(ctx context.Context, q Querier, schema Name, tables map[Name]Table) error {
	rows, err := q.Query(ctx, `
		SELECT CAST(c.relname AS VARCHAR(127)), CAST(a.attname AS VARCHAR(127)), CAST(a.attnum AS INTEGER), k.conkey
		FROM pg_constraint AS k
		INNER JOIN pg_class AS c ON c.oid = k.conrelid
		INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
		INNER JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE k.contype = 'p' AND n.nspname = CAST($1 AS VARCHAR(127)) AND a.attnum > 0
		ORDER BY c.relname, a.attnum`, string(schema))
	if err != nil {
		return fmt.Errorf("read keys of schema %s: %w", schema, err)
	}
	keys := map[Name][]Name{}
	var table, column string
	var number int
	var places []int16
	if _, err := pgx.ForEachRow(rows, []any{&table, &column, &number, &places}, func() error {
		if keys[Name(table)] == nil {
			keys[Name(table)] = make([]Name, len(places))
		}
		if at := slices.Index(places, int16(number)); at >= 0 {
			keys[Name(table)][at] = Name(column)
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read keys of schema %s: %w", schema, err)
	}
	for name, key := range keys {
		t, visible := tables[name]
		if !visible ||
			slices.ContainsFunc(key, func(column Name) bool { return !slices.Contains(t.Columns, column) }) {
			continue // not for this user, who may not see all of it
		}
		t.Key = key
		tables[name] = t
	}
	return nil
}
