package transform_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/transform"
)

const mine = "INSERT INTO f_songplay VALUES ('mine', '2018-11-01', '2018-11-01', 'u', NULL, NULL, " +
	"'free', 1, NULL, NULL)"

// TestStagedRowsFillEmptyTables: batches of rows are staged, then the models are built from them.
// The large fact that was built takes the place of the empty one, and has the same shape. Where a
// view stands on the empty fact, or somebody writes to a table, the live fact stays.
func TestStagedRowsFillEmptyTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, meanwhile string // SQL
		stays             bool   // the fact is the table that it was
		kept              string // rows of the fact that the build did not make
	}{
		"empty":              {kept: "0"},
		"a view":             {before: "CREATE VIEW levels AS SELECT level FROM f_songplay", stays: true, kept: "0"},
		"a row before":       {before: mine, stays: true, kept: "0"},
		"a row meanwhile":    {meanwhile: mine, stays: true, kept: "1"},
		"a row of another":   {before: "INSERT INTO d_user (user_id) VALUES ('nobody')", stays: true, kept: "0"},
		"a row that is gone": {before: mine + "; DELETE FROM f_songplay", stays: true, kept: "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			if c.before != "" {
				w.exec(c.before)
			}
			shape, oid := w.one(factShape), w.one(factOID)
			result := w.run(s.vars(), parallel, func(o *transform.Options) {
				o.BatchObjects = 1
				o.Failpoint = func(name string) {
					if name == "transform.checked" && c.meanwhile != "" {
						w.exec(c.meanwhile)
					}
				}
			})
			if got := w.one(factOID) == oid; got != c.stays {
				t.Errorf("f_songplay stays: got %t, want %t", got, c.stays)
			}
			if got := w.one(factShape); got != shape {
				t.Errorf("shape: got %s, want %s", got, shape)
			}
			if got := w.one("SELECT COUNT(*) FROM f_songplay WHERE songplay_id = 'mine'"); got != c.kept {
				t.Errorf("rows of somebody else: got %s, want %s", got, c.kept)
			}
			waiting := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed")
			if result.Flagged != 49 || waiting != "0" {
				t.Errorf("got %d rows flagged and %s that wait, want 49 and 0", result.Flagged, waiting)
			}
			w.exec("DELETE FROM f_songplay WHERE songplay_id = 'mine'")
			w.same()
		})
	}
}
