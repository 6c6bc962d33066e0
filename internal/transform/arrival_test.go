package transform_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// places is how many places of the file the staged events take or took: one more for each that was
// written twice.
const places = "SELECT MAX((CAST(CAST(ctid AS VARCHAR) AS POINT))[1]) FROM s_songplay_event"

// TestIncrementalRunIsOneTransaction: what is new is loaded, transformed and flagged at once, and
// no event is written twice.
func TestIncrementalRunIsOneTransaction(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	// it heals nothing, but is picked now
	s.object("song_data/A/2.json", star.Staging{Songs: []star.Song{song("S0", "A0")}}, "lines")
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2), play("7", 0)}}, "lines")
	result := w.run(s.vars())
	if result.Flagged != 3 || result.Loads[0].Rows != 1 || result.Loads[1].Rows != 2 || result.Loads[1].Known != 1 {
		t.Errorf(
			"got %d rows flagged, loads %+v, want 3, a song and two events beside a known object",
			result.Flagged, result.Loads,
		)
	}
	if got := w.one(
		"SELECT COUNT(DISTINCT CAST(xmin AS VARCHAR)) FROM (SELECT xmin FROM s_object UNION ALL " +
			"SELECT xmin FROM s_songplay_event UNION ALL SELECT xmin FROM f_songplay) AS written",
	); got != "2" {
		t.Errorf("transactions that wrote: got %s, want the first and this", got)
	}
	if got := w.one(places); got != "4" {
		t.Errorf("places of 4 staged events: got %s, want 4", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed") + w.one(
		"SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'dwh%'",
	); got != "00" {
		t.Errorf("unprocessed events and schemas left: got %s, want none", got)
	}
	if got := w.one(
		"SELECT STRING_AGG(step || ' ' || outcome || ' ' || rows_out, ', ' ORDER BY position) " +
			"FROM dwh_step WHERE run_id = '" + result.Run + "'",
	); got !=
		"010_s_song done 1, 020_s_songplay_event done 2, 030_s_name done 0, 101_song done 1, "+
			"102_songplay done 1, 104_name_artist done 1, 110_d_song done 1, 120_d_artist done "+
			"1, 130_d_user done 1, 140_d_time done 0, 210_f_songplay done 3" {
		t.Errorf("journal: got %s", got)
	}
	w.same()
}

// TestIncrementalRunBesideRowsThatWait: rows that an earlier run has staged and not transformed are
// transformed with what arrives.
func TestIncrementalRunBesideRowsThatWait(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2), play("7", 0)}}, "lines")
	if _, err := w.runner(s.vars()).Run(t.Context(), "test", []string{"020"}); err != nil {
		t.Fatal(err)
	}
	s.object("log_data/3.json", star.Staging{Events: []star.Event{play("9", 2), play("9", 3), play("8", 1)}}, "lines")
	if result := w.run(s.vars()); result.Flagged != 5 {
		t.Errorf("got %d rows flagged, want 5", result.Flagged)
	}
	if got := w.one("SELECT COUNT(*) FROM f_songplay") + w.one(
		"SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed",
	); got != "40" {
		t.Errorf("plays and unprocessed events: got %s, want 4 and 0", got)
	}
	w.same()
}

// TestLargeIncrementalRunCommitsBatches: more than a batch is loaded so that it resumes.
func TestLargeIncrementalRunCommitsBatches(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	for i := range 3 {
		s.object(
			fmt.Sprintf("log_data/more%d.json", i),
			star.Staging{Events: []star.Event{play("9", int64(i+2))}}, "lines",
		)
	}
	if result := w.run(s.vars(), func(o *transform.Options) { o.BatchObjects = 2 }); result.Flagged != 3 {
		t.Errorf("got %d rows flagged, want 3", result.Flagged)
	}
	if got := w.one("SELECT COUNT(DISTINCT CAST(xmin AS VARCHAR)) FROM s_object"); got != "3" {
		t.Errorf("transactions that loaded: got %s, want the first and two", got)
	}
	w.same()
}

// TestRefusedIncrementalRunKeepsWhatItLoaded: a check that fails, or a record that cannot be
// loaded, leaves the rest staged and unprocessed.
func TestRefusedIncrementalRunKeepsWhatItLoaded(t *testing.T) {
	t.Parallel()
	own, err := check.Project(
		fstest.MapFS{
			"few.sql": {
				Data: []byte(
					"-- Nobody else plays.\n-- severity: error\nSELECT play.songplay_id FROM " +
						"f_songplay AS play WHERE play.user_id = '9' ORDER BY play.songplay_id;\n",
				),
			},
		},
		"checks", sqlfile.Postgres, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	refusing := func(o *transform.Options) { o.Checks = append(star.Checks(t), own...) }
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		w, s := loaded(t)
		s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2)}}, "lines")
		_, err := w.runner(s.vars(), refusing).Run(t.Context(), "test", nil)
		var failed *check.FailedError
		if !errors.As(err, &failed) {
			t.Fatalf("got %v, want a *check.FailedError", err)
		}
		if got := w.one(
			"SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed",
		) + w.one("SELECT COUNT(*) FROM f_songplay"); got != "12" {
			t.Errorf("unprocessed events and plays: got %s, want 1 and 2", got)
		}
		if got := w.one("SELECT COUNT(*) - COUNT(DISTINCT run_id || step) FROM dwh_step"); got != "0" {
			t.Errorf("steps told twice: got %s, want 0", got)
		}
		// Nothing was loaded now, so that there is no other way to go.
		if _, err := w.runner(s.vars(), refusing).Run(t.Context(), "test", nil); !errors.As(err, &failed) {
			t.Fatalf("got %v, want a *check.FailedError", err)
		}
		const staged = "the new rows of s_songplay_event stay in staging"
		if hint := failed.Hint(); !strings.Contains(hint, staged) {
			t.Errorf("hint of the run: got %q, want %q", hint, staged)
		}
		// So a server begins.
		stream := w.runner(s.vars(), refusing).Stream("test")
		defer func() { _ = stream.Close(context.Background()) }()
		failed = nil
		if _, err := stream.Deliver(t.Context(), nil); !errors.As(err, &failed) {
			t.Fatalf("deliver nothing: got %v, want a *check.FailedError", err)
		}
		if hint := failed.Hint(); !strings.Contains(hint, staged) {
			t.Errorf("hint of the delivery: got %q, want %q", hint, staged)
		}
		w.run(s.vars())
		w.same()
	})
	t.Run("record", func(t *testing.T) {
		t.Parallel()
		w, s := loaded(t)
		s.object("song_data/A/2.json", star.Staging{Songs: []star.Song{song("S2", "A2")}}, "lines")
		broken := ""
		for range 1001 {
			broken += "{\"ts\": \"soon\"}\n"
		}
		s.write("log_data/2.json", broken)
		_, err := w.runner(s.vars()).Run(t.Context(), "test", nil)
		var refused *load.RefusedError
		if !errors.As(err, &refused) {
			t.Fatalf("got %v, want a *load.RefusedError", err)
		}
		if got := w.one("SELECT COUNT(*) FROM s_song") + " " + w.one(
			"SELECT COUNT(*) FROM s_songplay_event",
		) + " " + w.one("SELECT COUNT(*) > 0 FROM s_reject WHERE outcome = 'failed'"); got != "2 2 t" {
			t.Errorf("songs, events and whether there are rejects: got %s, want 2 2 t", got)
		}
	})
}

// TestArrivalsOfATableWithATrigger: what a trigger makes of a row is what the transforms see.
func TestArrivalsOfATableWithATrigger(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	w.exec(`CREATE FUNCTION pay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.level := ''paid''; RETURN NEW; END'`)
	w.exec(`CREATE TRIGGER pay BEFORE INSERT ON s_songplay_event FOR EACH ROW EXECUTE FUNCTION pay()`)
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2)}}, "lines")
	w.run(s.vars())
	if got := w.one(
		"SELECT STRING_AGG(user_id || ' ' || level, ', ' ORDER BY user_id) FROM f_songplay",
	); got != "7 free, 8 free, 9 paid" {
		t.Errorf("got %s, want 7 free, 8 free, 9 paid", got)
	}
	w.same()
}
