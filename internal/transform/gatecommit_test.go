package transform_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// own is a check of error severity over SQL that a user might write.
func own(t *testing.T, sql string) check.Check {
	t.Helper()
	checks, err := check.Project(
		fstest.MapFS{"own.sql": {Data: []byte("-- own: nothing is wrong.\n-- severity: error\n" + sql)}},
		"checks", sqlfile.Postgres, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	return checks[0]
}

func TestChecksGateTheCommit(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	gate := func(o *transform.Options) {
		o.Checks = append(
			star.Checks(t),
			own(t, "SELECT play.songplay_id, play.user_id FROM f_songplay AS play WHERE play.user_id = '13';\n"),
		)
	}
	before := w.everything(t)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("13", 0)}}, "lines")

	_, err := w.runner(s.vars(), gate).Run(t.Context(), "test", nil)
	var failed *check.FailedError
	if !errors.As(
		err, &failed,
	) || !failed.Kept || failed.Results[0].Check.Name != "own" || failed.Results[0].Violations != 1 {
		t.Fatalf("incremental run: got %v, want a *check.FailedError of own that kept the old state", err)
	}
	if rows := failed.Results[0].Rows.Rows; len(rows) != 1 {
		t.Errorf("violations shown: got %v, want the play of 13", rows)
	}
	if after := w.everything(t); after != before {
		t.Errorf("after the refused run: got %s, want %s", after, before)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed"); got != "1" {
		t.Errorf("unprocessed events after the refused run: got %s, want 1: staged, not flagged", got)
	}
	if got := w.one("SELECT outcome FROM dwh_run ORDER BY started_at DESC LIMIT 1"); got != "check failed" {
		t.Errorf("journal: got outcome %q, want check failed", got)
	}
	if got := w.one("SELECT COUNT(*) FROM dwh_check WHERE name = 'own' AND outcome = 'fail'"); got != "1" {
		t.Errorf("kept results of own: got %s, want 1", got)
	}

	if _, err := w.runner(s.vars(), gate).Replay(t.Context(), "test"); !errors.As(err, &failed) {
		t.Fatalf("replay: got %v, want a *check.FailedError", err)
	}
	if after := w.everything(t); after != before {
		t.Errorf("after the refused replay: got %s, want %s", after, before)
	}
	if got := w.one("SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'dwh%'"); got != "0" {
		t.Errorf("scratch schemas left: got %s, want 0", got)
	}

	// Without the check nothing is lost.
	w.run(s.vars())
	if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != "3" {
		t.Errorf("plays: got %s, want 3", got)
	}
	w.same()
}

func TestBuiltInGateSeesTheBatch(t *testing.T) {
	t.Parallel()
	w, _ := loaded(t)
	w.exec(
		"INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, level) " +
			"VALUES ('NextSong', '9', 1, 1, 1541106106796, 'gold')",
	)
	_, err := w.runner(nil).Run(t.Context(), "test", nil)
	var failed *check.FailedError
	if !errors.As(err, &failed) || len(failed.Results) != 2 {
		t.Fatalf("a level that is neither free nor paid: got %v, want f-songplay-level and d-user-level to fail", err)
	}
}
