package transform_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
)

// A dimension can be recomputed by itself while plays wait: what the fact lacks is no fault of it.
func TestPartialRunIsNotHeldAgainstOtherTables(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0)}}, "lines")
	for _, only := range []string{"020", "130"} {
		if _, err := w.runner(s.vars()).Run(t.Context(), "test", []string{only}); err != nil {
			t.Fatalf("run only %s: %v", only, err)
		}
	}
	if got := w.one("SELECT COUNT(*) FROM d_user"); got != "1" {
		t.Errorf("users after --only 130: got %s, want 1", got)
	}
	w.run(s.vars())
	w.same()
}

// What --only computes, it computes from rows that stay new. The next run takes them as new again.
func TestOnlyBeforeARun(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	w.exec(insert(star.Staging{Songs: []star.Song{song("S1", "A1")}, Events: []star.Event{play("a", 1)}}))
	w.run(nil)
	w.exec(insert(star.Staging{Events: []star.Event{play("a", 2), play("b", 7_200_000)}}))
	for _, step := range []string{"130", "140", "210"} {
		if _, err := w.runner(nil).Run(t.Context(), "test", []string{step}); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed"); got != "2" {
		t.Fatalf("got %s new events behind --only, want 2", got)
	}
	w.run(nil)
	w.same()
}
