package testcase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/sqlliteral"
)

// chunk is how many rows one INSERT lists.
const chunk = 200

// typedTable is the table that expected rows, and single values of refused ones, go into.
const typedTable = "dwh_expected"

// columns are the columns that a file names, with their types.
func (b *bench) columns(file *File) []catalogue.Typed {
	out := make([]catalogue.Typed, len(file.Columns))
	for i, column := range file.Columns {
		known, _ := b.types[file.Table].Column(column.Text)
		out[i] = catalogue.Typed{Name: catalogue.Name(column.Text), Type: known.Type}
	}
	return out
}

func namesOf(columns []catalogue.Typed) []catalogue.Name {
	out := make([]catalogue.Name, len(columns))
	for i, column := range columns {
		out[i] = column.Name
	}
	return out
}

// stage inserts given rows.
func (b *bench) stage(ctx context.Context, file *File) error {
	columns := b.columns(file)
	for part := range slices.Chunk(file.Rows, chunk) {
		values := make([]string, len(part))
		for i, row := range part {
			values[i] = b.list(columns, row)
		}
		_, err := b.home.pool.Exec(
			ctx,
			catalogue.InsertRows(b.at(file.Table), namesOf(columns), strings.Join(values, ", ")),
		)
		if err != nil {
			return b.blame(ctx, file, part, err)
		}
	}
	return nil
}

// expect puts a file's rows into an empty table with the types of their columns, numbered from 0,
// and returns it.
func (b *bench) expect(ctx context.Context, file *File) (catalogue.Table, error) {
	columns := b.columns(file)
	typed, err := b.makeTyped(ctx, file)
	if err != nil {
		return typed, err
	}
	number := 0
	for part := range slices.Chunk(file.Rows, chunk) {
		values := make([]string, len(part))
		for i, row := range part {
			values[i] = fmt.Sprintf("%s, %d)", strings.TrimSuffix(b.list(columns, row), ")"), number)
			number++
		}
		names := append(namesOf(columns), catalogue.Number)
		if _, err := b.home.pool.Exec(ctx, catalogue.InsertRows(typed, names, strings.Join(values, ", "))); err != nil {
			return typed, b.blame(ctx, file, part, err)
		}
	}
	return typed, nil
}

func (b *bench) makeTyped(ctx context.Context, file *File) (catalogue.Table, error) {
	typed := b.at(typedTable)
	columns := namesOf(b.columns(file))
	for _, sql := range []string{catalogue.DropTyped(typed), catalogue.CreateTyped(typed, b.at(file.Table), columns)} {
		if _, err := b.home.pool.Exec(ctx, sql); err != nil {
			return typed, fmt.Errorf("make a table for %s: %w", file.Name, err)
		}
	}
	return typed, nil
}

// list writes a row as "('1', NULL)". The server reads a bare literal as the column's type.
func (b *bench) list(columns []catalogue.Typed, row Row) string {
	values := make([]string, len(row.Values))
	for i, value := range row.Values {
		values[i] = b.literal(columns[i].Type, value)
	}
	return "(" + strings.Join(values, ", ") + ")"
}

func (b *bench) literal(kind string, value Value) string {
	switch {
	case value.Null:
		return sqlliteral.Null
	case b.Engine == sqlfile.Postgres:
		// A session of dwh's reads a backslash as itself.
		return "'" + strings.ReplaceAll(value.Text, "'", "''") + "'"
	case kind == "super":
		return "JSON_PARSE(" + string(sqlliteral.AppendText(nil, []byte(value.Text))) + ")"
	}
	return string(sqlliteral.AppendText(nil, []byte(value.Text)))
}

// blame finds the row and the value that the server refused, among rows that it refused together.
func (b *bench) blame(ctx context.Context, file *File, rows []Row, cause error) error {
	var refused *pgconn.PgError
	if !errors.As(cause, &refused) {
		return fmt.Errorf("insert rows of %s: %w", file.Name, cause)
	}
	typed, err := b.makeTyped(ctx, file)
	if err != nil {
		return err
	}
	columns := b.columns(file)
	for _, row := range rows {
		for i, value := range row.Values {
			if value.Null {
				continue
			}
			refusal, err := b.refused(ctx, catalogue.InsertRows(typed, namesOf(columns[i:i+1]),
				"("+b.literal(columns[i].Type, value)+")"))
			if err != nil {
				return err
			}
			if refusal != nil {
				return file.valueError(value, fmt.Sprintf("column %s: %q is not a valid %s: "+
					"%s", columns[i].Name, value.Text,
					columns[i].Type,
					refusal.Message), "")
			}
		}
	}
	// No type refuses a value, so that a constraint refuses a row.
	for _, row := range rows {
		refusal, err := b.refused(ctx, catalogue.InsertRows(b.at(file.Table), namesOf(columns), b.list(columns, row)))
		if err != nil {
			return err
		}
		if refusal == nil {
			continue
		}
		for i, column := range columns {
			if string(column.Name) == refusal.ColumnName {
				return file.valueError(row.Values[i], refusal.Message, refusal.Hint)
			}
		}
		return file.errorAt(row.Line, 0, refusal.Message, refusal.Hint)
	}
	return file.errorAt(rows[0].Line, 0, refused.Message, refused.Hint)
}

// refused runs a statement, undoes it, and returns the server's refusal, nil where it took it.
func (b *bench) refused(ctx context.Context, sql string) (*pgconn.PgError, error) {
	tx, err := b.home.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	_, err = tx.Exec(ctx, sql)
	if undone := tx.Rollback(ctx); undone != nil {
		return nil, fmt.Errorf("roll back: %w", undone)
	}
	var refused *pgconn.PgError
	if err == nil || errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// A cell is a value of a row of a table, as the server writes it.
type cell struct {
	text string
	null bool
}

// texts reads the rows of a table as texts.
func (b *bench) texts(ctx context.Context, table catalogue.Table, columns []catalogue.Typed,
	numbered bool) ([][]cell, error) {
	rows, err := b.home.pool.Query(ctx, catalogue.SelectTexts(table, columns, b.Engine, numbered))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table.Name, err)
	}
	found, err := pgx.CollectRows(rows, query.RowToTexts)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table.Name, err)
	}
	out := make([][]cell, len(found))
	for at, values := range found {
		out[at] = make([]cell, len(values))
		for i, value := range values {
			if out[at][i].null = value == nil; value != nil {
				out[at][i].text = *value
			}
		}
	}
	return out, nil
}
