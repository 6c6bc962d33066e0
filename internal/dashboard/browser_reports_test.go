//go:build browser

package dashboard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// withoutScript turns JavaScript of pages off; the tests' own expressions still run.
func (b *tab) withoutScript() {
	b.t.Helper()
	_, err := chromedp.Call(
		b.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true},
	)
	if err != nil {
		b.t.Fatal(err)
	}
}

// click clicks on the first element of a selector whose text begins so, with the mouse's own
// events, and waits for an expression to be true on the page that follows.
func (b *tab) click(selector, text, until string) {
	b.t.Helper()
	eval[bool](
		b,
		fmt.Sprintf(`([...document.querySelectorAll(%q)].find(e => e.textContent.trim().startsWith(%q)).click(), true)`,
			selector, text),
	)
	b.until(until)
}

// Who sees the dashboard for the first time finds which artist gained most against last week, and
// from where. It takes four clicks, on a phone too, and no script.
func TestBrowserGainingArtist(t *testing.T) {
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	b := newTab(t)
	b.look(390, "prefers-color-scheme=light")
	b.withoutScript()
	b.do(chromedp.Navigate(s.http.URL + "/"))
	b.until(`[...document.querySelectorAll(".figures .tile")].length === 3`)
	b.click("nav a", "Reports", `location.pathname === "/reports"`)
	b.click(
		".cards a", "Artists that gained most",
		`location.pathname === "/reports/artists-gaining" && document.querySelector("#result-scroll td a")`,
	)
	const week = `CAST((SELECT max(start_time) FROM f_songplay) AS DATE) - 6`
	want := dwhtest.Query(
		t, dsn,
		`SELECT a.name, sum(CASE WHEN start_time >= `+week+` THEN 1 ELSE -1 END) FROM f_songplay
		INNER JOIN d_artist AS a USING (artist_id) WHERE start_time >= `+week+` - 7 GROUP BY a.name
		ORDER BY 2 DESC, count(CASE WHEN start_time >= `+week+` THEN 1 END) DESC, 1 LIMIT 1`,
	)[0]
	row := eval[[]string](
		b,
		`[...document.querySelectorAll("#result-scroll tbody tr:first-child td")].map(e => e.textContent)`,
	)
	if row[0] != want[0] || row[1] != want[1] {
		t.Errorf("the artist that gained most: got %q, want %q", row, want)
	}
	b.screenshot("gaining-390")
	b.click(
		"#result-scroll td a", want[0],
		`location.pathname === "/reports/artist-locations" && document.querySelector("#result-scroll")`,
	)
	location := dwhtest.Query(
		t, dsn,
		`SELECT p.location, count(*) FROM f_songplay AS p INNER JOIN d_artist AS a USING (artist_id)
		WHERE a.name = '`+strings.ReplaceAll(want[0], "'", "''")+`' AND start_time >= `+week+` GROUP BY p.location ORDER BY 2 DESC, 1 LIMIT 1`,
	)[0]
	row = eval[[]string](
		b,
		`[...document.querySelectorAll("#result-scroll tbody tr:first-child td")].map(e => e.textContent)`,
	)
	if row[0] != location[0] || row[1] != location[1] {
		t.Errorf("where its listeners of that week are: got %q, want %q", row, location)
	}
	if got := eval[string](
		b, `document.getElementById("field-from").value`,
	); got != dwhtest.Query(t, dsn, `SELECT to_char(`+week+`, 'YYYY-MM-DD')`)[0][0] {
		t.Errorf("the range of days: got %q, want that of the week", got)
	}
	b.quiet("gaining")
}

// A table sorts and searches by the keyboard and without script; what was given stays.
func TestBrowserSortAndSearch(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	const first = `[...document.querySelectorAll("#result-scroll tbody tr td:first-child")].map(e => e.textContent)`
	for _, script := range []bool{true, false} {
		if !script {
			b.withoutScript()
		}
		for _, width := range []int64{1280, 390} {
			b.look(width, "prefers-color-scheme=dark")
			b.do(chromedp.Navigate(s.http.URL + "/reports/songplays-by-location?from=2018-11-02"))
			b.until(`document.querySelector("#result-scroll td")`)
			eval[bool](b, `(document.querySelector("#result-scroll thead a").focus(), true)`)
			b.do(chromedp.KeyEvent(kb.Enter))
			b.until(`document.querySelector("th[aria-sort=ascending]")`)
			if got := eval[string](
				b, `document.querySelector("th[aria-sort]").textContent + location.hash`,
			); got != "location#table-h" {
				t.Errorf("sorted by: got %q, want location, and the place of the table", got)
			}
			ascending := eval[[]string](b, first)
			eval[bool](b, `(document.querySelector("#result-scroll thead a").focus(), true)`)
			b.do(chromedp.KeyEvent(kb.Enter))
			b.until(`document.querySelector("th[aria-sort=descending]")`)
			descending := eval[[]string](b, first)
			if len(ascending) < 3 || ascending[0] >= descending[0] {
				t.Errorf("got the first rows %q ascending and %q descending", ascending[0], descending[0])
			}
			b.do(chromedp.Focus("#table-search"), chromedp.KeyEvent("PAID san"), chromedp.KeyEvent(kb.Enter))
			b.until(`document.getElementById("main").textContent.includes("“PAID san”")`)
			if got := eval[string](
				b,
				`document.getElementById("field-from").value + " " + `+
					`document.querySelector("th[aria-sort]").getAttribute("aria-sort")`,
			); got != "2018-11-02 descending" {
				t.Errorf("after a search: got %q, want the range and the order to stay", got)
			}
			for _, name := range eval[[]string](b, first) {
				if !strings.Contains(strings.ToLower(name), "san") {
					t.Errorf("found %q, which does not hold what was searched for", name)
				}
			}
			b.click(
				"p[role=status] a", "As the report",
				`!location.search.includes("t.") && location.search.includes("from=2018-11-02")`,
			)
			b.quiet("sort and search")
		}
	}
}

// A range of days is chosen by a link or by its two dates, and a text from what is known.
func TestBrowserRangeAndValues(t *testing.T) {
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	b := newTab(t)
	b.look(1280, "prefers-color-scheme=light")
	b.do(chromedp.Navigate(s.http.URL + "/reports/top-artists"))
	b.until(`document.getElementById("connection").textContent === "live"`)
	newest := dwhtest.Query(
		t, dsn,
		`SELECT to_char(max(start_time), 'YYYY-MM-DD'), to_char(max(start_time) - interval '6 `+
			`days', 'YYYY-MM-DD') FROM f_songplay`,
	)[0]
	// The page before it has a current range too.
	b.click(".ranges a", "Last 7 days", `document.readyState === "complete" &&
		document.querySelector(".ranges a[aria-current]")?.textContent === "Last 7 days"`)
	if got := eval[string](
		b,
		`document.getElementById("field-from").value + " " + document.getElementById("field-to").value`,
	); got != newest[1]+" "+newest[0] {
		t.Errorf("the last seven days: got %q, want %s to %s", got, newest[1], newest[0])
	}
	// A value of the table leads on, and the range goes along.
	artist := eval[string](b, `document.querySelector("#result-scroll td a").textContent`)
	b.click("#result-scroll td a", artist, `location.pathname === "/reports/artist-locations"`)
	if got := eval[string](
		b, `["artist", "from", "to"].map(n => document.getElementById("field-" + n).value).join()`,
	); got != artist+","+newest[1]+","+newest[0] {
		t.Errorf("the other report's values: got %q", got)
	}
	known := eval[[]string](b, `[...document.getElementById("field-artist").list.options].map(o => o.value)`)
	plays := dwhtest.Query(
		t, dsn,
		`SELECT count(DISTINCT a.name) FROM f_songplay INNER JOIN d_artist AS a USING (artist_id)`,
	)[0][0]
	if fmt.Sprint(len(known)) != plays {
		t.Errorf("got %d artists to choose from, want all %s that were played", len(known), plays)
	}
	// A date that is typed.
	b.do(chromedp.Focus("#field-from"), chromedp.KeyEvent("11052018"), chromedp.KeyEvent(kb.Enter))
	b.until(`location.search.includes("from=2018-11-05")`)
	b.quiet("range")
}
