package transform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/bulk"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// modelSession sends the statements of models in a run's transaction.
type modelSession struct {
	engine sqlfile.Engine
	w      *work
}

// States that models know what to do about: string_data_right_truncation and unique_violation
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	stringTooLong = "22001"
	nullValue     = "23502"
	keyTaken      = "23505"
)

// explain puts the place in a model's file to what the server refused, where it is known.
func (s *modelSession) explain(statement model.Statement, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	told := err
	m := s.w.graph.Model(statement.Model)
	switch {
	case statement.Text != nil && refused.Position > 0:
		told = explain(*statement.Text, err)
	case m != nil && refused.Code == nullValue && refused.ColumnName != "":
		told = m.ErrNull(refused.TableName, refused.ColumnName, bulk.Clip(refused.Detail, 300), err)
	case m != nil:
		told = m.File().ErrorAt(0, 0, query.Message(refused), refused.Hint, err)
	}
	switch refused.Code {
	case stringTooLong:
		return fmt.Errorf("%w: %w", model.ErrTooLong, told)
	case keyTaken:
		return fmt.Errorf("%w: %w", model.ErrTaken, told)
	}
	return told
}

// Exec implements model.Session.
func (s *modelSession) Exec(ctx context.Context, statement model.Statement) (int64, error) {
	tag, err := s.w.tx.Exec(ctx, statement.SQL)
	if err != nil {
		return 0, s.explain(statement, err)
	}
	return tag.RowsAffected(), nil
}

// Create implements model.Session. Redshift does not tell how many rows CREATE TABLE AS has made.
func (s *modelSession) Create(ctx context.Context, statement model.Statement, table string) (int64, error) {
	rows, err := s.Exec(ctx, statement)
	if err != nil || s.engine == sqlfile.Postgres {
		return rows, err
	}
	counts, err := s.Numbers(ctx, model.Counting(statement, table))
	if err != nil {
		return 0, err
	}
	return counts[0], nil
}

// Numbers implements model.Session.
func (s *modelSession) Numbers(ctx context.Context, statement model.Statement) ([]int64, error) {
	rows, err := s.w.tx.Query(ctx, statement.SQL)
	if err != nil {
		return nil, s.explain(statement, err)
	}
	defer rows.Close()
	var out []int64
	if rows.Next() {
		into := make([]any, len(rows.FieldDescriptions()))
		found := make([]*int64, len(into))
		for i := range into {
			into[i] = &found[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("read counts: %w", err)
		}
		for _, n := range found {
			if n == nil {
				n = new(int64)
			}
			out = append(out, *n)
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, s.explain(statement, err)
	}
	return out, nil
}

// Rows implements model.Session: each row as "a = 1, b = x".
func (s *modelSession) Rows(ctx context.Context, statement model.Statement) ([]string, error) {
	rows, err := s.w.tx.Query(ctx, statement.SQL, query.TextFormat)
	if err != nil {
		return nil, s.explain(statement, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var row []string
		for i, field := range rows.FieldDescriptions() {
			value := bulk.Clip(spell(query.Value(rows.RawValues()[i], field)), 60)
			row = append(row, field.Name+" = "+value)
		}
		out = append(out, "("+strings.Join(row, ", ")+")")
	}
	if err := rows.Err(); err != nil {
		return nil, s.explain(statement, err)
	}
	return out, nil
}

// spell returns a value as SQL shows it, without quotes. Times are in UTC.
func spell(value any) string {
	switch v := value.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999")
	}
	return table.Exact(value)
}

// Text implements model.Session.
func (s *modelSession) Text(ctx context.Context, relation string) (map[string]bool, error) {
	rows, err := s.w.tx.Query(ctx, `
		SELECT CAST(a.attname AS text)
		FROM pg_catalog.pg_attribute AS a
		INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
		WHERE a.attrelid = CAST($1 AS regclass) AND a.attnum > 0 AND NOT a.attisdropped AND t.typcollation <> 0`, relation)
	if err != nil {
		return nil, fmt.Errorf("read the types of %s: %w", relation, err)
	}
	out := map[string]bool{}
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&name}, func() error {
		out[name] = true
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the types of %s: %w", relation, err)
	}
	return out, nil
}

// Verbatim implements model.Session. Redshift's catalogue does not tell.
func (s *modelSession) Verbatim(ctx context.Context, relation string) (bool, error) {
	if s.engine != sqlfile.Postgres {
		return false, nil
	}
	return catalogue.PlainRelation(ctx, s.w.tx, relation)
}

// Attempt implements model.Session: a savepoint, which Redshift does not have.
func (s *modelSession) Attempt(ctx context.Context, do func() error) error {
	if s.engine != sqlfile.Postgres {
		return do()
	}
	return pgx.BeginFunc(ctx, s.w.tx, func(pgx.Tx) error { return do() })
}

// explain puts file, line and column to what the server refused.
func explain(expanded sqlfile.Expanded, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	return expanded.ErrorAt(int(refused.Position), query.Message(refused), refused.Hint, err)
}
