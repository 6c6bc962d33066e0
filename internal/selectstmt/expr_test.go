package selectstmt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// calls prints the calls with their arguments and flags.
func calls(e selectstmt.Expr) string {
	var list []string
	for _, c := range e.Calls {
		var args []string
		for _, a := range c.Args {
			args = append(args, a.Text())
		}
		s := c.Name
		if c.Schema != "" {
			s = c.Schema + "." + s
		}
		if !c.Bare {
			s += "(" + strings.Join(args, "; ") + ")"
		}
		for _, flag := range []struct {
			set  bool
			text string
		}{{c.Star, "*"}, {c.Distinct, " distinct"}, {c.Over, " over"}, {c.Filter, " filter"}} {
			if flag.set {
				s += flag.text
			}
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

func TestExpressions(t *testing.T) {
	tests := []struct{ sql, columns, calls string }{
		{"a + t.b * s.t.c", "a t.b s.t.c", ""},
		{`"A b"."Limit" || t.from`, `A b.Limit t.from`, ""},
		{"CURRENT_DATE - d", "d", "current_date"},
		{"CURRENT_TIMESTAMP(3) > now()", "", "current_timestamp(3), now()"},
		{"SESSION_USER = u", "u", "session_user"},
		{"a IS NOT NULL AND b IS DISTINCT FROM c OR NOT d", "a b c d", ""},
		{"a IS NOT DISTINCT FROM b", "a b", ""},
		{"a IS NOT UNKNOWN AND b IS TRUE", "a b", ""},
		{"CASE a WHEN b THEN c ELSE d END", "a b c d", ""},
		{"a BETWEEN SYMMETRIC b AND c", "a b c", ""},
		{"a NOT LIKE b ESCAPE '!' AND c SIMILAR TO d", "a b c d", ""},
		{"EXTRACT(hour FROM a)", "a", "extract(a)"},
		{"EXTRACT(EPOCH FROM (a - b))", "a b", "extract((a - b))"},
		{"SUBSTRING(a FROM b FOR c)", "a b c", "substring(a; b; c)"},
		{"TRIM(BOTH ' ' FROM a) || TRIM(LEADING FROM b)", "a b", "trim(' '; a), trim(b)"},
		{"OVERLAY(a PLACING b FROM 1)", "a b", "overlay(a; b; 1)"},
		{"POSITION('x' IN a)", "a", "position('x' IN a)"},
		{"CAST(a + 1 AS NUMERIC(10, 2))", "a", "cast(a + 1)"},
		{"CAST(a AS TIMESTAMP WITH TIME ZONE)", "a", "cast(a)"},
		{"a::double precision + b::pg_catalog.int4[] - c::varchar(3)::timestamp(3) with time zone", "a b c", ""},
		{"INTERVAL '1' day + INTERVAL '1-2' YEAR TO MONTH + a", "a", ""},
		{"TIMESTAMP 'epoch' + DATE '2020-01-01' + TIMESTAMP WITH TIME ZONE 'now'", "", ""},
		{`a COLLATE "C" < b`, "a b", ""},
		{"a AT TIME ZONE 'UTC' AT TIME ZONE b", "a b", ""},
		{"COUNT(*)", "", "count()*"},
		{"COUNT(DISTINCT a)", "a", "count(a) distinct"},
		{"COUNT(t.*)", "t.*", "count(t.*)"},
		{"SUM(a) FILTER (WHERE b > 0) OVER (PARTITION BY c ORDER BY d DESC NULLS LAST " +
			"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)", "a b c d", "sum(a) over filter"},
		{"ROW_NUMBER() OVER (w ROWS 1 PRECEDING)", "", "row_number() over"},
		{"LAG(a) IGNORE NULLS OVER w", "a", "lag(a) over"},
		{"LISTAGG(a, ',') WITHIN GROUP (ORDER BY b, c) OVER (PARTITION BY d)", "a b c d", "listagg(a; ',') over"},
		{"string_agg(a, ',' ORDER BY b, c)", "a b c", "string_agg(a; ',')"},
		{"COALESCE(LEFT(a, 1), RIGHT(b, 2))", "a b", "coalesce(LEFT(a, 1); RIGHT(b, 2)), left(a; 1), right(b; 2)"},
		{"pg_catalog.lower(a)", "a", "pg_catalog.lower(a)"},
		{"ARRAY[a, b][1] = ANY (c)", "a b c", ""},
		{"(a).b.c + (f(d)).*", "a d", "f(d)"},
		{"ROW(a, b) = (c, d)", "a b c d", ""},
		{"DATEDIFF(day, a, b)", "a b", "datediff(day; a; b)"},
		{"CONVERT(INTEGER, a)", "a", "convert(a)"},
		{"make_interval(days => a)", "a", "make_interval(days => a)"},
		{"year + month + hour", "year month hour", ""},
		{"-a + $1 + :'x' + :\"y\"", "a", ""},
		{"a /* b */ + -- c\n d", "a d", ""},
		{"EXISTS (SELECT b FROM t) AND a", "a", ""},
		{"EXISTS(SELECT 1) = ANY (SELECT b FROM t)", "", ""},
		{"f((SELECT x FROM t), a)", "a", "f((SELECT x FROM t); a)"},
	}
	for _, tt := range tests {
		q := parse(t, "SELECT "+tt.sql+" AS x FROM t")
		item := q.Branches[0].Items[0]
		if got := strings.Join(columns(item.Expr), " "); got != tt.columns || len(q.Branches[0].Items) != 1 {
			t.Errorf("%s: got columns %s, want %s", tt.sql, got, tt.columns)
		}
		if got := calls(item.Expr); got != tt.calls {
			t.Errorf("%s: got calls %s, want %s", tt.sql, got, tt.calls)
		}
		if got := item.Expr.Text(); got != tt.sql || item.Name != "x" {
			t.Errorf("%s: got %q named %q, want all of it named x", tt.sql, got, item.Name)
		}
		// The same holds in a condition.
		where := parse(t, "SELECT 1 FROM t WHERE "+tt.sql).Branches[0].Where
		if got := strings.Join(columns(*where), " "); got != tt.columns {
			t.Errorf("WHERE %s: got columns %s, want %s", tt.sql, got, tt.columns)
		}
	}
}

func TestRedshiftSysdate(t *testing.T) {
	for e, want := range map[sqlfile.Engine]string{sqlfile.Postgres: "", sqlfile.Redshift: "sysdate"} {
		q, err := selectstmt.Parse(statement(t, e, "SELECT SYSDATE"))
		if err != nil {
			t.Fatal(err)
		}
		if got := calls(q.Branches[0].Items[0].Expr); got != want {
			t.Errorf("SYSDATE on %s: got calls %q, want %q", e, got, want)
		}
	}
}

func TestItems(t *testing.T) {
	q := parse(t, `SELECT *, t.*, a, (b), ((t.c)), d AS "D d", e x, f::int y, g() z, h(), 'i' AS i, "J",
		CASE WHEN a THEN b END k, count(*) OVER w, interval '1' day AS until, m AS order, -n FROM t`)
	var got []string
	for _, item := range q.Branches[0].Items {
		s := item.Name
		if item.Star {
			s += "*"
		}
		if item.Column != nil {
			s += "=" + item.Column.Column
		}
		got = append(got, s)
	}
	want := "*|*|a=a|b=b|c=c|D d=d|x=e|y|z||i|J=J|k||until|order=m|"
	if strings.Join(got, "|") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
	}
}

func TestSubqueryKinds(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"a IN (SELECT b FROM t)", "IN"},
		{"a NOT IN ((SELECT b FROM t))", "NOT IN"},
		{"a IN (VALUES (1), (2))", "IN"},
		{"a IN (1, 2)", ""},
		{"EXISTS (WITH x AS (SELECT 1) SELECT 1 FROM x)", "EXISTS"},
		{"NOT EXISTS (SELECT 1)", "NOT EXISTS"},
		{"a = ANY (SELECT 1) OR a > SOME (SELECT 2) OR a < ALL (SELECT 3)", "ANY, ANY, ALL"},
		{"ARRAY(SELECT 1) = a", "ARRAY"},
		{"(SELECT 1) = ((SELECT 2) + 1)", "SCALAR, SCALAR"},
		{"((SELECT 1) UNION (SELECT 2)) = 3", "SCALAR"},
		{"((SELECT 1), (SELECT 2)) = (3, 4)", "SCALAR, SCALAR"},
		{"coalesce((SELECT 1), (SELECT 2)) = 3", "SCALAR, SCALAR"},
		{"(SELECT (SELECT 1)) = 2", "SCALAR, SCALAR"},
	}
	for _, tt := range tests {
		if got := kinds(parse(t, "SELECT 1 FROM t WHERE "+tt.sql)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.sql, got, tt.want)
		}
	}
}

func TestConjuncts(t *testing.T) {
	tests := []struct {
		sql  string
		want []string
	}{
		{"a = b", []string{"a = b|a,b"}},
		{"(t.a != (u.b)) AND c", []string{"t.a <> (u.b)|a,b", "c"}},
		{"a BETWEEN b AND c AND d <= 1", []string{"a BETWEEN b AND c", "d <= 1|d,"}},
		{"a = 1 AND (b = 2 AND (c = 3 OR d = 4))", []string{"a = 1|a,", "b = 2|b,", "c = 3 OR d = 4"}},
		{"a = 1 OR b = 2 AND c = 3", []string{"a = 1 OR b = 2 AND c = 3"}},
		{"CASE WHEN a = 1 AND b = 2 THEN c END = d", []string{"CASE WHEN a = 1 AND b = 2 THEN c END = d|,d"}},
		{"NOT a = b", []string{"NOT a = b"}},
		{"a = ANY (SELECT b FROM t) AND (SELECT 1) = c", []string{"a = ANY (SELECT b FROM t)", "(SELECT 1) = c|,c"}},
		{"lower(a) = lower(b) AND t.end = u.and", []string{"lower(a) = lower(b)|,", "t.end = u.and|end,and"}},
		{"a IS NOT DISTINCT FROM b AND c > d || e", []string{"a IS NOT DISTINCT FROM b", "c > d || e|c,"}},
		{"a", []string{"a"}},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range parse(t, "SELECT 1 FROM t WHERE "+tt.sql).Branches[0].Where.Conjuncts() {
			s := c.Expr.Text()
			if c.Op != "" {
				column := func(c *selectstmt.ColumnRef) string {
					if c == nil {
						return ""
					}
					return c.Column
				}
				s = fmt.Sprintf("%s %s %s|%s,%s", c.Left.Text(), c.Op, c.Right.Text(),
					column(c.LeftColumn), column(c.RightColumn))
			}
			got = append(got, s)
		}
		if strings.Join(got, " & ") != strings.Join(tt.want, " & ") {
			t.Errorf("%s: got %q, want %q", tt.sql, got, tt.want)
		}
	}
	var none *selectstmt.Expr
	if got := none.Conjuncts(); got != nil {
		t.Errorf("nil: got %v, want none", got)
	}
}
