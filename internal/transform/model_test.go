package transform_test

import (
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// TestChangedModelIsReplayedWithItsFollowers: the models that follow a changed one are built again,
// and no others. What is new meanwhile reaches all of them.
func TestChangedModelIsReplayedWithItsFollowers(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	louder := changed(t, "102_songplay.sql", "    location,\n", "    UPPER(location) AS location,\n")
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 7200)}}, "lines")
	s.object("song_data/B/2.json", star.Staging{Songs: []star.Song{song("S9", "A9")}}, "lines")
	w.exec("CREATE TABLE before AS SELECT xmin AS written, song_id FROM d_song")
	result := w.run(s.vars(), func(o *transform.Options) { o.Steps = louder })
	if !result.Replayed {
		t.Fatalf("got %+v, want a replay", result)
	}
	var compared, incremented []string
	for _, change := range result.Differences {
		compared = append(compared, string(change.Table))
	}
	for _, step := range result.Transforms {
		if step.Table == "d_song" || step.Table == "d_artist" {
			incremented = append(incremented, string(step.Table)+" "+transform.Summary(step.Change))
		}
	}
	if got, want := strings.Join(compared, " "), "d_user d_time f_songplay"; got != want {
		t.Errorf("compared: got %q, want %q", got, want)
	}
	if got, want := strings.Join(incremented, ", "), "d_song 1 added, d_artist 1 added"; got != want {
		t.Errorf("brought up to date: got %q, want %q", got, want)
	}
	if got := w.one(
		"SELECT COUNT(*) FROM d_song INNER JOIN before USING (song_id) WHERE d_song.xmin <> before.written",
	); got != "0" {
		t.Errorf("rows of d_song that were written again: got %s, want 0", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed"); got != "0" {
		t.Errorf("unprocessed events: got %s, want 0", got)
	}
	compare, err := w.runner(nil, func(o *transform.Options) { o.Steps = louder }).Compare(t.Context())
	if err != nil || compare.Changed() {
		t.Errorf("got %+v, %v, want no difference", compare.Differences, err)
	}
}

// TestColumnWithADefault: a column that the SELECT leaves out keeps what its default gave, through
// runs, replays and comparisons.
func TestColumnWithADefault(t *testing.T) {
	t.Parallel()
	for _, column := range []string{
		"loaded_at TIMESTAMP DEFAULT clock_timestamp()",
		"row_id BIGINT GENERATED ALWAYS AS IDENTITY",
	} {
		for _, filled := range []bool{false, true} {
			w, s := wide(t)
			w.exec("ALTER TABLE d_user ADD COLUMN " + column)
			if filled {
				w.run(s.vars(), parallel)
			} else {
				w.run(s.vars())
			}
			name := strings.Fields(column)[0]
			before := w.one("SELECT STRING_AGG(user_id || ' ' || " + name + ", ', ' ORDER BY user_id) FROM d_user")
			w.same()
			if result := w.replay(); result.Changed() {
				t.Errorf("%s: replay: got %+v, want no difference", column, result.Differences)
			}
			s.object("log_data/2.json", star.Staging{Events: []star.Event{play("zz", 5)}}, "lines")
			w.run(s.vars())
			w.same()
			if got := w.one(
				"SELECT STRING_AGG(user_id || ' ' || " + name +
					", ', ' ORDER BY user_id) FROM d_user WHERE user_id <> 'zz'",
			); got != before {
				t.Errorf("%s: got %s, want %s", column, got, before)
			}
		}
	}
}

// TestTextThatDoesNotFit names the column and the key, and cuts nothing: in a first run, an
// increment and a replay.
func TestTextThatDoesNotFit(t *testing.T) {
	t.Parallel()
	long := changed(t, "102_songplay.sql", "    user_agent,\n", "    RPAD('x', 5000, 'x') AS user_agent,\n")
	with := func(o *transform.Options) { o.Steps = long }
	w, s := wide(t)
	w.run(s.vars())
	_, err := w.runner(nil, with).Replay(t.Context(), "test")
	if err == nil || !strings.Contains(
		err.Error(), "a text of column user_agent is too long for character varying(4096)",
	) {
		t.Errorf("replay: got %v, want the column", err)
	}
	w.same()
	fresh, source := wide(t)
	if _, err := fresh.runner(
		source.vars(), with, parallel,
	).Run(t.Context(), "test", nil); err == nil || !strings.Contains(err.Error(), "user_agent is too long") {
		t.Errorf("first run: got %v, want the column", err)
	}
	if got := fresh.one("SELECT COUNT(*) FROM f_songplay"); got != "0" {
		t.Errorf("plays: got %s, want 0", got)
	}
}

// TestScriptRunsAsItStands: a file with -- script runs in every run and in a replay, and models may
// read what it writes.
func TestScriptRunsAsItStands(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	w.exec("CREATE TABLE f_level (level VARCHAR(64) NOT NULL, plays BIGINT, PRIMARY KEY (level))")
	own := withFile(t, "300_f_level.sql", `-- f_level: plays by level.
-- script
-- reads: s_songplay_event
-- writes: f_level
DELETE FROM f_level;

INSERT INTO f_level (level, plays)
SELECT event.level, COUNT(*) AS plays
FROM s_songplay_event AS event
WHERE event.level IS NOT NULL
GROUP BY event.level;
`)
	with := func(o *transform.Options) { o.Steps = own }
	w.run(s.vars(), with) // the script is new: a replay
	want := w.one(
		"SELECT STRING_AGG(level || ' ' || n, ', ' ORDER BY level) FROM (SELECT level, COUNT(*) " +
			"AS n FROM s_songplay_event GROUP BY level) AS l",
	)
	if got := w.one("SELECT STRING_AGG(level || ' ' || plays, ', ' ORDER BY level) FROM f_level"); got != want {
		t.Errorf("after a replay: got %s, want %s", got, want)
	}
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 9)}}, "lines")
	w.run(s.vars(), with)
	want = w.one(
		"SELECT STRING_AGG(level || ' ' || n, ', ' ORDER BY level) FROM (SELECT level, COUNT(*) " +
			"AS n FROM s_songplay_event GROUP BY level) AS l",
	)
	if got := w.one("SELECT STRING_AGG(level || ' ' || plays, ', ' ORDER BY level) FROM f_level"); got != want {
		t.Errorf("after a run: got %s, want %s", got, want)
	}
	compare, err := w.runner(nil, with).Compare(t.Context())
	if err != nil || compare.Changed() {
		t.Errorf("got %+v, %v, want no difference", compare.Differences, err)
	}
}
