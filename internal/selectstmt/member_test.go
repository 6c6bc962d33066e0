package selectstmt_test

import "testing"

// TestMember finds x of x IN (SELECT …) where FALSE and NULL give the same result.
func TestMember(t *testing.T) {
	for _, tt := range []struct{ where, want string }{
		{"a IN (SELECT b FROM u)", "a"},
		{"a = ANY (SELECT b FROM u)", "a"},
		{"a = SOME (SELECT b FROM u)", "a"},
		{"(a IN (SELECT b FROM u))", "a"},
		{"c AND (d OR t.a IN (SELECT b FROM u)) AND e", "t.a"},
		{"c BETWEEN 1 AND 2 AND a + 1 IN (SELECT b FROM u)", "a + 1"},
		{"(a, c) IN (SELECT b, d FROM u)", "(a, c)"},
		{"NOT (c OR NOT a IN (SELECT b FROM u))", "a"},
		{"CASE WHEN c THEN a IN (SELECT b FROM u) ELSE d END", "a"},
		{"CASE WHEN c AND a IN (SELECT b FROM u) THEN 1 ELSE 2 END = 2", "a"},
		{"SUM(CASE WHEN a IN (SELECT b FROM u) THEN 1 END) IS NULL", "a"},
		{"COUNT(*) FILTER (WHERE a IN (SELECT b FROM u)) < 2", "a"},
		{"a IN (SELECT b FROM u) IS NULL", ""},
		{"(a IN (SELECT b FROM u)) IS NOT TRUE", ""},
		{"NOT a IN (SELECT b FROM u)", ""},
		{"NOT (c AND a IN (SELECT b FROM u))", ""},
		{"a NOT IN (SELECT b FROM u)", ""},
		{"a <> ANY (SELECT b FROM u)", ""},
		{"a = ALL (SELECT b FROM u)", ""},
		{"c = a IN (SELECT b FROM u)", ""},
		{"(a IN (SELECT b FROM u)) = FALSE", ""},
		{"CAST(a IN (SELECT b FROM u) AS TEXT) IS NULL", ""},
		{"(a IN (SELECT b FROM u))::text = 'x'", ""},
		{"COALESCE(a IN (SELECT b FROM u), TRUE)", ""},
		{"c BETWEEN FALSE AND (a IN (SELECT b FROM u))", ""},
		{"CASE a IN (SELECT b FROM u) WHEN FALSE THEN TRUE END", ""},
		{"CASE c WHEN a IN (SELECT b FROM u) THEN TRUE END", ""},
		{"CASE WHEN NOT a IN (SELECT b FROM u) THEN 1 ELSE 2 END = 2", ""},
		{"CASE WHEN c THEN a IN (SELECT b FROM u) END IS NULL", ""},
		{"EXISTS (SELECT b FROM u)", ""},
		{"a = (SELECT b FROM u)", ""},
	} {
		where := parse(t, "SELECT 1 FROM t WHERE "+tt.where).Branches[0].Where
		x, ok := where.Member(where.Subqueries[0], true)
		if got := x.Text(); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %q, %t, want %q", tt.where, got, ok, tt.want)
		}
	}
	item := parse(t, "SELECT a IN (SELECT b FROM u) AS x FROM t").Branches[0].Items[0]
	if _, ok := item.Expr.Member(item.Expr.Subqueries[0], false); ok {
		t.Error("the value of IN in the SELECT list: got a condition")
	}
}
