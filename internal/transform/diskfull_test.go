package transform_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/transform"
)

// TestFullDiskEndsTheRun: there is no second attempt, batch by batch, when the server's disk is
// full. Where batches need less of what ran out, there is.
func TestFullDiskEndsTheRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  string
		again int // how often a run loads again
	}{{"53100", 0}, {"57P02", 0}, {"53200", 1}} {
		w, s := wide(t)
		w.exec(`
			CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE 'could not extend file' USING ERRCODE = '` + c.code + `'; END $$`)
		run := func(change func(*transform.Options), only ...string) {
			t.Helper()
			notes := 0
			_, err := w.runner(s.vars(), change, func(o *transform.Options) {
				o.Observer = func(e progress.Event) {
					if e.Kind == progress.Note && strings.HasPrefix(e.Text, "loading again") {
						notes++
					}
				}
			}).Run(t.Context(), "test", only)
			var server *pgconn.PgError
			if !errors.As(err, &server) || server.Code != c.code {
				t.Errorf("%s: got %v, want the server's error", c.code, err)
			}
			if notes != c.again {
				t.Errorf("%s: loaded again %d times, want %d", c.code, notes, c.again)
			}
		}
		trigger := func(table string) func() {
			w.exec("CREATE TRIGGER fail BEFORE INSERT ON " + table + " EXECUTE FUNCTION fail()")
			return func() { w.exec("DROP TRIGGER fail ON " + table) }
		}
		usual := func(*transform.Options) {}
		drop := trigger("d_time")
		run(usual) // the first run
		drop()
		if c.again > 0 {
			continue // its first run has loaded
		}
		drop = trigger("s_object")
		// a large load into an empty table
		run(func(o *transform.Options) { o.ParallelRows = 1 }, "020")
		drop()
		w.run(s.vars())
		s.object("log_data/more.json", star.Staging{Events: []star.Event{play("9", 2)}}, "lines")
		drop = trigger("f_songplay")
		run(usual) // a load and its models in one transaction
		drop()
		if got := w.one("SELECT COUNT(*) FROM s_object WHERE url LIKE '%/more.json'"); got != "0" {
			t.Errorf("%s: loaded new objects: got %s, want 0", c.code, got)
		}
	}
}
