// Package query runs one SELECT that reads and hands its rows on as a table.
package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// Querier is what a query needs of a connection, a pool or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Query is one SELECT with bound parameters: values never become part of its text.
type Query struct {
	text   sqlfile.Expanded
	params []string
}

// Text is a query that sqlc has checked: sql has $1, $2 …, whose names are params in that order.
func Text(name, sql string, params ...string) Query {
	return Query{text: sqlfile.Plain(name, sql), params: params}
}

// File is the one SELECT of a user's file. Every :'name' in it becomes a bound parameter; whatever is not a single
// SELECT is a *sqlfile.Error.
func File(f *sqlfile.File, engine sqlfile.Engine) (Query, error) {
	statements := f.Statements(engine)
	if len(statements) == 0 {
		return Query{}, f.ErrorAt(1, 1, "there is no SELECT in the file", "write one SELECT", nil)
	}
	if len(statements) > 1 {
		return Query{}, statements[1].ErrorAt(0, "there is more than one statement in the file", "keep one SELECT; put the other into a file of its own", nil)
	}
	statement := statements[0]
	if word := statement.Keyword(); word != "SELECT" && word != "WITH" {
		return Query{}, statement.ErrorAt(0, fmt.Sprintf("%s does not only read", word), "write one SELECT", nil)
	}
	var params []string
	var edits []sqlfile.Edit
	for _, variable := range statement.Variables() {
		if variable.Quote != '\'' {
			return Query{}, statement.ErrorAt(variable.Start, "an identifier cannot be a parameter", fmt.Sprintf("write :'%s' for a value", variable.Name), nil)
		}
		at := slices.Index(params, variable.Name)
		if at < 0 {
			params = append(params, variable.Name)
			at = len(params) - 1
		}
		edits = append(edits, sqlfile.Edit{Start: variable.Start, End: variable.End, Text: "$" + strconv.Itoa(at+1)})
	}
	text, err := statement.Replace(edits)
	if err != nil {
		return Query{}, err
	}
	return Query{text: text, params: params}, nil
}

// SQL is the text that is sent, with $1, $2 … for the parameters.
func (q Query) SQL() string { return q.text.SQL }

// Params are the names of the parameters, in order.
func (q Query) Params() []string { return q.params }

// Result is what a query returned.
type Result struct {
	Table table.Table // the first rows
	Count int64       // all rows
}

// Run reads every row, counts them and keeps the first keep of them; 0 keeps all. A parameter without a value is NULL.
// What the server refuses is a *sqlfile.Error where the query comes from a file.
func (q Query) Run(ctx context.Context, db Querier, args map[string]any, keep int) (Result, error) {
	values := make([]any, len(q.params))
	for i, name := range q.params {
		values[i] = args[name]
	}
	rows, err := db.Query(ctx, q.text.SQL, values...)
	if err != nil {
		return Result{}, q.explain(err)
	}
	defer rows.Close()
	var result Result
	for _, field := range rows.FieldDescriptions() {
		result.Table.Columns = append(result.Table.Columns, table.Column{Name: field.Name})
	}
	result.Table.Rows = [][]any{}
	for rows.Next() {
		result.Count++
		if keep > 0 && result.Count > int64(keep) {
			continue
		}
		row, err := rows.Values()
		if err != nil {
			return Result{}, q.explain(err)
		}
		for i := range row {
			row[i] = plain(row[i], rows.FieldDescriptions()[i].DataTypeOID)
		}
		result.Table.Rows = append(result.Table.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return Result{}, q.explain(err)
	}
	return result, nil
}

// plain turns what pgx decodes into what a table holds.
func plain(value any, oid uint32) any {
	switch v := value.(type) {
	case nil, string, bool, int64, float64:
		return v
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint32:
		return int64(v)
	case float32:
		return float64(v)
	case time.Time:
		if oid == pgtype.DateOID {
			return v.Format(time.DateOnly)
		}
		return v
	case pgtype.Numeric:
		if whole, err := v.Int64Value(); err == nil && whole.Valid {
			return whole.Int64
		}
		if fraction, err := v.Float64Value(); err == nil && fraction.Valid {
			return fraction.Float64
		}
		return nil
	case []byte:
		return string(v)
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

func (q Query) explain(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	if strings.HasSuffix(q.text.File(), ".sql") {
		if refused.Code == "25006" { // read_only_sql_transaction: a function or a WITH that writes
			return q.text.ErrorAt(int(refused.Position), Message(refused), "reports and checks only read: leave out what writes", err)
		}
		return q.text.ErrorAt(int(refused.Position), Message(refused), refused.Hint, err)
	}
	return fmt.Errorf("%s: %s: %w", q.text.File(), Message(refused), err)
}

// Message is the server's message with its SQLSTATE, as errors about SQL show it.
func Message(refused *pgconn.PgError) string {
	return fmt.Sprintf("%s (SQLSTATE %s)", refused.Message, refused.Code)
}
