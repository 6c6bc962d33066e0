package transform_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// writers counts the transactions that wrote staging and the ledger. Tables of models are built in
// subtransactions.
func (w *warehouse) writers() string {
	w.t.Helper()
	return w.one(`SELECT COUNT(DISTINCT CAST(xmin AS VARCHAR)) FROM (
		SELECT xmin FROM s_song UNION ALL SELECT xmin FROM s_songplay_event UNION ALL SELECT xmin FROM s_object) AS written`)
}

// TestFirstRunIsOneTransaction: an empty warehouse is loaded and built at once, so that no staged
// row is written twice.
func TestFirstRunIsOneTransaction(t *testing.T) {
	t.Parallel()
	w, s := loaded(t)
	if got := w.writers(); got != "1" {
		t.Errorf("transactions that wrote: got %s, want 1", got)
	}
	if got := w.one("SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed"); got != "0" {
		t.Errorf("unprocessed events: got %s, want 0", got)
	}
	w.same()
	if got := w.one("SELECT COUNT(*) FROM pg_indexes WHERE tablename = 's_songplay_event'"); got != "4" {
		t.Errorf("indexes of a load: got %s, want 4", got)
	}
	if got := w.one(
		"SELECT STRING_AGG(step || ' ' || outcome || ' ' || rows_out || COALESCE(' ' || note, " +
			"''), ', ' ORDER BY position) FROM dwh_step WHERE step >= '1'",
	); got !=
		"101_song done 1, 102_songplay done 2, 103_name_sex done 0, 104_name_artist done 1, "+
			"110_d_song done 1 1 added, 120_d_artist done 1 1 added, "+
			"130_d_user done 2 2 added, 140_d_time done 1 1 added, 210_f_songplay done 2 2 added" {
		t.Errorf("journal: got %s", got)
	}
	if got := w.one("SELECT COUNT(*) FROM dwh_check WHERE outcome = 'ok' AND name = 'staged-unprocessed'"); got != "1" {
		t.Errorf("results of the check on flags: got %s, want 1", got)
	}
	// What comes later goes the usual way.
	s.object("log_data/2.json", star.Staging{Events: []star.Event{play("9", 2)}}, "lines")
	if result := w.run(s.vars()); result.Flagged != 1 {
		t.Errorf("second run: got %d rows flagged, want 1", result.Flagged)
	}
	w.same()
}

// TestLargeFirstRunCommitsBatches: what is more than one transaction may hold is loaded so that it
// resumes.
func TestLargeFirstRunCommitsBatches(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	for i := range 3 {
		s.object(fmt.Sprintf("log_data/%d.json", i), star.Staging{Events: []star.Event{play("7", int64(i))}}, "lines")
	}
	result := w.run(s.vars(), func(o *transform.Options) { o.BatchObjects = 1 })
	if got := w.one("SELECT COUNT(DISTINCT CAST(xmin AS VARCHAR)) FROM s_object"); got != "4" {
		t.Errorf("transactions that loaded: got %s, want 4", got)
	}
	if result.Flagged != 4 || len(result.Loads) != 3 || result.Loads[1].Objects != 3 {
		t.Errorf("got %d rows flagged, loads %+v, want 4 and 3 objects", result.Flagged, result.Loads)
	}
	w.same()
}

// TestRefusedFirstRunKeepsWhatItLoaded: a check that fails leaves staging to look at, and tells of
// each step once.
func TestRefusedFirstRunKeepsWhatItLoaded(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0), play("8", 1)}}, "lines")
	own, err := check.Project(
		fstest.MapFS{
			"never.sql": {
				Data: []byte(
					"-- Nobody plays.\n-- severity: error\nSELECT play.songplay_id FROM " +
						"f_songplay AS play ORDER BY play.songplay_id;\n",
				),
			},
		},
		"checks", sqlfile.Postgres, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	refusing := func(o *transform.Options) { o.Checks = append(star.Checks(t), own...) }
	_, err = w.runner(s.vars(), refusing).Run(t.Context(), "test", nil)
	var failed *check.FailedError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want a *check.FailedError", err)
	}
	if got := w.one(
		"SELECT COUNT(*) FROM s_songplay_event WHERE NOT processed",
	) + " " + w.one("SELECT COUNT(*) FROM f_songplay"); got != "2 0" {
		t.Errorf("unprocessed events and plays: got %s, want 2 0", got)
	}
	if got := w.one("SELECT COUNT(*) - COUNT(DISTINCT step) FROM dwh_step"); got != "0" {
		t.Errorf("steps told twice: got %s, want 0", got)
	}
	w.run(s.vars())
	w.same()
}

// TestFirstRunNeedsNothingStaged: rows that are there already go the usual way, none of them twice.
func TestFirstRunNeedsNothingStaged(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0)}}, "lines")
	if _, err := w.runner(s.vars()).Run(t.Context(), "test", []string{"010"}); err != nil {
		t.Fatal(err)
	}
	result := w.run(s.vars())
	if result.Flagged != 2 || result.Loads[0].Known != 1 {
		t.Errorf("got %d rows flagged, loads %+v, want 2 and one known song object", result.Flagged, result.Loads)
	}
	w.same()
}

// TestFirstRunWithoutASource: names are optional, and a load without objects is told of, once.
func TestFirstRunWithoutASource(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("log_data/1.json", star.Staging{Events: []star.Event{play("7", 0)}}, "lines")
	vars := s.vars()
	delete(vars, "names")
	var told []string
	result := w.run(vars, func(o *transform.Options) {
		o.Observer = func(e progress.Event) {
			if e.Kind == progress.Note {
				told = append(told, e.Step+": "+e.Text)
			}
		}
	})
	if result.Flagged != 1 || result.Loads[2].Skipped == "" {
		t.Errorf("got %d rows flagged, loads %+v, want 1 and no names", result.Flagged, result.Loads)
	}
	want := []string{
		"030_s_name: skipped, the source names is not given",
		": there are no objects under " + vars["song_data"],
	}
	if len(told) != 2 || told[0] != want[0] || !strings.HasSuffix(told[1], want[1]) {
		t.Errorf("notes: got %q, want %q", told, want)
	}
}
