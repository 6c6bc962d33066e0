package clientcopy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Querier is what Columns needs of a connection, a transaction or a pool.
type Querier interface {
	// Query sends a query with args for $1, $2 and so on. The caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Column is a column of the target table as the catalogue describes it.
type Column struct {
	Name string
	// Type is PostgreSQL's name of the type without its length, as format_type gives it: "character
	// varying", "bigint".
	Type string
	// Length is the declared length of CHAR(n) and VARCHAR(n), which COPY counts in bytes as
	// Redshift does; 0: no limit.
	Length int
	// Precision and Scale are those of NUMERIC(p, s); Precision 0: unconstrained.
	Precision, Scale int
	NotNull          bool
	HasDefault       bool
	// Identity is true for GENERATED … AS IDENTITY columns, which need EXPLICIT_IDS to be loaded.
	Identity bool
	// Generated is true for GENERATED … STORED columns, which cannot be loaded.
	Generated bool
}

// declared prints the type as it was declared, for reasons of rejects.
func (c Column) declared() string {
	switch {
	case c.Length > 0:
		return fmt.Sprintf("%s(%d)", c.Type, c.Length)
	case c.Precision > 0:
		return fmt.Sprintf("%s(%d,%d)", c.Type, c.Precision, c.Scale)
	}
	return c.Type
}

// ErrNoTable is wrapped by Columns' error for a table that the search_path does not show.
var ErrNoTable = errors.New("table does not exist")

// Columns reads the columns of table, in their order. table is a name or schema.name as SQL writes
// it, quoted where it must be; without a schema the search_path finds it. A table that is not there
// is ErrNoTable.
func Columns(ctx context.Context, q Querier, table string) ([]Column, error) {
	rows, err := q.Query(ctx, `
		SELECT a.attname, format_type(a.atttypid, NULL), a.atttypmod, a.attnotnull, a.atthasdef AND a.attgenerated = '',
		       a.attidentity <> '', a.attgenerated <> ''
		FROM pg_catalog.pg_attribute AS a
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum`, table)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Column, error) {
		var c Column
		var modifier int32
		if err := row.Scan(
			&c.Name, &c.Type, &modifier, &c.NotNull, &c.HasDefault, &c.Identity, &c.Generated,
		); err != nil {
			return c, err
		}
		switch {
		case modifier < 4:
		case c.Type == "character varying" || c.Type == "character":
			c.Length = int(modifier - 4) // the header VARHDRSZ is counted in
		case c.Type == "numeric":
			c.Precision = int((modifier - 4) >> 16 & 0xffff)
			c.Scale = int((modifier - 4) & 0x7ff) // 11 bits since PostgreSQL 15, signed
			if c.Scale >= 1024 {
				c.Scale -= 2048
			}
		}
		return c, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("read the columns of %s: %w", table, ErrNoTable)
	}
	return columns, nil
}

// defaultValue evaluates the default of a NOT NULL column once and returns its binary form. Binary
// COPY cannot say DEFAULT in a row, and Redshift puts the default where a NOT NULL column gets a
// null (r_ALTER_TABLE). The expression is the catalogue's own text. It is computed twice in one
// statement: a default that differs from itself (a sequence, a random key) is no constant, and nil
// is returned; so it is for a default that is NULL.
func defaultValue(ctx context.Context, conn *pgx.Conn, table, column string) ([]byte, error) {
	var expression string
	err := conn.QueryRow(ctx, `
		SELECT format('CAST((%s) AS %s)', pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod))
		FROM pg_catalog.pg_attrdef AS d
		JOIN pg_catalog.pg_attribute AS a
			ON a.attrelid = d.adrelid AND a.attnum = d.adnum
		WHERE d.adrelid = to_regclass($1) AND a.attname = $2`, table, column).Scan(&expression)
	if err != nil {
		return nil, fmt.Errorf("read the default of %s.%s: %w", table, column, err)
	}
	result := conn.PgConn().ExecParams(
		ctx, "SELECT "+expression+", "+expression, nil, nil, nil, []int16{pgx.BinaryFormatCode},
	).Read()
	if result.Err != nil {
		return nil, fmt.Errorf("evaluate the default of %s.%s: %w", table, column, result.Err)
	}
	row := result.Rows[0]
	if row[0] == nil || row[1] == nil || string(row[0]) != string(row[1]) {
		return nil, nil
	}
	return row[0], nil
}

// copySQL is the statement that takes the encoded rows; table is quoted already.
func copySQL(table string, columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = pgx.Identifier{c.Name}.Sanitize()
	}
	return fmt.Sprintf("COPY %s (%s) FROM STDIN WITH (FORMAT binary)", table, strings.Join(names, ", "))
}
