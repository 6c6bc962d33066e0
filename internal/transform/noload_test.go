package transform_test

import (
	"fmt"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// TestNoLoadLoadsNothing: NOLOAD checks the data, on the first run and later. The objects stay new,
// and a run without NOLOAD loads them.
func TestNoLoadLoadsNothing(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	with := func(steps []transform.Step) func(*transform.Options) {
		return func(o *transform.Options) { o.Steps = steps }
	}
	checking := changed(t, "010_s_song.sql", "MAXERROR 1000", "MAXERROR 1000\nNOLOAD")
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	s.write("song_data/A/2.json", `{"song_id": "S2", "duration": "soon"}`+"\n")
	for range 2 {
		result := w.run(s.vars(), with(checking))
		if load := result.Loads[0]; load.Objects != 0 || load.Rows != 0 || load.Known != 0 || load.Rejects != 1 {
			t.Errorf("NOLOAD: got %+v, want no object, no row and 1 reject", load)
		}
		if got := w.one("SELECT COUNT(*) FROM s_song") + w.one("SELECT COUNT(*) FROM s_object"); got != "00" {
			t.Errorf("staged songs and ledger: got %s, want none", got)
		}
		if got := fmt.Sprint(w.rows("SELECT line, outcome FROM s_reject")); got != "[[1 failed]]" {
			t.Errorf("rejects: got %s, want line 1 of an object that is not loaded", got)
		}
	}
	result := w.run(s.vars())
	if load := result.Loads[0]; load.Objects != 2 || load.Rows != 1 || load.Rejects != 1 {
		t.Errorf("without NOLOAD: got %+v, want 2 objects, 1 row and 1 reject", load)
	}
	if got := fmt.Sprint(w.rows("SELECT line, outcome FROM s_reject")); got != "[[1 loaded]]" {
		t.Errorf("rejects: got %s, want line 1 of an object that is loaded", got)
	}
	w.same()
}
