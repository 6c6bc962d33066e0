package model_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

const columnTables = `
CREATE TABLE s_order (
    order_no INTEGER, customer_no INTEGER, amount INTEGER, at TIMESTAMP, processed BOOLEAN);
CREATE TABLE s_customer (customer_no INTEGER, name VARCHAR(40), processed BOOLEAN);`

// compileHelper compiles a helper x with that SELECT.
func compileHelper(t *testing.T, engine sqlfile.Engine, query string) error {
	t.Helper()
	models := map[string]string{"101_x": "-- x: rows.\n" + query + ";\n"}
	_, err := inlineProject(t, columnTables, models).compile(engine)
	return err
}

// TestColumns compiles SELECTs in which every name is that of a column, or may be for all that is
// known.
func TestColumns(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"SELECT order_no, SUM(amount) AS total FROM s_order GROUP BY order_no HAVING SUM(amount) > 1",
		"SELECT CAST(at AS DATE) AS day, COUNT(*) AS n FROM s_order GROUP BY day",
		"SELECT EXTRACT(HOUR FROM at) AS h, DATE_TRUNC('hour', at) AS t, at + INTERVAL '1 day' AS u FROM s_order",
		"SELECT TRIM(BOTH ' ' FROM name) AS n, SUBSTRING(name FROM 1 FOR 2) AS s FROM s_customer",
		"SELECT POSITION('a' IN name) AS p FROM s_customer",
		"SELECT CASE WHEN name IS DISTINCT FROM 'a' THEN TRUE ELSE NULL END AS n FROM s_customer",
		"SELECT name FROM s_customer WHERE (name = 'a') IS NOT UNKNOWN",
		"SELECT order_no, name FROM s_order INNER JOIN s_customer USING (customer_no)",
		"SELECT order_no, name FROM s_order, s_customer AS c WHERE c.customer_no = s_order.customer_no",
		"SELECT order_no FROM s_order WHERE EXISTS (SELECT 1 FROM s_customer WHERE name = 'a' AND amount > 1)",
		"SELECT order_no, (SELECT MAX(name) FROM s_customer WHERE amount = 1) AS n FROM s_order",
		"SELECT order_no, n FROM s_order CROSS JOIN LATERAL (SELECT amount + 1 AS n) AS more",
		"SELECT order_no, n FROM s_order CROSS JOIN LATERAL (SELECT n FROM (SELECT amount AS n) AS deep) AS more",
		"SELECT a, b FROM (SELECT order_no, amount FROM s_order) AS o (a, b)",
		"WITH o (a, b) AS (SELECT order_no, amount FROM s_order) SELECT a, b FROM o",
		"WITH o AS (SELECT order_no, amount AS b FROM s_order), p AS (SELECT b FROM o) SELECT b FROM p",
		"SELECT q.n FROM (WITH o AS (SELECT amount AS n FROM s_order) SELECT n FROM o WHERE n > 1) AS q",
		"WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x WHERE n < 3) SELECT n FROM x, s_order",
		"SELECT order_no, amount FROM s_order UNION ALL SELECT customer_no, 1 FROM s_customer WHERE name = 'a'",
		"SELECT order_no, n FROM s_order CROSS JOIN GENERATE_SERIES(1, 2) AS n",
		"SELECT a.b FROM (VALUES (1)) AS a (b)",
		"SELECT SUM(amount) OVER w AS n FROM s_order WINDOW w AS (PARTITION BY customer_no ORDER BY at)",
		"SELECT SUM(amount) OVER (PARTITION BY customer_no ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING " +
			"AND CURRENT ROW) AS n FROM s_order",
		"SELECT COUNT(s_order) AS n, COUNT(DISTINCT s_order) AS k FROM s_order",
		"SELECT xmin, o.xmax FROM (SELECT MIN(amount) AS xmin, MAX(amount) AS xmax FROM s_order) AS o",
		"WITH o (ctid) AS (SELECT amount FROM s_order) SELECT ctid FROM o ORDER BY ctid",
		"SELECT order_no, amount * 2 AS only, s_order.amount*3 AS tablesample FROM s_order " +
			"ORDER BY order_no FETCH FIRST ROW ONLY",
		"SELECT o.only, o.tablesample FROM (SELECT (amount) * 1 AS only, 1 AS tablesample FROM s_order) AS o",
		"SELECT processed FROM (SELECT amount > 1 AS processed FROM s_order) AS o",
		`SELECT "order_no" AS "Order" FROM s_order`,
		"SELECT STRING_AGG(name, ',' ORDER BY customer_no) AS n FROM s_customer",
		"SELECT COUNT(*) FILTER (WHERE customer_no > 1) AS k FROM s_customer",
		"SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount) AS n FROM s_order",
		"SELECT MAKE_INTERVAL(days => amount) AS n FROM s_order",
		"SELECT customer_no FROM s_order GROUP BY GROUPING SETS ((customer_no), ())",
	} {
		if err := compileHelper(t, sqlfile.Postgres, query); err != nil {
			t.Errorf("%s\n%v", query, err)
		}
	}
	for _, query := range []string{
		"SELECT amount AS a, a + 1 AS b FROM s_order WHERE a > 1",
		"SELECT DATEADD(day, 1, at) AS u, DATEDIFF(hour, at, at) AS h, DATE_PART(dow, at) AS w FROM s_order",
		"SELECT APPROXIMATE COUNT(DISTINCT customer_no) AS n FROM s_order",
		"SELECT LISTAGG(name, ',') WITHIN GROUP (ORDER BY customer_no) AS n FROM s_customer",
		"SELECT CONVERT(BIGINT, amount) AS n FROM s_order",
		"SELECT TOP 3 order_no FROM s_order ORDER BY order_no",
		"SELECT order_no FROM s_order QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_no ORDER BY order_no) = 1",
	} {
		err := compileHelper(t, sqlfile.Redshift, query)
		if err != nil && strings.Contains(err.Error(), "column") {
			t.Errorf("%s\n%v", query, err)
		}
	}
}

// TestShadowedWith compiles a WITH query that reads the outer one of the same name.
func TestShadowedWith(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"-- from: s_order", "-- from: s_order by customer_no as n"} {
		if _, err := inlineProject(t, columnTables, map[string]string{
			"101_x": "-- x: rows.\n" + from + "\nWITH o AS (SELECT customer_no AS n FROM s_order)\n" +
				"SELECT n FROM (WITH o AS (SELECT n FROM o) SELECT n FROM o) AS y WHERE n IS NOT NULL;\n",
		}).compile(sqlfile.Postgres); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// TestUnknownColumns compiles SELECTs in which a name is no column.
func TestUnknownColumns(t *testing.T) {
	t.Parallel()
	for _, wrong := range []struct{ query, want, hint string }{
		{
			"SELECT order_no, amout FROM s_order", "2:18: s_order has no column amout",
			"its columns are: order_no, customer_no, amount, at",
		},
		{"SELECT RTRIM(nam) AS name FROM s_customer", "2:14: s_customer has no column nam", "customer_no, name"},
		{"SELECT name FROM s_customer AS c WHERE RTRIM(nme) <> ''", "2:46: s_customer has no column nme", "name"},
		{"SELECT amount AS a FROM s_order WHERE a > 1", "2:39: s_order has no column a", "amount"},
		{"SELECT COUNT(*) AS n FROM s_order GROUP BY custmer", "2:44: s_order has no column custmer", "customer_no"},
		{
			"SELECT order_no, nam FROM s_order INNER JOIN s_customer ON s_customer.customer_no = s_order.customer_no",
			"2:18: none of s_order, s_customer has a column nam",
			"s_order: order_no, customer_no, amount, at; s_customer: customer_no, name",
		},
		{"SELECT n FROM (SELECT amout AS n FROM s_order) AS o", "2:23: s_order has no column amout", "amount"},
		{"SELECT m FROM (SELECT amount AS n FROM s_order) AS o", "2:8: o has no column m", "its columns are: n"},
		{"WITH o AS (SELECT amount AS n FROM s_order) SELECT m FROM o", "2:52: o has no column m", "are: n"},
		{"WITH o AS (SELECT amout AS n FROM s_order) SELECT n FROM o", "2:19: s_order has no column amout", "amount"},
		{
			"SELECT order_no FROM s_order UNION ALL SELECT no FROM s_customer", "2:47: s_customer has no column no",
			"customer_no",
		},
		{`SELECT "Order_no" FROM s_order`, "2:8: s_order has no column Order_no", "order_no"},
		{
			"SELECT order_no FROM s_order WHERE NOT processed",
			"2:40: s_order has no column processed that a model may read", "flag",
		},
		{
			"WITH u AS (SELECT * FROM s_order) SELECT order_no FROM u WHERE NOT u.processed",
			"2:68: processed is no column that a model may read", "flag",
		},
		{
			"SELECT order_no FROM (SELECT * FROM s_order) AS u WHERE processed",
			"2:57: processed is no column that a model may read", "flag",
		},
		{
			"SELECT order_no FROM s_order INNER JOIN s_customer USING (customer_no, processed)",
			"2:41: processed is no column that a model may read", "flag",
		},
		{
			"SELECT MIN(ctid) AS c FROM s_order",
			"2:12: ctid is a system column, whose value changes when a row is moved",
			"a replay would give different rows",
		},
		{
			"SELECT order_no FROM s_order, LATERAL (SELECT xmin AS x) AS l WHERE x = '1'",
			"2:47: xmin is a system column, whose value changes when a row is moved",
			"a replay would give different rows",
		},
	} {
		err := compileHelper(t, sqlfile.Postgres, wrong.query)
		var told *sqlfile.Error
		if !errors.As(err, &told) {
			t.Errorf("%s\ngot %v, want %s", wrong.query, err, wrong.want)
			continue
		}
		if got := strings.TrimPrefix(told.Error(), "transforms/101_x.sql:"); got != wrong.want {
			t.Errorf("%s\ngot %s, want %s", wrong.query, got, wrong.want)
		}
		if !strings.Contains(told.Hint, wrong.hint) {
			t.Errorf("%s\nhint: got %s, want %q in it", wrong.query, told.Hint, wrong.hint)
		}
	}
}

// TestMoments compiles SELECTs with texts that a cast reads as the moment, and with others.
func TestMoments(t *testing.T) {
	t.Parallel()
	for query, refused := range map[string]bool{
		"SELECT CAST('now' AS TIMESTAMP) AS t FROM s_order":        true,
		"SELECT TIMESTAMP 'now' AS t FROM s_order":                 true,
		"SELECT DATE 'Today ' AS t FROM s_order":                   true,
		"SELECT at FROM s_order WHERE at < 'yesterday'::DATE":      true,
		"SELECT CURRENT_USER AS t FROM s_order":                    true,
		"SELECT CURRENT_SETTING('TimeZone') AS t FROM s_order":     true,
		"SELECT 'now' AS t, 'today' AS u FROM s_order":             false,
		"SELECT CAST('2018-11-01' AS TIMESTAMP) AS t FROM s_order": false,
		"SELECT TIMESTAMP 'epoch' AS t FROM s_order":               false,
	} {
		err := compileHelper(t, sqlfile.Postgres, query)
		if told := err != nil && strings.Contains(err.Error(), "changes with time"); told != refused {
			t.Errorf("%s: got %v, want refused: %v", query, err, refused)
		}
	}
}

// TestBooleanIntoText stores a BOOLEAN in a text column, which PostgreSQL casts and Redshift does
// not.
func TestBooleanIntoText(t *testing.T) {
	t.Parallel()
	const tables = `CREATE TABLE s_a (k INTEGER, flag BOOLEAN, processed BOOLEAN);
CREATE TABLE d_a (k INTEGER PRIMARY KEY, flag VARCHAR(5));`
	compile := func(engine sqlfile.Engine, flag string) error {
		_, err := inlineProject(t, tables, map[string]string{
			"101_a":   "-- a: rows.\n-- key: k\n-- pick: flag\n-- from: s_a\nSELECT k, flag FROM s_a;\n",
			"110_d_a": "-- d_a: one row per k.\n-- key: k\n-- from: a\nSELECT k, " + flag + " AS flag FROM a;\n",
		}).compile(engine)
		return err
	}
	if err := compile(sqlfile.Postgres, "flag"); err != nil {
		t.Error(err)
	}
	if err := compile(sqlfile.Redshift, "CASE flag WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END"); err != nil {
		t.Error(err)
	}
	const want = "transforms/110_d_a.sql:4:11: column flag of table d_a is character varying(5), but the SELECT " +
		"gives a BOOLEAN"
	if err := compile(sqlfile.Redshift, "flag"); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestPartsOfTables compiles SELECTs that read a table without its heirs, or just some of its rows.
func TestPartsOfTables(t *testing.T) {
	t.Parallel()
	const heirs = " is about tables that inherit, and Redshift has none"
	const sample = "TABLESAMPLE takes other rows each time"
	for query, want := range map[string]string{
		"SELECT order_no FROM ONLY s_order":                                           "2:22: ONLY" + heirs,
		"SELECT order_no FROM s_customer, only (s_order)":                             "2:34: ONLY" + heirs,
		"SELECT o.order_no FROM s_order * AS o":                                       "2:32: *" + heirs,
		"SELECT order_no FROM s_order TABLESAMPLE BERNOULLI (10)":                     "2:30: " + sample,
		"SELECT n FROM (SELECT 1 AS n FROM s_order AS o tablesample system (1)) AS p": "2:48: " + sample,
	} {
		err := compileHelper(t, sqlfile.Postgres, query)
		if err == nil || strings.TrimPrefix(err.Error(), "transforms/101_x.sql:") != want {
			t.Errorf("%s\ngot %v, want %s", query, err, want)
		}
	}
}
