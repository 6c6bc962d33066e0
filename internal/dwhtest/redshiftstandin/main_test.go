package redshiftstandin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// connect opens a connection as dwh opens its own.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func newServer(t testing.TB, o redshiftstandin.Options) (*redshiftstandin.Server, *pgx.Conn) {
	t.Helper()
	server := redshiftstandin.Start(t, o)
	return server, connect(t, server.DSN)
}

func exec(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// rows returns a query's rows as text, values joined by |, NULL as NULL.
func rows(t testing.TB, conn *pgx.Conn, sql string) []string {
	t.Helper()
	results, err := conn.PgConn().Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var out []string
	for _, row := range results[0].Rows {
		values := make([]string, len(row))
		for i, value := range row {
			if values[i] = string(value); value == nil {
				values[i] = "NULL"
			}
		}
		out = append(out, strings.Join(values, "|"))
	}
	return out
}

// code is an error's SQLSTATE, "" without one.
func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
