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
		"EXCEPT in WITH": {header + `WITH p AS (SELECT k, x FROM s_p),
q AS (SELECT 1 AS k, 2 AS x EXCEPT SELECT k, x FROM p)
SELECT q.k, q.x FROM q;`, "6:53: from: s_p cannot be used after EXCEPT"},
		"only in a subquery": {with + `SELECT g.k, 1 AS x FROM GENERATE_SERIES(1, 9) AS g (k)
WHERE EXISTS (SELECT 1 FROM p WHERE p.k = g.k);`, "7:29: s_p is only used in a subquery"},
		"only in a subquery below": {header + `SELECT q.k, 1 AS x FROM (
SELECT g.k FROM GENERATE_SERIES(1, 9) AS g (k) WHERE EXISTS (SELECT 1 FROM s_p WHERE s_p.k = g.k)
) AS q;`, "6:76: s_p is only used in a subquery"},
		"once through WITH": {with + "SELECT k, x FROM p WHERE k IS NOT NULL;", ""},
		"one WITH query over another": {header + `WITH p AS (SELECT k, x FROM s_p),
m AS (SELECT k, x FROM p WHERE x > 1)
SELECT m.k, m.x FROM m WHERE m.k IS NOT NULL;`, ""},
		"once in each branch": {with + "SELECT k, x FROM p WHERE k IS NOT NULL UNION ALL SELECT x, k FROM p;",
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
		{"SELECT k, x FROM s_p WHERE d BETWEEN '2020-01-01' AND 'today';", "5:55: the value of 'today' changes"},
		{"SELECT k, x FROM s_p WHERE d < at AND 'today' = t;", ""},
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

// TestGroupsAlone reads rows of other groups in a model that is computed group by group.
func TestGroupsAlone(t *testing.T) {
	t.Parallel()
	const header, by = "-- d_a: one row per k.\n-- key: k\n", "-- d_a: one row per k.\n-- key: k\n-- from: s_p by k\n"
	const sub = "the subquery reads s_p, and no equality of k ties it to the group of the outer row"
	const again = "s_p is joined without an equality of k, so that rows of other groups are needed"
	checkModels(t, map[string]checked{
		"a value of all": {by + "SELECT k, SUM(x) - (SELECT AVG(z.x) FROM s_p AS z) AS x FROM s_p GROUP BY k;",
			"4:20: " + sub},
		"HAVING": {by + "SELECT k, SUM(x) AS x FROM s_p GROUP BY k HAVING SUM(x) > (SELECT AVG(z.x) FROM s_p AS z);",
			"4:59: " + sub},
		"EXISTS by another column": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE EXISTS (SELECT 1 FROM s_p AS z WHERE z.k = p.x) GROUP BY p.k;`, "5:14: " + sub},
		"a constant": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE EXISTS (SELECT 1 FROM s_p AS z WHERE z.k = 1) GROUP BY p.k;`, "5:14: " + sub},
		"through WITH": {by + `WITH z AS (SELECT k, x FROM s_p)
SELECT p.k, SUM(p.x) - (SELECT MAX(z.x) FROM z) AS x FROM s_p AS p GROUP BY p.k;`, "5:24: " + sub},
		"two in the subquery": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE EXISTS (SELECT 1 FROM s_p AS y INNER JOIN s_p AS z ON z.k = y.k) GROUP BY p.k;`, "5:14: " + sub},
		"a join by another column": {by + `SELECT a.k, COUNT(b.x) AS x FROM s_p AS a
LEFT JOIN s_p AS b ON b.x = a.x GROUP BY a.k;`, "5:11: " + again},
		"a join with WITH": {by + `WITH b AS (SELECT DISTINCT x FROM s_p)
SELECT a.k, COUNT(b.x) AS x FROM s_p AS a INNER JOIN b ON b.x = a.x GROUP BY a.k;`, "5:54: " + again},
		"in FROM": {by + `SELECT q.k, SUM(q.x) AS x
FROM (SELECT a.k, b.x FROM s_p AS a CROSS JOIN s_p AS b) AS q GROUP BY q.k;`, "5:48: " + again},
		"IN by another column": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE p.x IN (SELECT z.k FROM s_p AS z) GROUP BY p.k;`, "5:14: " + sub},
		"LATERAL": {by + `SELECT p.k, SUM(l.n) AS x FROM s_p AS p
CROSS JOIN LATERAL (SELECT COUNT(*) AS n FROM s_p AS z WHERE z.x = p.x) AS l GROUP BY p.k;`, "5:20: " + sub},
		"a right value": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE p.x = (SELECT MAX(z.x) FROM s_p AS z WHERE z.k = p.k) GROUP BY p.k;`, ""},
		"a right value in brackets": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE NOT EXISTS (SELECT 1 FROM s_p AS z WHERE ((p.k) = z.k AND z.x > p.x)) GROUP BY p.k;`, ""},
		"a right IN": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE p.k IN (SELECT z.k FROM s_p AS z WHERE z.x > 5) GROUP BY p.k;`, ""},
		"a right IN of two": {by + `SELECT p.k, SUM(p.x) AS x FROM s_p AS p
WHERE (p.k, p.x) IN (SELECT z.k, MAX(z.x) FROM s_p AS z GROUP BY z.k) GROUP BY p.k;`, ""},
		"a right join": {by + `SELECT a.k, COUNT(b.x) AS x FROM s_p AS a
LEFT JOIN s_p AS b ON b.k = a.k AND b.x > a.x GROUP BY a.k;`, ""},
		"USING": {by + "SELECT k, COUNT(b.x) AS x FROM s_p AS a INNER JOIN s_p AS b USING (k) GROUP BY k;", ""},
		"right WITH": {by + `WITH b AS (SELECT k AS g, MAX(x) AS x FROM s_p GROUP BY k)
SELECT a.k, COUNT(*) AS x FROM s_p AS a INNER JOIN b ON b.g = a.k AND b.x = a.x GROUP BY a.k;`, ""},
		"right WITH twice": {by + `WITH b AS (SELECT k, x FROM s_p), c AS (SELECT k, MAX(x) AS x FROM b GROUP BY k)
SELECT b.k, COUNT(*) AS x FROM b INNER JOIN c ON c.k = b.k AND c.x = b.x GROUP BY b.k;`, ""},
		"right LATERAL": {by + `SELECT p.k, SUM(l.n) AS x FROM s_p AS p
CROSS JOIN LATERAL (SELECT COUNT(*) AS n FROM s_p AS z WHERE z.k = p.k AND z.x < p.x) AS l GROUP BY p.k;`, ""},
		"through a lookup": {header + `-- from: s_p by k
-- joins: s_l by k
SELECT l.k, SUM(l.x) AS x FROM s_l AS l
WHERE EXISTS (SELECT 1 FROM s_p AS p WHERE p.k = l.k) GROUP BY l.k;`, ""},
		"two relations": {header + `-- from: p_keyed by k
-- from: s_l by k
SELECT COALESCE(a.k, b.k) AS k, SUM(b.x) AS x FROM p_keyed AS a
FULL JOIN s_l AS b ON b.k = a.k GROUP BY COALESCE(a.k, b.k);`, ""},
		"two relations by another column": {header + `-- from: p_keyed by k
-- from: s_l by k
SELECT a.k, SUM(b.x) AS x FROM p_keyed AS a
INNER JOIN s_l AS b ON b.x = a.k GROUP BY a.k;`, "6:12: s_l is joined without an equality of k"},
		"all of it in a helper": {header + `-- from: s_p by k
-- joins: p_rows
SELECT k, SUM(x) - (SELECT AVG(z.x) FROM p_rows AS z) AS x FROM s_p GROUP BY k;`, ""},
	})
}

// TestNamedWindows partitions by a window of the WINDOW clause.
func TestNamedWindows(t *testing.T) {
	t.Parallel()
	const by = "-- d_a: one row per k.\n-- key: k\n-- pick: x\n-- from: s_p by k\n"
	const beyond = "5:11: the window function SUM needs rows of other values than the ones that from: s_p by reads"
	cases := map[string]checked{}
	for _, c := range []checked{
		{"OVER w AS x FROM s_p WINDOW w AS (ORDER BY k)", beyond},
		{"OVER (w ORDER BY y) AS x FROM s_p WINDOW w AS (PARTITION BY t)", beyond},
		{"OVER (ORDER BY k) AS x FROM s_p WINDOW w AS (PARTITION BY k)", beyond},
		{"OVER w AS x FROM s_p WINDOW v AS (PARTITION BY k), w AS (ORDER BY k)", beyond},
		{"OVER w AS x FROM s_p WINDOW w AS (PARTITION BY k ORDER BY x)", ""},
		{`OVER "w" AS x FROM s_p WINDOW v AS (), w AS (PARTITION BY t, k)`, ""},
		{"OVER (w ORDER BY y) AS x FROM s_p WINDOW w AS (PARTITION BY k)", ""},
		{"OVER w AS x FROM s_p WINDOW v AS (PARTITION BY k), w AS (v ORDER BY y)", ""},
		{"OVER (PARTITION BY k) AS x FROM s_p WINDOW w AS (ORDER BY k)", ""},
	} {
		cases[c.model] = checked{by + "SELECT k, SUM(x) " + c.model + ";", c.want}
	}
	checkModels(t, cases)
}

// TestByAsItIs computes a column of by.
func TestByAsItIs(t *testing.T) {
	t.Parallel()
	const key = "-- a: a helper.\n-- key: "
	const text, number, day = key + "t\n-- from: p_rows by t\n", key + "k\n-- from: s_p by k\n", key +
		"at\n-- from: s_p by at\n"
	of := func(at, by string) string {
		return at + ": by says that " + by + ", but the SELECT gives something else"
	}
	checkModels(t, map[string]checked{
		"UPPER": {text + "SELECT UPPER(t) AS t, COUNT(*) AS c FROM p_rows WHERE t IS NOT NULL GROUP BY UPPER(t);",
			of("4:8", "t is t of p_rows")},
		"a day": {day + "SELECT DATE_TRUNC('day', at) AS at, COUNT(*) AS c FROM s_p GROUP BY 1;",
			of("4:8", "at is at of s_p")},
		"COALESCE": {number + "SELECT COALESCE(k, 0) AS k, COUNT(*) AS c FROM s_p GROUP BY COALESCE(k, 0);",
			of("4:8", "k is k of s_p")},
		"below": {number + "SELECT q.k, COUNT(*) AS c FROM (SELECT k / 10 AS k FROM s_p) AS q GROUP BY q.k;",
			of("4:40", "k is k of s_p")},
		"in WITH": {number + "WITH q AS (SELECT k / 10 AS k FROM s_p) SELECT q.k, COUNT(*) AS c FROM q GROUP BY q.k;",
			of("4:19", "k is k of s_p")},
		"in the second branch": {number + "SELECT k, x FROM s_p EXCEPT SELECT x, k FROM s_p;",
			of("4:36", "k is k of s_p")},
		"as another": {key + "g\n-- from: s_p by k as g\nSELECT ABS(k) AS g, COUNT(*) AS c FROM s_p GROUP BY ABS(k);",
			of("4:8", "g is k of s_p")},
		"a cast to less": {key +
			"d\n-- from: s_p by d\nSELECT CAST(d AS TEXT) AS d, COUNT(*) AS c FROM s_p GROUP BY 1;",
			of("4:8", "d is d of s_p")},
		"a cast to fewer letters": {text + "SELECT t::VARCHAR(2) AS t, COUNT(*) AS c FROM p_rows GROUP BY 1;",
			of("4:8", "t is t of p_rows")},
		"as it is":      {number + "SELECT k, COUNT(*) AS c FROM s_p WHERE k IS NOT NULL GROUP BY k;", ""},
		"in brackets":   {number + "SELECT (s_p.k) AS k, COUNT(*) AS c FROM s_p GROUP BY k;", ""},
		"a wide cast":   {number + "SELECT CAST(k AS BIGINT) AS k, COUNT(*) AS c FROM s_p GROUP BY 1;", ""},
		"a wide cast 2": {number + "SELECT q.k, 1 AS c FROM (SELECT k::INT8 AS k FROM s_p) AS q GROUP BY q.k;", ""},
		"other columns": {number + "SELECT k, UPPER(t) AS t, COUNT(*) AS c FROM s_p GROUP BY k, UPPER(t);", ""},
		"of a lookup": {number + `-- joins: s_l by k
SELECT s_l.k, COUNT(*) AS c FROM s_p INNER JOIN s_l ON s_l.k = s_p.k GROUP BY s_l.k;`, ""},
	})
}

// TestLimitIsTotal: an ORDER BY of LIMIT tells all rows apart, also in subqueries and WITH.
func TestLimitIsTotal(t *testing.T) {
	t.Parallel()
	const lacks, apart = "the ORDER BY of LIMIT lacks k", "the ORDER BY of LIMIT does not tell all rows"
	cases := map[string]checked{}
	for _, c := range []checked{
		{"SELECT k, x FROM s_p ORDER BY x, MOD(k, 1)\nLIMIT 2;", "4:1: " + lacks},
		{"SELECT k, x FROM s_p ORDER BY x, -k\nLIMIT 2;", "4:1: " + lacks},
		{"SELECT a.k, a.x FROM s_p AS a INNER JOIN s_l AS b ON b.x = a.x ORDER BY a.x, b.k\nLIMIT 2;", "4:1: " + lacks},
		{"SELECT x AS k, k AS x FROM s_p ORDER BY y, x\nLIMIT 2;", "4:1: " + lacks},
		{"SELECT k, x FROM s_p ORDER BY x DESC NULLS LAST, (k) ASC LIMIT 2;", ""},
		{"SELECT a.k, SUM(a.x) AS x FROM s_p AS a GROUP BY a.k ORDER BY SUM(a.x) DESC, a.k LIMIT 2;", ""},
		{"SELECT ABS(k) AS k, MIN(x) AS x FROM s_p GROUP BY ABS(k) ORDER BY 2, ABS( K ) LIMIT 2;", ""},
		{"SELECT k, x FROM s_p ORDER BY 2, 1 LIMIT 2;", ""},
		{"SELECT q.k, q.x FROM (SELECT k, x FROM s_p WHERE k > 0 ORDER BY x\nLIMIT 2) AS q;", "4:1: " + apart},
		{"WITH q AS (SELECT k, x FROM s_p WHERE k > 0 ORDER BY x\nLIMIT 2) SELECT q.k, q.x FROM q;", "4:1: " + apart},
		{"SELECT q.k, q.x FROM (SELECT k, x FROM s_p ORDER BY x, k LIMIT 2) AS q;", ""},
		{"SELECT q.k, q.x FROM (SELECT k, x, y FROM p_keyed ORDER BY x, k LIMIT 2) AS q;", ""},
		{"SELECT q.k, q.x FROM (SELECT k AS z, x AS k, y AS x FROM p_keyed ORDER BY k\nLIMIT 2) AS q;",
			"4:1: " + apart},
		{"SELECT q.k, q.x FROM (SELECT p.x, p.y AS k FROM p_keyed AS p ORDER BY p.k LIMIT 2) AS q;", ""},
		{"WITH p AS (SELECT k, x FROM p_keyed) SELECT q.k, q.x FROM (SELECT * FROM p ORDER BY x, k LIMIT 2) AS q;", ""},
		{"SELECT q.k, q.x FROM (SELECT * FROM p_keyed ORDER BY x\nLIMIT 2) AS q;", "4:1: " + apart},
		{`SELECT q.k, q.x FROM (SELECT k, SUM(x) AS x, MIN(y) AS z FROM s_p GROUP BY k ORDER BY x, k LIMIT 2) AS q;`,
			""},
		{`SELECT q.k, q.x FROM (SELECT k, SUM(x) AS x, MIN(y) AS z FROM s_p GROUP BY 1 ORDER BY x, k LIMIT 2) AS q;`,
			""},
		{"SELECT q.k, q.x FROM (SELECT k, SUM(x) AS x FROM s_p GROUP BY k ORDER BY SUM(x)\nLIMIT 2) AS q;",
			"4:1: " + apart},
		{`SELECT p.k, (SELECT z.x FROM s_p AS z WHERE z.k = p.k ORDER BY z.at, z.x LIMIT 1) AS x
FROM p_keyed AS p;`, ""},
		{"SELECT p.k, (SELECT z.x FROM s_p AS z WHERE z.k = p.k ORDER BY z.at\nLIMIT 1) AS x FROM p_keyed AS p;",
			"4:1: " + apart},
		{`SELECT q.k, q.x FROM (SELECT k, x FROM s_p ORDER BY x FETCH FIRST 2 ROWS WITH TIES) AS q;`, ""},
		{"SELECT q.k, 1 AS x FROM (SELECT k, 1 AS z FROM s_p ORDER BY x DESC, k LIMIT 2) AS q;", ""},
		{"SELECT q.k, q.x FROM (SELECT k, x FROM s_p UNION ALL SELECT k, x FROM s_l ORDER BY x, k LIMIT 2) AS q;", ""},
	} {
		cases[c.model] = checked{"-- d_a: one.\n-- key: k\n" + c.model, c.want}
	}
	checkModels(t, cases)
}
