package model_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// anyRows make rows of each staging table of a project from few values of the columns' types.
func anyRows(t testing.TB, p project) []rowMaker {
	t.Helper()
	tables, err := schema.FromMigrations(p.migrations, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	var out []rowMaker
	for name, table := range tables {
		if !strings.HasPrefix(name, "s_") {
			continue
		}
		maker := rowMaker{table: name}
		var kinds []string
		var required []bool
		for _, column := range table.Columns {
			if column.Name != "object" && column.Name != "processed" {
				maker.columns, kinds = append(maker.columns, `"`+column.Name+`"`), append(kinds, column.Type)
				required = append(required, column.NotNull)
			}
		}
		maker.erase = []string{table.Columns[0].Name}
		maker.make = func(r *rand.Rand) []string {
			row := make([]string, len(kinds))
			for i, kind := range kinds {
				for row[i] = anyValue(r, kind); row[i] == "NULL" && required[i]; {
					row[i] = anyValue(r, kind)
				}
			}
			return row
		}
		out = append(out, maker)
	}
	slices.SortFunc(out, func(a, b rowMaker) int { return strings.Compare(a.table, b.table) })
	return out
}

func anyValue(r *rand.Rand, kind string) string {
	if r.IntN(10) == 0 {
		return "NULL"
	}
	kind, _, _ = strings.Cut(kind, "(")
	switch kind {
	case "character varying", "text", "character":
		return oneOf(r, "'a'", "'b'", "'a '", "'a         '", "'B'", "''", "'ä'")
	case "timestamp without time zone":
		return oneOf(r, "'2024-01-01'", "'2024-01-01 10:00'", "'2024-01-01 10:00:00.25'", "'2024-01-02 23:59:59.999'")
	case "numeric", "double precision":
		return oneOf(r, "1", "1.004", "1.001", "2.5", "0.996", "-1")
	case "boolean":
		return oneOf(r, "TRUE", "FALSE")
	default:
		return oneOf(r, "1", "2", "3")
	}
}

// attacks are small projects that look for faults of the algorithm: a migration, and transforms.
var attacks = map[string]struct {
	migration  string
	transforms map[string]string
}{
	"a key that the table rounds": {
		`CREATE TABLE s_a (at TIMESTAMP, n NUMERIC(15,4), v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_day (day DATE PRIMARY KEY, v INTEGER);
		CREATE TABLE d_amount (n NUMERIC(15,2) PRIMARY KEY, v INTEGER);
		CREATE TABLE d_hour (day DATE PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"101_a": `-- a: one row per at.
-- key: at
-- pick: v
-- from: s_a
SELECT at, n, v FROM s_a WHERE at IS NOT NULL;`,
			"110_d_day": `-- d_day: one row per day.
-- key: day
-- pick: v DESC
-- from: s_a
SELECT at AS day, v FROM s_a WHERE at IS NOT NULL;`,
			"120_d_amount": `-- d_amount: one row per n.
-- key: n
-- pick: v DESC
-- from: s_a
SELECT n, v FROM s_a WHERE n IS NOT NULL;`,
			"130_d_hour": `-- d_hour: one row per day.
-- key: day
-- pick: v DESC
-- from: a
SELECT at AS day, v FROM a;`,
		},
	},
	"a group that the table rounds": {
		`CREATE TABLE s_a (at TIMESTAMP, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_day (day DATE PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"101_a": `-- a: a day's.
-- from: s_a
SELECT DATE_TRUNC('day', at) AS day, v FROM s_a WHERE at IS NOT NULL;`,
			"110_f_day": `-- f_day: one row per day.
-- key: day
-- from: a by day
SELECT day, SUM(v) AS v FROM a GROUP BY day;`,
		},
	},
	"texts with blanks beyond their column": {
		`CREATE TABLE s_a (k INTEGER, t VARCHAR(20), v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, t VARCHAR(3), v INTEGER);
		CREATE TABLE d_t (t VARCHAR(3) PRIMARY KEY, v INTEGER);
		CREATE TABLE d_c (k INTEGER PRIMARY KEY, t CHAR(3), v INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one row per k.
-- key: k
-- pick: t, v
-- from: s_a
SELECT k, t, v FROM s_a WHERE k IS NOT NULL;`,
			"120_d_t": `-- d_t: one row per t.
-- key: t
-- pick: v
-- from: s_a
SELECT t, v FROM s_a WHERE t IS NOT NULL;`,
			"130_d_c": `-- d_c: one row per k.
-- key: k
-- pick: t, v
-- from: s_a
SELECT k, t, v FROM s_a WHERE k IS NOT NULL;`,
		},
	},
	"a late lookup by a column that the table rounds": {
		`CREATE TABLE s_a (k INTEGER, x NUMERIC(15,4), v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_l (x NUMERIC(15,4), t VARCHAR(9), object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, x NUMERIC(15,2), v INTEGER, t VARCHAR(20));`,
		map[string]string{
			"101_l": `-- l: one row per x.
-- key: x
-- pick: t
-- from: s_l
SELECT x, RTRIM(t) AS t FROM s_l WHERE x IS NOT NULL;`,
			"110_d_a": `-- d_a: one row per k.
-- key: k
-- pick: v
-- from: s_a
-- left joins: l by x
SELECT s_a.k, s_a.x, s_a.v, l.t FROM s_a LEFT JOIN l ON l.x = s_a.x WHERE s_a.k IS NOT NULL;`,
		},
	},
	"a late lookup with several matches": {
		`CREATE TABLE s_a (k INTEGER, x INTEGER, v INTEGER, w INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_l (x INTEGER, t INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, t INTEGER, x INTEGER, v INTEGER, w INTEGER);`,
		map[string]string{
			"101_l": "-- l: a bag.\n-- from: s_l\nSELECT x, t FROM s_l;",
			"110_d_a": `-- d_a: one row per k.
-- key: k
-- pick: v
-- from: s_a
-- left joins: l by x
SELECT s_a.k, l.t, s_a.x, s_a.v, s_a.w * 2 AS w FROM s_a LEFT JOIN l ON l.x = s_a.x WHERE s_a.k IS NOT NULL;`,
		},
	},
	"column lists": {
		`CREATE TABLE s_a (a INTEGER, b INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (a INTEGER PRIMARY KEY, b INTEGER);
		CREATE TABLE d_b (a INTEGER PRIMARY KEY, b INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one row per a.
-- key: a
-- pick: b
-- from: s_a
SELECT a, b FROM (SELECT a, b FROM s_a WHERE b IS NOT NULL) AS t (b, a);`,
			"120_d_b": `-- d_b: one row per a.
-- key: a
-- pick: b
-- from: s_a
WITH t (b, a) AS (SELECT a, b FROM s_a WHERE b IS NOT NULL) SELECT a, b FROM t;`,
		},
	},
	"a helper that is computed whole": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, v INTEGER, share INTEGER);
		CREATE TABLE d_b (v INTEGER PRIMARY KEY, ks INTEGER);`,
		map[string]string{
			"101_best": `-- best: the two best.
-- key: k
SELECT k, SUM(v) AS v FROM s_a WHERE k IS NOT NULL GROUP BY k ORDER BY v DESC, k LIMIT 2;`,
			"102_every": "-- every: all rows twice, a bag.\nSELECT k, v FROM s_a UNION ALL SELECT k, v FROM s_a;",
			"103_total": "-- total: of all.\nSELECT SUM(v) AS total FROM s_a;",
			"110_d_a": `-- d_a: the best.
-- key: k
-- from: best
-- joins: total
SELECT best.k, best.v, best.v * 100 / NULLIF(total.total, 0) AS share FROM best CROSS JOIN total;`,
			"120_d_b": `-- d_b: one row per v.
-- key: v
-- from: every by v
-- joins: best by v
SELECT every.v, COUNT(best.k) AS ks FROM every LEFT JOIN best ON best.v = every.v
WHERE every.v IS NOT NULL GROUP BY every.v;`,
		},
	},
	"lookups by part of a key, of each kind": {
		`CREATE TABLE s_a (k INTEGER, g INTEGER, v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (k INTEGER, g INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (k INTEGER, g INTEGER, n INTEGER, most INTEGER, PRIMARY KEY (k, g));
		CREATE TABLE f_b (g INTEGER PRIMARY KEY, n INTEGER);`,
		map[string]string{
			"101_row": `-- row: keyed.
-- key: k, g
-- pick: v DESC
-- from: s_a
SELECT k, g, v FROM s_a WHERE k IS NOT NULL AND g IS NOT NULL;`,
			"102_grp": `-- grp: by k and g, from row.
-- key: k, g
-- from: row by k, g
SELECT k, g, SUM(v) AS v FROM row GROUP BY k, g;`,
			"103_alone": "-- alone: distinct, a bag.\n-- from: s_b\nSELECT DISTINCT k, g FROM s_b;",
			"110_f_a": `-- f_a: one per k and g of s_b.
-- key: k, g
-- from: alone by k, g
-- joins: grp by g, v = k
-- joins: row by k
SELECT alone.k, alone.g, COUNT(grp.k) AS n, (SELECT MAX(row.v) FROM row WHERE row.k = alone.k) AS most
FROM alone LEFT JOIN grp ON grp.g = alone.g AND grp.v = alone.k
WHERE alone.k IS NOT NULL AND alone.g IS NOT NULL GROUP BY alone.k, alone.g;`,
			"120_f_b": `-- f_b: groups without any.
-- key: g
-- from: alone
-- joins: row by g
SELECT g, 1 AS n FROM alone WHERE g IS NOT NULL AND NOT EXISTS (SELECT 1 FROM row
WHERE row.g = alone.g) GROUP BY g;`,
		},
	},
	"a union of several from: under a pick": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (k INTEGER, x INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_l (x INTEGER, y INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, v INTEGER, source VARCHAR(1));
		CREATE TABLE d_b (k INTEGER PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: v DESC, source
-- from: s_a
-- joins: s_l by x = v
-- from: s_b
-- joins: s_l by x
SELECT s_a.k, l.y AS v, 'a' AS source FROM s_a LEFT JOIN s_l AS l ON l.x = s_a.v WHERE s_a.k IS NOT NULL
UNION ALL
SELECT l.y, s_b.k, 'b' FROM s_b INNER JOIN s_l AS l ON l.x = s_b.x WHERE l.y IS NOT NULL;`,
			"120_d_b": `-- d_b: one per k, v not stored.
-- key: k
-- pick: w DESC
-- from: s_a
-- from: s_b
-- joins: s_l by x
SELECT s_a.k, s_a.v, s_a.v AS w FROM s_a WHERE s_a.k IS NOT NULL
UNION
SELECT l.y, s_b.k, s_b.x FROM s_b INNER JOIN s_l AS l ON l.x = s_b.x WHERE l.y IS NOT NULL;`,
		},
	},
	"set operations with a lookup on the right": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (k INTEGER NOT NULL, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE d_b (k INTEGER PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: v
-- from: s_a
-- joins: s_b by k
SELECT k, v FROM s_a WHERE k IS NOT NULL EXCEPT SELECT k, v FROM s_b;`,
			"120_d_b": `-- d_b: one per k.
-- key: k
-- pick: v
-- from: s_a
-- joins: s_b by k
SELECT k, v FROM s_a WHERE k IS NOT NULL INTERSECT SELECT k, v FROM s_b;`,
		},
	},
	"groups by renamed columns of several from:": {
		`CREATE TABLE s_a (x INTEGER, y INTEGER, v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (p INTEGER, q INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (a INTEGER, b INTEGER, n INTEGER, m INTEGER, c INTEGER, PRIMARY KEY (b, a));
		CREATE TABLE f_last (id INTEGER PRIMARY KEY, b INTEGER, n INTEGER);`,
		map[string]string{
			"110_f_a": `-- f_a: by a and b.
-- key: a, b
-- from: s_a by x as a, y as b
-- joins: s_l by p = v
-- from: s_b by q as b, p as a
SELECT a, b, SUM(n) AS n, SUM(m) AS m, MIN(c) AS c FROM (
SELECT s_a.x AS a, s_a.y AS b, 1 AS n, 0 AS m, l.q AS c FROM s_a LEFT JOIN s_l AS l ON l.p = s_a.v
UNION ALL SELECT p, q, 0, 1, NULL FROM s_b) AS t WHERE a IS NOT NULL AND b IS NOT NULL GROUP BY a, b;`,
			"100_s_l": "-- s_l: a second name.\n-- from: s_b\nSELECT p, q FROM s_b;",
			"120_f_last": `-- f_last: one per row of f_a, by b.
-- key: id
-- from: f_a by b
SELECT a * 10 + b AS id, b, n FROM f_a;`,
		},
	},
	"several rows of a key from one row": {
		`CREATE TABLE s_a (k INTEGER, x INTEGER, y INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_l (x INTEGER, y INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE d_b (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE d_c (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE d_d (k INTEGER PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"101_a": `-- a: keyed.
-- key: k
-- pick: x, y
-- from: s_a
SELECT k, x, y FROM s_a WHERE k IS NOT NULL;`,
			"102_l": "-- l: keyed.\n-- key: x\n-- pick: y\n-- from: s_l\nSELECT x, y FROM s_l WHERE x IS NOT NULL;",
			"110_d_a": `-- d_a: group, two branches.
-- key: k
-- pick: v DESC
-- from: a by k
SELECT k, x AS v FROM a UNION ALL SELECT k, y FROM a;`,
			"120_d_b": `-- d_b: row, two branches.
-- key: k
-- pick: v DESC
-- from: a
-- joins: l by x
SELECT a.k, a.x AS v FROM a LEFT JOIN l ON l.x = a.x UNION ALL SELECT k, y FROM a;`,
			"130_d_c": `-- d_c: row, times two.
-- key: k
-- pick: v DESC
-- from: a
-- joins: l by x
SELECT a.k, a.x + l.y * n.n AS v FROM a LEFT JOIN l ON l.x = a.x CROSS JOIN (VALUES (1), (2)) AS n (n);`,
			"140_d_d": `-- d_d: group, times two.
-- key: k
-- pick: v DESC
-- from: a by k
SELECT a.k, a.x * n.n AS v FROM a CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2) AS n;`,
		},
	},
	"two lines for one lookup, in EXISTS and in a join": {
		`CREATE TABLE s_a (k INTEGER, x INTEGER, y INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_l (x INTEGER, z INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (k INTEGER PRIMARY KEY, z INTEGER, n INTEGER, x INTEGER);
		CREATE TABLE f_g (x INTEGER PRIMARY KEY, z INTEGER, n INTEGER, unmatched INTEGER);`,
		map[string]string{
			"110_f_a": `-- f_a: one per k.
-- key: k
-- pick: z DESC, n, x
-- from: s_a
-- joins: s_l by x
-- joins: s_l by z = y
-- joins: s_l
SELECT s_a.k, l.z, (SELECT COUNT(*) FROM s_l) AS n, s_a.x FROM s_a LEFT JOIN s_l AS l ON l.x = s_a.x
WHERE s_a.k IS NOT NULL AND NOT EXISTS (SELECT 1 FROM s_l WHERE s_l.z = s_a.y);`,
			"120_f_g": `-- f_g: per x.
-- key: x
-- from: s_a by x
-- joins: s_l by x
-- joins: s_l by z = y
SELECT s_a.x, SUM(l.z) AS z, COUNT(*) AS n, SUM(CASE WHEN NOT EXISTS (SELECT 1 FROM s_l
WHERE s_l.z = s_a.y) THEN 1 ELSE 0 END) AS unmatched FROM s_a LEFT JOIN s_l AS l ON l.x = s_a.x
WHERE s_a.x IS NOT NULL GROUP BY s_a.x;`,
		},
	},
	"helpers whose by is not part of the key": {
		`CREATE TABLE s_a (k INTEGER, g INTEGER, v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (k INTEGER, w INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (k INTEGER PRIMARY KEY, nth INTEGER, w INTEGER);
		CREATE TABLE f_b (w INTEGER PRIMARY KEY, n INTEGER, nths INTEGER);
		CREATE TABLE f_c (k INTEGER PRIMARY KEY, g INTEGER, nth INTEGER);
		CREATE TABLE f_d (nth INTEGER PRIMARY KEY, k INTEGER);`,
		map[string]string{
			"101_a": `-- a: keyed.
-- key: k
-- pick: v DESC, g
-- from: s_a
SELECT k, g, v FROM s_a WHERE k IS NOT NULL AND g IS NOT NULL;`,
			"102_nth": `-- nth: by g.
-- key: k
-- pick: nth
-- from: a by g
SELECT k, g, RANK() OVER (PARTITION BY g ORDER BY v) AS nth FROM a UNION ALL SELECT k, g, 9 FROM a;`,
			"103_u": `-- u: keyed over two.
-- key: k
-- pick: w DESC
-- from: s_b
-- from: nth
SELECT k, w FROM s_b WHERE k IS NOT NULL UNION ALL SELECT k, nth FROM nth WHERE nth > 1;`,
			"110_f_a": `-- f_a: one per k.
-- key: k
-- pick: w DESC
-- from: nth
-- joins: s_b by k
SELECT nth.k, nth.nth, s_b.w FROM nth LEFT JOIN s_b ON s_b.k = nth.k;`,
			"120_f_b": `-- f_b: per w.
-- key: w
-- from: s_b by w
-- joins: nth by k
-- joins: u by w
SELECT s_b.w, COUNT(u.k) AS n, SUM(nth.nth) AS nths FROM s_b LEFT JOIN nth ON nth.k = s_b.k
LEFT JOIN u ON u.w = s_b.w WHERE s_b.w IS NOT NULL GROUP BY s_b.w;`,
			"130_f_c": `-- f_c: stored, by g.
-- key: k
-- from: nth by g
SELECT k, g, SUM(nth) OVER (PARTITION BY g) AS nth FROM nth;`,
			"140_f_d": `-- f_d: per nth, from f_c.
-- key: nth
-- pick: k DESC
-- from: f_c
SELECT nth, k FROM f_c WHERE nth IS NOT NULL;`,
		},
	},
	"columns with defaults": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (v INTEGER, id BIGINT GENERATED ALWAYS AS IDENTITY, k INTEGER PRIMARY KEY,
			note VARCHAR(9) DEFAULT 'x');
		CREATE TABLE d_b (k INTEGER PRIMARY KEY, v INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: v
-- from: s_a
SELECT k, v FROM s_a WHERE k IS NOT NULL;`,
			"120_d_b": "-- d_b: one per k.\n-- key: k\n-- from: d_a\nSELECT k, v FROM d_a;",
		},
	},
	"a pick by columns that are not stored": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, w INTEGER, t VARCHAR(9),
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_l (v INTEGER, x INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, t VARCHAR(9), x INTEGER);
		CREATE TABLE d_b (k INTEGER PRIMARY KEY, t VARCHAR(9), x INTEGER, v INTEGER, w INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: w DESC, v
-- from: s_a
-- left joins: s_l by v
SELECT s_a.k, RTRIM(s_a.t) AS t, s_l.x, s_a.w, s_a.v FROM s_a LEFT JOIN s_l ON s_l.v = s_a.v
WHERE s_a.k IS NOT NULL;`,
			"120_d_b": `-- d_b: one per k, all stored.
-- key: k
-- pick: w DESC
-- from: s_a
-- left joins: s_l by v
SELECT s_a.k, RTRIM(s_a.t) AS t, s_l.x, s_a.w, s_a.v FROM s_a LEFT JOIN s_l ON s_l.v = s_a.v
WHERE s_a.k IS NOT NULL;`,
		},
	},
	"a diamond": {
		`CREATE TABLE s_a (k INTEGER, p INTEGER, v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, p INTEGER, children INTEGER, parent INTEGER);
		CREATE TABLE f_a (p INTEGER PRIMARY KEY, n INTEGER, best INTEGER);`,
		map[string]string{
			"101_a": `-- a: keyed.
-- key: k
-- pick: v
-- from: s_a
SELECT k, p, v FROM s_a WHERE k IS NOT NULL;`,
			"102_child": "-- child: a second name.\n-- from: a\nSELECT k, p, v FROM a;",
			"103_count": `-- count: of children.
-- key: p
-- from: a by p
SELECT p, COUNT(*) AS n FROM a WHERE p IS NOT NULL GROUP BY p;`,
			"110_d_a": `-- d_a: one per k.
-- key: k
-- from: a
-- joins: count by p = k
-- joins: child by k = p
SELECT a.k, a.p, c.n AS children, child.v AS parent FROM a LEFT JOIN count AS c ON c.p = a.k
LEFT JOIN child ON child.k = a.p;`,
			"120_f_a": `-- f_a: per p.
-- key: p
-- from: d_a by p
-- joins: child by p
SELECT p, COUNT(*) AS n, (SELECT MAX(child.v) FROM child WHERE child.p = d_a.p) AS best FROM d_a
WHERE p IS NOT NULL GROUP BY p;`,
		},
	},
	"late lookups in a chain, by several columns": {
		`CREATE TABLE s_a (k INTEGER, x INTEGER, y INTEGER, v INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (x INTEGER, y INTEGER, z INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_c (z INTEGER, w INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_b (x INTEGER, y INTEGER, z INTEGER, w INTEGER, PRIMARY KEY (x, y));
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, x INTEGER, y INTEGER, v INTEGER, w INTEGER, n INTEGER);
		CREATE TABLE f_w (w INTEGER PRIMARY KEY, n INTEGER, ks INTEGER);`,
		map[string]string{
			"101_a": "-- a: a bag.\n-- from: s_a\nSELECT k, x, y, v FROM s_a WHERE k IS NOT NULL;",
			"102_c": `-- c: a bag with a lookup.
-- from: s_c
-- joins: s_b by z
SELECT s_c.z, s_c.w, s_b.y FROM s_c LEFT JOIN s_b ON s_b.z = s_c.z;`,
			"110_d_b": `-- d_b: one per x and y.
-- key: x, y
-- pick: z
-- from: s_b
-- left joins: c by z
SELECT s_b.x, s_b.y, s_b.z, c.w FROM s_b LEFT JOIN c ON c.z = s_b.z
WHERE s_b.x IS NOT NULL AND s_b.y IS NOT NULL;`,
			"120_d_a": `-- d_a: one per k.
-- key: k
-- pick: v DESC
-- from: a
-- left joins: d_b by x, y
-- joins: s_c by w = v
SELECT a.k, a.x, a.y, a.v, d_b.w, s_c.z AS n FROM a LEFT JOIN d_b ON d_b.x = a.x AND d_b.y = a.y
LEFT JOIN s_c ON s_c.w = a.v;`,
			"210_f_w": `-- f_w: per w.
-- key: w
-- from: d_a by w
-- joins: c by w
SELECT d_a.w, COUNT(*) AS n, COUNT(DISTINCT d_a.k) AS ks FROM d_a LEFT JOIN c ON c.w = d_a.w
WHERE d_a.w IS NOT NULL GROUP BY d_a.w;`,
		},
	},
	"bags over bags": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE s_b (k INTEGER, w INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (k INTEGER PRIMARY KEY, n INTEGER, w INTEGER);
		CREATE TABLE f_b (w INTEGER PRIMARY KEY, n INTEGER);
		CREATE TABLE d_c (v INTEGER PRIMARY KEY, n INTEGER);`,
		map[string]string{
			"101_some": "-- some: distinct.\n-- from: s_a\nSELECT k, v FROM s_a GROUP BY k, v;",
			"102_twice": `-- twice: of both.
-- from: some
-- from: s_b
SELECT k, v FROM some UNION ALL SELECT k, w FROM s_b;`,
			"103_each": `-- each: of the two, once.
-- from: some
-- from: s_b
SELECT k, v FROM some UNION SELECT k, w FROM s_b;`,
			"104_sum": `-- sum: a bag of groups.
-- from: twice by k
SELECT k, COUNT(*) AS n FROM twice WHERE k IS NOT NULL GROUP BY k UNION ALL SELECT k, v FROM twice
WHERE k IS NOT NULL;`,
			"105_over": `-- over: all of sum that something matches.
-- from: sum
-- joins: each by v = n
SELECT sum.k, sum.n FROM sum WHERE EXISTS (SELECT 1 FROM each WHERE each.v = sum.n);`,
			"110_f_a": `-- f_a: per k.
-- key: k
-- from: each by k
-- joins: twice by k
SELECT each.k, COUNT(*) AS n, SUM(twice.v) AS w FROM each LEFT JOIN twice ON twice.k = each.k
WHERE each.k IS NOT NULL GROUP BY each.k;`,
			"120_f_b": `-- f_b: per w.
-- key: w
-- from: over by n as w
-- joins: sum by n
SELECT over.n AS w, COUNT(sum.k) AS n FROM over INNER JOIN sum ON sum.n = over.n
WHERE over.n IS NOT NULL GROUP BY over.n;`,
			"130_d_c": `-- d_c: per v.
-- key: v
-- pick: n DESC
-- from: twice
-- joins: sum by k
SELECT twice.v, sum.n FROM twice LEFT JOIN sum ON sum.k = twice.k WHERE twice.v IS NOT NULL;`,
		},
	},
	"a script between models": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE f_v (v INTEGER PRIMARY KEY, n INTEGER);
		CREATE TABLE f_k (k INTEGER PRIMARY KEY, n INTEGER);`,
		map[string]string{
			"110_d_a": `-- d_a: one per k.
-- key: k
-- pick: v
-- from: s_a
SELECT k, v FROM s_a WHERE k IS NOT NULL;`,
			"120_t": `-- t: a script's.
-- script
-- reads: d_a
-- writes: t
DELETE FROM t;
INSERT INTO t (k, v) SELECT k, v + 1 FROM d_a WHERE v > 1;`,
			"210_f_v": `-- f_v: per v.
-- key: v
-- from: t by v
SELECT v, COUNT(*) AS n FROM t WHERE v IS NOT NULL GROUP BY v;`,
			"220_f_k": `-- f_k: per k.
-- key: k
-- from: d_a
-- joins: t by k
SELECT k, v AS n FROM d_a WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.k = d_a.k);`,
		},
	},
	"scripts that read helpers": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER);
		CREATE TABLE u (k INTEGER PRIMARY KEY, n INTEGER);
		CREATE TABLE f_v (v INTEGER PRIMARY KEY, n INTEGER);`,
		map[string]string{
			"101_a": `-- a: one per k.
-- key: k
-- pick: v
-- from: s_a
SELECT k, v FROM s_a WHERE k IS NOT NULL;`,
			"102_count": `-- count: per v.
-- key: v
-- from: a by v
SELECT v, COUNT(*) AS n FROM a WHERE v IS NOT NULL GROUP BY v;`,
			"120_t": `-- t: a script's.
-- script
-- reads: a, count
-- writes: t
DELETE FROM t;
INSERT INTO t (k, v) SELECT a.k, CAST(count.n AS INTEGER) FROM a LEFT JOIN count ON count.v = a.v;`,
			"130_u": `-- u: another's, of the same helper and staging.
-- script
-- reads: a, s_a
-- writes: u
DELETE FROM u;
INSERT INTO u (k, n) SELECT a.k, (SELECT COUNT(*) FROM s_a WHERE s_a.k = a.k) FROM a;`,
			"210_f_v": `-- f_v: per v.
-- key: v
-- from: t by v
SELECT v, COUNT(*) AS n FROM t WHERE v IS NOT NULL GROUP BY v;`,
		},
	},
	"from: by expressions": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, t VARCHAR(9),
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a (k INTEGER, t VARCHAR(12), v INTEGER, PRIMARY KEY (k, t));
		CREATE TABLE d_b (half INTEGER PRIMARY KEY, t VARCHAR(12), v INTEGER);
		CREATE TABLE f_t (t VARCHAR(12) PRIMARY KEY, n INTEGER, v INTEGER);`,
		map[string]string{
			"101_a": `-- a: keyed by an expression.
-- key: code
-- pick: v DESC
-- from: s_a
SELECT k || '-' || RTRIM(t) AS code, k, RTRIM(t) AS t, v FROM s_a WHERE k IS NOT NULL AND t IS NOT NULL;`,
			"110_d_a": `-- d_a: one per k and t.
-- key: k, t
-- pick: v
-- from: s_a
SELECT k, CASE WHEN v > 1 THEN UPPER(RTRIM(t)) ELSE RTRIM(t) END AS t, v FROM s_a
WHERE k IS NOT NULL AND t IS NOT NULL;`,
			"120_d_b": `-- d_b: one per half.
-- key: half
-- pick: v DESC, t
-- from: a
SELECT k / 2 AS half, t, v FROM a;`,
			"130_f_t": `-- f_t: per t.
-- key: t
-- from: a by t
-- joins: d_b by t
SELECT a.t, COUNT(DISTINCT a.code) AS n, SUM(d_b.v) AS v FROM a LEFT JOIN d_b ON d_b.t = a.t GROUP BY a.t;`,
		},
	},
	"a key that stands in one group, beside rows that are left out": {
		`CREATE TABLE s_a (k INTEGER, g INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (v INTEGER PRIMARY KEY, ks INTEGER, nth INTEGER);`,
		map[string]string{
			"101_a": `-- a: one per k, with its place in its group.
-- key: k
-- pick: v, nth
-- from: s_a by g
SELECT k, g, v, nth FROM (
    SELECT k, g, v, ROW_NUMBER() OVER (PARTITION BY g ORDER BY v, k) AS nth FROM s_a WHERE g IN (k, k + 1)
) AS s WHERE g = k;`,
			"210_f_a": `-- f_a: per v.
-- key: v
-- from: a by v
SELECT v, COUNT(*) AS ks, SUM(nth) AS nth FROM a WHERE v IS NOT NULL GROUP BY v;`,
		},
	},
	"a key of one column twice": {
		`CREATE TABLE s_a (k INTEGER, v INTEGER, object VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE f_a (x INTEGER, y INTEGER, v INTEGER, PRIMARY KEY (x, y));`,
		map[string]string{
			"101_a": `-- a: one per k.
-- key: k
-- pick: v
-- from: s_a by k
SELECT k, v FROM s_a WHERE k IS NOT NULL;`,
			"210_f_a": `-- f_a: one per k.
-- key: x, y
-- pick: v
-- from: a
SELECT k AS x, k AS y, v FROM a;`,
		},
	},
	"reserved words": {
		`CREATE TABLE s_a ("order" INTEGER, "user" INTEGER,
			object VARCHAR(9),
			processed BOOLEAN DEFAULT FALSE NOT NULL);
		CREATE TABLE d_a ("order" INTEGER PRIMARY KEY, "user" INTEGER, "end" INTEGER);`,
		map[string]string{
			"101_table": `-- table: a bag.` + "\n-- from: s_a\n" + `SELECT "order", "user" FROM s_a;`,
			"110_d_a": `-- d_a: one per order.` + `
-- key: order
-- pick: user DESC
-- from: table
-- joins: s_a by user = order
` + `SELECT t."order", t."user", s_a."order" AS "end" FROM "table" AS t
LEFT JOIN s_a ON s_a."user" = t."order" WHERE t."order" IS NOT NULL;`,
		},
	},
}

// TestAttacks fuzzes small projects.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := inlineProject(t, attack.migration, attack.transforms)
			s := newStore(t, p)
			for seed := range uint64(dwhtest.Rounds(t, 3)) {
				f := &fuzz{store: s, r: rand.New(rand.NewPCG(seed, 2)), makers: anyRows(t, p)}
				f.round(10)
			}
		})
	}
}
