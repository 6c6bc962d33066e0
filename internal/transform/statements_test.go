package transform_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/migrations"
)

// offline derives the statements of the project's transforms from its migrations.
func offline(t tester) transform.Offline {
	t.Helper()
	files, err := migration.Files(migrations.FS, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := schema.FromMigrations(files, sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return transform.Offline{Engine: sqlfile.Postgres, Steps: steps(t), Tables: tables, Live: "public"}
}

// paste runs what `dwh render --as` prints.
func (w *warehouse) paste(as transform.Occasion, only ...string) {
	w.t.Helper()
	o := offline(w.t)
	o.Only = only
	statements, err := o.Statements(w.t.Context(), as)
	if err != nil {
		w.t.Fatal(err)
	}
	text := []string{"BEGIN"}
	for _, statement := range statements {
		text = append(text, statement.SQL)
	}
	w.exec(strings.Join(append(text, "COMMIT"), "\n;\n"))
}

// TestPastedStatementsGiveTheStar runs the statements that are derived offline. They take every
// table for filled and leave no step out, and give what a run gives.
func TestPastedStatementsGiveTheStar(t *testing.T) {
	t.Parallel()
	setRounds(t)
	shared := newWarehouse(t)
	rapid.Check(t, func(r *rapid.T) {
		w := shared.with(r)
		w.empty()
		var staged star.Staging
		var history []string
		deliver := func() {
			batch := star.Staging{
				Songs:  repeated(r, "songs", staged.Songs, 6, anySong),
				Events: repeated(r, "events", staged.Events, 8, anyEvent),
				Names:  repeated(r, "names", staged.Names, 4, anyName),
			}
			history = append(history, insert(batch))
			w.exec(insert(batch))
			staged.Songs = append(staged.Songs, batch.Songs...)
			staged.Events = append(staged.Events, batch.Events...)
			staged.Names = append(staged.Names, batch.Names...)
		}
		deliver()
		for _, table := range []string{"s_song", "s_songplay_event", "s_name"} {
			w.exec("UPDATE " + table + " SET processed = TRUE")
		}
		w.paste(transform.AsFirst)
		w.star(staged, append(history, "-- first"))
		for range rapid.IntRange(1, 3).Draw(r, "increments") {
			deliver()
			w.paste(transform.AsIncrement)
			history = append(history, "-- increment")
			w.star(staged, history)
		}
		spoil := "UPDATE d_song SET title = 'x'; DELETE FROM f_songplay; INSERT INTO d_user (user_id) VALUES ('nobody')"
		deliver()
		w.exec(spoil)
		w.paste(transform.AsReplay)
		w.star(staged, append(history, spoil, "-- replay"))
	})
}

// TestPastedStatementsOfOneModel runs the statements of one model and of the helpers that it reads.
func TestPastedStatementsOfOneModel(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	for _, step := range steps(t) {
		if step.Model == nil {
			continue
		}
		for _, as := range transform.Occasions() {
			w.empty()
			w.exec(insert(star.Staging{Songs: []star.Song{song("S1", "A1")}, Events: []star.Event{play("u", 1)}}))
			w.paste(as, step.Name)
			if slices.Contains([]string{"d_", "f_"}, string(step.Table[:2])) {
				if got := w.one("SELECT COUNT(*) FROM " + string(step.Table)); got != "1" {
					t.Errorf("%s as %s: got %s rows, want 1", step.Name, as, got)
				}
			}
			if got := w.one("SELECT COUNT(*) FROM s_song WHERE processed"); got != "0" {
				t.Errorf("%s as %s: got %s rows flagged, want none", step.Name, as, got)
			}
		}
	}
}

var modelComment = regexp.MustCompile(`^-- ([a-z0-9_]+): `)

// TestIncrementHasFewStatements counts what a small increment sends for each model. A number may
// fall; one that grows makes every micro-batch slower, and each statement is dear on Redshift.
func TestIncrementHasFewStatements(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	first := star.Staging{
		Songs:  []star.Song{song("S1", "A1"), song("S2", "A2")},
		Events: []star.Event{play("a", 1), play("b", 2)},
		Names:  []star.Name{{Name: text("Ada"), Sex: text("F"), Births: integer(3)}},
	}
	w.exec(insert(first))
	w.run(nil)
	for _, c := range []struct {
		name  string
		batch star.Staging
		most  map[string]int
	}{
		{"events", star.Staging{Events: []star.Event{play("a", 3), play("c", 4), play("a", 1)}}, map[string]int{
			"song": 1, "songplay": 14, "name_sex": 1, "d_user": 16, "d_time": 9, "f_songplay": 19,
		}},
		{"everything", star.Staging{
			Songs: []star.Song{song("S3", "A1"), song("S1", "A1")}, Events: []star.Event{play("a", 5), play("d", 6)},
			Names: []star.Name{{Name: text("Ada"), Sex: text("M"), Births: integer(9)}},
		}, map[string]int{
			"song": 2, "songplay": 12, "name_sex": 12, "name_artist": 10,
			"d_song": 10, "d_artist": 9, "d_user": 20, "d_time": 9, "f_songplay": 35,
		}},
	} {
		w.exec(insert(c.batch))
		tracer := &statements{}
		pool := w.traced(t, tracer)
		w.run(nil, func(o *transform.Options) { o.Pool = pool })
		got := map[string]int{}
		for _, sql := range tracer.all {
			found := modelComment.FindStringSubmatch(sql)
			if found != nil && found[1] != "name" { // what sqlc calls a query
				got[found[1]]++
			}
		}
		t.Logf("%s: %v", c.name, got)
		for _, name := range slices.Sorted(maps.Keys(got)) {
			if got[name] > c.most[name] {
				t.Errorf("%s, %s: got %d statements, want at most %d", c.name, name, got[name], c.most[name])
			}
		}
	}
}

// hashSeed is the seed of catalogue.SameRows, which a run draws. It stands behind each text, and
// behind all other values.
var hashSeed = regexp.MustCompile(`(COALESCE\(r\."\w+"|RECORD_SEND\(ROW\([^()]*\)\)\)), '-?\d+'\)`)

// TestDerivedIsWhatARunSends compares what is derived offline with what a run sends to the server:
// a first run and a replay over staging in which no step has nothing to do.
func TestDerivedIsWhatARunSends(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	songs := []star.Song{song("S1", "A1"), song("S2", "A1"), song("S1", "A1")}
	events := []star.Event{play("a", 1), play("a", 1), play("b", 2)}
	for i := range songs {
		songs[i].Title, songs[i].ArtistName = text("Title"), text("Artist")
	}
	for i := range events {
		events[i].Song, events[i].Artist = text("Title"), text("Artist")
	}
	s.object("song_data/1.json", star.Staging{Songs: songs}, "lines")
	s.object("log_data/1.json", star.Staging{Events: events}, "lines")
	ada := star.Name{Name: text("Ada"), Sex: text("F"), Births: integer(3)}
	s.object("names/yob2000.txt", star.Staging{Names: []star.Name{ada}}, "lines")
	bare := func(sql string) string {
		if strings.HasPrefix(sql, "-- ") {
			_, sql, _ = strings.Cut(sql, "\n")
		}
		return hashSeed.ReplaceAllString(sql, "$1, 'seed')")
	}
	for _, as := range []transform.Occasion{transform.AsFirst, transform.AsReplay} {
		tracer := &statements{}
		pool := w.traced(t, tracer)
		if as == transform.AsFirst {
			w.run(s.vars(), func(o *transform.Options) { o.Pool = pool })
		} else {
			w.exec(`UPDATE d_song SET title = 'x'; UPDATE d_artist SET name = 'x'; UPDATE d_user SET level = 'x';
				UPDATE d_time SET hour = 25; UPDATE f_songplay SET level = 'x'`)
			w.replay(func(o *transform.Options) { o.Pool = pool })
		}
		sent := map[string]bool{}
		for _, message := range tracer.all {
			sent[bare(message)] = true
			for sql := range strings.SplitSeq(message, ";\n") {
				sent[sql] = true
			}
		}
		derived := map[string]bool{}
		all, err := offline(t).Statements(t.Context(), as)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range all {
			derived[bare(statement.SQL)] = true
			// no row waited
			if !sent[bare(statement.SQL)] && !strings.HasPrefix(bare(statement.SQL), "UPDATE") {
				t.Errorf("as %s: a run does not send\n%s", as, statement.SQL)
			}
		}
		for _, sql := range tracer.all {
			found := modelComment.FindStringSubmatch(sql)
			if found != nil && found[1] != "name" && !derived[bare(sql)] {
				t.Errorf("as %s: not derived:\n%s", as, sql)
			}
		}
	}
}

// TestReplayStoresWhatDiffers: a replay makes a table of a model's rows only if they differ from
// the stored ones, or if the model is stale, so that they are expected to differ.
func TestReplayStoresWhatDiffers(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/1.json", star.Staging{Songs: []star.Song{song("S1", "A1"), song("S2", "A2")}}, "lines")
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("a", 1), play("b", 2)}}, "lines")
	w.run(s.vars())
	created := regexp.MustCompile(`CREATE TABLE dwh_scratch\.([df]_[a-z]+) AS`)
	for _, c := range []struct{ damage, want string }{
		{"SELECT 1", ""},
		{"UPDATE d_song SET title = title || ' '", "d_song"},
		{"UPDATE d_song SET year = 1", "d_song"},
		{"DELETE FROM d_time; UPDATE f_songplay SET song_id = 'S3'", "d_time f_songplay"},
		{"INSERT INTO dwh_stale (subject, reason, since) VALUES ('210_f_songplay', 'a test', now())", "f_songplay"},
	} {
		tracer := &statements{}
		pool := w.traced(t, tracer)
		w.exec(c.damage)
		result := w.replay(func(o *transform.Options) { o.Pool = pool })
		var got []string
		for _, sql := range tracer.all {
			if found := created.FindStringSubmatch(sql); found != nil {
				got = append(got, found[1])
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got tables %q, want %q", c.damage, got, c.want)
		}
		for _, d := range result.Differences {
			counted := w.one("SELECT COUNT(*) FROM " + string(d.Table))
			if fmt.Sprint(d.Rows) != counted {
				t.Errorf("%s: got %d rows of %s, want %s", c.damage, d.Rows, d.Table, counted)
			}
		}
		w.same()
	}
}
