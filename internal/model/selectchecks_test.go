package model_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A checked is the text of a model, and the error that it gives with its place: "" of a model that
// is right.
type checked struct{ model, want string }

const checkedTables = `CREATE TABLE s_p (
    k INTEGER, x INTEGER, y INTEGER, t VARCHAR(20), d DATE, at TIMESTAMP, processed BOOLEAN DEFAULT FALSE NOT NULL
);
CREATE TABLE s_l (k INTEGER, x INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_a (k INTEGER PRIMARY KEY, x BIGINT);
CREATE TABLE d_day (k INTEGER PRIMARY KEY, day DATE);`

// checkModels compiles each model as 200_name, where name is what its first line says, behind the
// helpers p_rows and p_keyed.
func checkModels(t *testing.T, cases map[string]checked) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, _, _ := strings.Cut(strings.TrimPrefix(c.model, "-- "), ":")
			_, err := inlineProject(t, checkedTables, map[string]string{
				"101_p_rows": "-- p_rows: a bag.\n-- from: s_p\n" +
					"SELECT k, x, y, RTRIM(t) AS t, d, at FROM s_p;\n",
				"102_p_keyed": "-- p_keyed: one row per k.\n-- key: k\n-- pick: x, y\n-- from: s_p\n" +
					"SELECT k, x, y, RTRIM(t) AS t FROM s_p WHERE k IS NOT NULL;\n",
				"200_" + table: c.model + "\n",
			}).compile(sqlfile.Postgres)
			var told *sqlfile.Error
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case c.want != "" && !errors.As(err, &told):
				t.Errorf("got %v, want %s", err, c.want)
			case c.want != "":
				got := strings.TrimPrefix(told.Error(), "transforms/200_"+table+".sql:")
				if !strings.HasPrefix(got, c.want) || told.Hint == "" {
					t.Errorf("got\n  %s\n  hint: %s\nwant\n  %s", got, told.Hint, c.want)
				}
			}
		})
	}
}

// TestFromOnce reads from: of a row-by-row model in several places, also through WITH.
func TestFromOnce(t *testing.T) {
	t.Parallel()
	const header = "-- d_a: one row per k.\n-- key: k\n-- pick: x\n-- from: s_p\n"
	const with = header + "WITH p AS (SELECT k, x FROM s_p)\n"
	const twice = "the SELECT reads s_p twice, but a row-by-row model computes its rows from one row of from:"
	checkModels(t, map[string]checked{
		"NOT EXISTS": {with + `SELECT a.k, a.x FROM p AS a
WHERE a.k IS NOT NULL AND NOT EXISTS (SELECT 1 FROM p AS b WHERE b.k = a.k AND b.x > a.x);`, "7:53: " + twice},
		"a value": {with + `SELECT a.k, a.x FROM p AS a
WHERE a.k IS NOT NULL AND a.x >= (SELECT MAX(q.x) FROM p AS q WHERE q.k = a.k);`, "7:56: " + twice},
		"IN":          {with + "SELECT a.k, a.x FROM p AS a WHERE a.k IN (SELECT p.x FROM p);", "6:59: " + twice},
		"in the list": {with + "SELECT a.k, (SELECT MAX(p.x) FROM p) AS x FROM p AS a;", "6:48: " + twice},
		"EXCEPT": {with + "SELECT k, x FROM p EXCEPT SELECT x, k FROM p;",
			"6:44: from: s_p cannot be used after EXCEPT"},
		"INTERSECT": {with + "SELECT k, x FROM p INTERSECT SELECT x, k FROM p;",
			"6:47: from: s_p cannot be used after INTERSECT"},
		"two queries of WITH": {header + `WITH p AS (SELECT k, x FROM s_p),
m AS (SELECT k, x FROM p WHERE x > 1)
SELECT a.k, b.x FROM p AS a INNER JOIN m AS b ON b.k = a.k;`, "7:40: " + twice},
		"inside WITH": {header + `WITH p AS (SELECT a.k, b.x FROM s_p AS a INNER JOIN s_p AS b ON b.k = a.k)
SELECT p.k, p.x FROM p;`, "5:53: " + twice},
		"EXCEPT in FROM": {header + `SELECT q.k, q.x
FROM (SELECT 1 AS k, 2 AS x EXCEPT SELECT k, x FROM s_p) AS q;`, "6:53: from: s_p cannot be used after EXCEPT"},
		"EXCEPT in WITH": {header + `WITH p AS (SELECT k, x FROM s_p), q AS (SELECT 1 AS k, 2 AS x EXCEPT SELECT k, x FROM p)
SELECT q.k, q.x FROM q;`, "5:87: from: s_p cannot be used after EXCEPT"},
		"only in a subquery": {with + `SELECT g.k, 1 AS x FROM GENERATE_SERIES(1, 9) AS g (k)
WHERE EXISTS (SELECT 1 FROM p WHERE p.k = g.k);`, "7:29: s_p is only used in a subquery"},
		"only in a subquery below": {header + `SELECT q.k, 1 AS x FROM (
SELECT g.k FROM GENERATE_SERIES(1, 9) AS g (k) WHERE EXISTS (SELECT 1 FROM s_p WHERE s_p.k = g.k)
) AS q;`, "6:76: s_p is only used in a subquery"},
		"once through WITH": {with + "SELECT k, x FROM p WHERE k IS NOT NULL;", ""},
		"one WITH query over another": {header + `WITH p AS (SELECT k, x FROM s_p),
m AS (SELECT k, x FROM p WHERE x > 1)
SELECT m.k, m.x FROM m WHERE m.k IS NOT NULL;`, ""},
		"once in each branch": {with + "SELECT k, x FROM p WHERE k IS NOT NULL UNION ALL SELECT x, k FROM p WHERE x > 0;",
			""},
		"EXCEPT something else": {header + `SELECT q.k, q.x
FROM (SELECT k, x FROM s_p WHERE k > 0 EXCEPT SELECT 1, 2) AS q;`, ""},
		"a WITH query that hides a name": {header + `WITH p AS (SELECT k, x FROM s_p)
SELECT p.k, p.x FROM p WHERE p.k IN (WITH p AS (SELECT 1 AS k) SELECT p.k FROM p);`, ""},
	})
}

// TestAggregatesRowByRow computes from several rows of from:, also by functions that dwh does not
// know.
func TestAggregatesRowByRow(t *testing.T) {
	t.Parallel()
	const header = "-- d_a: one row per k.\n-- key: k\n-- pick: x\n-- from: s_p\n"
	const needs = " needs several rows of from:"
	cases := map[string]checked{
		"of GROUP BY": {header + "SELECT k, UPPER(t) AS x FROM s_p WHERE k IS NOT NULL GROUP BY k, t;", ""},
		"an expression of GROUP BY": {header + `SELECT k, ABS(x) + ABS(x + 1) AS x FROM s_p
WHERE ABS(y) > 1 GROUP BY k, ABS(x), x;`, ""},
		"a name of GROUP BY":  {header + "SELECT k, ABS(y) AS x FROM s_p GROUP BY k, x;", ""},
		"a place of GROUP BY": {header + "SELECT k, ABS(x) AS x FROM s_p GROUP BY 1, 2;", ""},
		"no GROUP BY":         {header + "SELECT k, ABS(x) AS x FROM s_p WHERE k IS NOT NULL;", ""},
	}
	for call, name := range map[string]string{
		"BIT_XOR(x)":                               "BIT_XOR",
		"REGR_COUNT(x, y)":                         "REGR_COUNT",
		"REGR_AVGX(x, y)":                          "REGR_AVGX",
		"RANK(2) WITHIN GROUP (ORDER BY x)":        "RANK",
		"CUME_DIST(2) WITHIN GROUP (ORDER BY x)":   "CUME_DIST",
		"LENGTH(RANGE_AGG(INT4RANGE(x, y))::TEXT)": "RANGE_AGG",
		"most(x)":                      "MOST",
		"best(t ORDER BY x)":           "BEST",
		"best(DISTINCT t)":             "BEST",
		"best(1) FILTER (WHERE x > 1)": "BEST",
		"rows(*)":                      "ROWS",
	} {
		at := "5:11: "
		if strings.HasPrefix(call, "LENGTH") {
			at = "5:18: "
		}
		cases[call] = checked{header + "SELECT k, " + call + " AS x FROM s_p GROUP BY k;",
			at + "the aggregate " + name + needs}
	}
	checkModels(t, cases)
}

// TestMomentsEverywhere calls functions of the moment outside the SELECT list and WHERE.
func TestMomentsEverywhere(t *testing.T) {
	t.Parallel()
	const header, whole = "-- d_a: one row per k.\n-- key: k\n-- pick: x\n-- from: s_p\n", "-- d_a: one.\n-- key: k\n"
	cases := map[string]checked{}
	for _, c := range []checked{
		{"SELECT k, x + FLOOR(r.r) AS x FROM s_p CROSS JOIN RANDOM() AS r;",
			"5:51: the value of RANDOM changes"},
		{`SELECT k, 1 AS x FROM s_p
CROSS JOIN GENERATE_SERIES(CLOCK_TIMESTAMP(), at, INTERVAL '1 day') AS g;`, "6:28: the value of CLOCK_TIMESTAMP"},
		{"SELECT k, 1 AS x FROM s_p CROSS JOIN GENERATE_SERIES(d, CURRENT_DATE, INTERVAL '1 day') AS g;",
			"5:57: the value of CURRENT_DATE changes"},
		{"SELECT k, r.x FROM s_p CROSS JOIN (VALUES (RANDOM())) AS r (x);", "5:44: the value of RANDOM changes"},
		{"SELECT k, PG_CURRENT_XACT_ID()::TEXT AS x FROM s_p;", "5:11: the value of PG_CURRENT_XACT_ID"},
		{"SELECT k, TXID_CURRENT_SNAPSHOT()::TEXT AS x FROM s_p;", "5:11: the value of TXID_CURRENT_SNAPSHOT"},
		{"SELECT k, EXTRACT(YEAR FROM AGE(at)) AS x FROM s_p;", "5:29: the value of AGE changes"},
		{"SELECT k, EXTRACT(YEAR FROM AGE(at, d)) AS x FROM s_p;", ""},
		{"SELECT k, COALESCE(d, 'today') - d AS x FROM s_p;", "5:23: the value of 'today' changes"},
		{"SELECT k, x FROM s_p WHERE d < 'today';", "5:32: the value of 'today' changes"},
		{"SELECT k, x FROM s_p WHERE 'now' > s_p.at;", "5:28: the value of 'now' changes"},
		{"SELECT k, x FROM s_p WHERE d IN ('yesterday', 'today');", "5:34: the value of 'yesterday' changes"},
		{"SELECT k, x FROM s_p WHERE at > 'now'::varchar::timestamp;", "5:33: the value of 'now' changes"},
		{"SELECT k, x FROM s_p WHERE at > ('now'::varchar(9))::timestamp;", "5:34: the value of 'now' changes"},
		{"SELECT k, x FROM s_p WHERE at > CAST(CAST('now' AS text) AS timestamp);",
			"5:43: the value of 'now' changes"},
		{"SELECT k, CASE WHEN x > 1 THEN d ELSE 'today' END - d AS x FROM s_p;",
			"5:39: the value of 'today' changes"},
		{"SELECT k, CASE WHEN at > d THEN 'today' ELSE 'now' END AS x FROM s_p;", ""},
		{"SELECT k, x FROM s_p WHERE t = 'today' AND t IN ('now', 'tomorrow');", ""},
		{"SELECT k, x FROM s_p WHERE TO_CHAR(d, 'today') <> '' AND d > at;", ""},
		{"SELECT k, LENGTH('today') AS x FROM s_p GROUP BY k, d;", ""},
	} {
		cases[c.model] = checked{header + c.model, c.want}
	}
	for _, c := range []checked{
		{"SELECT k, RANK() OVER w AS x FROM s_p WINDOW w AS (ORDER BY RANDOM());",
			"3:61: the value of RANDOM changes"},
		{"SELECT q.k, q.x FROM (SELECT k, x FROM s_p ORDER BY RANDOM(), k, x LIMIT 2) AS q;",
			"3:53: the value of RANDOM changes"},
		{"SELECT DISTINCT ON (k) k, x FROM s_p ORDER BY k, RANDOM();", "3:50: the value of RANDOM changes"},
		{"SELECT k, x FROM s_p ORDER BY k OFFSET RANDOM() * 10;", "3:40: the value of RANDOM changes"},
	} {
		cases[c.model] = checked{whole + c.model, c.want}
	}
	cases["into a date"] = checked{"-- d_day: one.\n-- key: k\n-- pick: day\n-- from: s_p\n" +
		"SELECT k, 'today' AS day FROM s_p;", "5:11: the value of 'today' changes"}
	checkModels(t, cases)
}
