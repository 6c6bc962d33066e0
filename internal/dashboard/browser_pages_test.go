//go:build browser

package dashboard_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// lookAt opens a page in both widths, with and without script, and tells what somebody complains
// of.
func lookAt(b *tab, s *site, name, path string) {
	b.t.Helper()
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(width, "prefers-color-scheme="+scheme)
			b.do(chromedp.Navigate(s.http.URL + path))
			b.until(`document.querySelector("h1")`)
			shown := fmt.Sprintf("%s-%d-%s", name, width, scheme)
			for _, text := range eval[[]string](b, complaints) {
				b.t.Errorf("%s: %s", shown, text)
			}
			b.quiet(shown)
			b.screenshot(shown)
		}
	}
}

// The name of a table on the overview leads, by the keyboard and without script, to its page.
func TestBrowserTablePage(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	lookAt(b, s, "table-page", "/lineage/f_songplay")
	lookAt(b, s, "table-helper", "/lineage/songplay")
	b.withoutScript()
	b.do(chromedp.Navigate(s.http.URL + "/"))
	b.until(`document.querySelector("a[href='/lineage/f_songplay']")`)
	eval[bool](b, `(document.querySelector("a[href='/lineage/f_songplay']").focus(), true)`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(
		`location.pathname === "/lineage/f_songplay" && ` +
			`document.querySelectorAll("#sample-scroll tbody tr").length === 20`,
	)
	if got := eval[string](
		b, `document.querySelector(".history-line svg, #history-scroll table caption").textContent`,
	); got == "" {
		t.Errorf("the rows written: got no words for a screen reader")
	}
	b.quiet("table page")
}

// The name of a check on the overview leads, without script, to its query and its violations.
func TestBrowserCheckPage(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	lookAt(b, s, "check-page", "/checks/rejects-in-last-load")
	b.withoutScript()
	b.do(chromedp.Navigate(s.http.URL + "/"))
	b.until(`document.querySelector(".checks .warn a")`)
	b.click(".checks .warn a", "rejects-in-last-load", `location.pathname === "/checks/rejects-in-last-load" &&
		document.querySelectorAll("#violations-scroll tbody tr").length === 2 && document.querySelector("pre.sql .keyword")`)
	b.quiet("check page")
}

// The lineage holds reports and checks beside its tables; none lies on another, and a check opens
// its page by the keyboard.
func TestBrowserLineagePage(t *testing.T) {
	s := newSite(t, loaded(t), nil)
	b := newTab(t)
	lookAt(b, s, "lineage-whole", "/lineage")
	lookAt(b, s, "lineage-tables", "/lineage?show=tables")
	b.look(1280, "prefers-color-scheme=light")
	b.do(chromedp.Navigate(s.http.URL + "/lineage"))
	b.until(`document.querySelector("a.node.check")`)
	for _, name := range eval[[]string](b, `(() => {
		const out = [];
		const boxes = [...document.querySelectorAll("a.node")].map(e => [e.getAttribute("aria-label"), e.querySelector("rect").getBoundingClientRect(), e]);
		boxes.forEach(([name, a, e], i) => {
			boxes.slice(0, i).forEach(([other, o]) => {
				if (a.left < o.right && o.left < a.right && a.top < o.bottom && o.top < a.bottom) out.push(name + " lies on " + other);
			});
			const text = e.querySelector("text.name").getBoundingClientRect(), light = e.querySelector("use");
			if (light && text.right > light.getBoundingClientRect().left) out.push("the name of " + name + " lies on its light");
			if (light && light.getBoundingClientRect().width < 10) out.push("the light of " + name + " is not seen");
		});
		return out;
	})()`) {
		t.Error(name)
	}
	eval[bool](b, `(document.querySelector("a.node[href='/checks/rejects-in-last-load']").focus(), true)`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname === "/checks/rejects-in-last-load"`)
	b.quiet("lineage")
}
