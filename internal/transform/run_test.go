package transform_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/internal/writelock"
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

func TestHealedPlaysAreCounted(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0), play("8", 1)}}, "lines")
	w.run(s.vars())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	result := w.run(s.vars())
	if got, want := result.Transforms[len(result.Transforms)-1].Change, (model.Change{Healed: 2}); got != want {
		t.Errorf("changes of f_songplay: got %+v, want %+v", got, want)
	}
	if got := w.one(
		"SELECT note FROM dwh_step WHERE step = '210_f_songplay' ORDER BY started_at DESC LIMIT 1",
	); got != "2 healed" {
		t.Errorf("journal: got %q, want 2 healed", got)
	}
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

// own is a check of error severity over SQL that a user might write.
func own(t *testing.T, sql string) check.Check {
	t.Helper()
	checks, err := check.Project(
		fstest.MapFS{"own.sql": {Data: []byte("-- own: nothing is wrong.\n-- severity: error\n" + sql)}},
		"checks", sqlfile.Postgres, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	return checks[0]
}

func TestChecksGateTheCommit(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	gate := func(o *transform.Options) {
		o.Checks = append(
			star.Checks(t),
			own(t, "SELECT play.songplay_id, play.user_id FROM f_songplay AS play WHERE play.user_id = '13';\n"),
		)
	}
	before := w.everything(t)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("13", 0)}}, "lines")

	_, err := w.runner(s.vars(), gate).Run(t.Context(), "test", nil)
	var failed *check.FailedError
	if !errors.As(
		err, &failed,
	) || !failed.Kept || failed.Results[0].Check.Name != "own" || failed.Results[0].Violations != 1 {
		t.Fatalf("incremental run: got %v, want a *check.FailedError of own that kept the old state", err)
	}
	if rows := failed.Results[0].Rows.Rows; len(rows) != 1 {
		t.Errorf("violations shown: got %v, want the play of 13", rows)
	}
	if after := w.everything(t); after != before {
		t.Errorf("after the refused run: got %s, want %s", after, before)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed"); got != "1" {
		t.Errorf("unprocessed events after the refused run: got %s, want 1: staged, not flagged", got)
	}
	if got := w.one("SELECT outcome FROM dwh_run ORDER BY started_at DESC LIMIT 1"); got != "check failed" {
		t.Errorf("journal: got outcome %q, want check failed", got)
	}
	if got := w.one("SELECT COUNT(*) FROM dwh_check WHERE name = 'own' AND outcome = 'fail'"); got != "1" {
		t.Errorf("kept results of own: got %s, want 1", got)
	}

	if _, err := w.runner(s.vars(), gate).Replay(t.Context(), "test"); !errors.As(err, &failed) {
		t.Fatalf("replay: got %v, want a *check.FailedError", err)
	}
	if after := w.everything(t); after != before {
		t.Errorf("after the refused replay: got %s, want %s", after, before)
	}
	if got := w.one("SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'dwh%'"); got != "0" {
		t.Errorf("scratch schemas left: got %s, want 0", got)
	}

	// Without the check nothing is lost.
	w.run(s.vars())
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "3" {
		t.Errorf("plays: got %s, want 3", got)
	}
	w.same()
}

func TestBuiltInGateSeesTheBatch(t *testing.T) {
	t.Parallel()
	w, _ := loaded(t)
	w.exec(
		"INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, level) " +
			"VALUES ('NextSong', '9', 1, 1, 1541106106796, 'gold')",
	)
	_, err := w.runner(nil).Run(t.Context(), "test", nil)
	var failed *check.FailedError
	if !errors.As(err, &failed) || len(failed.Results) != 2 {
		t.Fatalf("a level that is neither free nor paid: got %v, want f-songplay-level and d-user-level to fail", err)
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

// role is a name for a role of this test: roles belong to the server, not the database.
func (w *warehouse) role() string {
	return "reader_" + w.one("SELECT oid FROM pg_database WHERE datname = CURRENT_DATABASE()")
}

func TestMaxErrorRollsTheBatchBack(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	strict := changed(t, "010_s_song.sql", "MAXERROR 1000", "MAXERROR 2")
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	s.write(
		"song_data/A/2.json",
		`{"song_id": "S2", "duration": "soon"}`+"\n"+`{"song_id": "S3"}`+"\n"+`{"song_id": "S4", "year": "never"}`+"\n",
	)
	run := func() (transform.Result, error) {
		return w.runner(s.vars(), func(o *transform.Options) { o.Steps = strict }).Run(t.Context(), "test", nil)
	}
	for range 2 { // what a second try leaves behind replaces what the first did
		_, err := run()
		var tooMany *clientcopy.MaxErrorError
		var refused *load.RefusedError
		if !errors.As(err, &tooMany) || !errors.As(err, &refused) {
			t.Fatalf("two rejects with MAXERROR 2: got %v, want *RefusedError of *MaxErrorError", err)
		}
		if got := w.one("SELECT COUNT(*) FROM s_song"); got != "0" {
			t.Errorf("staged songs: got %s, want 0: the batch is atomic", got)
		}
		if got := w.one("SELECT COUNT(*) FROM s_object"); got != "0" {
			t.Errorf("ledger: got %s rows, want 0", got)
		}
		got := fmt.Sprint(w.rows("SELECT line, column_name, outcome, raw_text FROM s_reject ORDER BY line"))
		if want := `[[1 duration failed {"song_id": "S2", "duration": "soon"}] [3 year failed ` +
			`{"song_id": "S4", "year": "never"}]]`; got != want {
			t.Errorf("rejects: got %s, want %s", got, want)
		}
	}
	// Below MAXERROR the good records load and the reject stands beside them.
	s.write("song_data/A/2.json", `{"song_id": "S2", "duration": "soon"}`+"\n"+`{"song_id": "S3"}`+"\n")
	result, err := run()
	if err != nil {
		t.Fatal(err)
	}
	if load := result.Loads[0]; load.Rows != 2 || load.Rejects != 1 || load.Objects != 2 {
		t.Errorf("corrected load: got %+v, want 2 rows and 1 reject of 2 objects", load)
	}
	if got := fmt.Sprint(w.rows("SELECT line, outcome FROM s_reject")); got != "[[1 loaded]]" {
		t.Errorf("rejects: got %s, want line 1 beside a loaded batch", got)
	}
}

func TestUnreadableObjectIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	// A name ending in .gz does not tell COPY anything; a statement with GZIP meets an object that
	// is none.
	zipped := changed(t, "010_s_song.sql", "MAXERROR 1000", "GZIP\nMAXERROR 1000")
	packed := gzipped(t, `{"song_id": "S2", "title": "T", "artist_id": "A2", "artist_name": "B"}`)
	s.write("song_data/A/2.json", packed)
	for try := range 2 {
		result := w.run(s.vars(), func(o *transform.Options) { o.Steps = zipped })
		if load := result.Loads[0]; load.Unreadable != 1 || load.Objects != 1-int64(try) || load.Rows != 1-int64(try) {
			t.Errorf("try %d: got %+v, want one unreadable object and the other loaded once", try, load)
		}
		got := fmt.Sprint(w.rows("SELECT line, outcome, RIGHT(url, 6) FROM s_reject"))
		if got != "[[0 failed 1.json]]" {
			t.Errorf("try %d: rejects: got %s, want line 0 of 1.json once", try, got)
		}
		if got := w.one("SELECT COUNT(*) FROM s_object WHERE url LIKE '%1.json'"); got != "0" {
			t.Errorf("try %d: ledger rows of the unreadable object: got %s, want 0", try, got)
		}
	}
	s.write("song_data/A/1.json", gzipped(t, `{"song_id": "S1", "title": "T", "artist_id": "A1", "artist_name": "B"}`))
	w.run(s.vars(), func(o *transform.Options) { o.Steps = zipped })
	if got := w.one("SELECT COUNT(*) FROM d_song"); got != "2" {
		t.Errorf("songs once the object can be read: got %s, want 2", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_reject"); got != "0" {
		t.Errorf("rejects once the object can be read: got %s, want 0", got)
	}
}

func TestSkippedObjectIsNotTried(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.write("song_data/A/1.json", "no JSON at all")
	strict := func(o *transform.Options) { o.Steps = changed(t, "010_s_song.sql", "MAXERROR 1000", "MAXERROR 1") }
	if _, err := w.runner(s.vars(), strict).Run(t.Context(), "test", nil); err == nil {
		t.Fatal("a run over a broken object: got no error")
	}
	store := w.runner(s.vars()).Store
	for object, err := range store.List(t.Context(), mustURL(t, filepath.Join(s.dir, "song_data"))) {
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.runner(s.vars()).Skip(t.Context(), "skip", object, []string{"s_song"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if result := w.run(s.vars(), strict); result.Loads[0].Known != 1 {
		t.Errorf("run after skip: got %+v, want the object known", result.Loads[0])
	}
	if got := fmt.Sprint(w.rows("SELECT outcome, rows FROM s_object")); got != "[[skipped 0]]" {
		t.Errorf("ledger: got %s, want one skipped object", got)
	}
}

func TestTwoRunners(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 0)}}, "lines")
	// The first stands still in the middle of its transaction until the second has been refused.
	inside, leave := make(chan struct{}), make(chan struct{})
	slow := func(o *transform.Options) {
		o.Failpoint = func(name string) {
			if name == "transform.built" {
				close(inside)
				<-leave
			}
		}
	}
	var group errgroup.Group
	group.Go(func() error {
		_, err := w.runner(s.vars(), slow).Run(t.Context(), "first", nil)
		return err
	})
	<-inside
	s.object("log_data/3.json", star.Staging{Events: []star.Event{play("10", 0)}}, "lines")
	for _, act := range []func(*transform.Runner) (transform.Result, error){
		func(r *transform.Runner) (transform.Result, error) { return r.Run(t.Context(), "second", nil) },
		func(r *transform.Runner) (transform.Result, error) { return r.Replay(t.Context(), "second") },
	} {
		_, err := act(w.runner(s.vars()))
		var busy *writelock.BusyError
		if !errors.As(err, &busy) {
			t.Errorf("the second runner: got %v, want a *BusyError", err)
		}
	}
	// Comparing needs no lock.
	if _, err := w.runner(s.vars()).Compare(t.Context()); err != nil {
		t.Errorf("compare beside a run: got %v, want no error", err)
	}
	group.Go(func() error {
		_, err := w.runner(s.vars(), func(o *transform.Options) { o.Wait = true }).Run(t.Context(), "waiting", nil)
		return err
	})
	w.await("SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'dwh_lock'::regclass", "1")
	close(leave)
	if err := group.Wait(); err != nil {
		t.Fatalf("first and waiting runner: got %v, want both to succeed", err)
	}
	if got := fmt.Sprint(
		w.rows("SELECT command, outcome FROM dwh_run WHERE command <> 'test' ORDER BY command, started_at"),
	); got != "[[first done] [second refused] [second refused] [waiting done]]" {
		t.Errorf("journal: got %s", got)
	}
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "4" {
		t.Errorf("plays: got %s, want 4", got)
	}
	w.same()
}

// await asks until the answer is as wanted.
func (w *warehouse) await(sql, want string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), dwhtest.Patience)
	defer cancel()
	for w.one(sql) != want {
		if ctx.Err() != nil {
			w.t.Fatalf("%s: got %s for %s, want %s", sql, w.one(sql), dwhtest.Patience, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
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

func gzipped(t *testing.T, body string) string {
	t.Helper()
	var out bytes.Buffer
	packer := gzip.NewWriter(&out)
	if _, err := packer.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func mustURL(t *testing.T, path string) objectstore.URL {
	t.Helper()
	u, err := objectstore.ParseURL(path)
	if err != nil {
		t.Fatal(err)
	}
	return u
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

// TestOnlyWhatTheSnapshotHeldIsFlagged stages an event while a run is building: it is the next
// run's.
func TestOnlyWhatTheSnapshotHeldIsFlagged(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	late := func(moment, user string) func(*transform.Options) {
		return func(o *transform.Options) {
			o.Failpoint = func(name string) {
				if name == moment {
					w.exec(insert(star.Staging{Events: []star.Event{play(user, 5)}}))
				}
			}
		}
	}
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 0)}}, "lines")
	w.run(s.vars(), late("transform.built", "20"))
	if got := w.one("SELECT STRING_AGG(user_id, ', ') FROM s_songplay_event WHERE NOT processed"); got != "20" {
		t.Errorf("unprocessed after an incremental run: got users %s, want 20", got)
	}
	if _, err := w.runner(nil, late("replay.built", "21")).Replay(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if got := w.one("SELECT STRING_AGG(user_id, ', ') FROM s_songplay_event WHERE NOT processed"); got != "21" {
		t.Errorf("unprocessed after a replay: got users %s, want 21", got)
	}
	w.run(nil)
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "5" {
		t.Errorf("plays: got %s, want 5", got)
	}
	w.same()
}
