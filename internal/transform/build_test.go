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
