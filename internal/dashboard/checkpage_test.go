package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/query"
)

// The page of a check holds its query, its last result with the rows, and its history; each name of
// a check leads there.
func TestCheckPage(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, func(o *dashboard.Options) {
		o.Checks = append(
			o.Checks,
			check.Check{
				Name: "<b>odd/one", Description: "no <i>row</i>", Severity: check.Error,
				Query: query.Text("odd",
					"SELECT g AS number, '<script>alert(1)</script>' AS text FROM generate_series(1, 31) AS g"),
			})
		o.Settings = check.Settings{MatchedShare: 0.5, MaxAge: time.Hour}
	})
	a := s.page(
		"/checks/rejects-in-last-load", 200, "warn", "2 violations", `id="violations-scroll"`,
		"broken.json", `<a href="/lineage/s_reject">s_reject</a>`, "SELECT", `id="history-scroll"`,
		`href="/runs/`,
	)
	if strings.Contains(a.body, "here are the first") {
		t.Errorf("two violations: got words on more")
	}
	// One that found nothing does not run for its page.
	a = s.page("/checks/f_songplay-unique", 200, "f_songplay", "ok", "SELECT")
	if strings.Contains(a.body, "violations-h") {
		t.Errorf("a check that found nothing: got violations in\n%s", a.body)
	}
	s.page("/checks/%3Cb%3Eodd%2Fone", 200, "not run yet", "no result", "No &lt;i&gt;row")
	dwhtest.Query(t, dsn, `INSERT INTO dwh_check (run_id, name, severity, outcome, violations, checked_at)
		SELECT 'run-' || g, '<b>odd/one', 'error', CASE g WHEN 1 THEN 'ok' ELSE 'fail' END, (g - 1) * 5, TIMESTAMP '2100-01-01' + g * INTERVAL '1 day' FROM generate_series(1, 3) AS g;
		INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, ended_at, outcome) VALUES ('run-3', 'check', 'postgres', 'test', TIMESTAMP '2100-01-01', TIMESTAMP '2100-01-01', 'done')`)
	await(t, func() string {
		if strings.Contains(s.get("/checks/%3Cb%3Eodd%2Fone").body, ", 10 violations") {
			return ""
		}
		return "the result of the new run is not shown"
	})
	a = s.page(
		"/checks/%3Cb%3Eodd%2Fone", 200, "31 violations; here are the first 10",
		"&lt;script&gt;alert(1)", `href="/runs/run-3"`, "<code>dwh check</code>", "in the latest 3 runs",
	)
	if strings.Contains(a.body, `href="/runs/run-2"`) {
		t.Error("run-2 is no run, and has a link")
	}
	if got := strings.Count(a.body, "<td>&lt;script&gt;alert(1)"); got != 10 {
		t.Errorf("violations on the page: got %d, want the 10 that dwh check shows", got)
	}
	for _, path := range []string{"/", "/lineage/s_reject", link(t, runLink, s.get("/lineage/f_songplay").body)} {
		s.page(path, 200, `<a href="/checks/rejects-in-last-load">rejects-in-last-load</a>`)
	}
	s.page("/checks/nothing", 404, "no check")
	s.page("/checks/%00", 404, "no check")
}

// A check that takes too long says so, and the page holds the rest.
func TestCheckPageSlow(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, func(o *dashboard.Options) { o.Timeout = 500 * time.Millisecond })
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	s.page("/checks/rejects-in-last-load", 200, "broken.json")
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "LOCK TABLE s_reject IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		body := s.page("/checks/rejects-in-last-load", 200, "SELECT", `id="history-scroll"`).body
		if !strings.Contains(body, "he query took longer than") {
			return "the page does not say that the check takes too long"
		}
		return ""
	})
}
