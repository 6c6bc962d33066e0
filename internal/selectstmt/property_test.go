package selectstmt_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// check parses each statement of a text and checks what every result must have.
func check(t *testing.T, text string) {
	t.Helper()
	f, err := sqlfile.Parse("x.sql", text)
	if err != nil {
		return
	}
	for _, e := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
		for _, s := range f.Statements(e) {
			q, err := selectstmt.Parse(s)
			if err != nil {
				var fault *sqlfile.Error
				if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 || fault.Hint == "" {
					t.Fatalf("%q: got error %v, want an *sqlfile.Error with a position and a hint", text, err)
				}
				continue
			}
			c := checker{t, s.SQL()}
			q.Walk(c.query)
			q.Relations()
		}
	}
}

type checker struct {
	t   *testing.T
	sql string
}

func (c checker) span(what string, start, end int) {
	if start < 0 || start > end || end > len(c.sql) {
		c.t.Fatalf("%q: got %s at %d to %d, want it inside the text of %d bytes", c.sql, what, start, end, len(c.sql))
	}
}

func (c checker) query(q *selectstmt.Query) {
	c.span("query", q.Start, q.End)
	if len(q.Ops) != len(q.Branches)-1 || q.Limit >= len(c.sql) {
		c.t.Fatalf("%q: got %d branches, %d operations, limit %d", c.sql, len(q.Branches), len(q.Ops), q.Limit)
	}
	for _, w := range q.With {
		c.span("WITH", w.Start, w.End)
	}
	for _, s := range q.Branches {
		c.span("SELECT", s.Start, s.End)
		if (len(s.Items) == 0) == (len(s.Values) == 0) {
			c.t.Fatalf("%q: got %d items and %d values, want either", c.sql, len(s.Items), len(s.Values))
		}
		for i, item := range s.From {
			c.span("FROM", item.Start, item.End)
			if (i == 0) != (item.Join == selectstmt.First) {
				c.t.Fatalf("%q: got join %q for item %d", c.sql, item.Join, i)
			}
		}
	}
	for _, e := range q.Exprs() {
		c.expr(*e)
		for _, part := range e.Conjuncts() {
			c.expr(part.Expr)
			c.expr(part.Left)
			c.expr(part.Right)
		}
		for _, sub := range e.Subqueries {
			if x, ok := e.Member(sub, true); ok {
				c.expr(x)
			}
		}
	}
}

func (c checker) expr(e selectstmt.Expr) {
	c.span("expression", e.Start, e.End)
	inside := func(what string, start, end int) {
		c.span(what, start, end)
		if start == end || start < e.Start || end > e.End {
			c.t.Fatalf("%q: got %s at %d to %d, want it inside the expression %q", c.sql, what, start, end, e.Text())
		}
	}
	for _, column := range e.Columns {
		inside("column", column.Start, column.End)
	}
	for _, s := range e.Subqueries {
		inside("subquery", s.Start, s.End)
		inside("subquery", s.Query.Start, s.Query.End)
	}
	for _, call := range e.Calls {
		inside("call", call.Start, call.End)
		for _, arg := range call.Args {
			inside("argument", arg.Start, arg.End)
			c.expr(arg)
		}
	}
}

// TestBrokenTexts cuts the texts behind each token, removes each token, and swaps neighbours.
func TestBrokenTexts(t *testing.T) {
	for _, glob := range []string{"testdata/models/*.sql", "testdata/tpch/*.sql"} {
		for name, text := range texts(t, glob) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t, text)
				tokens := sqlfile.Tokens(text)
				for i, token := range tokens {
					check(t, text[:token.End])
					check(t, text[:token.Start]+text[token.End:])
					if i > 0 {
						check(t, text[:tokens[i-1].Start]+token.Text+" "+tokens[i-1].Text+text[token.End:])
					}
				}
			})
		}
	}
}

// fragments are constructs that the example texts lack.
var fragments = []string{
	"WITH RECURSIVE a (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT x FROM a ORDER BY x OFFSET 1",
	"SELECT DISTINCT ON (a) a, t.*, sum(b) FILTER (WHERE c) OVER (PARTITION BY d ROWS 1 PRECEDING) FROM s.t t (a, b)",
	"(SELECT a FROM t) MINUS (VALUES (1), (2)) LIMIT 3",
	"SELECT a::numeric(3, 1)[], CAST(b AS text), EXTRACT(day FROM c) x FROM t JOIN (u NATURAL JOIN v) USING (a) AS j",
	"SELECT TOP 3 CONVERT(int, a), DATEDIFF(day, b, c) FROM f(1) WITH ORDINALITY, ROWS FROM (g(1)) TABLESAMPLE",
	"SELECT interval '1' day to second (3), ARRAY(SELECT 1)[1:2], (a).b.* QUALIFY x WINDOW w AS (v RANGE CURRENT ROW)",
}

func TestBrokenFragments(t *testing.T) {
	for _, text := range fragments {
		tokens := sqlfile.Tokens(text)
		for i := range tokens {
			for j := range tokens {
				without := slices.Delete(slices.Clone(tokens), max(i, j), max(i, j)+1)
				if i != j {
					without = slices.Delete(without, min(i, j), min(i, j)+1)
				}
				sql := ""
				for _, token := range without {
					sql += token.Text + " "
				}
				check(t, sql)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, sql := range fragments {
		f.Add(sql)
	}
	f.Add("SELECT /*postgres*/ a /*redshift b */ FROM t WHERE a IN (SELECT b FROM u)")
	f.Fuzz(check)
}
