package selectstmt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

func parse(t *testing.T, sql string) *selectstmt.Query {
	t.Helper()
	q, err := selectstmt.Parse(statement(t, sqlfile.Postgres, sql))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return q
}

func statement(t *testing.T, e sqlfile.Engine, sql string) sqlfile.Statement {
	t.Helper()
	f, err := sqlfile.Parse("x.sql", sql)
	if err != nil {
		t.Fatal(err)
	}
	statements := f.Statements(e)
	if len(statements) != 1 {
		t.Fatalf("%q: got %d statements, want 1", sql, len(statements))
	}
	return statements[0]
}

func texts(t *testing.T, glob string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: got %d files, error %v, want some", glob, len(files), err)
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(file), ".sql")] = string(text)
	}
	return found
}

// from prints the items of FROM: join, relation, alias, and what else is set.
func from(items []selectstmt.FromItem) []string {
	var list []string
	for _, item := range items {
		s := item.Relation
		switch {
		case item.Query != nil:
			s = "(query)"
		case item.Function != "":
			s = item.Function + "()"
		case item.Schema != "":
			s = item.Schema + "." + s
		}
		if item.Join != selectstmt.First {
			s = string(item.Join) + " " + s
		}
		for _, flag := range []struct {
			set  bool
			text string
		}{
			{item.Aliased, " AS " + item.Alias}, {item.Columns != nil, fmt.Sprint(" ", item.Columns)},
			{item.CTE, " cte"}, {item.Lateral, " lateral"}, {item.Nested, " nested"},
			{item.On != nil, " ON " + item.On.Text()}, {item.Using != nil, fmt.Sprint(" USING ", item.Using)},
		} {
			if flag.set {
				s += flag.text
			}
		}
		list = append(list, s)
	}
	return list
}

func columns(e selectstmt.Expr) []string {
	var list []string
	for _, c := range e.Columns {
		s := c.Column
		if c.Table != "" {
			s = c.Table + "." + s
		}
		if c.Schema != "" {
			s = c.Schema + "." + s
		}
		list = append(list, s)
	}
	return list
}

func names(q *selectstmt.Query) string {
	var list []string
	for _, r := range q.Relations() {
		list = append(list, r.Relation)
	}
	return strings.Join(list, " ")
}

func kinds(q *selectstmt.Query) string {
	var list []string
	q.Walk(func(q *selectstmt.Query) {
		for _, e := range q.Exprs() {
			for _, s := range e.Subqueries {
				list = append(list, s.Kind)
			}
		}
	})
	return strings.Join(list, ", ")
}

func itemNames(s *selectstmt.Select) string {
	var list []string
	for _, item := range s.Items {
		list = append(list, item.Name)
	}
	return strings.Join(list, " ")
}

func TestModels(t *testing.T) {
	tests := map[string]struct {
		relations, items string
		from             []string
	}{
		"101_song": {"s_song", "song_id title artist_id artist_name location latitude longitude duration year",
			[]string{"s_song"}},
		"102_songplay": {"s_songplay_event", "songplay_id start_time played_at user_id session_id item_in_session ts " +
			"song artist length level location user_agent first_name last_name gender", []string{"(query) AS event"}},
		"103_name_sex":    {"s_name", "name sex births", []string{"s_name"}},
		"104_name_artist": {"song", "name artist_id", []string{"song"}},
		"110_d_song":      {"song", "song_id title artist_id year duration", []string{"song"}},
		"120_d_artist": {"song song",
			"artist_id name location latitude longitude named songs letters mapped placed song_id",
			[]string{"song", "LEFT (query) AS spelling ON spelling.artist_id = song.artist_id\n" +
				"    AND spelling.artist_name = song.artist_name"}},
		"130_d_user": {"songplay name_sex",
			"user_id first_name last_name gender level last_ts last_session_id last_item_in_session",
			[]string{"songplay AS play", "LEFT name_sex AS given ON given.name = play.first_name"}},
		"140_d_time": {"songplay", "start_time hour day week month year weekday", []string{"songplay"}},
		"210_f_songplay": {"songplay song name_artist",
			"songplay_id start_time played_at user_id artist_id song_id level " +
				"session_id location user_agent distance",
			[]string{
				"songplay AS play",
				"LEFT song ON song.title = play.song\n    AND song.artist_name = play.artist\n" +
					"    AND song.song_id IS NOT NULL\n    AND song.artist_id IS NOT NULL",
				"LEFT name_artist AS named ON named.name = play.artist",
			}},
	}
	for name, text := range texts(t, "testdata/models/*.sql") {
		want, ok := tests[name]
		if !ok {
			t.Errorf("%s: got no test case, want one", name)
			continue
		}
		for _, e := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
			q, err := selectstmt.Parse(statement(t, e, text))
			if err != nil {
				t.Errorf("%s on %s: %v", name, e, err)
				continue
			}
			if got := names(q); got != want.relations {
				t.Errorf("%s on %s: got relations %s, want %s", name, e, got, want.relations)
			}
			if got := itemNames(q.Branches[0]); got != want.items {
				t.Errorf("%s on %s: got items %s, want %s", name, e, got, want.items)
			}
			if diff := cmp.Diff(want.from, from(q.Branches[0].From)); diff != "" {
				t.Errorf("%s on %s: FROM: got +, want -:\n%s", name, e, diff)
			}
		}
	}
}

func TestModelExpressions(t *testing.T) {
	models := texts(t, "testdata/models/*.sql")
	want := map[string][]string{
		"102_songplay": {"id", "played_at", "played_at", "user_id", "session_id", "item_in_session", "ts", "song",
			"artist", "length", "level", "location", "user_agent", "first_name", "last_name", "gender"},
		"140_d_time": strings.Fields(strings.Repeat("start_time ", 7)),
		"101_song": {"song_id", "title", "artist_id", "artist_name", "artist_location", "artist_location",
			"artist_latitude", "artist_longitude", "duration", "year"},
	}
	for name, columnsWant := range want {
		var got []string
		for _, item := range parse(t, models[name]).Branches[0].Items {
			got = append(got, columns(item.Expr)...)
		}
		if diff := cmp.Diff(columnsWant, got); diff != "" {
			t.Errorf("%s: columns: got +, want -:\n%s", name, diff)
		}
	}
	inner := parse(t, models["102_songplay"]).Branches[0].From[0].Query.Branches[0]
	if got := len(inner.Where.Conjuncts()); got != 5 {
		t.Errorf("102_songplay: got %d conjuncts, want 5", got)
	}
	if got, want := columns(inner.Items[1].Expr), []string{"ts", "ts"}; !cmp.Equal(got, want) {
		t.Errorf("102_songplay: played_at: got columns %v, want %v", got, want)
	}
}

func TestTPCH(t *testing.T) {
	tests := map[string]struct{ relations, kinds string }{
		"01": {"lineitem", ""},
		"02": {"part supplier partsupp nation region partsupp supplier nation region", "SCALAR"},
		"03": {"customer orders lineitem", ""},
		"04": {"orders lineitem", "EXISTS"},
		"05": {"customer orders lineitem supplier nation region", ""},
		"06": {"lineitem", ""},
		"07": {"supplier lineitem orders customer nation nation", ""},
		"08": {"part supplier lineitem orders customer nation nation region", ""},
		"09": {"part supplier lineitem partsupp orders nation", ""},
		"10": {"customer orders lineitem nation", ""},
		"11": {"partsupp supplier nation partsupp supplier nation", "SCALAR"},
		"12": {"orders lineitem", ""},
		"13": {"customer orders", ""},
		"14": {"lineitem part", ""},
		"15": {"lineitem supplier", "SCALAR"},
		"16": {"partsupp part supplier", "NOT IN"},
		"17": {"lineitem part lineitem", "SCALAR"},
		"18": {"customer orders lineitem lineitem", "IN"},
		"19": {"lineitem part", ""},
		"20": {"supplier nation partsupp part lineitem", "IN, IN, SCALAR"},
		"21": {"supplier lineitem orders nation lineitem lineitem", "EXISTS, NOT EXISTS"},
		"22": {"customer customer orders", "SCALAR, NOT EXISTS"},
	}
	// Columns of tables have a prefix, and these are the queries' own names.
	own := " supp_nation cust_nation l_year volume nation o_year amount c_count custdist revenue value " +
		"supplier_no total_revenue supplier_cnt numwait cntrycode "
	found := texts(t, "testdata/tpch/*.sql")
	if len(found) != len(tests) {
		t.Errorf("got %d queries, want %d", len(found), len(tests))
	}
	for name, text := range found {
		q := parse(t, text)
		if got := names(q); got != tests[name].relations {
			t.Errorf("%s: got relations %s, want %s", name, got, tests[name].relations)
		}
		if got := kinds(q); got != tests[name].kinds {
			t.Errorf("%s: got subqueries %s, want %s", name, got, tests[name].kinds)
		}
		q.Walk(func(q *selectstmt.Query) {
			for _, e := range q.Exprs() {
				for _, c := range e.Columns {
					prefix, _, _ := strings.Cut(c.Column, "_")
					if !strings.Contains(" l o c s n r p ps ", " "+prefix+" ") &&
						!strings.Contains(own, " "+c.Column+" ") {
						t.Errorf("%s: got column %s, want the columns of TPC-H only", name, c.Column)
					}
				}
				for _, c := range e.Calls {
					if !strings.Contains(" sum avg min max count extract substring ", " "+c.Name+" ") {
						t.Errorf("%s: got call %s, want the functions of TPC-H only", name, c.Name)
					}
				}
			}
		})
	}
}

func TestFaults(t *testing.T) {
	tests := []struct{ sql, want string }{
		{"INSERT INTO t SELECT a FROM u", `x.sql:1:1: found "INSERT", want SELECT`},
		{"WITH a AS (DELETE FROM t RETURNING a) SELECT a FROM a", `x.sql:1:12: found "DELETE", want SELECT`},
		{"SELECT a FROM (SELECT b FROM t", `x.sql:1:15: "(" is never closed`},
		{"SELECT a) FROM t", `x.sql:1:9: ")" closes nothing`},
		{"SELECT a[1) FROM t", `x.sql:1:11: ")" closes nothing`},
		{"SELECT", "x.sql:1:7: SELECT without columns"},
		{"SELECT\n FROM t", "x.sql:2:2: SELECT without columns"},
		{"SELECT a, FROM t", `x.sql:1:11: found "FROM", want an expression`},
		{"SELECT a INTO t FROM u", "x.sql:1:10: SELECT INTO creates a table"},
		{"SELECT a FROM t WHERE", "x.sql:1:22: WHERE without an expression"},
		{"SELECT a FROM t JOIN u ON", "x.sql:1:26: ON without an expression"},
		{"SELECT a FROM t ON a = b", "x.sql:1:17: ON without a join"},
		{"SELECT a FROM t, WHERE a", `x.sql:1:18: found "WHERE", want a table`},
		{"SELECT a FROM t AS", "x.sql:1:19: found the end, want a name after AS"},
		{"SELECT a FROM t x y", `x.sql:1:19: found "y", want the end of the query`},
		{"SELECT a b c FROM t", `x.sql:1:12: found "c", want the end of the query`},
		{"SELECT a FROM t UNION", "x.sql:1:22: found the end, want SELECT"},
		{"SELECT a FROM (SELECT b FROM t) WHERE a IN (SELECT FROM u)", "x.sql:1:52: SELECT without columns"},
		{"SELECT a FROM t JOIN u USING ()", "x.sql:1:32: USING without columns"},
		{"SELECT a FROM " + strings.Repeat("(", 500) + "t" + strings.Repeat(")", 500),
			"x.sql:1:415: more than 400 nested parentheses"},
	}
	for _, tt := range tests {
		_, err := selectstmt.Parse(statement(t, sqlfile.Postgres, tt.sql))
		var fault *sqlfile.Error
		if !errors.As(err, &fault) || fault.Error() != tt.want || fault.Hint == "" {
			t.Errorf("%.60q: got error %v, want %s, with a hint", tt.sql, err, tt.want)
		}
	}
}
