package catalogue

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// InsertRows inserts rows into a table; values is a list such as "('1', NULL), ('2', 'b')".
func InsertRows(table Table, columns []Name, values string) string {
	return "INSERT INTO " + table.SQL() + " (" + list("", columns) + ") VALUES " + values
}

// DeleteAll deletes a table's rows.
func DeleteAll(table Table) string { return "DELETE FROM " + table.SQL() }

// CreateTyped makes an empty table with some columns of another, of the same types. It has no key,
// no constraint and no default. Its column dwh_number is a number.
func CreateTyped(typed, of Table, columns []Name) string {
	return "CREATE TABLE " + typed.SQL() + " AS SELECT " + list("typed.", columns) + ", CAST(0 AS INTEGER) AS " +
		Number.SQL() + " FROM " + of.SQL() + " AS typed WHERE 1 = 0"
}

// DropTyped drops such a table, where there is one.
func DropTyped(typed Table) string { return "DROP TABLE IF EXISTS " + typed.SQL() }

// Number is the column by which the rows of a table that CreateTyped made are told apart.
const Number Name = "dwh_number"

// A Typed is a column with its type as package schema spells it.
type Typed struct {
	Name Name
	Type string // the type in package schema's spelling
}

// SelectTexts reads columns of a table as texts, in the order of Number where numbered says that
// the table has it.
func SelectTexts(table Table, columns []Typed, engine sqlfile.Engine, numbered bool) string {
	sql := "SELECT "
	for i, column := range columns {
		if i > 0 {
			sql += ", "
		}
		sql += asText("shown."+column.Name.SQL(), column.Type, engine)
	}
	sql += " FROM " + table.SQL() + " AS shown"
	if numbered {
		sql += " ORDER BY shown." + Number.SQL()
	}
	return sql
}

// asText is a value as a text.
func asText(value, kind string, engine sqlfile.Engine) string {
	if engine != sqlfile.Redshift {
		return "CAST(" + value + " AS VARCHAR)"
	}
	// Redshift does not cast these to text (dg/r_CAST_function).
	switch kind {
	case "boolean":
		return "CASE WHEN " + value + " THEN 'true' WHEN NOT " + value + " THEN 'false' END"
	case "super":
		return "JSON_SERIALIZE(" + value + ")"
	case "varbyte":
		return "FROM_VARBYTE(" + value + ", 'hex')"
	}
	return "CAST(" + value + " AS VARCHAR(65535))"
}

// SchemasNamed lists the schemas whose names begin with a prefix, in order.
func SchemasNamed(ctx context.Context, q Querier, prefix string) ([]Name, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(n.nspname AS VARCHAR(127))
		FROM pg_namespace AS n
		ORDER BY n.nspname`)
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	var out []Name
	for _, name := range all {
		if strings.HasPrefix(name, prefix) {
			out = append(out, Name(name))
		}
	}
	return out, nil
}
