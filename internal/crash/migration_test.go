package crash_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// migrations kills dwh at the places of a migration that leave the schema between two states: dwh's
// own tables there and the project's not, and staged rows gone that the ledger still tells of.
func (w *world) migrations(t *testing.T) {
	fresh := w.database(t, "empty")
	if err := succeed(t, call{dsn: fresh, home: w.home, args: w.loadRun()}); err != nil {
		t.Fatal(err)
	}
	want := snapshot(t, fresh)
	for _, c := range []struct {
		name, start, point string
		args               []string
		state, want        string // a query that shows the place, and its value there
	}{
		{
			name: "after bookkeeping", start: "empty", point: "migrate.bookkeeping", args: []string{"migrate", "up"},
			state: "SELECT (SELECT MAX(version_id) FROM dwh_db_version) || ' ' || (to_regclass('s_song') IS NULL)",
			want:  "2 true",
		},
		{
			name: "after dropping staged rows", start: "full", point: "migrate.done",
			args:  []string{"migrate", "down-to", "0", "--drop-staged-rows"},
			state: "SELECT (SELECT COUNT(*) > 0 FROM s_object) || ' ' || (to_regclass('s_song') IS NULL)",
			want:  "true true",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dsn := w.database(t, c.start)
			child, err := call{dsn: dsn, home: w.home, args: c.args}.spawn("KILL " + c.point + " 1")
			if err != nil {
				t.Fatal(err)
			}
			if ended, err := child.wait(); err != nil || ended.code != -1 {
				t.Fatalf("got %s, %v, want it killed", ended, err)
			}
			awaitGone(t, dsn)
			if got := dwhtest.Query(t, dsn, c.state)[0][0]; got != c.want {
				t.Errorf("%s: got %s, want %s", c.state, got, c.want)
			}
			if err := succeed(t, call{dsn: dsn, home: w.home, args: w.loadRun()}); err != nil {
				t.Fatal(err)
			}
			same(t, "in the end", snapshot(t, dsn), want)
		})
	}
}
