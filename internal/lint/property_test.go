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
	words := strings.Fields(`SELECT WITH AS ( ) ( ) [ ] , . ; FROM WHERE ORDER BY OVER PARTITION ROWS INSERT INTO VALUES UPDATE SET DELETE USING CREATE
		OR REPLACE TEMP TABLE VIEW FUNCTION IF NOT EXISTS ALTER ADD COLUMN DROP RENAME TO TYPE VARCHAR NUMERIC TIMESTAMP INTERVAL CAST :: ARRAY ANY =
		IN IS TRUE DISTINCT ON CASE WHEN END ROW LANGUAGE sql RETURNS $$SELECT$$ 'text' E'x' "Name" :'v' :"v" 12 t a b now json @ -> sqlc arg COPY
		MATERIALIZED COMMENT GRANT DEFAULT NULL PRIMARY KEY LIKE INCLUDING EXCLUDE CHECK /*postgres*/ /*redshift*/ WITHIN GROUP FILTER WINDOW`)
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
