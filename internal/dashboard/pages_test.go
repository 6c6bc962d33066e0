package dashboard_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/transform"
)

var runLink = regexp.MustCompile(`href="(/runs/[^"?]+)"`)
var recordLink = regexp.MustCompile(`href="(/rejects/record\?[^"]+)"`)

func link(t *testing.T, pattern *regexp.Regexp, body string) string {
	t.Helper()
	found := pattern.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("got no %s in\n%s", pattern, body)
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// Every page shows what the warehouse holds.
func TestPages(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	plays := dwhtest.Query(t, dsn, "SELECT count(*) FROM f_songplay")[0][0]
	overview := s.page(
		"/", 200, "Newest songplay",
		`<th scope="row"><a href="/lineage/f_songplay">f_songplay</a></th>`, `>`+plays+`<`,
		"matched-share", "rejects-in-last-load", "a &lt;b&gt;target&lt;/b&gt;",
	)
	if strings.Contains(overview.body, "not run yet") {
		t.Errorf("overview: got a check that has not run, want all from the journal")
	}
	for _, check := range star.Checks(t) {
		if !strings.Contains(overview.body, ">"+check.Name+"</a> ") {
			t.Errorf("overview: got no check %s", check.Name)
		}
	}
	reports := s.page("/reports", 200)
	for _, report := range embedded.Reports() {
		if !strings.Contains(reports.body, `href="/reports/`+report.Name+`"`) {
			t.Errorf("/reports: got no %s", report.Name)
		}
		path := "/reports/" + report.Name
		if report.Name == "artist-locations" {
			s.page(path, 200, "Artist", "needed")
			path += "?artist=" + url.QueryEscape(
				dwhtest.Query(t, dsn, "SELECT name FROM d_artist ORDER BY artist_id LIMIT 1")[0][0],
			)
		}
		s.page(path, 200, `id="result-scroll"`)
	}
	runs := s.page("/runs", 200, "run --song-data")
	s.page(
		link(t, runLink, runs.body), 200, "210_f_songplay", "f_songplay-unique",
		"rejects-in-last-load", "What changed", " added",
	)
	lineage := s.page(
		"/lineage?show=tables", 200, `href="/lineage/f_songplay"`,
		`songplay</a>, <a href="/lineage/song">song</a>, <a href="/lineage/name_artist">name_artist</a>`,
		">Helpers<", ">Dimensions<", `class="node helper"`, "102 group by group",
	)
	if got := strings.Count(lineage.body, `class="reference"`); got != 4 {
		t.Errorf("references in the lineage's picture: got %d, want those of f_songplay to the four dimensions", got)
	}
	if got := strings.Count(lineage.body, `class="edge"`); got != 12 {
		t.Errorf("/lineage: got %d edges, want 12", got)
	}
	s.page("/lineage/f_songplay", 200, "SELECT", "row by row", `href="/lineage/song"`)
	s.page("/lineage/songplay", 200, "<dd>helper</dd>", "<dd>group by group</dd>", `href="/lineage/s_songplay_event"`)
	s.page("/lineage/s_song", 200, "COPY")
	rejects := s.page("/rejects", 200, "broken.json", "is not a bigint", "&lt;script&gt;alert")
	record := link(t, recordLink, rejects.body)
	s.page(record, 200, "&lt;script&gt;alert(1)&lt;/script&gt;", "is not a bigint")
	raw := s.get(record + "&format=text")
	if raw.code != 200 || raw.body+"\n" != broken || raw.header.Get("Content-Type") != "text/plain; charset=utf-8" ||
		!strings.HasPrefix(raw.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%s as text: got %d, %v, %q, want %q to download", record, raw.code, raw.header, raw.body, broken)
	}
	s.page("/rejects?table=s_song", 200, "No reject matches")
	s.page("/rejects?url=broken", 200, "broken.json")
	s.page("/rejects?url=%25", 200, "No reject matches") // no pattern
	s.page(
		link(t, regexp.MustCompile(`href="(/rejects/record\?[^"]*line=2[^"]*)"`), rejects.body),
		200, strings.Repeat("x", 30_000),
	)
}

// What does not exist, or is malformed, is said in the frame of every page, and nothing of it
// becomes markup or SQL.
func TestHostile(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), project(t, map[string]string{
		"wrong-table": "-- of a table that is not there\nSELECT song FROM no_such_table;\n",
		"<b>odd":      "-- <script>alert(1)</script>\n-- param: who\nSELECT '<i>' || :'who' AS text, 1 AS n;\n",
		"writing": "SELECT set_config('transaction_read_only', 'off', true), " +
			"nextval('pg_catalog.pg_class') AS n;\n",
		"many-columns": "SELECT repeat('x', 100000) AS long FROM generate_series(1, 100000) AS g;\n",
	}))
	long := strings.Repeat("a", 5000)
	for _, c := range []struct {
		path string
		code int
		text string
	}{
		{"/nope", 404, "no page"},
		{"/reports/", 404, "no page"},
		{"/reports/top-artist", 404, "did you mean"},
		{"/reports/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404, "&lt;script&gt;"},
		{"/reports/" + long, 404, "no report"},
		{"/reports/..%2f..%2fetc%2fpasswd", 404, "no report"},
		{"/reports/top-artists/data.exe", 404, "no page"},
		{"/reports/top-artists/data.", 404, "no page"},
		{"/reports/top-artists?limit=0", 400, "whole number from 1"},
		{"/reports/top-artists?limit=-1", 400, "whole number from 1"},
		{"/reports/top-artists?limit=1%20OR%201=1", 400, "whole number from 1"},
		{"/reports/top-artists?limit=99999999999999999999", 400, "whole number from 1"},
		{"/reports/top-artists?limit=%3Cscript%3E", 400, "&lt;script&gt;"},
		{"/reports/top-artists?limit=1;drop", 400, "semicolon"},
		{"/reports/top-artists/data.csv?limit=%zz", 400, "cannot be read"},
		{"/reports/top-artists?limit=1%3B", 400, "whole number from 1"},
		{"/reports/top-artists?limit=", 200, "songplays"},
		{"/reports/top-artists?limit=9223372036854775807", 200, "songplays"},
		{"/reports/top-artists?nothing=1", 400, "not a parameter"},
		{"/reports/top-artists?%22%3E%3Cscript%3E=1", 400, "not a parameter"},
		{"/reports/top-artists/data.csv?limit=x", 400, "whole number"},
		{"/reports/artist-locations?artist=", 400, "is needed"},
		{"/reports/artist-locations?artist=%00", 400, "not valid text"},
		{"/reports/artist-locations?artist=%ff", 400, "not valid text"},
		{"/reports/artist-locations?artist=" + long, 400, "longer than"},
		{"/reports/artist-locations?artist='%3B%20DROP%20TABLE%20f_songplay%3B%20--", 200, "No rows"},
		{"/reports/wrong-table", 500, "no_such_table"},
		{"/reports/wrong-table/data.csv", 500, "no_such_table"},
		{"/reports/writing", 500, "read-write mode"},
		{"/reports/many-columns", 413, "larger than"},
		{"/reports/%3Cb%3Eodd?who=%3Cb%3E", 200, "&lt;i&gt;&lt;b&gt;"},
		{"/runs/nothing", 404, "no run"},
		{"/runs/%3Cscript%3E", 404, "&lt;script&gt;"},
		{"/runs/" + long, 404, "no run"},
		{"/runs/%00", 404, "no run"},
		{"/runs?page=0", 400, "whole number"},
		{"/runs?page=-1", 400, "whole number"},
		{"/runs?page=x", 400, "whole number"},
		{"/runs?page=100000", 404, "fewer runs"},
		{"/runs?page=99999999999999999999", 400, "whole number"},
		{"/rejects?page=100000", 404, "fewer rejects"},
		{"/rejects?url=%00", 400, "too long"},
		{"/rejects/record", 400, "needs load, table, url and line"},
		{"/rejects/record?load=a&table=b&url=c&line=1", 404, "no reject"},
		{"/rejects/record?load=a&table=b&url=c&line=x", 400, "needs load"},
		{"/rejects/record?load=%00&table=b&url=c&line=1", 400, "needs load"},
		{"/lineage/nothing", 404, "no table"},
		{"/assets/0000/dwh.css", 404, "no page"},
		{"/assets/..%2f..%2fpages/frame.html", 404, "no page"},
		{"/pages/frame.html", 404, "no page"},
		{"/favicon.ico", 404, "no page"},
	} {
		text := c.text
		if c.path == "/rejects?url=%00" {
			text = "no table or object name"
		}
		a := s.page(c.path, c.code, text)
		if strings.Contains(
			a.body, "<script>alert",
		) || strings.Contains(a.body, "<b>odd") || strings.Contains(a.body, "<i>") {
			t.Errorf("%s: markup of a client or a file got through:\n%s", c.path, a.body)
		}
	}
	if got := s.get("/../../etc/passwd"); got.code != 301 && got.code != 307 && got.code != 404 {
		t.Errorf("/../../etc/passwd: got %d, want a redirection or 404", got.code)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", "/runs", "/reports/top-artists", "/events", "/nope"} {
			if got := s.do(method, path); got.code != 405 || got.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: got %d, Allow %q, want 405", method, path, got.code, got.header.Get("Allow"))
			}
		}
	}
	if got := s.do("GET", "/", "Host", "evil.example"); got.code != 421 {
		t.Errorf("a foreign host: got %d, want 421", got.code)
	}
}

// A file that cannot be read takes the project's reports away, not the built-in ones.
func TestBrokenProject(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), project(t, map[string]string{"bad": "SELEC 1;\n", "good": "SELECT 1 AS n;\n"}))
	s.page("/reports", 200, "bad.sql", "top-artists")
	s.page("/reports/top-artists", 200)
	s.page("/reports/good", 500, "bad.sql")
}

func TestProject(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), project(t, map[string]string{
		"plays-of": "-- plays of a level\n-- param: level\nSELECT level, COUNT(*) AS songplays " +
			"FROM f_songplay WHERE level = :'level' GROUP BY level;\n",
	}))
	s.page("/reports", 200, "plays-of")
	s.page("/reports/plays-of", 200, `<label for="field-level">`)
	s.page("/reports/plays-of?level=paid", 200, "<td>paid</td>", `value="paid"`)
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), project(t, map[string]string{
		"größe \"x\"": "SELECT 1 AS n;\n",
		"formula":     "SELECT '=1+1' AS text, -1 AS number;\n",
	}))
	a := s.get("/reports/top-artists/data.csv?limit=3")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != 4 || strings.Join(rows[0], ",") != "rank,artist,songplays" {
		t.Errorf("csv: got %v, %v, want a header and 3 rows", rows, err)
	}
	for path, want := range map[string][2]string{
		"data.csv":      {"text/csv; charset=utf-8; header=present", `attachment; filename=top-artists.csv`},
		"data-safe.csv": {"text/csv; charset=utf-8; header=present", `attachment; filename=top-artists.csv`},
		"data.json":     {"application/json", `attachment; filename=top-artists.json`},
		"data.md":       {"text/markdown; charset=utf-8", `attachment; filename=top-artists.md`},
		"data.svg":      {"image/svg+xml", `attachment; filename=top-artists.svg`},
		"chart.svg":     {"image/svg+xml", ""}, "chart-dark.svg": {"image/svg+xml", ""},
		"chart-narrow.svg": {"image/svg+xml", ""}, "chart-narrow-dark.svg": {"image/svg+xml", ""},
	} {
		a := s.get("/reports/top-artists/" + path + "?limit=3")
		if a.code != 200 || a.header.Get("Content-Type") != want[0] || a.header.Get("Content-Disposition") != want[1] {
			t.Errorf(
				"%s: got %d, %q, %q, want %q", path, a.code, a.header.Get("Content-Type"),
				a.header.Get("Content-Disposition"), want,
			)
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(
			policy, "default-src 'none'",
		) || !strings.Contains(policy, "sandbox") {
			t.Errorf("%s: got the policy %q, want one that allows nothing", path, policy)
		}
	}
	var objects []map[string]any
	if err := json.Unmarshal(
		[]byte(s.get("/reports/top-artists/data.json?limit=3").body), &objects,
	); err != nil || len(objects) != 3 {
		t.Errorf("json: got %v, %v, want 3 objects", objects, err)
	}
	for file, want := range map[string]string{"data.csv": "text,number\n=1+1,-1\n",
		"data-safe.csv": "text,number\n'=1+1,-1\n"} {
		if got := s.get("/reports/formula/" + file); got.code != 200 || got.body != want {
			t.Errorf("%s: got %d, %q, want %q", file, got.code, got.body, want)
		}
	}
	s.page("/reports/formula", 200, `href="/reports/formula/data.csv" download>CSV</a>`,
		`href="/reports/formula/data-safe.csv" download>CSV for spreadsheets</a>`)
	odd := s.get("/reports/" + url.PathEscape("größe \"x\"") + "/data.csv").header.Get("Content-Disposition")
	if want := "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe%20_x_.csv"; odd != want {
		t.Errorf("an odd name: got %s, want %s", odd, want)
	}
}

func TestConditionalAndHead(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	style := link(t, regexp.MustCompile(`href="(/assets/[0-9a-f]+/dwh\.css)"`), s.get("/").body)
	a := s.get(style)
	if a.code != 200 || !strings.Contains(
		a.header.Get("Cache-Control"), "immutable",
	) || a.header.Get("ETag") == "" || a.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%s: got %d, %v, want a style to keep", style, a.code, a.header)
	}
	if got := s.do("GET", style, "If-None-Match", a.header.Get("ETag")); got.code != 304 || got.body != "" {
		t.Errorf("%s again: got %d with %d bytes, want 304", style, got.code, len(got.body))
	}
	const chart = "/reports/songplays-by-hour/chart.svg"
	first := s.get(chart)
	if got := s.do("GET", chart, "If-None-Match", first.header.Get("ETag")); got.code != 304 {
		t.Errorf("%s again: got %d, want 304", chart, got.code)
	}
	for _, path := range []string{"/", "/reports", "/runs", "/nope", chart, style, "/events"} {
		get, head := 0, s.do("HEAD", path)
		if path != "/events" {
			get = s.get(path).code
		} else {
			get = 200
		}
		if head.code != get || head.body != "" {
			t.Errorf("HEAD %s: got %d with %d bytes, want %d with none", path, head.code, len(head.body), get)
		}
	}
}

// Without the warehouse the overview still answers, and every page says what is wrong and what to
// do.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), "postgres://u:verysecret@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s := newSiteOn(t, pool, "postgres", nil)
	for path, code := range map[string]int{
		"/": 200, "/reports": 200, "/lineage": 200, "/reports/top-artists": 503,
		"/reports/top-artists/data.csv": 503, "/runs": 503, "/runs/x": 503, "/rejects": 503,
	} {
		a := s.page(path, code)
		if strings.Contains(a.body, "verysecret") {
			t.Errorf("%s: the password got through", path)
		}
		if (code == 503 || path == "/") && (!strings.Contains(
			a.body, "does not answer",
		) || !strings.Contains(a.body, "What to do:")) {
			t.Errorf("%s: got no word of what to do in\n%s", path, a.body)
		}
	}
}

// A schema that is not there yet is a sentence, not a crash.
func TestEmptyDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t, dwhtest.Database(t), nil)
	s.page("/", 200, "dwh migrate up")
	s.page("/runs", 500, "dwh migrate up")
	s.page("/rejects", 500, "dwh migrate up")
	s.page("/reports/top-artists", 500, "does not exist")
}

// runningStatements counts those that hold "told_apart", and tells whether all of them are the
// dashboard's.
const runningStatements = `SELECT count(*), coalesce(bool_and(current_setting('application_name') <> application_name AND application_name LIKE '%dashboard'), true)
	FROM pg_stat_activity WHERE query LIKE '%told_apart%' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()`

// A statement that takes too long is given up, and a dashboard that is full says so.
func TestSlowAndBusy(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, func(o *dashboard.Options) {
		project(t, map[string]string{"slow": "SELECT pg_sleep(60) AS nothing, 7 AS told_apart;\n"})(o)
		o.Timeout, o.Concurrency = 3*time.Second, 1
	})
	// It may be over before anybody else has come, on a machine with much else to do.
	await(t, func() string {
		ended := make(chan answer, 1)
		go func() {
			defer close(ended)
			ended <- s.get("/reports/slow")
		}()
		await(t, func() string {
			if rows := dwhtest.Query(t, dsn, runningStatements); rows[0][0] == "0" && len(ended) == 0 {
				return "the slow report does not begin"
			}
			return ""
		})
		busy := s.get("/runs")
		if slow := <-ended; slow.code != 504 || !strings.Contains(slow.body, "took longer") {
			t.Errorf("a slow report: got %d, want 504\n%s", slow.code, slow.body)
		}
		if busy.code != 503 || !strings.Contains(busy.body, "the limit of") || busy.header.Get("Retry-After") == "" {
			return fmt.Sprintf("got %d, want 503", busy.code)
		}
		return ""
	})
	s.page("/runs", 200)
}

// A client that goes away ends its statement.
func TestDisconnect(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, project(t, map[string]string{"slow": "SELECT pg_sleep(60) AS nothing, 7 AS told_apart;\n"}))
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http.URL+"/reports/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	count := func(want string) func() string {
		return func() string {
			if rows := dwhtest.Query(t, dsn, runningStatements); rows[0][0] != want || rows[0][1] != "t" {
				return fmt.Sprintf("statements that run: got %v, want %s", rows, want)
			}
			return ""
		}
	}
	await(t, count("1"))
	cancel()
	await(t, count("0"))
	<-ended
}

// Views read in transactions that cannot write.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	dwhtest.Query(
		t, dsn,
		"CREATE FUNCTION public.meddle() RETURNS integer LANGUAGE sql AS 'DELETE FROM f_songplay; SELECT 1'",
	)
	before := dwhtest.Query(t, dsn, "SELECT count(*) FROM f_songplay")[0][0]
	s := newSite(t, dsn, project(t, map[string]string{"meddling": "SELECT public.meddle() AS n;\n"}))
	s.page("/reports/meddling", 500, "only read")
	if got := dwhtest.Query(t, dsn, "SELECT count(*) FROM f_songplay")[0][0]; got != before {
		t.Errorf("plays after a report that writes: got %s, want %s", got, before)
	}
}

// Lists are turned in pages, and rows neither repeat nor go missing.
func TestPaging(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	dwhtest.Query(t, dsn, `INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, outcome, error)
		SELECT 'page-' || g, 'x <b>', 'postgres', 'test', TIMESTAMP '2001-01-01' + g * INTERVAL '1 minute', 'failed', 'because <i>' FROM generate_series(1, 120) AS g`)
	s := newSite(t, dsn, nil)
	seen := map[string]bool{}
	path := "/runs"
	pages := 0
	for path != "" {
		a := s.page(path, 200)
		pages++
		for _, found := range regexp.MustCompile(`data-key="([^"]+)"`).FindAllStringSubmatch(a.body, -1) {
			if seen[found[1]] {
				t.Errorf("%s: the run %s stands twice", path, found[1])
			}
			seen[found[1]] = true
		}
		path = ""
		if older := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(a.body); older != nil {
			path = older[1]
		}
	}
	if pages != 3 || len(seen) != 121 {
		t.Errorf("got %d runs on %d pages, want 121 on 3", len(seen), pages)
	}
	s.page("/runs/page-7", 200, "because &lt;i&gt;", "no steps")
}

// What another dwh wrote down is shown soon.
func TestOverviewFollowsJournal(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	s.page("/", 200, "d_song-unique")
	dwhtest.Query(
		t, dsn,
		`INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, ended_at, outcome) VALUES ('from-elsewhere', 'check', 'postgres', 'test', TIMESTAMP '2100-01-01', TIMESTAMP '2100-01-01', 'check failed');
		INSERT INTO dwh_check (run_id, name, severity, outcome, violations, checked_at) VALUES ('from-elsewhere', 'd_song-unique', 'error', 'fail', 31, TIMESTAMP '2100-01-01')`,
	)
	await(t, func() string {
		if body := s.get("/").body; !strings.Contains(
			body, "from-elsewhere",
		) || !strings.Contains(body, "31 violations") {
			return "the run or its check is not shown"
		}
		return ""
	})
}

// Large tables are not counted, and say so.
func TestEstimates(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	dwhtest.Query(
		t, dsn,
		`INSERT INTO s_name (name, sex, births) SELECT repeat('x', 200), 'F', g FROM `+
			`generate_series(1, 60000) AS g; ANALYZE s_name`,
	)
	rows := dwhtest.Query(t, dsn, "SELECT pg_relation_size('s_name')")
	s := newSite(t, dsn, nil)
	a := s.page("/", 200)
	if found := regexp.MustCompile(`(?s)>s_name</a></th>.{0,200}about.{0,40}60,`).FindString(a.body); found == "" {
		t.Errorf("s_name of %s bytes: got no estimate in\n%s", rows[0][0], a.body)
	}
}

// What is shown of a COPY holds no secret.
func TestSQLWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), func(o *dashboard.Options) {
		o.SQL = func(step transform.Step) (string, error) {
			if step.Load {
				return "", fmt.Errorf("%s: no such value", step.Name)
			}
			return "SELECT '<b>' -- <script>", nil
		}
	})
	s.page("/lineage/s_song", 200, "no such value")
	a := s.page("/lineage/d_song", 200, "&lt;b&gt;")
	if strings.Contains(a.body, "-- <script>") {
		t.Errorf("markup of a transform got through")
	}
}

// The stream greets, and tells when another dwh has written.
func TestEvents(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	ctx, cancel := context.WithTimeout(t.Context(), dwhtest.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" {
		t.Fatalf("/events: got %q, want a stream", got)
	}
	lines := bufio.NewScanner(response.Body)
	var first string
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "event: hello":
			dwhtest.Query(
				t, dsn,
				`INSERT INTO dwh_run (run_id, command, engine, dwh_version, started_at, outcome) `+
					`VALUES ('later', 'x', 'postgres', 'test', now(), 'done')`,
			)
		case strings.HasPrefix(line, "data: ") && first == "":
			first = line
		case strings.HasPrefix(line, "data: ") && first != line:
			return
		}
	}
	t.Fatalf("the stream ended without a change: %v", lines.Err())
}

// The clients that listen are bounded, and one that leaves makes room.
func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), nil)
	var leave []context.CancelFunc
	open := func() int {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		leave = append(leave, cancel)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response.StatusCode
	}
	for n := range 100 {
		if got := open(); got != 200 {
			t.Fatalf("stream %d: got %d, want 200", n+1, got)
		}
	}
	if got := open(); got != 503 {
		t.Errorf("one stream too many: got %d, want 503", got)
	}
	leave[7]()
	await(t, func() string {
		if got := open(); got != 200 {
			return fmt.Sprintf("after one left: got %d, want 200", got)
		}
		return ""
	})
}
