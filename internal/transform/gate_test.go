package transform_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// statements is a pgx tracer that keeps what is sent.
type statements struct {
	mu  sync.Mutex
	all []string
}

// TraceQueryStart implements pgx.QueryTracer.
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, data.SQL)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// traced is a pool of the warehouse's whose statements the tracer sees. It is closed with the test.
func (w *warehouse) traced(t *testing.T, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	config := w.pool.Config()
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// TestGateGroupsItsChecks makes each of its views once, tells its results in the order of the
// checks, and shows a project's check, wherever it stands among them, every table whole.
func TestGateGroupsItsChecks(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	w.exec(`
		INSERT INTO s_songplay_event (page, session_id, item_in_session, ts, user_id, level, gender) VALUES
			('NextSong', 1, 1, 1541106106796, '1', 'free', 'F'), ('NextSong', 2, 1, 1541116106796, '2', 'free', 'F')`)
	w.run(nil)
	w.exec(
		`INSERT INTO s_songplay_event (page, session_id, item_in_session, ts, user_id, level, ` +
			`gender) VALUES ('NextSong', 3, 1, 1541126106796, '3', 'free', 'F')`,
	)

	own, err := check.Project(fstest.MapFS{
		"plays.sql":     {Data: []byte("SELECT COUNT(*) FROM f_songplay HAVING COUNT(*) <> 3")},
		"listeners.sql": {Data: []byte("SELECT COUNT(*) FROM d_user HAVING COUNT(*) <> 3")},
	}, "checks", sqlfile.Postgres, nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := &statements{}
	pool := w.traced(t, sent)
	checks := star.Checks(t)
	for at := range checks {
		if checks[at].Name == "d-user-level" { // between two that see d_user narrowed
			checks = slices.Insert(checks, at, own...)
			break
		}
	}
	result := w.run(nil, func(o *transform.Options) { o.Checks, o.Pool = checks, pool })

	var got, want, late []string
	for _, r := range result.Checks {
		got = append(got, r.Check.Name)
		if r.Violations > 0 {
			t.Errorf("%s: got %d violations, want none", r.Check.Name, r.Violations)
		}
	}
	for _, c := range checks {
		switch {
		case c.Severity != check.Error:
		case c.Flags:
			late = append(late, c.Name)
		default:
			want = append(want, c.Name)
		}
	}
	if want = append(want, late...); !slices.Equal(got, want) {
		t.Errorf("results: got %v, want %v", got, want)
	}
	views := map[string]int{}
	for _, sql := range sent.all {
		if view, ok := strings.CutPrefix(sql, `CREATE VIEW "dwh_scratch".`); ok {
			name, _, _ := strings.Cut(view, " ")
			views[name]++
		}
	}
	for name, times := range views {
		if times > 1 {
			t.Errorf("view of %s: made %d times, want once", name, times)
		}
	}
	if len(views) != 3 {
		t.Errorf("views: got %v, want those of d_user, of the plays and of the events", views)
	}
}

// TestJournalEndsAtOnce holds that a run's last words are written together: where one cannot be,
// none is, and the run is still called running. What the run did is committed, so that it is no
// failure.
func TestJournalEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	w.exec(`
		INSERT INTO s_songplay_event (page, session_id, item_in_session, ts, user_id, level, gender) VALUES ('NextSong', 1, 1, 1541106106796, '1', 'free', 'F');
		ALTER TABLE dwh_run ADD CONSTRAINT running CHECK (outcome = 'running')`)
	pool, _ := w.counting(t)
	var logged strings.Builder
	logger := slog.New(slog.NewTextHandler(&logged, nil))
	if _, err := w.runner(nil, func(o *transform.Options) { o.Pool, o.Logger = pool, logger }).Run(t.Context(),
		"test", nil); err != nil {
		t.Fatalf("run: got %v, want no error", err)
	}
	if !strings.Contains(logged.String(), "the journal could not be written") {
		t.Errorf("got the log %q, want a warning of the journal", &logged)
	}
	const state = `SELECT (SELECT MAX(outcome) FROM dwh_run) || ' ' || (SELECT COUNT(*) FROM ` +
		`dwh_step) || ' ' || (SELECT COUNT(*) FROM dwh_check)`
	if got := w.one(state); got != "running 0 0" {
		t.Errorf("journal: got %s, want running 0 0", got)
	}
	if got := w.one(`SELECT COUNT(*) FROM f_songplay`); got != "1" {
		t.Errorf("plays: got %s, want 1", got)
	}
}

// TestGateSeesWhatIsStored: the checks read the rows where readers read them, whatever became of
// them on their way.
func TestGateSeesWhatIsStored(t *testing.T) {
	t.Parallel()
	trigger := `CREATE FUNCTION gild() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN NEW.level := ''gold''; RETURN NEW; END';
		CREATE TRIGGER gild BEFORE INSERT ON f_songplay FOR EACH ROW EXECUTE FUNCTION gild()`
	for _, tt := range []struct {
		name, before string
		fails        bool
	}{
		{name: "as it is"},
		{name: "trigger", before: trigger, fails: true},
		{name: "of another type", before: "ALTER TABLE f_songplay ALTER COLUMN session_id TYPE NUMERIC"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, s := wide(t)
			w.run(s.vars())
			w.exec(
				"INSERT INTO s_songplay_event (page, session_id, item_in_session, ts, user_id, " +
					"level, gender) VALUES ('NextSong', 3, 1, 1541126106796, '3', 'free', 'F')",
			)
			if tt.before != "" {
				w.exec(tt.before)
			}
			_, err := w.runner(nil).Run(t.Context(), "test", nil)
			var failed *check.FailedError
			if errors.As(err, &failed) != tt.fails || err != nil && !tt.fails {
				t.Errorf("got %v, want a *check.FailedError: %t", err, tt.fails)
			}
		})
	}
}

// TestOwnCheckCannotWrite: a project's check that writes, by itself or by a function, ends the run,
// and nothing is written.
func TestOwnCheckCannotWrite(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a WITH":     "WITH gone AS (DELETE FROM f_songplay RETURNING 1) SELECT 1 AS one FROM gone WHERE FALSE",
		"a function": "SELECT wipe() AS wiped WHERE wipe() > 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := loaded(t)
			w.exec(
				"CREATE FUNCTION wipe() RETURNS INTEGER LANGUAGE plpgsql AS 'BEGIN DELETE FROM " +
					"f_songplay; RETURN 1; END'",
			)
			own, err := check.Project(
				fstest.MapFS{"sly.sql": {Data: []byte("-- Nothing.\n-- severity: error\n" + sql + ";\n")}},
				"checks", sqlfile.Postgres, nil,
			)
			if err != nil {
				t.Fatal(err)
			}
			with := func(o *transform.Options) { o.Checks = append(star.Checks(t), own...) }
			before := w.everything(t)
			s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2)}}, "lines")
			for what, run := range map[string]func() error{
				"run":    func() error { _, err := w.runner(s.vars(), with).Run(t.Context(), "test", nil); return err },
				"replay": func() error { _, err := w.runner(nil, with).Replay(t.Context(), "test"); return err },
				"check": func() error {
					_, err := w.runner(nil, with).Check(
						t.Context(), "", []string{"sly"},
					)
					return err
				},
			} {
				if err := run(); err == nil || !strings.Contains(err.Error(), "read-only transaction") {
					t.Errorf("%s: got %v, want that it may not write", what, err)
				}
			}
			if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "2" {
				t.Errorf("plays: got %s, want 2 as before\n%s", got, before)
			}
		})
	}
}

// TestGateSeesAllPlaysOfAGroup: two users play something at the same moment of sessions with the
// same number, which is one group of songplay. A late song heals one of the two plays, and the
// checks that compare plays with their records must see both.
func TestGateSeesAllPlaysOfAGroup(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	healed, beside := play("7", 0), play("8", 0)
	beside.Artist, beside.Song = text("Nobody"), text("Nothing")
	w.exec(insert(star.Staging{Songs: []star.Song{song("S0", "A0")}}))
	w.exec("UPDATE s_song SET artist_name = 'Else', title = 'Else'")
	w.run(nil)
	w.exec(insert(star.Staging{Events: []star.Event{healed, beside}}))
	w.run(nil)
	w.exec(insert(star.Staging{Songs: []star.Song{song("S1", "A1")}}))
	w.run(nil)
	if got := w.one("SELECT COUNT(*) FROM f_songplay WHERE song_id = 'S1'"); got != "1" {
		t.Errorf("healed plays: got %s, want 1", got)
	}
	w.same()
}
