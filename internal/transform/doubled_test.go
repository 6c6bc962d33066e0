package transform_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest/star"
)

// Rows stand twice where no key is enforced: on Redshift, and on PostgreSQL once the key is dropped.
func TestDoubledRowsAreFoundAndRepaired(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	before := w.everything(t)
	w.exec(`ALTER TABLE f_songplay DROP CONSTRAINT f_songplay_pkey`)
	w.exec(`INSERT INTO f_songplay SELECT * FROM f_songplay WHERE user_id = '7'`)
	runner := w.runner(s.vars())
	found, err := runner.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range found.Differences {
		want := int64(0)
		if change.Table == "f_songplay" {
			want = 1
		}
		if change.Changed != want || change.Added+change.Removed != 0 {
			t.Errorf("%s: got %d added, %d changed, %d removed, want %d changed", change.Table, change.Added, change.Changed, change.Removed, want)
		}
	}
	if _, err := runner.Replay(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if got := w.everything(t); got != before {
		t.Errorf("after the replay: got\n%s\nwant\n%s", got, before)
	}
}

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
