//go:build browser

package dashboard_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// tab is a page of a headless browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	messages []string
}

// chromium is Debian's; CHROMIUM names another.
func chromium() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

// newTab starts a browser of the test's own.
func newTab(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(
			chromium(),
		), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag(
			"disable-background-networking", true,
		), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true))
	// of the whole test
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*dwhtest.Patience)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			b.messages = append(b.messages, "console: "+string(e.Type))
		case *runtime.EventExceptionThrown:
			b.messages = append(b.messages, "exception: "+e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.messages = append(b.messages, fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval evaluates JavaScript.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits for an expression to be true. Between two pages there is nothing to ask.
func (b *tab) until(expression string) {
	b.t.Helper()
	await(b.t, func() string {
		found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && found {
			return ""
		}
		if b.ctx.Err() != nil {
			b.t.Fatalf("%s: %v", expression, err)
		}
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
		return fmt.Sprintf("%s is not true (%v) in:\n%s", expression, err, text)
	})
}

// look sets the window's width and the colour scheme.
func (b *tab) look(width int64, features ...string) {
	b.t.Helper()
	if _, err := chromedp.Call(
		b.ctx, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500},
	); err != nil {
		b.t.Fatal(err)
	}
	params := emulation.SetEmulatedMediaParams{}
	for _, feature := range features {
		name, value, _ := strings.Cut(feature, "=")
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}

// quiet fails the test for what the browser complained of; the load of a page that is an error by
// intention is no complaint.
func (b *tab) quiet(what string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range b.messages {
		if !strings.Contains(message, "server responded with a status of 40") {
			b.t.Errorf("%s: the browser says: %s", what, message)
		}
	}
	b.messages = nil
}

// screenshot writes the page as a picture where the environment names a folder.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	folder := os.Getenv("DWH_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// complaints looks at a page as somebody with other eyes does: contrast of every text, names of
// what can be used, room on the screen.
const complaints = `(() => {
	const out = [];
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) {
		const wide = [...document.querySelectorAll("body *")].find(e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".scroll, pre, .quiet, .skip"));
		out.push("the page is " + root.scrollWidth + " wide in a window of " + root.clientWidth + ": " + (wide ? wide.outerHTML.slice(0, 100) : "?"));
	}
	const parse = text => { const n = text.match(/[\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
	const luminance = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const seen = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const node = walker.currentNode, e = node.parentElement;
		if (!node.nodeValue.trim() || e.closest(".quiet, .skip, noscript, option, title, desc, script")) continue;
		const style = getComputedStyle(e);
		const colour = parse(e instanceof SVGElement ? style.fill : style.color);
		let behind = [255, 255, 255, 0];
		for (let at = e; at; at = at.parentElement) {
			const c = parse(getComputedStyle(at).backgroundColor);
			if (c[3] > 0) { behind = c; break; }
		}
		const [a, b] = [luminance(colour), luminance(behind)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		const key = style.color + behind + e.className;
		if (ratio < 4.5 && !seen.has(key)) { seen.add(key); out.push("contrast " + ratio.toFixed(2) + ": " + e.outerHTML.slice(0, 80)); }
	}
	for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, [tabindex='0']")) {
		const label = e.labels && e.labels.length ? e.labels[0].textContent : "";
		const by = e.getAttribute("aria-labelledby");
		const name = e.getAttribute("aria-label") || (by && document.getElementById(by) && document.getElementById(by).textContent) || label || e.textContent;
		if (!name || !name.trim()) out.push("no name: " + e.outerHTML.slice(0, 80));
	}
	for (const e of document.images) {
		if (!e.alt) out.push("no alt: " + e.outerHTML);
		if (!e.complete || e.naturalWidth === 0) out.push("not loaded: " + e.currentSrc);
	}
	const levels = [...document.querySelectorAll("h1, h2, h3")].map(h => Number(h.nodeName[1]));
	if (levels[0] !== 1 || levels.filter(n => n === 1).length !== 1) out.push("headings: " + levels);
	if (!document.querySelector("main") || !document.querySelector("nav[aria-label]") || !document.querySelector("footer")) out.push("a landmark is missing");
	return out;
})()`

// Every page, in light and dark, on a screen and on a phone: no word from the browser, no violation
// of the policy, no overflow, readable.
func TestBrowserPages(t *testing.T) {
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	b := newTab(t)
	run := link(t, runLink, s.get("/runs").body)
	record := link(t, recordLink, s.get("/rejects").body)
	artist := dwhtest.Query(
		t, dsn,
		`SELECT replace(name, ' ', '+') FROM d_artist INNER JOIN f_songplay USING (artist_id) `+
			`ORDER BY f_songplay.songplay_id LIMIT 1`,
	)[0][0]
	for _, page := range []struct{ name, path string }{
		{"overview", "/"}, {"reports", "/reports"}, {"report", "/reports/top-artists"}, {
			"report-days", "/reports/daily-activity",
		}, {"report-asks", "/reports/artist-locations"},
		{"report-answers", "/reports/artist-locations?artist=" + artist},
		{"report-gaining", "/reports/artists-gaining"},
		{"report-range", "/reports/daily-activity?from=2018-11-05&to=2018-11-11"},
		{"report-sorted", "/reports/songplays-by-location?t.sort=location&t.order=descending&t.search=paid"},
		{"report-refuses", "/reports/artist-locations?artist=&limit=x"}, {"runs", "/runs"}, {"run", run},
		{"lineage", "/lineage"}, {"table", "/lineage/f_songplay"}, {
			"table-rejects", "/lineage/s_reject",
		}, {"rejects", "/rejects"}, {"record", record}, {"missing", "/nope"},
	} {
		for _, width := range []int64{1280, 390, 360} {
			for _, scheme := range []string{"light", "dark"} {
				name := fmt.Sprintf("%s-%d-%s", page.name, width, scheme)
				b.look(width, "prefers-color-scheme="+scheme)
				b.do(chromedp.Navigate(s.http.URL + page.path))
				// What is loaded when it comes into view is brought there.
				b.until(`[...document.images].every(i => i.complete || (i.scrollIntoView(), false)) &&
					document.getElementById("connection").textContent === "live"`)
				eval[bool](b, `(scrollTo(0, 0), true)`)
				for _, text := range eval[[]string](b, complaints) {
					t.Errorf("%s: %s", name, text)
				}
				b.quiet(name)
				b.screenshot(name)
			}
		}
	}
	b.look(1280, "forced-colors=active")
	b.do(chromedp.Navigate(s.http.URL + "/"))
	b.screenshot("overview-forced-colors")
	b.quiet("forced colours")
}

// What is delivered shows without a reload: focus, typed text and scrolling stay.
func TestBrowserLive(t *testing.T) {
	l := serve(t, nil)
	b := newTab(t)
	b.look(1280, "prefers-color-scheme=light")
	b.do(chromedp.Navigate(l.address + "/"))
	b.until(`document.getElementById("connection").textContent === "live"`)
	b.until(`document.getElementById("phase").textContent.trim() === "Working"`)
	const rows = `[...document.querySelectorAll("tr[data-key='f_songplay'] td")].map(e => e.textContent).join()`
	b.until(rows + ` === "0"`)
	eval[bool](b, `window.same = true`)
	eval[bool](b, `(document.querySelector("a[href='/runs']").focus(), window.scrollTo(0, 120), true)`)
	l.deliver(0)
	b.until(rows + ` !== "0"`)
	b.until(`document.querySelectorAll("#batches-scroll tbody tr").length === 1`)
	first := eval[string](b, rows)
	if want := dwhtest.Query(t, l.dsn, "SELECT count(*) FROM f_songplay")[0][0]; first != want {
		t.Errorf("plays on the page: got %s, want %s", first, want)
	}
	l.deliver(1)
	b.until(
		`document.querySelectorAll("#batches-scroll tbody tr").length === 2 && ` + rows + ` !== ` +
			fmt.Sprintf("%q", first),
	)
	if !eval[bool](b, `window.same === true`) {
		t.Errorf("the page was loaded again")
	}
	if got := eval[string](b, `document.activeElement.getAttribute("href")`); got != "/runs" {
		t.Errorf("focus after an update: got %s, want the link to /runs", got)
	}
	if got := eval[float64](b, `window.scrollY`); got != 120 {
		t.Errorf("scrolling after an update: got %v, want 120", got)
	}
	b.screenshot("live")
	b.quiet("live overview")

	// A form that somebody is filling in stays as it is while the report below it changes.
	b.do(chromedp.Navigate(l.address + "/reports/songplays-by-level"))
	b.do(chromedp.Navigate(l.address + "/reports/top-artists"))
	b.until(`document.getElementById("connection").textContent === "live"`)
	b.do(chromedp.Focus("#field-limit"))
	eval[bool](b, `(document.getElementById("field-limit").value = "7", window.same = true)`)
	before := eval[string](b, `document.querySelector("main time").getAttribute("datetime")`)
	l.deliver(2)
	b.until(`document.querySelector("main time").getAttribute("datetime") !== ` + fmt.Sprintf("%q", before))
	if got := eval[string](
		b, `document.activeElement.id + " " + document.getElementById("field-limit").value`,
	); got != "field-limit 7" {
		t.Errorf("a form during an update: got %q, want the focus and the text to stay", got)
	}

	// While somebody selects text, the page waits.
	b.do(chromedp.Navigate(l.address + "/"))
	b.until(`document.getElementById("connection").textContent === "live"`)
	held := eval[string](b, rows)
	eval[bool](b, `(getSelection().selectAllChildren(document.querySelector("h1")), true)`)
	l.deliver(3)
	b.until(
		`fetch("/", {cache: "no-store"}).then(r => r.text()).then(t => window.newest = t) && ` +
			`window.newest && !window.newest.includes('>' + ` + fmt.Sprintf("%q", held) + ` + '</td>')`,
	)
	if got := eval[string](b, `getSelection().toString() + " " + `+rows); got != "Overview "+held {
		t.Errorf("a selection during an update: got %q, want it to stay, and the page with it", got)
	}
	eval[bool](b, `(getSelection().removeAllRanges(), true)`)
	b.until(rows + ` !== ` + fmt.Sprintf("%q", held))
	b.quiet("live")
}

// A page whose server is gone says so, and finds it again.
func TestBrowserNotConnected(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	b.do(chromedp.Navigate(s.http.URL + "/"))
	b.until(`document.getElementById("connection").textContent === "live"`)
	if _, err := chromedp.Run(
		b.ctx,
		chromedp.Evaluate[bool](
			`(window.RealSource = EventSource, window.EventSource = function () { const s = new `+
				`RealSource("/nope"); return s; }, true)`,
		),
	); err != nil {
		t.Fatal(err)
	}
	s.http.CloseClientConnections()
	b.until(`document.getElementById("connection").textContent === "not connected"`)
	b.screenshot("not-connected")
	eval[bool](b, `(window.EventSource = RealSource, true)`)
	b.until(`document.getElementById("connection").textContent === "live"`)
}

// Everything can be reached and used by keyboard, in the order of the page.
func TestBrowserKeyboard(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	b.look(1280, "prefers-color-scheme=light")
	b.do(chromedp.Navigate(s.http.URL + "/reports/artist-locations"))
	b.until(`document.getElementById("connection").textContent === "live"`)
	const focus = `(() => {
		const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
		const outlined = e.matches(":focus-visible") && s.outlineStyle !== "none";
		const inDate = e.type === "date" && e.matches(":focus-within");
		return (e.id || e.textContent.trim()) + "|" + (r.width > 0 && r.top >= 0 && (outlined || inDate));
	})()`
	// A date has three parts, and the button of its calendar, which has an outline of its own.
	date := func(id string) []string { return []string{id, id, id, id} }
	for _, want := range slices.Concat(
		[]string{"Skip to the content", "dwh", "Overview", "Reports", "Runs", "Lineage", "Rejects", "Reports"},
		[]string{"field-artist", "field-limit"}, date("field-from"), date("field-to"),
		[]string{"Run", "Last 7 days", "Last 30 days", "All"}) {
		b.do(chromedp.KeyEvent(kb.Tab))
		if got := eval[string](b, focus); got != want+"|true" {
			t.Errorf("the next in order: got %q, want %q with a visible focus", got, want)
		}
	}
	b.do(chromedp.Focus("#field-artist"), chromedp.KeyEvent("nobody <b>"), chromedp.KeyEvent(kb.Enter))
	b.until(
		`location.search.includes("artist=nobody") && document.body.innerText.includes("No rows for these values.")`,
	)
	// The skip link leads into the content.
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.until(`location.hash === "#main"`)
	// A node of the lineage is opened.
	b.do(chromedp.Navigate(s.http.URL + "/lineage"))
	eval[bool](b, `(document.querySelector("a.node[href='/lineage/d_user']").focus(), true)`)
	if got := eval[string](
		b,
		`getComputedStyle(document.querySelector("a.node[href='/lineage/d_user'] rect")).strokeWidth`,
	); got == "" {
		t.Errorf("a node in focus: got no stroke")
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname === "/lineage/d_user" && document.querySelector("pre.sql .keyword")`)
	b.quiet("keyboard")
}

// A download is saved under its name.
func TestBrowserDownload(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	folder := t.TempDir()
	if _, err := chromedp.CallBrowser(
		b.ctx, browser.SetDownloadBehavior,
		browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder},
	); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(s.http.URL + "/reports/top-artists?limit=3"))
	for _, name := range []string{"CSV", "JSON", "Markdown", "SVG"} {
		eval[bool](
			b,
			fmt.Sprintf(
				`([...document.querySelectorAll(".downloads a")].find(a => a.textContent === %q).click(), true)`,
				name,
			),
		)
		want := "top-artists." + map[string]string{"CSV": "csv", "JSON": "json", "Markdown": "md", "SVG": "svg"}[name]
		await(t, func() string {
			if text, err := os.ReadFile(filepath.Join(folder, want)); err != nil || len(text) == 0 {
				return fmt.Sprintf("%s was not saved: %v", want, err)
			}
			return ""
		})
	}
}

// A chart's marks say their values under a pointer, at every width, and the tip goes away again.
func TestBrowserChartTips(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	for _, width := range []int64{1280, 390, 360} {
		b.look(width)
		b.do(chromedp.Navigate(s.http.URL + "/reports/songplays-by-weekday"))
		b.until(`document.getElementById("connection").textContent === "live"`)
		// Scrolling takes a tip away, and is told of a moment later.
		const mark = `[...document.querySelectorAll(".dwh-chart .dwh-mark0")]` +
			`.filter(m => m.getBoundingClientRect().width > 0)`
		eval[bool](b, `(`+mark+`[0].scrollIntoView({block: "center"}),
			requestAnimationFrame(() => requestAnimationFrame(() => window.settled = true)), true)`)
		b.until(`window.settled`)
		at := eval[[]float64](b, `(() => {
			const marks = `+mark+`;
			const box = marks[0].getBoundingClientRect();
			return [box.left + box.width / 2, box.top + box.height / 2];
		})()`)
		b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
		b.until(
			`(() => { const tip = document.querySelector(".tip"); return tip && /^\w+day: ` +
				`[\d,]+$/.test(tip.textContent); })()`,
		)
		if inside := eval[bool](b,
			`(() => { const r = document.querySelector(".tip").getBoundingClientRect(); return `+
				`r.left >= 0 && r.top >= 0 && r.right <= innerWidth && r.bottom <= innerHeight; })()`); !inside {
			t.Errorf("at %d pixels: got a tip beyond the window", width)
		}
		b.screenshot(fmt.Sprintf("chart-tip-%d", width))
		b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 2, 2))
		b.until(`!document.querySelector(".tip")`)
		b.quiet("tips")
	}
}
