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
			testTrims(t, c.sql, c.want, 0)
		})
	}
}

// TestTrimsFound: a build of many rows trims just the texts that end in a blank, in SELECT lists,
// where a staging table is not known to have nothing to trim.
func TestTrimsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"a column": {
			`SELECT k, RTRIM(t) AS t, rtrim( s_a."u" ) AS u FROM s_a`,
			`CAST(t AS TEXT) AS t, CASE WHEN s_a."u" COLLATE "C" LIKE '% ' THEN rtrim( s_a."u" ) ` +
				`ELSE CAST(s_a."u" AS TEXT) END AS u FROM`,
		},
		"inside a call, in a subquery": {
			"SELECT k, t, u FROM (SELECT k, '' AS t, UPPER(RTRIM(b.t)) || '' AS u FROM s_b AS b) AS a",
			`UPPER(CASE WHEN b.t COLLATE "C" LIKE '% ' THEN RTRIM(b.t) ELSE CAST(b.t AS TEXT) END) || '' AS u`,
		},
		"but not in WHERE": {"SELECT k, t, u FROM s_a WHERE RTRIM(u) <> ''", "WHERE RTRIM(u) <> ''"},
		"nor in ON": {
			"SELECT a.k, a.t, a.u FROM s_a AS a INNER JOIN s_b AS b ON RTRIM(b.t) = RTRIM(a.u)",
			"ON RTRIM(b.t) = RTRIM(a.u)",
		},
		"nor where GROUP BY repeats it": {
			"SELECT k, MIN(t) AS t, RTRIM(u) AS u FROM s_a GROUP BY k, RTRIM(u)",
			"RTRIM(u) AS u FROM",
		},
		"nor where ORDER BY repeats it": {
			"SELECT DISTINCT k, t, RTRIM(u) AS u FROM s_a ORDER BY k, t, RTRIM(u) LIMIT 2", "RTRIM(u) AS u FROM",
		},
		"nor of an expression": {"SELECT k, t, RTRIM(u || ' ') AS u FROM s_a", "RTRIM(u || ' ') AS u FROM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testTrims(t, c.sql, c.want, 1000)
		})
	}
}

// testTrims wants a text in what a build sends for a model, with so many rows in each staging
// table. A build of many has 1,000.
func testTrims(t *testing.T, sql, want string, rows int64) {
	t.Helper()
	s := newStore(t, inlineProject(t, `CREATE TABLE s_a (
		k INTEGER, t VARCHAR(9), u VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
	CREATE TABLE s_b (k INTEGER, t VARCHAR(9), u VARCHAR(9), processed BOOLEAN DEFAULT FALSE NOT NULL);
	CREATE TABLE d_a (k INTEGER PRIMARY KEY, t VARCHAR(99), u VARCHAR(99));`,
		map[string]string{"110_d_a": "-- d_a: one per k.\n-- key: k\n-- pick: t, u\n" + sql + ";"}))
	recorder := &model.Recorder{}
	x := model.NewRun(model.Options{
		Graph: s.graph, Session: recorder, Scratch: "scratch", Live: "public", Large: 1000,
		Staged: map[string]model.Staged{
			"s_a": {Unprocessed: rows, Trimmed: []string{"t"}}, "s_b": {Unprocessed: rows, Trimmed: []string{"u"}},
		},
	})
	done := func(*model.Model, *model.Table) error { return nil }
	if err := x.Build(t.Context(), s.graph.Models, done); err != nil {
		t.Fatal(err)
	}
	var sent strings.Builder
	for _, statement := range recorder.Statements {
		sent.WriteString(statement.SQL + "\n")
	}
	if !strings.Contains(sent.String(), want) {
		t.Errorf("got\n%s\nwant %s in it", sent.String(), want)
	}
	s.exec("INSERT INTO s_a (k, t, u) VALUES (1, 'x', 'y '), (2, ' x', 'z')")
	s.exec("INSERT INTO s_b VALUES (1, 'x ', 'y')")
	s.must(s.built()) // PostgreSQL takes the statements
}
