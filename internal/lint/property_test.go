package lint_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Whatever a file holds, lint ends, and points into the file.
func TestAnyTokens(t *testing.T) {
	t.Parallel()
	words := strings.Fields(
		`SELECT WITH AS ( ) ( ) [ ] , . ; FROM WHERE ORDER BY OVER PARTITION ROWS INSERT INTO VALUES UPDATE SET DELETE USING CREATE
		OR REPLACE TEMP TABLE VIEW FUNCTION IF NOT EXISTS ALTER ADD COLUMN DROP RENAME TO TYPE VARCHAR NUMERIC TIMESTAMP INTERVAL CAST :: ARRAY ANY =
		IN IS TRUE DISTINCT ON CASE WHEN END ROW LANGUAGE sql RETURNS $$SELECT$$ 'text' E'x' "Name" :'v' :"v" 12 t a b now json @ -> sqlc arg COPY
		MATERIALIZED COMMENT GRANT DEFAULT NULL PRIMARY KEY LIKE INCLUDING EXCLUDE CHECK /*postgres*/ /*redshift*/ WITHIN GROUP FILTER WINDOW`,
	)
	words = append(words, "\n", ";\n", "/*redshift SELECT 1 */", "/*redshift ( */")
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 40).Draw(t, "words"), " ") + "\n"
		f, err := sqlfile.Parse("t.sql", text)
		if err != nil {
			return // said by sqlfile
		}
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		lines := strings.Split(text, "\n")
		for _, finding := range lint.File(f, kind) {
			line, column := finding.Err.Line, finding.Err.Column
			if line < 1 || line > len(lines) || column < 1 || column > len([]rune(lines[line-1]))+1 {
				t.Errorf("%q: got %v, want a position in the text", text, finding.Err)
			}
		}
	})
}

// A statement that ends in its middle, after any of its words, is no reason to crash.
func TestStatementsCutAnywhere(t *testing.T) {
	t.Parallel()
	statements := []string{
		"UPDATE ONLY s.t AS a SET b = c.d FROM u AS c INNER JOIN (v CROSS JOIN w) ON c.x = v.x " +
			"WHERE a.b IN (SELECT x FROM y)",
		"DELETE FROM ONLY s.t AS a USING u AS c, (SELECT 1 AS x) AS d WHERE EXISTS (SELECT 1 FROM v WHERE v.x = a.x)",
		"WITH a AS (SELECT 1), b (c) AS (SELECT 2) INSERT INTO s.t (x, y) SELECT a.x, b.y FROM a " +
			"LEFT JOIN b ON a.x = b.x " +
			"GROUP BY a.x, 2 HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 3",
		"SELECT LISTAGG(DISTINCT a.x, ',') WITHIN GROUP (ORDER BY a.x), SUM(y) OVER (PARTITION BY z ORDER BY w ROWS " +
			"BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), CAST(a.x AS VARCHAR(10)), a.x::int FROM s.a AS a, pg_class",
		"CREATE TABLE IF NOT EXISTS s.t (x INT NOT NULL DEFAULT 1, PRIMARY KEY (x))",
		"CREATE OR REPLACE FUNCTION s.f (INT) RETURNS INT STABLE AS $$ SELECT 1 $$ LANGUAGE sql",
		"CREATE TEMP TABLE t AS SELECT 1 AS x",
		"CREATE OR REPLACE VIEW v AS SELECT x FROM s.t WHERE x = ANY (SELECT 1) AND y IN (1, 2) AND z BETWEEN 1 AND 2",
		"ALTER TABLE s.t ADD COLUMN x VARCHAR(10) DEFAULT 'a'",
		"COPY s.t (x) FROM 's3://b/p' IAM_ROLE default REGION 'r' FORMAT AS JSON 'auto' TIMEFORMAT 'epochmillisecs'",
	}
	for _, statement := range statements {
		words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ", ",", " , ", ".", " . ").Replace(statement))
		for end := range len(words) + 1 {
			text := strings.Join(words[:end], " ") + "\n"
			f, err := sqlfile.Parse("t.sql", text)
			if err != nil {
				continue // said by sqlfile
			}
			for _, kind := range kinds {
				for _, finding := range lint.File(f, kind) {
					if finding.Err.Line < 1 || finding.Err.Column < 1 {
						t.Errorf("%q: got %v, want a position in the text", text, finding.Err)
					}
				}
			}
		}
	}
}
