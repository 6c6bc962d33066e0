package selectstmt_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/selectstmt"
)

func TestFrom(t *testing.T) {
	tests := []struct {
		sql  string
		want []string
	}{
		{"a, b AS x, c y (d, e)", []string{"a", "CROSS b AS x", "CROSS c AS y [d e]"}},
		{`s.a JOIN "B" ON x = y CROSS JOIN c`, []string{"s.a", "INNER B ON x = y", "CROSS c"}},
		{"a LEFT JOIN b USING (x, y) RIGHT OUTER JOIN c AS d ON left(d.x, 1) = e FULL JOIN f ON g",
			[]string{"a", "LEFT b USING [x y]", "RIGHT c AS d ON left(d.x, 1) = e", "FULL f ON g"}},
		{"a NATURAL LEFT JOIN b INNER JOIN c ON d", []string{"a", "NATURAL b", "INNER c ON d"}},
		{"a LEFT JOIN (b JOIN c ON d) ON e", []string{"a", "LEFT b nested ON e", "INNER c nested ON d"}},
		{"a JOIN b JOIN c ON d ON e", []string{"a", "INNER b ON e", "INNER c ON d"}},
		{"((a JOIN b ON c))", []string{"a nested", "INNER b nested ON c"}},
		{"(SELECT 1) AS x, LATERAL (SELECT 2) y", []string{"(query) AS x", "CROSS (query) AS y lateral"}},
		{"((SELECT 1) UNION SELECT 2) x", []string{"(query) AS x"}},
		{"((SELECT 1) AS x JOIN b ON c)", []string{"(query) AS x nested", "INNER b nested ON c"}},
		{"generate_series(1, n) WITH ORDINALITY AS g (i, j)", []string{"generate_series() AS g [i j]"}},
		{"f(1) AS (a int, b numeric(3, 1))", []string{"f() [a b]"}},
		{"ONLY a TABLESAMPLE BERNOULLI (10) REPEATABLE (1), b x TABLESAMPLE SYSTEM (1)", []string{"a", "CROSS b AS x"}},
		{"(VALUES (1, 2), (3, 4)) AS v (a, b)", []string{"(query) AS v [a b]"}},
		{"a minus, b limits", []string{"a AS minus", "CROSS b AS limits"}},
	}
	for _, tt := range tests {
		q := parse(t, "SELECT x FROM "+tt.sql+" WHERE y GROUP BY z")
		if diff := cmp.Diff(tt.want, from(q.Branches[0].From)); diff != "" {
			t.Errorf("%s: got +, want -:\n%s", tt.sql, diff)
		}
		if s := q.Branches[0]; s.Where.Text() != "y" || s.GroupBy.Text() != "z" {
			t.Errorf("%s: got WHERE %q GROUP BY %q, want y and z", tt.sql, s.Where.Text(), s.GroupBy.Text())
		}
	}
}

func TestWithScope(t *testing.T) {
	tests := []struct{ sql, relations string }{
		{"WITH a AS (SELECT x FROM a), b AS (SELECT x FROM a) SELECT x FROM b, s.b, c", "a b c"},
		{"WITH RECURSIVE a (x) AS (SELECT x FROM b UNION ALL SELECT x FROM a), b AS (SELECT 1) SELECT x FROM a", ""},
		{"WITH a AS MATERIALIZED (SELECT 1) SELECT x FROM t WHERE x IN (SELECT x FROM a)", "t"},
		{"SELECT x FROM (WITH a AS (SELECT x FROM t) SELECT x FROM a) AS y, a", "t a"},
		{"(WITH a AS (SELECT 1) SELECT x FROM a) UNION SELECT x FROM a", "a"},
		{"SELECT (SELECT x FROM a) FROM b ORDER BY (SELECT x FROM c) LIMIT (SELECT x FROM d)", "a b c d"},
		{"(SELECT x FROM a ORDER BY (SELECT 1 FROM b)) UNION (SELECT x FROM c ORDER BY (SELECT 1 FROM d)) ORDER BY 1",
			"a b c d"},
		{"VALUES ((SELECT x FROM a), 1)", "a"},
		{"SELECT x FROM f((SELECT y FROM a)) JOIN b ON EXISTS (SELECT z FROM c)", "a b c"},
	}
	for _, tt := range tests {
		if got := names(parse(t, tt.sql)); got != tt.relations {
			t.Errorf("%s: got relations %q, want %q", tt.sql, got, tt.relations)
		}
	}
	q := parse(t, "WITH RECURSIVE a (x, y) AS (SELECT 1, 2) SELECT x FROM a")
	c := q.With[0]
	if c.Name != "a" || !c.Recursive || !cmp.Equal(c.Columns, []string{"x", "y"}) || !q.Branches[0].From[0].CTE {
		t.Errorf("got WITH %+v, want a recursive one", c)
	}
}

func TestSetOperations(t *testing.T) {
	tests := []struct {
		sql      string
		branches int
		ops      []string
		grouped  bool
		limit    int
		orderBy  string
	}{
		{"SELECT a UNION ALL SELECT b EXCEPT SELECT c ORDER BY 1, 2", 3, []string{"UNION ALL", "EXCEPT"},
			false, -1, "1, 2"},
		{"SELECT a EXCEPT (SELECT b INTERSECT ALL SELECT c)", 3, []string{"EXCEPT", "INTERSECT ALL"}, true, -1, ""},
		{"((SELECT a UNION DISTINCT SELECT b) LIMIT 3)", 2, []string{"UNION"}, false, 36, ""},
		{"(SELECT a UNION SELECT b) EXCEPT ALL VALUES (1)", 3, []string{"UNION", "EXCEPT ALL"}, true, -1, ""},
		{"SELECT a FROM t MINUS SELECT b FROM u", 2, []string{"EXCEPT"}, false, -1, ""},
		{"(SELECT a ORDER BY b LIMIT 1) UNION (SELECT c)", 2, []string{"UNION"}, false, 21, "b"},
		{"SELECT a OFFSET 3 ROWS FETCH FIRST ROW ONLY FOR UPDATE OF t", 1, nil, false, 9, ""},
		{"SELECT TOP 10 a FROM t", 1, nil, false, 7, ""},
	}
	for _, tt := range tests {
		q := parse(t, tt.sql)
		if len(q.Branches) != tt.branches || !cmp.Equal(q.Ops, tt.ops) || q.Grouped != tt.grouped {
			t.Errorf("%s: got %d branches, %v, grouped %v, want %d, %v, %v",
				tt.sql, len(q.Branches), q.Ops, q.Grouped, tt.branches, tt.ops, tt.grouped)
		}
		if q.Limit != tt.limit || q.OrderBy.Text() != tt.orderBy {
			t.Errorf("%s: got limit %d, order %q, want %d, %q", tt.sql, q.Limit, q.OrderBy.Text(), tt.limit, tt.orderBy)
		}
	}
}

func TestClauses(t *testing.T) {
	s := parse(t, `SELECT DISTINCT ON (a, b) c FROM t WHERE d IS DISTINCT FROM e
		GROUP BY GROUPING SETS ((f), ()), ROLLUP (g)
		HAVING count(*) > 1 WINDOW w AS (PARTITION BY h), v AS (w ORDER BY i)
		QUALIFY row_number() OVER w = 1`).Branches[0]
	if !s.Distinct || !s.DistinctOn {
		t.Errorf("got DISTINCT %v ON %v, want both", s.Distinct, s.DistinctOn)
	}
	for _, tt := range []struct {
		clause string
		expr   *selectstmt.Expr
		want   string
	}{
		{"DISTINCT ON", s.DistinctBy, "[a b] "},
		{"WHERE", s.Where, "[d e] "},
		{"GROUP BY", s.GroupBy, "[f g] "},
		{"HAVING", s.Having, "[] count()*"},
		{"WINDOW", s.Window, "[h i] "},
		{"QUALIFY", s.Qualify, "[] row_number() over"},
	} {
		if tt.expr == nil {
			t.Errorf("%s: got none, want %s", tt.clause, tt.want)
			continue
		}
		if got := fmt.Sprint(columns(*tt.expr)) + " " + calls(*tt.expr); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.clause, got, tt.want)
		}
	}
}
