// Package query runs one SELECT that reads and hands its rows on as a table.
package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// Querier is what a query needs of a connection, a pool or a transaction.
type Querier interface {
	// Query sends a query with args for $1, $2 and so on. The caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Query is one SELECT with bound parameters: values never become part of its text.
type Query struct {
	text   sqlfile.Expanded
	params []string

	statement sqlfile.Statement // of a file; its variables are the parameters
	file      bool
}

// Decimal is a parameter's value: a number with a point, in digits, such as "0.5".
type Decimal string

// Date is a parameter's value: a day as YYYY-MM-DD.
type Date string

// Text is a query that sqlc has checked: sql has $1, $2 …, whose names are params in that order.
func Text(name, sql string, params ...string) Query {
	return Query{text: sqlfile.Plain(name, sql), params: params}
}

// File is the one SELECT of a user's file. Every :'name' in it becomes a bound parameter; whatever
// is not a single SELECT is a *sqlfile.Error.
func File(f *sqlfile.File, engine sqlfile.Engine) (Query, error) {
	statements := f.Statements(engine)
	if len(statements) == 0 {
		return Query{}, f.ErrorAt(1, 1, "there is no SELECT in the file", "write one SELECT", nil)
	}
	if len(statements) > 1 {
		return Query{}, statements[1].ErrorAt(
			0, "there is more than one statement in the file",
			"keep one SELECT; put the other into a file of its own", nil,
		)
	}
	q := Query{statement: statements[0], file: true}
	if word := q.statement.Keyword(); word != "SELECT" && word != "WITH" {
		return Query{}, q.statement.ErrorAt(0, fmt.Sprintf("%s does not only read", word), "write one SELECT", nil)
	}
	for _, variable := range q.statement.Variables() {
		if variable.Quote != '\'' {
			return Query{}, q.statement.ErrorAt(variable.Start, "an identifier cannot be a parameter",
				fmt.Sprintf("write :'%s' for a value", variable.Name), nil)
		}
		if !slices.Contains(q.params, variable.Name) {
			q.params = append(q.params, variable.Name)
		}
	}
	var err error
	q.text, err = q.typed(nil)
	return q, err
}

// typed is the statement with $1, $2 … in the place of its variables. A number or a date has the
// type that the same value has where it is written into SQL: without that, price * :'rate' would
// take the 0.5 for an integer, because price is one. A text is left to the server, which takes it
// for what stands beside it.
func (q Query) typed(args map[string]any) (sqlfile.Expanded, error) {
	var edits []sqlfile.Edit
	for _, variable := range q.statement.Variables() {
		text := "$" + strconv.Itoa(slices.Index(q.params, variable.Name)+1)
		if name := typeOf(args[variable.Name]); name != "" && !limits(q.statement.SQL()[:variable.Start]) {
			text = "CAST(" + text + " AS " + name + ")"
		}
		edits = append(edits, sqlfile.Edit{Start: variable.Start, End: variable.End, Text: text})
	}
	return q.statement.Replace(edits)
}

// typeOf is the type of a number or a date in SQL, "" for a text.
func typeOf(value any) string {
	switch v := value.(type) {
	case int64:
		if v >= math.MinInt32 && v <= math.MaxInt32 {
			return "INTEGER"
		}
		return "BIGINT"
	case Decimal:
		digits := strings.TrimLeft(string(v), "+-")
		whole, fraction, _ := strings.Cut(digits, ".")
		return fmt.Sprintf("NUMERIC(%d, %d)", max(len(whole)+len(fraction), 1), len(fraction))
	case Date:
		return "DATE"
	}
	return ""
}

// limits tells whether a LIMIT or an OFFSET ends the text. What follows is a whole number by
// itself, and Redshift's guide has nothing but a number there (dg/r_ORDER_BY_clause).
func limits(text string) bool {
	tokens := sqlfile.Tokens(text)
	if len(tokens) == 0 {
		return false
	}
	last := strings.ToUpper(tokens[len(tokens)-1].Text)
	return last == "LIMIT" || last == "OFFSET"
}

// SQL is the text that is sent, with $1, $2 … for the parameters.
func (q Query) SQL() string { return q.text.SQL }

// Params are the names of the parameters, in order.
func (q Query) Params() []string { return q.params }

// Result is what a query returned.
type Result struct {
	Table table.Table // the columns, and the rows that were kept
	Count int64       // how many rows there were, kept or not
}

// Run reads every row, counts them and keeps the first keep of them; 0 keeps all. A parameter
// without a value is NULL. What the server refuses is a *sqlfile.Error where the query comes from a
// file, else a *RefusedError.
func (q Query) Run(ctx context.Context, db Querier, args map[string]any, keep int) (Result, error) {
	if q.file {
		var err error
		if q.text, err = q.typed(args); err != nil {
			return Result{}, err
		}
	}
	values := []any{TextFormat}
	for _, name := range q.params {
		values = append(values, bound(args[name]))
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
		row := make([]any, len(rows.RawValues()))
		for i, field := range rows.FieldDescriptions() {
			row[i] = Value(rows.RawValues()[i], field)
		}
		result.Table.Rows = append(result.Table.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return Result{}, q.explain(err)
	}
	return result, nil
}

// bound is a value as pgx takes it. A text goes as text, whatever the server takes the parameter
// for.
func bound(value any) any {
	switch v := value.(type) {
	case Decimal:
		return string(v)
	case Date:
		return string(v)
	}
	return value
}

func (q Query) explain(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	if strings.HasSuffix(q.text.File(), ".sql") {
		if refused.Code == "25006" { // read_only_sql_transaction: a function or a WITH that writes
			return q.text.ErrorAt(
				int(refused.Position), Message(refused),
				"reports and checks only read: leave out what writes", err,
			)
		}
		return q.text.ErrorAt(int(refused.Position), Message(refused), refused.Hint, err)
	}
	return &RefusedError{Query: q.text.File(), Refused: refused, Err: err}
}

// A RefusedError is a query that comes from no file, and that the server refused.
type RefusedError struct {
	Query   string          // what the query is, such as "check d_order-unique"
	Refused *pgconn.PgError // the server's answer
	Err     error           // the driver's error around it
}

func (e *RefusedError) Error() string { return e.Query + ": " + Message(e.Refused) }

// Hint is the server's hint.
func (e *RefusedError) Hint() string { return e.Refused.Hint }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Message is the server's message with its SQLSTATE, as errors about SQL show it.
func Message(refused *pgconn.PgError) string {
	return fmt.Sprintf("%s (SQLSTATE %s)", refused.Message, refused.Code)
}
