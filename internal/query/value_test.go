package query_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/table"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// modes runs a test on connections that describe a statement before they run it, and on those that
// do not, as with Redshift.
func modes(t *testing.T, test func(t *testing.T, conn *pgx.Conn)) {
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			config, err := pgx.ParseConfig(dwhtest.Database(t))
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			config.RuntimeParams["timezone"] = "UTC"
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close(t.Context()) })
			test(t, conn)
		})
	}
}

// only is the only value of a SELECT of an expression.
func only(t *testing.T, conn *pgx.Conn, expression string) any {
	t.Helper()
	result, err := query.Text("one", "SELECT "+expression+" AS one").Run(t.Context(), conn, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return result.Table.Rows[0][0]
}

// Every type that is no number, time or truth value is the text that the server writes for it.
func TestTypesAreTheTextOfTheServer(t *testing.T) {
	t.Parallel()
	const types = `
		CREATE TYPE mood AS ENUM ('sad', 'it''s fine');
		CREATE TYPE pair AS (a INTEGER, b TEXT);
		CREATE DOMAIN clock AS TIME;
		CREATE DOMAIN token AS UUID`
	const id = "a0ee8400-e29b-41d4-a716-446655440000"
	modes(t, func(t *testing.T, conn *pgx.Conn) {
		if _, err := conn.Exec(t.Context(), types, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		for expression, want := range map[string]string{
			"CAST('10:11:12' AS TIME)":                       "10:11:12",
			"CAST('10:11:12.5+02' AS TIMETZ)":                "10:11:12.5+02",
			"CAST('2 hours' AS INTERVAL)":                    "02:00:00",
			"CAST('1 year 2 days -3 seconds' AS INTERVAL)":   "1 year 2 days -00:00:03",
			"CAST('" + id + "' AS UUID)":                     id,
			"CAST('" + id + "' AS token)":                    id,
			"CAST('10:11' AS clock)":                         "10:11:00",
			`CAST('{"a":1}' AS JSONB)`:                       `{"a": 1}`,
			`CAST('{"b":1,  "a":[2]}' AS JSON)`:              `{"b":1,  "a":[2]}`,
			"CAST('null' AS JSONB)":                          "null",
			"ARRAY['a b', 'c', NULL, '']":                    `{"a b",c,NULL,""}`,
			"ARRAY[1, 2]":                                    "{1,2}",
			"ARRAY[CAST(1.50 AS NUMERIC(5, 2))]":             "{1.50}",
			"ARRAY[ARRAY[CAST('" + id + "' AS UUID)]]":       "{{" + id + "}}",
			"int4range(1, 5)":                                "[1,5)",
			"tsrange('2018-11-01', NULL)":                    `["2018-11-01 00:00:00",)`,
			"nummultirange(numrange(1, 2))":                  "{[1,2)}",
			"CAST('101' AS BIT(3))":                          "101",
			"CAST('10' AS BIT VARYING)":                      "10",
			"point(1.5, 2)":                                  "(1.5,2)",
			"box(point(0, 0), point(1, 1))":                  "(1,1),(0,0)",
			"circle(point(0, 0), 2)":                         "<(0,0),2>",
			`CAST('\x0102' AS BYTEA)`:                        `\x0102`,
			"CAST('10.0.0.1' AS INET)":                       "10.0.0.1",
			"CAST('10.0.0.0/8' AS CIDR)":                     "10.0.0.0/8",
			"CAST('08:00:2b:01:02:03' AS MACADDR)":           "08:00:2b:01:02:03",
			"CAST('it''s fine' AS mood)":                     "it's fine",
			"CAST(ROW(1, 'x y') AS pair)":                    `(1,"x y")`,
			"ROW(1, 'x')":                                    "(1,x)",
			"CAST('a' AS CHAR(3))":                           "a  ",
			`CAST('r' AS "char")`:                            "r",
			"CAST('<a/>' AS XML)":                            "<a/>",
			"CAST('1.5' AS MONEY)":                           "$1.50",
			"to_tsvector('simple', 'cat')":                   "'cat':1",
			"CAST('pg_class' AS REGCLASS)":                   "pg_class",
			"CAST('(0,1)' AS TID)":                           "(0,1)",
			"CAST('2018-11-01' AS DATE)":                     "2018-11-01",
			"CAST('0044-03-15 BC' AS DATE)":                  "0044-03-15 BC",
			"CAST('infinity' AS DATE)":                       "infinity",
			"CAST('-infinity' AS TIMESTAMP)":                 "-infinity",
			"CAST('0044-03-15 BC' AS TIMESTAMP)":             "0044-03-15 00:00:00 BC",
			"CAST('10000-01-01 10:00:00+00' AS TIMESTAMPTZ)": "10000-01-01 10:00:00+00",
		} {
			if got := only(t, conn, expression); got != want {
				t.Errorf("%s: got %T %v, want the text %s", expression, got, got, want)
			}
		}
	})
}

// Numbers, times and truth values are what programs and charts can use.
func TestNumbersStayNumbers(t *testing.T) {
	t.Parallel()
	at := time.Date(2018, 11, 1, 10, 0, 0, 500_000_000, time.UTC)
	modes(t, func(t *testing.T, conn *pgx.Conn) {
		for expression, want := range map[string]any{
			"CAST(-1 AS SMALLINT)":                            int64(-1),
			"CAST(7 AS INTEGER)":                              int64(7),
			"CAST(9000000000 AS BIGINT)":                      int64(9_000_000_000),
			"CAST(4000000000 AS OID)":                         int64(4_000_000_000),
			"CAST(0.1 AS REAL)":                               0.1,
			"CAST('Infinity' AS REAL)":                        math.Inf(1),
			"CAST(0.1 AS DOUBLE PRECISION)":                   0.1,
			"CAST('1e300' AS DOUBLE PRECISION)":               1e300,
			"CAST('-Infinity' AS DOUBLE PRECISION)":           math.Inf(-1),
			"CAST(270.9 AS NUMERIC(12, 2))":                   table.Decimal{Digits: "270.90"},
			"CAST(5 AS NUMERIC(38, 0))":                       int64(5),
			"CAST(99999999999999999999 AS NUMERIC)":           table.Decimal{Digits: "99999999999999999999"},
			"CAST('Infinity' AS NUMERIC)":                     math.Inf(1),
			"CAST('-Infinity' AS NUMERIC)":                    math.Inf(-1),
			"true":                                            true,
			"false":                                           false,
			"CAST(NULL AS TIME)":                              nil,
			"CAST('2018-11-01 10:00:00.5' AS TIMESTAMP)":      at,
			"CAST('2018-11-01 12:00:00.5+02' AS TIMESTAMPTZ)": at,
		} {
			if diff := cmp.Diff(want, only(t, conn, expression)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", expression, diff)
			}
		}
		for _, kind := range []string{"NUMERIC", "REAL", "DOUBLE PRECISION"} {
			if got := fmt.Sprint(only(t, conn, "CAST('NaN' AS "+kind+")")); got != "NaN" {
				t.Errorf("NaN of %s: got %s", kind, got)
			}
		}
	})
}

// A session may write times in a style that is not ISO. They are then the server's text.
func TestOtherStylesOfTimes(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, conn *pgx.Conn) {
		if _, err := conn.Exec(t.Context(), "SET datestyle TO 'German'"); err != nil {
			t.Fatal(err)
		}
		for kind, want := range map[string]string{
			"DATE": "02.11.2018", "TIMESTAMP": "02.11.2018 10:00:00", "TIMESTAMPTZ": "02.11.2018 10:00:00 UTC",
		} {
			if got := only(t, conn, "CAST('2018-11-02 10:00:00' AS "+kind+")"); got != want {
				t.Errorf("%s: got %v, want %s", kind, got, want)
			}
		}
	})
}
