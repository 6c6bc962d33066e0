package dashboard_test

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/table"
)

// holds fails for each text that a page does not hold.
func holds(t *testing.T, path, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("%s: got no %q in\n%s", path, text, body)
		}
	}
}

// lacks fails for each text that a page holds.
func lacks(t *testing.T, path, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(body, text) {
			t.Errorf("%s: got %q in\n%s", path, text, body)
		}
	}
}

// in shows a page of a server's state.
func (s *site) in(state server.State, path string) string {
	s.t.Helper()
	recorder := httptest.NewRecorder()
	s.pages.Handler(fixed{state}).ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	return recorder.Body.String()
}

// A quarantined object is told at the top, above the sources, and on the page of the check that
// refused it.
func TestQuarantinedIsTold(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	lacks(t, "/", s.page("/", 200).body, "quarantined</span>", "given-h")
	dwhtest.Query(t, dsn, `INSERT INTO s_reject (load_id, table_name, url, line, reason, outcome, rejected_at)
		VALUES ('l', 's_songplay_event', 's3://b/odd<i>.json', 0,
		'quarantined: check failed: f_songplay-unique (3 violations); nothing was committed', 'failed', now())`)
	const linked = `<a href="/checks/f_songplay-unique">f_songplay-unique</a> (3 violations)`
	await(t, func() string {
		if !strings.Contains(s.get("/").body, "given-h") {
			return "the quarantined object is not shown"
		}
		return ""
	})
	body := s.in(server.State{Sources: []server.SourceState{{Step: "010_s_song", Table: "s_song", URL: "s3://b/x"}},
		Totals: server.Totals{Retries: 4, Quarantined: 1}}, "/")
	holds(t, "/", body, `<a href="#given-h" class="outcome warn">`, "<span>1 quarantined</span>", linked,
		"4 retries, 1 quarantined.")
	if strings.Index(body, `id="given-h"`) > strings.Index(body, `id="sources-h"`) {
		t.Errorf("the quarantined objects stand below the sources")
	}
	lacks(t, "/", body, "odd<i>")
	s.page("/checks/f_songplay-unique", 200, "Objects that it refused", "odd&lt;i&gt;.json", linked)
	lacks(t, "/checks/d_song-unique", s.page("/checks/d_song-unique", 200).body, "Objects that it refused")
	s.page("/rejects?table=s_songplay_event", 200, linked)
	// Without the warehouse, the server's own knowledge is shown.
	pool, err := pgxpool.New(t.Context(), "postgres://u@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	down := newSiteOn(t, pool, "postgres", nil)
	state := server.State{Quarantined: []server.Quarantine{{URL: "s3://b/q", At: time.Now(),
		Reason: "check failed: f_songplay-unique (1 violation)"}}}
	holds(t, "/", down.in(state, "/"), "<span>1 quarantined</span>", `href="/checks/f_songplay-unique"`)
	holds(t, "/checks", down.in(state, "/checks/f_songplay-unique"), "Objects that it refused", "s3://b/q")
}

// A report that its limit cut says so, and leads to more.
func TestLimitIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	s.page("/reports/top-artists?limit=3&from=2018-11-01", 200, "These are the first 3 rows; there may be more.",
		`href="/reports/top-artists?from=2018-11-01&amp;limit=30">Raise limit to 30</a>`)
	s.page("/reports/top-artists", 200, "These are the first 10 rows")
	for _, path := range []string{"/reports/top-artists?limit=5000", "/reports/songplays-by-hour"} {
		lacks(t, path, s.page(path, 200).body, "there may be more")
	}
}

// The report on gaining artists counts by name, as the report that it leads to, and says which days
// it compares.
func TestGainingArtistsByName(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	dwhtest.Query(t, dsn, `UPDATE d_artist SET name = 'Twins';
		DELETE FROM f_songplay WHERE start_time >= '2018-11-19'`)
	artists := dwhtest.Query(t, dsn, `SELECT artist_id FROM d_artist ORDER BY artist_id LIMIT 2`)
	for i, play := range [][2]string{
		{artists[0][0], "2018-12-02"}, {artists[1][0], "2018-12-02"}, {artists[0][0], "2018-11-20"},
	} {
		dwhtest.Query(t, dsn, fmt.Sprintf(`INSERT INTO f_songplay (songplay_id, start_time, played_at, user_id,
			session_id, artist_id) VALUES ('%d', '%s', '%s', '1', 1, '%s')`, i, play[1], play[1], play[0]))
	}
	a := s.page("/reports/artists-gaining", 200, "2018-11-26 to 2018-12-02 (6 of 7 days without plays) against "+
		"2018-11-19 to 2018-11-25 (6 of 7 days without plays)", ">week before</a>",
		`from=2018-11-26`, `<td class="number">1</td><td class="number">2</td><td class="number">1</td></tr>`)
	lacks(t, "/reports/artists-gaining", a.body, ">since</a>", ">period</a>")
	if got := strings.Count(a.body, "Twins</a></td>"); got != 1 {
		t.Errorf("rows: got %d, want one for the one name\n%s", got, a.body)
	}
	holds(t, "data.csv", s.get("/reports/artists-gaining/data.csv").body,
		"artist,change,songplays,week_before,period,since\nTwins,1,2,1,")
	s.page("/reports/daily-activity", 200, "6 of 7 days have no data; 6 of the 7 days before have no data")
}

// The badge counts the last load, and says so.
func TestRejectsBadgeSaysWhat(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	body := s.in(server.State{Checks: []server.CheckState{{Name: "rejects-in-last-load", Outcome: "warn",
		Violations: 2}}}, "/rejects")
	holds(t, "/rejects", body, `>2<span class="badge-words"> in the last load</span>`,
		"The last load refused 2 records; this page lists the records of all loads.")
}

// A check that a run made twice stands once, with its latest result; what the server found since is
// the first row of its history.
func TestChecksOfRunStandOnce(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	dwhtest.Query(t, dsn, `INSERT INTO dwh_check (run_id, name, severity, outcome, violations, checked_at)
		SELECT 'twice', 'd_song-unique', 'error', CASE g WHEN 1 THEN 'fail' ELSE 'ok' END, 2 - g,
			TIMESTAMP '2100-01-01' + g * INTERVAL '1 hour' FROM generate_series(1, 2) AS g;
		INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, ended_at, outcome)
		VALUES ('twice', 'serve', 'postgres', 'test', TIMESTAMP '2100-01-01', TIMESTAMP '2100-01-01', 'done')`)
	a := s.page("/runs/twice", 200, "1 ok, 0 warn, 0 fail, 0 off")
	if got := strings.Count(a.body, ">d_song-unique</a>"); got != 1 {
		t.Errorf("rows of the check: got %d, want 1\n%s", got, a.body)
	}
	const rows = `<tr data-key="`
	a = s.page("/checks/d_song-unique", 200)
	if got := strings.Count(a.body, rows); got != 2 {
		t.Errorf("rows of the history: got %d, want one a run\n%s", got, a.body)
	}
	at := time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC)
	body := s.in(server.State{Checks: []server.CheckState{{Name: "d_song-unique", Severity: check.Error,
		Outcome: "fail", Violations: 7, At: at}}}, "/checks/d_song-unique")
	holds(t, "/checks/d_song-unique", body, `<td class="number">7</td><td>this server, between its runs</td>`)
	if got := strings.Count(body, rows); got != 3 {
		t.Errorf("rows of the history: got %d, want the live one too", got)
	}
}

// A line through the runs has its first and last value, and is left out for two runs.
func TestHistoryLine(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	add := func(from, to int) {
		dwhtest.Query(t, dsn, fmt.Sprintf(`INSERT INTO dwh_check (run_id, name, severity, outcome, violations,
			checked_at) SELECT 'run-' || g, 'd_song-unique', 'error', 'fail', 10 * g, TIMESTAMP '2100-01-01' + g * INTERVAL '1 day'
			FROM generate_series(%d, %d) AS g`, from, to))
	}
	add(1, 1)
	lacks(t, "two runs", s.page("/checks/d_song-unique", 200).body, "history-line")
	add(2, 4)
	s.page("/checks/d_song-unique", 200, "Violations of the latest 5 runs, the oldest first",
		"<div><span>0</span><svg", "<span>40</span></div>")
}

// What keeps a check from being made, and what a check with violations expects, is said.
func TestChecksSayWhatTheyExpect(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	s.page("/", 200, "no maximum age is set; set checks.max_age in dwh.yaml",
		`<p class="muted">Expected: the last load refused no record</p>`)
	s.page("/checks/rejects-in-last-load", 200, "Expected: the last load refused no record")
	share := newSite(t, loaded(t), func(o *dashboard.Options) { o.Settings.MatchedShare = 0.25 })
	share.page("/checks/matched-share", 200, ": at least 25 %")
	s.page("/checks/freshness", 200, "No maximum age is set")
	lacks(t, "/checks/d_song-unique", s.page("/checks/d_song-unique", 200).body, "Expected:")
}

// Pages of tables say what a row is, and who reads it: transforms and reports.
func TestTablesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	s.page("/lineage/s_object", 200, "The ledger: one row per object that was loaded")
	s.page("/lineage/s_reject", 200, "The records that a load refused")
	for _, name := range []string{"s_song", "s_name", "s_songplay_event"} {
		path := "/lineage/" + name
		lacks(t, path, s.page(path, 200).body, `class="lead">S_`)
	}
	lacks(t, "/lineage/d_song", s.page("/lineage/d_song", 200,
		`<dt>Read by</dt><dd><a href="/reports/top-songs">Top songs</a>`).body, "no transform")
	s.page("/lineage/song", 200, `<a href="/lineage/d_song">d_song</a>`)
}

// A report without its value says how to go on, one without rows why, and a range the wrong way
// round what is wrong.
func TestReportSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	s.page("/reports/artist-locations", 200,
		`Give a value for: artist, or choose one in <a href="/reports/top-artists">`)
	s.page("/reports/artist-locations?artist=nobody", 200, "No rows for these values. A text must match exactly.")
	s.page("/reports/top-artists?from=2018-11-09&to=2018-11-02", 400, `id="error-from"`, "From is after 2018-11-02.")
	s.page("/reports/top-artists?from=2018-11-02&to=2018-11-02", 200)
}

// A server that waits is no run without steps.
func TestServingRun(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	dwhtest.Query(t, dsn, `INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, outcome)
		VALUES ('idle', 'serve', 'postgres', 'test', now() AT TIME ZONE 'UTC', 'running')`)
	s.page("/runs", 200, "serving since <time")
	s.page("/runs/idle", 200, "The server waits for objects.")
}

// Lists of runs say what each run changed.
func TestRunsSayWhatChanged(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	plays, _ := strconv.ParseInt(dwhtest.Query(t, dsn, "SELECT count(*) FROM f_songplay")[0][0], 10, 64)
	for _, path := range []string{"/", "/runs"} {
		s.page(path, 200, "What changed", " rows, f_songplay "+table.Number(float64(plays))+" added, d_song ",
			", …</td>")
	}
}

// Refused records say the next step.
func TestRejectsSayTheNextStep(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	a := s.page("/rejects", 200, "dwh reject retry", `data-label="Why"`)
	s.page(link(t, recordLink, a.body), 200, "What to do:", "dwh reject retry")
}
