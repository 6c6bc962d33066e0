package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/embedded"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

func document() report.Document {
	long := table.Table{Columns: table.Columns("artist", "songplays")}
	for i := range 1234 {
		long.Rows = append(long.Rows, []any{fmt.Sprintf("artist %d", i), i * 1000})
	}
	hostile := `</style><script>alert(1)</script> "' & <b>`
	return report.Document{
		Title:  "dwh reports",
		Target: "PostgreSQL 15.1 at localhost:5432, database <dwh>, user dwh",
		When:   time.Date(2018, 11, 30, 23, 59, 30, 0, time.FixedZone("", 3600)),
		Sections: []report.Section{
			{Name: "songplays-by-level", Description: "plays of each level", Table: table.Table{
				Columns: table.Columns("level", "songplays"), Rows: [][]any{{"free", int64(1594)}, {nil, nil}},
			}},
			{Name: "long", Values: "limit: 5000", Table: long},
			{Name: "no rows", Table: table.Table{Columns: table.Columns("a", "b")}},
			{
				Name:  "no measure",
				Table: table.Table{Columns: table.Columns("rank", "female"), Rows: [][]any{{1, "Muse"}}},
			},
			{Name: hostile, Description: hostile, Values: "artist: " + hostile, Table: table.Table{
				Title: hostile, Columns: table.Columns(hostile, "n"), Rows: [][]any{{hostile, 1}, {"\xff\x00", 2}},
			}},
		},
		LeftOut: []report.LeftOut{{Name: "artist-locations", Reason: "needs --artist"}},
	}
}

func TestHTML(t *testing.T) {
	body, err := document().HTML()
	if err != nil {
		t.Fatal(err)
	}
	page := string(body)
	for _, want := range []string{
		"<title>dwh reports</title>", "database &lt;dwh&gt;",
		`<time datetime="2018-11-30T22:59:30Z">2018-11-30 22:59 UTC</time>`,
		`<li>artist-locations: needs --artist</li>`, "plays of each level", "limit: 5000",
		"<h2>Songplays by level</h2>\n<p class=\"name\"><code>songplays-by-level</code></p>", "1,594",
		"<caption>the first 100 of 1,234 rows</caption>",
		"All rows: dwh report long --format csv", "<caption>0 rows</caption>", "&lt;/style&gt;&lt;script&gt;alert(1)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("got a page without %q", want)
		}
	}
	if got, want := strings.Count(page, "<svg "), 2*3; got != want {
		t.Errorf("got %d charts, want %d: two widths of each report with a measure", got, want)
	}
	if got, want := strings.Count(page, "<table>"), 5; got != want {
		t.Errorf("got %d tables, want %d", got, want)
	}
	if strings.Contains(page, "artist 100<") {
		t.Error("got the 101st row, want the first 100")
	}
	selfContained(t, page)
}

// selfContained fails the test where a page runs, loads or names anything outside itself.
func selfContained(t *testing.T, page string) {
	t.Helper()
	rest := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
	if bad := regexp.MustCompile(
		`(?i)<script|<link|<img|<iframe|<object|<base|[\s"'](src|srcset|style|on[a-z]+)=|url\(|@import|https?:|//[a-z]`,
	).FindString(rest); bad != "" {
		t.Errorf("got %q in the page, want nothing from outside and no inline styles", bad)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("got the id %q twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("got a link to #%s, want a place with that id", m[1])
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page)
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if style == nil || policy == nil {
		t.Fatal("got a page without style or policy")
	}
	hash := sha256.Sum256([]byte(style[1]))
	unescaped := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(policy[1])
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(
		unescaped, want,
	) || !strings.Contains(unescaped, "default-src 'none'") {
		t.Errorf("got the policy %q, want %q in it", unescaped, want)
	}
}

// A page of one report has its table whole, its name as title, and no contents.
func TestHTMLOfOneReport(t *testing.T) {
	doc := document()
	doc.Title, doc.Sections, doc.LeftOut = "long", doc.Sections[1:2], nil
	body, err := doc.HTML()
	if err != nil {
		t.Fatal(err)
	}
	page := string(body)
	if got, want := strings.Count(page, "<tr>"), 1235; got != want {
		t.Errorf("got %d table lines, want %d", got, want)
	}
	if strings.Contains(page, "<nav") || strings.Contains(page, "<h2") || !strings.Contains(page, "<h1>Long</h1>") {
		t.Error("got contents or a second heading, want the report's name as the only one")
	}
	selfContained(t, page)
}

func TestMarkdown(t *testing.T) {
	doc := document()
	doc.Sections = []report.Section{
		doc.Sections[0],
		{
			Name: "Top Songs (new)", Values: "limit: 10",
			Table: table.Table{Columns: table.Columns("a"), Rows: [][]any{{1}}},
		},
	}
	body, err := doc.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	want := `## dwh reports

PostgreSQL 15.1 at localhost:5432, database &lt;dwh&gt;, user dwh  
2018-11-30 22:59 UTC

- [songplays-by-level](#songplays-by-level): plays of each level
- [Top Songs (new)](#top-songs-new)
- artist-locations: left out, needs --artist

### songplays-by-level

plays of each level

| level | songplays |
| ----- | --------: |
| free  |     1,594 |
|       |           |

### Top Songs (new)

limit: 10

|    a |
| ---: |
|    1 |
`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestJSON(t *testing.T) {
	body, err := document().JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][]map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("got %v in\n%s", err, body)
	}
	if diff := cmp.Diff(
		[]map[string]any{{"level": "free", "songplays": 1594.0}, {"level": nil, "songplays": nil}},
		got["songplays-by-level"],
	); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := len(got["long"]), 1234; got != want {
		t.Errorf("got %d rows of long, want %d: JSON is never cut", got, want)
	}
	if bytes.Index(body, []byte(`"songplays-by-level"`)) > bytes.Index(body, []byte(`"long"`)) {
		t.Error("got the reports in another order than the document's")
	}
	if body, err := (report.Document{}).JSON(); err != nil || !json.Valid(body) {
		t.Errorf("got %q, %v without reports, want an empty object", body, err)
	}
}

func TestTold(t *testing.T) {
	for name, want := range map[string]string{
		"songplays-by-level": "", "top-artists": "limit: 10",
		"artist-locations": "artist: Muse, limit: 10",
	} {
		r, err := report.Find(embedded.Reports(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Told(map[string]string{"artist": "Muse"}); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
