package catalogue

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// ReadSchema returns the tables of a schema with the types, defaults and keys of their columns.
func ReadSchema(ctx context.Context, q Querier, engine sqlfile.Engine, name Name) (schema.Schema, error) {
	tables, err := Read(ctx, q, engine, name)
	if err != nil {
		return nil, err
	}
	return SchemaOf(ctx, q, engine, name, tables)
}

// SchemaOf is ReadSchema where the tables are known by Read already.
func SchemaOf(
	ctx context.Context, q Querier, engine sqlfile.Engine, name Name, tables map[Name]Table,
) (schema.Schema, error) {
	read := columnsPostgres
	if engine == sqlfile.Redshift {
		read = columnsRedshift
	}
	out, err := read(ctx, q, name)
	if err != nil {
		return nil, fmt.Errorf("read columns of schema %s: %w", name, err)
	}
	for table, t := range out {
		for _, column := range tables[Name(table)].Key {
			t.Key = append(t.Key, string(column))
		}
		out[table] = t
	}
	return out, nil
}

// columnsPostgres reads the columns of tables. A column's own default NULL is none.
func columnsPostgres(ctx context.Context, q Querier, name Name) (schema.Schema, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(c.relname AS text), CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod),
			CASE
				WHEN a.attcollation = t.typcollation THEN ''
				WHEN o.collname = 'C' THEN 'C'
				ELSE quote_ident(n.nspname) || '.' || quote_ident(o.collname)
			END,
			a.attnotnull,
			a.attidentity <> '' OR a.attgenerated <> ''
				OR a.atthasdef AND pg_get_expr(d.adbin, d.adrelid) NOT LIKE 'NULL::%',
			COALESCE(pg_get_expr(d.adbin, d.adrelid) = 'true', FALSE)
		FROM pg_catalog.pg_class AS c
		INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
		LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
		LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = a.attcollation
		LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = o.collnamespace
		WHERE c.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = CAST($1 AS text))
			AND c.relkind IN ('r', 'p', 'f')
		ORDER BY c.relname, a.attnum`, string(name))
	if err != nil {
		return nil, err
	}
	out := schema.Schema{}
	var table string
	var column schema.Column
	_, err = pgx.ForEachRow(
		rows,
		[]any{&table, &column.Name, &column.Type, &column.Collation, &column.NotNull, &column.Default,
			&column.DefaultTrue},
		func() error {
			t := out[table]
			t.Name = table
			t.Columns = append(t.Columns, column)
			out[table] = t
			return nil
		})
	return out, err
}

// columnsRedshift reads what the SQL standard has and Redshift documents.
func columnsRedshift(ctx context.Context, q Querier, name Name) (schema.Schema, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(c.table_name AS VARCHAR(127)), CAST(c.column_name AS VARCHAR(127)), CAST(c.data_type AS VARCHAR(127)),
			CAST(c.character_maximum_length AS INTEGER), CAST(c.numeric_precision AS INTEGER), CAST(c.numeric_scale AS INTEGER),
			CAST(c.is_nullable AS VARCHAR(3)), CAST(c.column_default AS VARCHAR(4096))
		FROM information_schema.columns AS c
		INNER JOIN information_schema.tables AS t
			ON t.table_schema = c.table_schema
			AND t.table_name = c.table_name
		WHERE c.table_schema = CAST($1 AS VARCHAR(127))
			AND t.table_type = 'BASE TABLE'
		ORDER BY c.table_name, c.ordinal_position`, string(name))
	if err != nil {
		return nil, err
	}
	out := schema.Schema{}
	var table, nullable string
	var standard *string
	var length, precision, scale *int32
	var column schema.Column
	_, err = pgx.ForEachRow(rows, []any{
		&table, &column.Name, &column.Type, &length, &precision, &scale, &nullable, &standard,
	}, func() error {
		t := out[table]
		t.Name = table
		next := column
		switch {
		case (next.Type == "character varying" || next.Type == "character") && length != nil:
			next.Type += "(" + strconv.Itoa(int(*length)) + ")"
		case next.Type == "numeric" && precision != nil && scale != nil:
			next.Type += "(" + strconv.Itoa(int(*precision)) + "," + strconv.Itoa(int(*scale)) + ")"
		}
		next.NotNull, next.Default = nullable == "NO", standard != nil
		next.DefaultTrue = standard != nil && *standard == "true"
		t.Columns = append(t.Columns, next)
		out[table] = t
		return nil
	})
	return out, err
}
