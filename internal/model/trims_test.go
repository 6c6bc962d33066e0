package model_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/model"
)

// TestTrims: a build leaves RTRIM out where a staging table has nothing to trim in the column, and
// nowhere else. That its rows are the same, the property tests show: their builds know what is
// trimmed.
func TestTrims(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"a column": {
			"SELECT k, RTRIM(t) AS t, RTRIM(u) AS u FROM s_a",
			"SELECT k, CAST(t AS TEXT) AS t, RTRIM(u) AS u FROM",
		},
		"by an alias": {
			"SELECT a.k, rtrim( a.t ) AS t, '' AS u FROM s_a AS a",
			"SELECT a.k, CAST(a.t AS TEXT) AS t",
		},
		"in brackets": {"SELECT k, RTRIM((t)) AS t, u FROM s_a", "SELECT k, CAST(t AS TEXT) AS t"},
		"in WHERE": {
			"SELECT k, t, u FROM s_a WHERE RTRIM(t) <> ''",
			"WHERE CAST(t AS TEXT) <> ''",
		},
		"inside a call": {
			"SELECT k, UPPER(RTRIM(t)) || RTRIM(u) AS t, u FROM s_a",
			"UPPER(CAST(t AS TEXT)) || RTRIM(u)",
		},
		"in a subquery": {
			"SELECT k, t, u FROM (SELECT k, RTRIM(t) AS t, u FROM s_a) AS a",
			"SELECT k, CAST(t AS TEXT) AS t, u FROM",
		},
		"above a subquery": {
			"SELECT k, RTRIM(t) AS t, u FROM (SELECT k, t || ' ' AS t, u FROM s_a) AS a",
			"SELECT k, RTRIM(t) AS t, u FROM",
		},
		"in WITH": {
			"WITH a AS (SELECT k, RTRIM(t) AS t, u FROM s_a) SELECT k, t, u FROM a",
			"SELECT k, CAST(t AS TEXT) AS t, u FROM",
		},
		"of a WITH query": {
			"WITH s_c AS (SELECT k, t || ' ' AS t, u FROM s_a) SELECT k, RTRIM(t) AS t, u FROM s_c",
			"SELECT k, RTRIM(t) AS t, u FROM",
		},
		"in every branch": {
			"SELECT k, RTRIM(t) AS t, u FROM s_a UNION SELECT k, RTRIM(t), u FROM s_b",
			"SELECT k, RTRIM(t), u FROM",
		},
		"of another table": {
			"SELECT a.k, RTRIM(b.t) AS t, a.u FROM s_a AS a INNER JOIN s_b AS b ON RTRIM(b.t) = RTRIM(a.t)",
			"RTRIM(b.t) = CAST(a.t AS TEXT)",
		},
		"without an alias": {
			"SELECT k, a.rtrim AS t, u FROM (SELECT k, RTRIM(t), u FROM s_a) AS a",
			"SELECT k, RTRIM(t), u FROM",
		},
		"of a WITH query in a subquery": {
			"SELECT k, t, u FROM (WITH s_a AS (SELECT k, t || ' ' AS t, u FROM s_a) " +
				"SELECT i.k, i.t, i.u FROM (SELECT k, RTRIM(t) AS t, u FROM s_a) AS i) AS o",
			"(SELECT k, RTRIM(t) AS t, u FROM s_a) AS i",
		},
		"grouped, as a column that is not known": {
			"SELECT a.k, RTRIM(a.t) AS t, MIN(a.u) AS u FROM s_a AS a CROSS JOIN generate_series(1, 2) AS n " +
				"GROUP BY a.k, RTRIM(t)",
			"GROUP BY a.k, RTRIM(t)",
		},
		"in a branch's order": {
			"(SELECT DISTINCT k, RTRIM(t) AS t, u FROM s_a ORDER BY k, RTRIM(t), u LIMIT 2) " +
				"UNION ALL SELECT k, t, u FROM s_b",
			"(SELECT DISTINCT k, RTRIM(t) AS t, u FROM",
		},
		"of an expression":     {"SELECT k, RTRIM(t || ' ') AS t, u FROM s_a", "RTRIM(t || ' ')"},
		"of another character": {"SELECT k, RTRIM(t, 'x') AS t, u FROM s_a", "RTRIM(t, 'x')"},
		"of DISTINCT, in its order": {
			"SELECT DISTINCT k, RTRIM(t) AS t, u FROM s_a ORDER BY k, RTRIM(t), u LIMIT 2",
			"SELECT DISTINCT k, RTRIM(t) AS t, u FROM",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, inlineProject(t, `CREATE TABLE s_a (
				k INTEGER, t VARCHAR(9), u VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
			CREATE TABLE s_b (k INTEGER, t VARCHAR(9), u VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
			CREATE TABLE d_a (k INTEGER PRIMARY KEY, t VARCHAR(99), u VARCHAR(99));`,
				map[string]string{"110_d_a": "-- d_a: one per k.\n-- key: k\n-- pick: t, u\n" + c.sql + ";"}))
			recorder := &model.Recorder{}
			x := model.NewRun(model.Options{
				Graph: s.graph, Session: recorder, Scratch: "scratch", Live: "public", Large: 1000,
				Staged: map[string]model.Staged{"s_a": {Trimmed: []string{"t"}}, "s_b": {Trimmed: []string{"u"}}},
			})
			done := func(*model.Model, *model.Table) error { return nil }
			if err := x.Build(t.Context(), s.graph.Models, done); err != nil {
				t.Fatal(err)
			}
			var sent strings.Builder
			for _, statement := range recorder.Statements {
				sent.WriteString(statement.SQL + "\n")
			}
			if !strings.Contains(sent.String(), c.want) {
				t.Errorf("got\n%s\nwant %s in it", sent.String(), c.want)
			}
			s.exec("INSERT INTO s_a (k, t, u) VALUES (1, 'x', 'y '), (2, ' x', 'z')")
			s.exec("INSERT INTO s_b VALUES (1, 'x ', 'y')")
			s.must(s.built()) // PostgreSQL takes the statements
		})
	}
}
