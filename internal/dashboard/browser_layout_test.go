//go:build browser

package dashboard_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The lineage and its list fit a page of 1280 pixels; refused records and steps fit a phone.
func TestBrowserNothingIsCut(t *testing.T) {
	dsn := loaded(t)
	s := newSite(t, dsn, nil)
	run := link(t, runLink, s.get("/runs").body)
	b := newTab(t)
	for _, c := range []struct {
		path, box string
		width     int64
	}{
		{"/lineage", "graph-scroll", 1280},
		{"/lineage?show=tables", "graph-scroll", 1280},
		{"/lineage", "list-scroll", 1280},
		{"/rejects", "rejects-scroll", 390},
		{run, "steps-scroll", 390},
	} {
		b.look(c.width, "prefers-color-scheme=light")
		b.do(chromedp.Navigate(s.http.URL + c.path))
		b.until(`document.getElementById("` + c.box + `")`)
		if got := eval[int](b, `(e => e.scrollWidth - e.clientWidth)(document.getElementById("`+c.box+`"))`); got > 0 {
			t.Errorf("%s at %d pixels: %d pixels of %s are cut", c.path, c.width, got, c.box)
		}
	}
}
