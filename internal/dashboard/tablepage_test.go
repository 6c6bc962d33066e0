package dashboard_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/embedded"
)

// execute runs statements.
func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// The page of a table holds what is known of it, and each name of a table leads there.
func TestTablePage(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	id := dwhtest.Query(t, dsn, "SELECT songplay_id FROM f_songplay ORDER BY songplay_id LIMIT 1")[0][0]
	plays := dwhtest.Query(t, dsn, "SELECT count(*) FROM f_songplay")[0][0]
	a := s.page(
		"/lineage/f_songplay", 200, ">"+plays+"</dd>", "<code>songplay_id</code>",
		"character varying(64)", "<td>key</td>", `id="history-scroll"`, "210_f_songplay", " added",
		id, "20 rows", `href="/lineage/songplay"`, ">f_songplay-unique</a> ",
		">songplays-complete</a> ", "matched-share", `href="/reports/top-artists"`, "SELECT",
	)
	if strings.Contains(a.body, `class="history-line"`) {
		t.Errorf("f_songplay: got a line over one run")
	}
	dwhtest.Query(
		t, dsn,
		`INSERT INTO dwh_step (run_id, position, step, started_at, ended_at, rows_in, rows_out, outcome)
		SELECT 'later', g, '210_f_songplay', TIMESTAMP '2100-01-01', TIMESTAMP '2100-01-01', g, g, CASE g WHEN 3 THEN 'rolled back' ELSE 'done' END
		FROM generate_series(1, 3) AS g`,
	)
	s.page(
		"/lineage/f_songplay", 200, `class="history-line"`, "latest 3 runs: least 1, most "+plays,
		`href="/runs/later"`, "rolled back",
	)
	for _, unwanted := range []string{"d_song-unique", "not run yet", "What to do"} {
		if strings.Contains(a.body, unwanted) {
			t.Errorf("f_songplay: got %q", unwanted)
		}
	}
	s.page(
		"/lineage/d_user", 200, ">d-user-level</a> ", ">d_user-unique</a> ", "bigint",
		`aria-label="A sample of rows"`,
	)
	s.page("/lineage/s_songplay_event", 200, "COPY", "objects at", "rejects", `class="free"`)
	s.page("/lineage/songplay", 200, "<dd>helper</dd>")
	s.page(
		"/lineage/s_reject", 200, "rejects-in-last-load", "&lt;script&gt;", "read as it is",
		strings.Repeat("x", 60)+"…",
	)
	for path, name := range map[string]string{
		"/": "f_songplay", "/rejects": "s_songplay_event", "/lineage": "d_song",
		"/lineage/d_song": "song", link(t, recordLink, s.get("/rejects").body): "s_songplay_event",
	} {
		s.page(path, 200, `<a href="/lineage/`+name+`">`+name+`</a>`)
	}
}

// Each query that dwh ships is read, so that no table misses a report or a check.
func TestRelations(t *testing.T) {
	t.Parallel()
	for _, check := range star.Checks(t) {
		if len(dashboard.Relations(check.Query.SQL())) == 0 {
			t.Errorf("check %s: got no table", check.Name)
		}
	}
	for _, report := range embedded.Reports() {
		if len(dashboard.Relations(report.Query.SQL())) == 0 {
			t.Errorf("report %s: got no table", report.Name)
		}
	}
	got := strings.Join(
		dashboard.Relations(`WITH a AS (SELECT x FROM b) SELECT (SELECT 1 FROM "C d") FROM a JOIN e ON $1 = e.x`),
		",",
	)
	if got != "C d,b,e" {
		t.Errorf("got the relations %s, want those of the WITH query, the subquery and the join", got)
	}
}

// Names come from the catalogue and are quoted, values are escaped, and what is no table of the
// warehouse is not shown.
func TestTablePageHostile(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	if err := dwh(dsn, "migrate", "up"); err != nil {
		t.Fatal(err)
	}
	const odd = `d_"; DROP TABLE f_songplay; -- <b>/x?y`
	quoted := `"` + strings.ReplaceAll(odd, `"`, `""`) + `"`
	execute(
		t, dsn,
		`CREATE TABLE `+quoted+` ("a"" <i>" text PRIMARY KEY, n bigint); INSERT INTO `+quoted+
			` VALUES ('<script>alert(1)</script>', 12345)`,
	)
	execute(t, dsn, `CREATE TABLE private (secret text); INSERT INTO private VALUES ('sesame')`)
	s := newSite(t, dsn, nil)
	s.page("/lineage/"+url.PathEscape(odd), 200, "a&#34; &lt;i&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;", ">12345<")
	s.page("/", 200, `href="/lineage/`+url.PathEscape(odd)+`"`)
	s.page("/lineage/f_songplay", 200, "No rows.", "no run of it")
	for _, name := range []string{"private", "dwh_run", "d_nothing", "pg_class", "d_x%00", "s_%ff"} {
		s.page("/lineage/"+name, 404, "no table")
	}
}

// A sample that may not be read takes nothing else along; one behind a lock does not hang the page.
func TestTablePageRefused(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, func(o *dashboard.Options) { o.Timeout = 500 * time.Millisecond })
	held, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close(t.Context()) }()
	tx, err := held.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "LOCK TABLE d_song IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	s.page("/lineage/d_song", 200, "<code>song_id</code>", "the query took longer than", "SELECT")
}
