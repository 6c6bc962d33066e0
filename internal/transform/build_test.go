package transform_test

import (
	"slices"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/transform"
)

// parallel makes a run build as one over millions of rows does.
func parallel(o *transform.Options) { o.ParallelRows = 1 }

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

// TestFirstRunTrims: a large first run trims what has blanks to trim, also where just one of many
// rows or one of several objects has them.
func TestFirstRunTrims(t *testing.T) {
	t.Parallel()
	for name, blank := range map[string]func(e *star.Event, s *star.Song){
		"nothing":      func(*star.Event, *star.Song) {},
		"the user":     func(e *star.Event, _ *star.Song) { e.UserID = text("a ") },
		"the page":     func(e *star.Event, _ *star.Song) { e.Page = text("NextSong  ") },
		"the level":    func(e *star.Event, _ *star.Song) { e.Level = text("paid ") },
		"the song":     func(e *star.Event, _ *star.Song) { e.Song = text("Setanta matins ") },
		"the title":    func(_ *star.Event, s *star.Song) { s.Title = text("Setanta matins ") },
		"another song": func(_ *star.Event, s *star.Song) { s.SongID, s.ArtistName = text("S3 "), text("Elena  ") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			more, known := play("a", 50_000), song("S1", "A1")
			blank(&more, &known)
			s.object("log_data/2.json", star.Staging{Events: []star.Event{more}}, "lines")
			s.object("song_data/A/2.json", star.Staging{Songs: []star.Song{known}}, "lines")
			w.run(s.vars(), parallel)
			w.same()
			if got := w.one(`SELECT COUNT(*) FROM f_songplay WHERE song_id IS NULL OR user_id <> RTRIM(user_id)
				OR level <> RTRIM(level)`); got != "0" {
				t.Errorf("got %s plays without a song or with blanks, want 0", got)
			}
			if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "41" {
				t.Errorf("got %s plays, want 41", got)
			}
		})
	}
}

// TestFilledReplayFindsTheSame: a replay that fills tables finds the difference that one that
// inserts finds.
func TestFilledReplayFindsTheSame(t *testing.T) {
	t.Parallel()
	w, s := wide(t)
	w.run(s.vars())
	spoil := `UPDATE f_songplay SET level = 'paid' WHERE user_id = 'a'; DELETE FROM f_songplay ` +
		`WHERE user_id = 'b'; UPDATE d_user SET first_name = 'Nobody' WHERE user_id = 'c'`
	before := w.everything(t)
	var differences [2][]publish.Difference
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
