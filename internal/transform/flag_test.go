package transform_test

import (
	"errors"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/model"
)

// TestStagingWithoutItsFlag: a run says which statement is missing before it loads anything. Once
// the column is there, nothing is missing.
func TestStagingWithoutItsFlag(t *testing.T) {
	t.Parallel()
	w, s := newWarehouse(t), newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	w.exec("ALTER TABLE s_song DROP COLUMN processed")
	_, err := w.runner(s.vars()).Run(t.Context(), "test", nil)
	var fault *model.FlagError
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a *model.FlagError", err)
	}
	if got := w.one("SELECT COUNT(*) FROM s_song"); got != "0" {
		t.Errorf("rows loaded: got %s, want 0", got)
	}
	for _, statement := range fault.Statements {
		w.exec(statement)
	}
	w.run(s.vars())
	if got := w.one("SELECT COUNT(*) FROM d_song"); got != "1" {
		t.Errorf("songs: got %s, want 1", got)
	}
	w.same()
}
