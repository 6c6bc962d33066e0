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
