package dwhtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Null is how Query and TableText show NULL.
const Null = "∅"

// Query runs one or several statements and returns the rows of the last one, every value in
// PostgreSQL's text form.
func Query(t testing.TB, dsn, sql string) [][]string {
	t.Helper()
	_, rows := query(t, dsn, sql)
	return rows
}

// TableText returns a table as text for comparisons: a line of column names, then a line a row in
// the order of orderBy (a list of expressions, "" for all columns from left to right), values
// separated by tabs, with backslash, tab and line breaks escaped as in COPY's text format.
func TableText(t testing.TB, dsn, table, orderBy string) string {
	t.Helper()
	columns, _ := query(t, dsn, "SELECT * FROM "+table+" LIMIT 0")
	if orderBy == "" {
		for _, c := range columns {
			orderBy += ", " + quote(c)
		}
		orderBy = strings.TrimPrefix(orderBy, ", ")
	}
	_, rows := query(t, dsn, "SELECT * FROM "+table+" ORDER BY "+orderBy)
	escape := strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)
	var b strings.Builder
	b.WriteString(strings.Join(columns, "\t") + "\n")
	for _, row := range rows {
		for i, value := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(escape.Replace(value))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func query(t testing.TB, dsn, sql string) (columns []string, rows [][]string) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	results := conn.Exec(ctx, sql)
	for results.NextResult() {
		columns, rows = nil, nil
		result := results.ResultReader()
		for _, field := range result.FieldDescriptions() {
			columns = append(columns, field.Name)
		}
		for result.NextRow() {
			row := make([]string, len(result.Values()))
			for i, value := range result.Values() {
				row[i] = Null
				if value != nil {
					row[i] = string(value)
				}
			}
			rows = append(rows, row)
		}
	}
	if err := errors.Join(results.Close(), conn.Close(ctx)); err != nil {
		t.Fatalf("query %s: %v", sql, err)
	}
	return columns, rows
}
