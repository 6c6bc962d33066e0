package dashboard_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/embedded"
)

// node finds the words of a node of the picture.
func node(t *testing.T, body, name string) string {
	t.Helper()
	found := regexp.MustCompile(
		`class="node [a-z]*" href="[^"]*" aria-label="(` + regexp.QuoteMeta(name) + `[,"][^"]*)`,
	).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("got no node %s in\n%s", name, body)
	}
	return strings.Trim(found[1], `",`)
}

// The lineage holds reports and checks, each with its state and led to.
func TestLineageStates(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	a := s.page(
		"/lineage", 200, ">Reports<", ">Checks<", `href="/reports/top-artists"`,
		`href="/checks/f_songplay-unique"`, "Only tables",
	)
	for class, want := range map[string]int{
		"report": len(embedded.Reports()), "check": len(star.Checks(t)), "fact": 1,
	} {
		if got := strings.Count(a.body, `class="node `+class+`"`); got != want {
			t.Errorf("got %d nodes of class %s, want %d", got, class, want)
		}
	}
	for _, name := range []string{"f_songplay", "songplay", "report top-artists", "check f_songplay-unique"} {
		if got := node(t, a.body, name); !strings.HasSuffix(got, ", ok") {
			t.Errorf("got the node %q, want it ok", got)
		}
	}
	if got := node(t, a.body, "check rejects-in-last-load"); !strings.HasSuffix(got, ", warn") {
		t.Errorf("got the node %q, want a warning", got)
	}
	if alone := s.page(
		"/lineage?show=tables", 200, "With reports and checks",
	).body; strings.Contains(alone, `class="node check"`) {
		t.Errorf("tables alone: got a check")
	}
	s.page("/lineage?show=x", 400, "only value of show")
	s.page("/lineage?show=x'%3B--", 400, "only value of show")
}

// What follows from a table that is stale is stale too, and a failed check says more.
func TestLineageStale(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	dwhtest.Query(
		t, dsn,
		`INSERT INTO dwh_stale (subject, reason, since) VALUES ('s_song', 'rows were deleted', TIMESTAMP '2018-11-01');
		INSERT INTO dwh_check (run_id, name, severity, outcome, violations, checked_at) VALUES ('later', 'd_artist-unique', 'error', 'fail', 3, TIMESTAMP '2100-01-01')`,
	)
	s := newSite(t, dsn, nil)
	body := s.page("/lineage", 200).body
	for name, want := range map[string]string{
		"s_song": "ok", "song": "stale", "d_song": "stale", "f_songplay": "stale", "songplay": "ok",
		"d_user": "ok", "d_artist": "fail",
		"report songplays-by-level": "stale", "report top-artists": "fail", "check d_artist-unique": "fail",
	} {
		if got := node(t, body, name); !strings.HasSuffix(got, ", "+want) {
			t.Errorf("got the node %q, want it to be %s", got, want)
		}
	}
	s.page("/lineage/d_song", 200, "<dt>State</dt>", "<span>stale</span>")
	// A transform that is gone: nobody can tell what follows from it.
	dwhtest.Query(
		t, dsn,
		`DELETE FROM dwh_stale; INSERT INTO dwh_stale (subject, reason, since) VALUES `+
			`('299_f_gone', 'x', TIMESTAMP '2018-11-01')`,
	)
	body = newSite(t, dsn, nil).page("/lineage", 200).body
	for _, name := range []string{"d_user", "d_time", "songplay"} {
		if got := node(t, body, name); !strings.HasSuffix(got, ", stale") {
			t.Errorf("after a transform that is gone: got the node %q, want it stale", got)
		}
	}
}
