package transform_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

func text(s string) *string     { return &s }
func integer(n int64) *int64    { return &n }
func number(f float64) *float64 { return &f }

// play is a complete songplay of a user.
func play(user string, item int64) star.Event {
	return star.Event{
		Artist: text("Elena"), Song: text(
			"Setanta matins",
		), Length: number(200), Page: text("NextSong"), Level: text("free"), UserID: text(user),
		Session: integer(1), Item: integer(item), TS: integer(
			1541106106796 + item*1000,
		), FirstName: text("Lily"), LastName: text("Koch"),
	}
}

func song(id, artist string) star.Song {
	return star.Song{
		SongID: text(id), Title: text("Setanta matins"), ArtistID: text(artist),
		ArtistName: text("Elena"), Duration: number(200),
	}
}

// loaded is a warehouse that has loaded a song and plays from a folder.
func loaded(t *testing.T) (*warehouse, *source) {
	t.Helper()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0), play("8", 1)}}, "lines")
	w.run(s.vars())
	return w, s
}

// everything is the text of all tables that readers use.
func (w *warehouse) everything(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, table := range []string{"d_song", "d_artist", "d_user", "d_time", "f_songplay"} {
		out.WriteString(dwhtest.TableText(t, w.dsn, table, ""))
	}
	return out.String()
}

func TestSecondRunLoadsNothing(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	before := w.everything(t)
	result := w.run(s.vars())
	for _, load := range result.Loads {
		if load.Objects+load.Rows != 0 {
			t.Errorf("load %s: got %+v, want nothing new", load.Step, load)
		}
	}
	if result.Loads[0].Known != 1 || result.Loads[1].Known != 1 || result.Flagged != 0 || len(result.Transforms) != 0 {
		t.Errorf("second run: got %+v, want one known object a load and no transform", result)
	}
	if after := w.everything(t); after != before {
		t.Errorf("tables after the second run: got %s, want %s", after, before)
	}

	// A rewritten object has another etag and is loaded again; what it held before folds into the
	// same plays.
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0), play("8", 1), play("9", 2)}}, "lines")
	result = w.run(s.vars())
	if load := result.Loads[1]; load.Objects != 1 || load.Rows != 3 || load.Known != 0 {
		t.Errorf("rewritten object: got %+v, want 1 object of 3 rows", load)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event"); got != "5" {
		t.Errorf("staged events: got %s, want 5: staging keeps every delivery", got)
	}
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "3" {
		t.Errorf("plays: got %s, want 3", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_object WHERE table_name = 's_songplay_event'"); got != "2" {
		t.Errorf("ledger: got %s versions of the object, want 2", got)
	}
	w.same()
}

// changed are the project's transforms with one text in one file replaced.
func changed(t *testing.T, name, old, new string) []transform.Step {
	t.Helper()
	return transformed(t, map[string][2]string{name: {old, new}})
}

func TestChangedTransformIsStale(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	with := func(steps []transform.Step) func(*transform.Options) {
		return func(o *transform.Options) { o.Steps = steps }
	}
	// Comments and layout are no change.
	commented := changed(t, "110_d_song.sql", "    year,", "    year, -- of the record\n\n")
	if result := w.run(s.vars(), with(commented)); result.Replayed || len(result.Stale) > 0 {
		t.Errorf("a comment: got %+v, want no replay", result.Stale)
	}

	upper := changed(t, "110_d_song.sql", "    title,", "    UPPER(title) AS title,")
	_, err := w.runner(
		s.vars(), with(upper), func(o *transform.Options) { o.NoReplay = true },
	).Run(t.Context(), "test", nil)
	var stale *transform.StaleError
	if !errors.As(err, &stale) || !strings.Contains(err.Error(), "110_d_song: the transform's text changed") {
		t.Fatalf("run without replay: got %v, want a *StaleError that names 110_d_song", err)
	}
	if got := w.one("SELECT title FROM d_song"); got != "Setanta matins" {
		t.Errorf("title after the refusal: got %q, want the old one", got)
	}
	// The mark is in the database: it survives a restart, with or without the changed text.
	if got := w.one("SELECT subject FROM dwh_stale"); got != "110_d_song" {
		t.Errorf("stale mark: got %q, want 110_d_song", got)
	}
	result := w.run(s.vars(), with(upper))
	if !result.Replayed || len(result.Stale) != 1 || !result.Changed() {
		t.Errorf("run: got replayed %t, stale %q, want a replay that changes d_song", result.Replayed, result.Stale)
	}
	if got := w.one("SELECT title FROM d_song"); got != "SETANTA MATINS" {
		t.Errorf("title after the replay: got %q, want it in upper case", got)
	}
	if got := w.one("SELECT COUNT(*) FROM dwh_stale"); got != "0" {
		t.Errorf("stale marks after the replay: got %s, want 0", got)
	}
	if result := w.run(s.vars(), with(upper)); result.Replayed {
		t.Errorf("the next run: got a replay, want none")
	}
}

func TestReplayLeavesUnchangedRowsAlone(t *testing.T) {
	t.Parallel()
	w, _ := loaded(t)
	versions := func() string {
		var out []string
		for _, table := range []string{"d_song", "d_artist", "d_user", "d_time", "f_songplay"} {
			for _, row := range w.rows("SELECT xmin, ctid FROM " + table + " ORDER BY ctid") {
				out = append(out, table+" "+strings.Join(row, " "))
			}
		}
		return strings.Join(out, "\n")
	}
	w.exec(
		`CREATE VIEW plays AS SELECT play.user_id, song.title FROM f_songplay AS play LEFT JOIN d_song AS song ON song.song_id = play.song_id;
		CREATE ROLE ` + w.role() + `; GRANT SELECT ON f_songplay, plays TO ` + w.role(),
	)
	defer w.exec("DROP OWNED BY " + w.role() + "; DROP ROLE " + w.role())
	before := versions()
	if result := w.replay(); result.Changed() {
		t.Errorf("replay: got differences %+v, want none", result.Differences)
	}
	if after := versions(); after != before {
		t.Errorf("row versions after a replay without differences:\ngot\n%s\nwant\n%s", after, before)
	}

	// Rows of the star that somebody spoiled: only they are written.
	w.exec(
		`UPDATE d_song SET title = 'spoilt'; DELETE FROM f_songplay WHERE user_id = '8'; INSERT ` +
			`INTO d_time VALUES ('1999-01-01', 0, 1, 53, 1, 1999, 4)`,
	)
	intact := w.one("SELECT xmin || ' ' || ctid FROM f_songplay WHERE user_id = '7'")

	// A cursor that was open before goes on reading what it began with.
	cursor, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cursor.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := cursor.Exec(t.Context(), "DECLARE reading CURSOR FOR SELECT title FROM d_song"); err != nil {
		t.Fatal(err)
	}
	dry, err := w.runner(nil).Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result := w.replay()
	for _, differences := range [][]publish.Difference{dry.Differences, result.Differences} {
		got := ""
		for _, c := range differences {
			got += fmt.Sprintf("%s %d+ %d~ %d- of %d\n", c.Table, c.Added, c.Changed, c.Removed, c.Rows)
		}
		want := "d_song 0+ 1~ 0- of 1\nd_artist 0+ 0~ 0- of 1\nd_user 0+ 0~ 0- of 2\nd_time 0+ " +
			"0~ 1- of 1\nf_songplay 1+ 0~ 0- of 2\n"
		if got != want {
			t.Errorf("differences: got\n%swant\n%s", got, want)
		}
	}
	var title string
	if err := cursor.QueryRow(t.Context(), "FETCH 1 FROM reading").Scan(&title); err != nil || title != "spoilt" {
		t.Errorf("open cursor after the replay: got %q, %v, want spoilt, its own state", title, err)
	}
	if got := w.one("SELECT xmin || ' ' || ctid FROM f_songplay WHERE user_id = '7'"); got != intact {
		t.Errorf("version of an intact row: got %s, want %s", got, intact)
	}
	if got := w.one(
		"SELECT STRING_AGG(user_id || ' ' || title, ', ' ORDER BY user_id) FROM plays",
	); got != "7 Setanta matins, 8 Setanta matins" {
		t.Errorf("view after the replay: got %q", got)
	}
	if got := w.one("SELECT HAS_TABLE_PRIVILEGE('" + w.role() + "', 'f_songplay', 'SELECT')"); got != "t" {
		t.Errorf("grant after the replay: got %s, want t", got)
	}
	w.same()
}

func TestFailedTransformSaysWhere(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	broken := changed(t, "210_f_songplay.sql", "COALESCE(song.artist_id, ", "COALESCE(song.artist_id + 1, ")
	before := w.everything(t)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 0)}}, "lines")
	_, err := w.runner(s.vars(), func(o *transform.Options) { o.Steps = broken }).Run(t.Context(), "test", nil)
	var placed *sqlfile.Error
	if !errors.As(
		err, &placed,
	) || placed.File != "transforms/210_f_songplay.sql" || placed.Line == 0 || !strings.Contains(
		placed.Source, "artist_id + 1",
	) || !strings.Contains(err.Error(), "SQLSTATE 42883") {
		t.Fatalf("broken transform: got %v, want the place of artist_id + 1", err)
	}
	if after := w.everything(t); after != before {
		t.Errorf("after the failure: got %s, want %s", after, before)
	}
}

func TestPartialRunFlagsNothing(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	for _, only := range [][]string{{"010"}, {"110_d_song"}, {"d_song", "120"}} {
		if _, err := w.runner(s.vars()).Run(t.Context(), "test", only); err != nil {
			t.Fatalf("run only %s: %v", only, err)
		}
		if got := w.one("SELECT COUNT(*) FROM s_song WHERE NOT processed"); got != "1" {
			t.Errorf("unprocessed songs after a run of only %s: got %s, want 1", only, got)
		}
	}
	var unknown *transform.UnknownStepError
	if _, err := w.runner(s.vars()).Run(t.Context(), "test", []string{"999"}); !errors.As(err, &unknown) {
		t.Errorf("run of only 999: got %v, want an *UnknownStepError", err)
	}
	if result := w.run(s.vars()); result.Flagged != 1 {
		t.Errorf("flagged by a whole run: got %d, want 1", result.Flagged)
	}
	w.same()
}
