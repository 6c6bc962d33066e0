package dashboard_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/report"
)

var cells = regexp.MustCompile(`<tr><td[^>]*>(?:<a [^>]*>)?([^<]*)`)

// first are the texts of a page's first column.
func first(a answer) string {
	var out []string
	for _, match := range cells.FindAllStringSubmatch(a.body, -1) {
		out = append(out, match[1])
	}
	return strings.Join(out, " ")
}

// A table is sorted and searched by its address; what is asked for is kept by every link.
func TestArrangedTables(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), project(t, map[string]string{
		"fruit": `-- param: least 0
SELECT fruit.name, fruit.n AS "a number" FROM (SELECT 'pear' AS name, 3 AS n UNION ALL SELECT 'Apple', 20
    UNION ALL SELECT 'cherry <b>', NULL UNION ALL SELECT 'apricot', 1 UNION ALL SELECT 'fig', 2 UNION ALL SELECT 'kiwi', 4) AS fruit
WHERE COALESCE(fruit.n, 5) >= :'least'`,
		"long": "SELECT g AS n, 'x' || g AS text FROM generate_series(1, 12000) AS g",
	}))
	for address, want := range map[string]string{
		"":                                    "pear Apple cherry &lt;b&gt; apricot fig kiwi",
		"?t.sort=name":                        "Apple apricot cherry &lt;b&gt; fig kiwi pear",
		"?t.sort=a+number":                    "apricot fig pear kiwi Apple cherry &lt;b&gt;",
		"?t.sort=a+number&t.order=descending": "Apple kiwi pear fig apricot cherry &lt;b&gt;",
		"?t.search=AP":                        "Apple apricot",
		"?t.search=ap&t.sort=name&t.order=descending&least=2": "Apple",
		"?t.search=%3Cb%3E": "cherry &lt;b&gt;",
		"?t.search=nothing": "",
	} {
		if got := first(s.page("/reports/fruit"+address, 200)); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
	s.page("/reports/fruit?least=2&t.sort=name&t.search=p", 200, "2 rows of 5 match “p”", "Sorted by name, ascending",
		// of the same column, turned
		`href="/reports/fruit?least=2&amp;t.order=descending&amp;t.search=p&amp;t.sort=name#table-h"`,
		`href="/reports/fruit?least=2&amp;t.order=descending&amp;t.search=p&amp;t.sort=a+number#table-h"`,
		`href="/reports/fruit?least=2#table-h">As the report has them`,
		`href="/reports/fruit?least=2&amp;t.order=ascending&amp;t.sort=name#table-h">Show all rows`,
		`<input type="hidden" name="t.sort" value="name">`,
		`<input type="hidden" name="least" value="2">`, `aria-sort="ascending"`,
		`href="/reports/fruit/data.csv?least=2"`)
	s.page("/reports/fruit?t.search=nothing", 200, "No row matches.", "0 rows of 6 match")
	s.page("/reports/long", 200, "The first 10,000 rows only; a download has all. Here are 500 of them.")
	if got := first(
		s.page("/reports/long?t.sort=n&t.order=descending", 200),
	); !strings.HasPrefix(got, "10,000 9,999 ") {
		t.Errorf("got %.40q, want the rows that were read sorted", got)
	}
	s.page("/reports/long?t.search=x99", 200, "111 rows of 10,000 match")
	for address, want := range map[string]string{
		"?t.sort=nothing": "no column", "?t.sort=%3Cscript%3E": "&lt;script&gt;",
		"?t.order=up": "ascending or descending", "?t.other=1": "is not a parameter of a table",
		"?t.search=%00": "have at most", "?t.sort=%ff": "have at most",
		"?t.search=" + strings.Repeat("a", 5000): "have at most",
	} {
		s.page("/reports/fruit"+address, 400, want)
	}
}

// A value leads to another report, with its own value, those of its row, and the dates that both
// reports ask for.
func TestLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), project(t, map[string]string{
		"shops": `-- title: Shops & more
-- param: from date
-- param: limit 3
-- link: shop sales shop day=since
SELECT 'Ä & "b" <i>' AS shop, CAST('2018-11-05' AS DATE) AS since, 1 AS n UNION ALL SELECT NULL, NULL, 2 UNION ALL SELECT 'c', NULL, 3 LIMIT :'limit'`,
		"sales": "-- param: shop - which shop\n-- param: day date\n-- param: from date\n-- " +
			"param: limit 7\nSELECT :'shop' AS shop, :'day' AS day, :'from' AS first",
	}))
	page := s.page("/reports/shops?from=2018-11-01&limit=3", 200, "Each shop leads to Sales.",
		`<a href="/reports/sales?day=2018-11-05&amp;from=2018-11-01&amp;shop=%C3%84+%26+%22b%22+%3Ci%3E">`+
			`Ä &amp; &#34;b&#34; &lt;i&gt;</a>`,
		`<a href="/reports/sales?from=2018-11-01&amp;shop=c">c</a>`, `<td class="null">–</td>`)
	s.page(
		link(t, regexp.MustCompile(`href="(/reports/sales\?day[^"]*)"`), page.body), 200,
		"<td>Ä &amp; &#34;b&#34; &lt;i&gt;</td>", ">2018-11-05<", ">2018-11-01<",
	)
	// The parameter that is linked to offers the values.
	s.page(
		"/reports/sales", 200, `list="known-shop"`,
		`<option value="Ä &amp; &#34;b&#34; &lt;i&gt;"></option><option value="c"></option></datalist>`,
		`<input type="date" id="field-day"`,
	)
	s.page("/reports/sales?shop=a&day=", 200, ">0001-01-01<") // an emptied date is none
	s.page("/reports/sales?shop=a&day=soon", 400, "must be a date such as 2018-11-30")
	s.page("/reports/sales?shop=a&day=2018-02-30", 400, "must be a date such as 2018-11-30")
}

// Ranges of days end with the newest day that is known.
func TestRanges(t *testing.T) {
	t.Parallel()
	const sales = `FROM (SELECT CAST('2018-11-20' AS DATE) AS day, 5 AS n UNION ALL SELECT CAST('2018-11-21' AS DATE), 6) AS sale
WHERE sale.day BETWEEN :'first_from' AND :'first_to'`
	s := newSite(t, loaded(t), project(t, map[string]string{
		"by-day": "-- param: first_from date\n-- param: first_to date\nSELECT sale.day, sale.n " + sales,
		"best": "-- param: first_from date\n-- param: first_to date\n-- param: limit 1\nSELECT " +
			"sale.day, sale.n " + sales + " ORDER BY sale.n LIMIT :'limit'",
		"half": "-- param: from date\nSELECT 1 AS one WHERE :'from' < '2000-01-01'",
	}))
	for range 2 { // the newest day is that of all, whatever is chosen
		s.page("/reports/by-day?first_to=2018-11-20", 200, "newest day is 2018-11-")
		s.page(
			"/reports/by-day", 200, "newest day is 2018-11-21",
			`<a href="/reports/by-day?first_from=2018-11-15&amp;first_to=2018-11-21">Last 7 days</a>`,
			`<a href="/reports/by-day?first_from=2018-10-23&amp;first_to=2018-11-21">Last 30 days</a>`,
			`<a href="/reports/by-day" aria-current="true">All</a>`,
		)
	}
	s.page(
		"/reports/by-day?first_from=2018-11-15&first_to=2018-11-21&t.sort=n", 200,
		`<a href="/reports/by-day?first_from=2018-11-15&amp;first_to=2018-11-21&amp;t.order=ascending&amp;t.sort=n"`+
			` aria-current="true">Last 7 days</a>`,
	)
	// The best of the days are not all: the newest day is that of the tiles.
	s.page("/reports/best", 200, "newest day is 2018-11-30")
	if page := s.page("/reports/half", 200, `type="date"`); strings.Contains(page.body, "Ranges of days") {
		t.Errorf("a report with one date: got ranges")
	}
}

// Tiles stand on the start page and on that of their report.
func TestTiles(t *testing.T) {
	t.Parallel()
	dsn := loaded(t)
	s := newSite(t, dsn, project(t, map[string]string{
		"revenue": `-- tile: Revenue <b> = revenue by day
SELECT '2018-11-02' AS day, CAST(100 AS NUMERIC(12, 2)) AS revenue UNION ALL SELECT '2018-11-15', 12.5`,
		"plain":  "-- chart: none\nSELECT 1 AS n, 2 AS m",
		"none":   "-- tile: n by day\nSELECT CAST(NULL AS DATE) AS day, 1 AS n",
		"broken": "-- tile: Broken = n by day\nSELECT 1 / 0 AS n, CAST(NULL AS DATE) AS day",
		"zero":   "-- tile: Nought = n by day\nSELECT '2018-11-02' AS day, 0 AS n",
		"slow":   "-- tile: Slow = n by day\nSELECT 1 AS n, pg_sleep(60) AS day",
	}))
	week := dwhtest.Query(
		t, dsn,
		`SELECT count(*) FROM f_songplay WHERE start_time > (SELECT max(start_time) FROM f_songplay) - interval '7 days'
		AND CAST(start_time AS DATE) > CAST((SELECT max(start_time) FROM f_songplay) AS DATE) - 7`,
	)[0][0]
	started := time.Now()
	overview := s.page(
		"/", 200, "The newest seven days",
		`<dt><a href="/reports/daily-activity">Plays</a></dt><dd><span class="figure">`+week+`</span>`,
		"in the seven days before", "Listeners a day", "Plays matched to a song",
		"2018-11-24 to 2018-11-30",
		`class="dwh-chart dwh-spark" role="img" aria-label="Plays, day by day, 2018-11-03 to 2018-11-30: least `,
		"Revenue &lt;b&gt;", "12.50", "against 100.00", "-87.5 %", "no data yet", "Broken", "Slow",
		"not known now", `Nought</a></dt><dd><span class="figure">0</span>`,
	)
	if strings.Contains(overview.body, "pg_sleep") || strings.Contains(overview.body, "division") {
		t.Errorf("overview: got the error of a report\n%s", overview.body)
	}
	if took := time.Since(started); took > dwhtest.Patience/2 {
		t.Errorf("the start page took %s", took)
	}
	s.page("/reports/daily-activity", 200, `<span class="figure">`+week+`</span>`)
	s.page("/reports/daily-activity?from=2018-11-30", 200, "no full seven days before")
	s.page("/reports/revenue", 200, `<td class="number">100.00</td>`, ">100.00</text>", "2018-11-02: 100.00</title>")
	if page := s.page("/reports/plain", 200); strings.Contains(page.body, "dwh-chart") ||
		strings.Contains(page.body, "data.svg") {
		t.Errorf("a report without a chart: got one in\n%s", page.body)
	}
	s.page("/reports/plain/chart.svg", 404, "the header of the report says chart: none")
	// What failed is not asked again at once.
	started = time.Now()
	s.page("/", 200, "not known now")
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("the start page took %s again", took)
	}
}

// A start page asks for the days that tiles show, and not for all that there ever were.
func TestTilesReadFewDays(t *testing.T) {
	t.Parallel()
	s := newSite(t, loaded(t), func(o *dashboard.Options) {
		project(t, map[string]string{"asked": `-- param: from date
-- param: to date
-- tile: Days asked for = n by day
SELECT CAST('2018-11-20' AS DATE) AS day, CASE WHEN :'from' > '2018-01-01' THEN 1 ELSE 1000 END AS n
WHERE :'from' < '2018-11-21'`})(o)
		all := o.Reports
		o.Reports = func() ([]report.Report, error) { // no other report knows of newer days
			found, err := all()
			return slices.DeleteFunc(found, func(r report.Report) bool { return r.Name != "asked" }), err
		}
	})
	// nothing is as new as today: all is asked for
	s.page("/", 200, `<span class="figure">1,000</span>`)
	await(t, func() string {
		if body := s.get("/").body; !strings.Contains(
			body, `Days asked for</a></dt><dd><span class="figure">1</span>`,
		) {
			return fmt.Sprintf("all days are asked for again: %s", body)
		}
		return ""
	})
}
