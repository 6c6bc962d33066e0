package model_test

import "testing"

const wholeRowTables = `CREATE TABLE s_p (k INTEGER, x INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_q (k INTEGER, x INTEGER, processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_s (k INTEGER PRIMARY KEY, made INTEGER DEFAULT 7, x INTEGER);
CREATE TABLE d_a (k INTEGER PRIMARY KEY, c VARCHAR(99));`

// wholeRows are SELECTs that see columns which they do not name.
var wholeRows = map[string]string{
	"a star": `-- key: k
WITH src AS (SELECT DISTINCT * FROM s_p)
SELECT k, COUNT(*) AS c FROM src WHERE k IS NOT NULL GROUP BY k;`,
	"a star, group by group": `-- key: k
-- from: s_p by k
WITH src AS (SELECT DISTINCT s_p.* FROM s_p)
SELECT k, COUNT(*) AS c FROM src WHERE k IS NOT NULL GROUP BY k;`,
	"a union": `-- key: k
SELECT k, COUNT(*) AS c FROM (SELECT * FROM s_p UNION SELECT * FROM s_q) AS u WHERE k IS NOT NULL GROUP BY k;`,
	"a difference": `-- key: k
SELECT k, COUNT(*) AS c FROM (SELECT * FROM s_p EXCEPT SELECT * FROM s_q) AS u WHERE k IS NOT NULL GROUP BY k;`,
	"a natural join": `-- key: k
SELECT k, COUNT(*) AS c FROM s_p NATURAL JOIN s_q WHERE k IS NOT NULL GROUP BY k;`,
	"a row as a text": `-- key: k
SELECT k, MIN(CAST(ROW_TO_JSON(s) AS VARCHAR)) AS c FROM s_p AS s WHERE k IS NOT NULL GROUP BY k;`,
	"a row that is cast": `-- key: k
SELECT k, MAX(CAST(s_p AS VARCHAR)) AS c FROM s_p WHERE k IS NOT NULL GROUP BY k;`,
	"a row that is counted": `-- key: k
SELECT k, COUNT(DISTINCT a) AS c FROM s_p AS a WHERE k IS NOT NULL GROUP BY k;`,
	"rows that are compared": `-- key: k
SELECT p.k, COUNT(*) AS c FROM s_p AS p WHERE p.k IS NOT NULL AND EXISTS (SELECT 1 FROM s_q AS q WHERE q.* = p.*)
GROUP BY p.k;`,
	"a row in an order": `-- key: k
SELECT k, STRING_AGG(CAST(x AS VARCHAR), ',' ORDER BY s) AS c FROM s_p AS s WHERE k IS NOT NULL GROUP BY k;`,
	"a table with a default": `-- key: k
WITH u AS (SELECT * FROM d_s UNION SELECT x, k FROM s_q)
SELECT k, COUNT(*) AS c FROM u WHERE k IS NOT NULL GROUP BY k;`,
	"a row of a table with a default": `-- key: k
-- from: d_s
SELECT k, CAST(d_s AS VARCHAR) AS c FROM d_s;`,
}

// TestWholeRows delivers copies of rows that stand there already: what dwh notes in a row is no
// part of it.
func TestWholeRows(t *testing.T) {
	t.Parallel()
	for name, text := range wholeRows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, inlineProject(t, wholeRowTables, map[string]string{
				"110_d_s": "-- d_s: one row per k.\n-- key: k\n-- pick: x\n-- from: s_p\n" +
					"SELECT x, k FROM s_p WHERE k IS NOT NULL;",
				"201_d_a": "-- d_a: one row per k.\n" + text,
			}))
			s.first()
			for _, rows := range []string{
				"INSERT INTO s_p VALUES (1, 1), (1, 4), (2, 2); INSERT INTO s_q VALUES (1, 1), (3, 3)",
				"INSERT INTO s_p VALUES (1, 1), (3, 3)",
				"INSERT INTO s_q VALUES (2, 2), (1, 1)",
			} {
				s.exec(rows)
				if _, err := s.increment(); err != nil {
					t.Fatal(err)
				}
				s.same(nil)
			}
		})
	}
}
