package transform_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// parallel makes a run build as one over millions of rows does.
func parallel(o *transform.Options) { o.ParallelRows = 1 }

func statement(t *testing.T, sql string) sqlfile.Statement {
	t.Helper()
	file, err := sqlfile.Parse("x.sql", sql+";\n")
	if err != nil {
		t.Fatal(err)
	}
	return file.Statements(sqlfile.Postgres)[0]
}

func TestParseMaking(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ sql, table, query string }{
		{"CREATE TABLE touched_f_play AS SELECT 1 AS id", "f_play", " SELECT 1 AS id"},
		{"create table -- rows\n\"touched_f_play\" as\nSELECT 1 AS id -- end", "f_play", "\nSELECT 1 AS id"},
		{"CREATE TABLE picked AS SELECT 1 AS id", "", ""},
		{"CREATE TABLE touched_f_play (id INTEGER)", "", ""},
		{"CREATE TEMP TABLE touched_f_play AS SELECT 1 AS id", "", ""},
		{"CREATE TABLE IF NOT EXISTS touched_f_play AS SELECT 1 AS id", "", ""},
		{"CREATE TABLE touched_f_play AS", "", ""},
		{"CREATE VIEW touched_f_play AS SELECT 1 AS id", "", ""},
	} {
		table, query, ok := transform.ParseMaking(statement(t, one.sql))
		if ok != (one.table != "") || ok && (string(table) != one.table || query != one.query) {
			t.Errorf("%s: got %q %q %t, want %q %q", one.sql, table, query, ok, one.table, one.query)
		}
	}
}

func TestParseMove(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ sql, table, columns string }{
		{"INSERT INTO f_play (id, level) SELECT touched.id, touched.level FROM touched_f_play AS touched", "f_play", "id level"},
		{"insert into f_play (id, level) select id, level from touched_f_play", "f_play", "id level"},
		{"INSERT INTO f_play (id) SELECT t.id FROM touched_f_play t ORDER BY t.id DESC, t.id + 1", "f_play", "id"},
		{`INSERT INTO "f_play" ("id") SELECT "t"."id" FROM "touched_f_play" AS "t" -- end`, "f_play", "id"},
		{"INSERT INTO f_play (id) SELECT touched_f_play.id FROM touched_f_play", "f_play", "id"},
		{"INSERT INTO f_play (id, level) SELECT level, id FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) SELECT DISTINCT id FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) SELECT id + 1 FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) SELECT RTRIM(id) FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) SELECT id AS x FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) SELECT id, level FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id, level) SELECT id FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) SELECT a.id FROM touched_f_play AS a, other", "", ""},
		{"INSERT INTO f_play (id) SELECT id FROM touched_f_play WHERE id > 1", "", ""},
		{"INSERT INTO f_play (id) SELECT id FROM touched_f_play AS t WHERE id > 1", "", ""},
		{"INSERT INTO f_play (id) SELECT id FROM touched_f_play LIMIT 1", "", ""},
		{"INSERT INTO f_play (id) SELECT id FROM touched_f_play UNION SELECT 2", "", ""},
		{"INSERT INTO f_play (id) SELECT id FROM touched_f_play ORDER BY id LIMIT 1", "", ""},
		{"INSERT INTO f_play (id) SELECT id FROM touched_d_user", "", ""},
		{"INSERT INTO f_play SELECT id FROM touched_f_play", "", ""},
		{"INSERT INTO f_play (id) VALUES (1)", "", ""},
		{"INSERT INTO f_play (id", "", ""},
		{"DELETE FROM f_play", "", ""},
	} {
		table, columns, ok := transform.ParseMove(statement(t, one.sql))
		var names []string
		for _, column := range columns {
			names = append(names, string(column))
		}
		if ok != (one.table != "") || ok && (table != catalogue.Name(one.table) || strings.Join(names, " ") != one.columns) {
			t.Errorf("%s: got %q %q %t, want %q %q", one.sql, table, names, ok, one.table, one.columns)
		}
	}
}

// wide is a warehouse with plays in staging, and as many users and hours.
func wide(t *testing.T) (*warehouse, *source) {
	t.Helper()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1"), song("S2", "A2")}}, "lines")
	var plays []star.Event
	for i := range int64(40) {
		plays = append(plays, play(string(rune('a'+i%20)), i*1000))
	}
	s.object("log_data/1.json", star.Staging{Events: append(plays, plays[:7]...)}, "lines")
	return w, s
}

// TestFilledTableRefusesWhatInsertRefuses: rows that become the table itself are held to its types as an INSERT holds them. A CAST would cut a text
// that is too long, and read a number out of one.
func TestFilledTableRefusesWhatInsertRefuses(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ name, from, to, want string }{
		{"too long", "    play.user_id,\n    COALESCE(", "    RPAD('x', 100, 'x') AS user_id,\n    COALESCE(", "value too long for type character varying(64)"},
		{"another type", "    play.session_id,\n    /*", "    CAST(play.session_id AS VARCHAR(20)) AS session_id,\n    /*", "column \"session_id\" is of type bigint but expression is of type character varying"},
		{"null", "    play.session_id,\n    /*", "    NULLIF(play.session_id, 1) AS session_id,\n    /*", "column \"session_id\""},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			broken := transformed(t, map[string][2]string{"210_f_songplay.sql": {one.from, one.to}})
			w.run(s.vars())
			_, err := w.runner(nil, parallel, func(o *transform.Options) { o.Steps = broken }).Replay(t.Context(), "test")
			if err == nil || !strings.Contains(err.Error(), one.want) {
				t.Errorf("got %v, want it to say %q", err, one.want)
			}
			w.same()
		})
	}
}

// TestFilledErrorHasItsPlace: what dwh puts around a query does not move the positions in it.
func TestFilledErrorHasItsPlace(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	broken := transformed(t, map[string][2]string{"210_f_songplay.sql": {"    play.user_id,\n    COALESCE(", "    play.user_di,\n    COALESCE("}})
	w.run(s.vars())
	change := func(o *transform.Options) { o.Steps = broken }
	_, plain := w.runner(nil, change).Replay(t.Context(), "test")
	_, filled := w.runner(nil, change, parallel).Replay(t.Context(), "test")
	if plain == nil || filled == nil || plain.Error() != filled.Error() {
		t.Errorf("got %v, want %v", filled, plain)
	}
}

// TestFilledReplayFindsTheSame: a replay that fills tables finds the difference that one that inserts finds.
func TestFilledReplayFindsTheSame(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	w.run(s.vars())
	spoil := `UPDATE f_songplay SET level = 'paid' WHERE user_id = 'a'; DELETE FROM f_songplay WHERE user_id = 'b'; UPDATE d_user SET first_name = 'Nobody' WHERE user_id = 'c'`
	before := w.everything(t)
	var differences [2][]transform.Change
	for i, change := range [][]func(*transform.Options){{}, {parallel}} {
		w.exec(spoil)
		result, err := w.runner(nil, change...).Replay(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		differences[i] = result.Differences
		if got := w.everything(t); got != before {
			t.Errorf("after replay: got\n%s\nwant\n%s", got, before)
		}
	}
	if !slices.Equal(differences[0], differences[1]) {
		t.Errorf("got %+v, want %+v", differences[1], differences[0])
	}
}

// TestFilledTableWithAViewOfTheTransform: what a transform builds on the table while it is empty is no reason to stop.
func TestFilledTableWithAViewOfTheTransform(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	own := transformed(t, map[string][2]string{"210_f_songplay.sql": {"DELETE FROM f_songplay\n", "CREATE VIEW kept AS SELECT songplay_id FROM f_songplay;\n\nDELETE FROM f_songplay\n"}})
	result := w.run(s.vars(), parallel, func(o *transform.Options) { o.Steps = own })
	if result.Flagged != 49 {
		t.Errorf("got %d rows flagged, want 49", result.Flagged)
	}
	w.same()
}
