package transform_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/model"
)

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
