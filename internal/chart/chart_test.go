package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

func of(title, columns string, rows ...[]any) table.Table {
	return table.Table{Title: title, Columns: table.Columns(strings.Fields(columns)...), Rows: rows}
}

// tables are one of each kind of chart, and what is hard to draw.
func tables() map[string]table.Table {
	hours := of("songplays-by-hour", "hour songplays")
	for _, h := range []int{0, 1, 2, 9, 10, 11, 12, 16, 17, 23} {
		hours.Rows = append(hours.Rows, []any{h, 10 + h*h})
	}
	days := of("daily-activity", "day songplays listeners sessions")
	at := time.Date(2018, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 30 {
		if i == 12 || i == 13 {
			continue // days on which nothing was played have no row
		}
		days.Rows = append(
			days.Rows,
			[]any{at.AddDate(0, 0, i).Format(time.DateOnly), 150 + 90*(i%7), 20 + i%9, 28 + i%11},
		)
	}
	long := of("moments", "played_at temperature")
	for i := range 1000 {
		long.Rows = append(long.Rows, []any{at.Add(time.Duration(i) * time.Hour), 5 + 12*math.Sin(float64(i)/40)})
	}
	names := of("many", "artist songplays")
	for i := range 1000 {
		names.Rows = append(names.Rows, []any{fmt.Sprintf("artist %d", i), (i * 7919) % 1009})
	}
	return map[string]table.Table{
		"levels": of(
			"songplays-by-level", "level songplays listeners", []any{"free", 420, 64},
			[]any{"paid", 1174, 15},
		),
		"locations": of("songplays-by-location", "location level songplays",
			[]any{"Chicago, IL", "free", 5}, []any{"Chicago, IL", "paid", 211}, []any{"Lansing, MI", "paid", 147},
			[]any{"Phoenix, AZ", "free", 14}, []any{"Phoenix, AZ", "paid", 2}, []any{nil, "free", 3}),
		"hours":    hours,
		"weekdays": of("songplays-by-weekday", "weekday songplays", []any{3, 5}, []any{4, 4}),
		"days":     days,
		"long":     long,
		"many":     names,
		"daily-levels": of("plays of each level", "day level songplays",
			[]any{
				"2018-11-01", "free", 40,
			}, []any{
				"2018-11-01", "paid", 80,
			}, []any{"2018-11-02", "free", 30}, []any{"2018-11-04", "free", 3}, []any{"2018-11-04", "paid", 90}),
		"hostile": of("<script>alert(1)</script> & \"quoted\" 'title'", "name n",
			[]any{
				"</text></svg><script>alert('1')</script>", 10,
			}, []any{"a\x00\x01\x1b[31m\nb\u202e\u2066", 7}, []any{"\xff\xfe invalid \xc3\x28 \ufffe\uffff", 5},
			[]any{`" onload="alert(1)`, 4}, []any{"]]><!-- & &amp; &#0;", 3}, []any{
				strings.Repeat("name of 300 characters ", 13), 2,
			},
			[]any{
				"生命生命 日本語のとても長い名前がここに続きますそしてまだ続きます", 6,
			}, []any{"مرحبا بالعالم", 5}, []any{"👩‍👩‍👧‍👦 é e\u0301 🇩🇪", 1}, []any{nil, nil}, []any{"", 0}),
		"changes": of(
			"changes", "name change", []any{"up", 10.5}, []any{"down", -21.25}, []any{"still", 0},
			[]any{"unknown", nil}, []any{"odd", math.NaN()}, []any{"tiny", 0.001},
		),
		"changing-days": of(
			"balance", "day balance", []any{"2018-11-01", 4.5}, []any{"2018-11-02", -2.25},
			[]any{"2018-11-03", nil}, []any{"2018-11-04", 1},
		),
		"one":     of("count", "songplays", []any{1594}),
		"one-row": of("artist-locations", "location songplays", []any{"Phoenix-Mesa-Scottsdale, AZ", 2}),
		"empty":   of("top-artists", "rank artist songplays"),
		"extremes": of(
			"extremes", "name n", []any{"max", math.MaxFloat64}, []any{"min", -math.MaxFloat64},
			[]any{"int", int64(math.MinInt64)}, []any{"small", 5e-324},
		),
		"extreme-days": of(
			"extremes", "day n", []any{"2018-11-01", math.MaxFloat64},
			[]any{"2018-11-02", -math.MaxFloat64}, []any{"2018-11-03", 5e-324},
		),
	}
}

func TestCharts(t *testing.T) {
	for name, in := range tables() {
		for _, o := range []struct {
			suffix  string
			options chart.Options
		}{
			{"", chart.Options{}}, {".dark", chart.Options{Dark: true}},
			{".bare", chart.Options{Bare: true}},
			{".phone", chart.Options{Width: 340, Height: 260}},
		} {
			got, err := chart.SVG(in, o.options)
			if err != nil {
				t.Fatalf("%s%s: %v", name, o.suffix, err)
			}
			wellFormed(t, name+o.suffix, got)
			if o.suffix != "" && name != "locations" {
				continue
			}
			path := filepath.Join("testdata", name+o.suffix+".golden.svg")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	}
}

// marks are the tips of a chart's bars and dots, in their order.
func marks(t *testing.T, in table.Table) []string {
	t.Helper()
	picture, err := chart.SVG(in, chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var tips []string
	for _, match := range regexp.MustCompile(
		`<(?:rect|circle) [^>]*><title>([^<]*)</title>`,
	).FindAllStringSubmatch(string(picture), -1) {
		tips = append(tips, match[1])
	}
	return tips
}

// Names have no order of their own: the longest bar comes first. A ranking keeps its order, and so
// does what has one.
func TestBarsAreSorted(t *testing.T) {
	plays := table.Table{Columns: table.Columns("location", "songplays"), Rows: [][]any{{"Atlanta", int64(3)},
		{"Boston", int64(9)}, {"Chicago", nil}, {"Denver", int64(9)}, {"Eugene", int64(4)}}}
	if got, want := marks(t, plays), []string{"Boston: 9", "Denver: 9", "Eugene: 4", "Atlanta: 3"}; !slices.Equal(got,
		want) {
		t.Errorf("got %q, want %q", got, want)
	}
	ranking := table.Table{Columns: table.Columns("rank", "artist", "songplays"), Rows: [][]any{{int64(1), "A",
		int64(3)}, {int64(2), "B", int64(9)}}}
	if got, want := marks(t, ranking), []string{"A: 3", "B: 9"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	stacked := table.Table{Columns: table.Columns("location", "level", "songplays"), Rows: [][]any{
		{"Atlanta", "free", int64(1)}, {"Atlanta", "paid", int64(2)}, {"Boston", "free", int64(4)}, {"Boston", "paid",
			int64(5)},
	}}
	if got, want := marks(t, stacked), []string{"Boston, free: 4", "Boston, paid: 5", "Atlanta, free: 1",
		"Atlanta, paid: 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWeekdaysHaveNames(t *testing.T) {
	week := table.Table{Columns: table.Columns("weekday", "songplays"), Rows: [][]any{{int64(0), int64(3)}, {int64(2),
		int64(9)}, {int64(6), int64(1)}}}
	if got, want := marks(t, week), []string{"Monday: 3", "Wednesday: 9", "Sunday: 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Measures of different sizes do not share a scale, on which the smaller ones would all look like
// zero.
func TestSmallMultiples(t *testing.T) {
	days := table.Table{Columns: table.Columns("day", "songplays", "listeners", "sessions", "share"), Rows: [][]any{
		{"2018-11-01", int64(1600), int64(40), int64(60), 0.5}, {"2018-11-02", int64(1700), int64(45), int64(55), 0.25},
	}}
	picture, err := chart.SVG(days, chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(string(picture), "<g transform"), 2; got != want {
		t.Errorf("got %d charts below the first, want %d:\n%s", got, want, picture)
	}
	want := []string{
		"2018-11-01: 1,600", "2018-11-02: 1,700", "2018-11-01, listeners: 40", "2018-11-01, sessions: 60",
		"2018-11-02, listeners: 45", "2018-11-02, sessions: 55",
		"2018-11-01: 0.5", "2018-11-02: 0.25",
	}
	if got := marks(t, days); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	levels := table.Table{Columns: table.Columns("level", "songplays", "listeners"), Rows: [][]any{{"free",
		int64(1000), int64(90)}, {"paid", int64(9000), int64(20)}}}
	// The order is that of the first measure in both.
	if got, want := marks(t, levels), []string{"paid: 9,000", "free: 1,000", "paid: 20",
		"free: 90"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A page of several charts, some of them of hostile data, must stay one page.
var elements = map[string]string{
	"g": "transform", "svg": "xmlns class role aria-label width height viewBox font-family", "title": "", "desc": "",
	"rect": "class x y width height fill", "circle": "class cx cy r fill",
	"line":     "class x1 y1 x2 y2 stroke",
	"polyline": "class points fill stroke stroke-width stroke-linejoin stroke-linecap",
	"text":     "class x y font-size text-anchor font-weight fill",
}

func wellFormed(t interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}, name string, svg []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	var width, height float64
	depth, roots, texts := 0, 0, 0
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			allowed, known := elements[token.Name.Local]
			if !known {
				t.Errorf("%s: got the element %q, want none such", name, token.Name.Local)
			}
			if token.Name.Local == "text" {
				texts++
			}
			x, wide := 0.0, 0.0
			for _, a := range token.Attr {
				if !strings.Contains(" "+allowed+" ", " "+a.Name.Local+" ") {
					t.Errorf("%s: got %s on %s, want none such", name, a.Name.Local, token.Name.Local)
				}
				switch a.Name.Local {
				case "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height":
					v, err := strconv.ParseFloat(a.Value, 64)
					if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
						t.Errorf("%s: got %s=%q, want a finite number", name, a.Name.Local, a.Value)
					}
					if token.Name.Local == "rect" && a.Name.Local == "x" {
						x = v
					}
					if token.Name.Local == "rect" && a.Name.Local == "width" {
						wide = v
					}
					switch {
					case token.Name.Local == "svg" && a.Name.Local == "width":
						width = v
					case token.Name.Local == "svg" && a.Name.Local == "height":
						height = v
					case strings.HasSuffix(a.Name.Local, "th") || strings.Contains(a.Name.Local, "x"):
						if v < 0 || v > width {
							t.Errorf(
								"%s: got %s=%v on %s, want it within a width of %v", name,
								a.Name.Local, v, token.Name.Local, width,
							)
						}
					default:
						if v < 0 || v > height {
							t.Errorf(
								"%s: got %s=%v on %s, want it within a height of %v", name,
								a.Name.Local, v, token.Name.Local, height,
							)
						}
					}
				}
			}
			if x+wide > width+0.5 {
				t.Errorf("%s: got a bar from %v to %v, want it within a width of %v", name, x, x+wide, width)
			}
		case xml.EndElement:
			depth--
		case xml.ProcInst, xml.Directive, xml.Comment:
			t.Errorf("%s: got %T, want elements and texts only", name, token)
		}
	}
	if roots != 1 || texts == 0 {
		t.Errorf("%s: got %d roots and %d texts, want 1 root and some text", name, roots, texts)
	}
}

// Whatever the data, the picture is well-formed and everything in it lies inside.
func TestAnyTableIsWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := table.Table{
			Title:   rapid.String().Draw(t, "title"),
			Columns: table.Columns("a", rapid.SampledFrom([]string{"b", "day", "hour"}).Draw(t, "second"), "n", "m"),
		}
		for range rapid.IntRange(0, 30).Draw(t, "rows") {
			in.Rows = append(in.Rows, []any{
				rapid.String().Draw(t, "a"), rapid.SampledFrom([]any{"x", "y", nil, int64(4)}).Draw(t, "b"),
				rapid.Float64().Draw(t, "n"), rapid.SampledFrom([]any{nil, 1, -3}).Draw(t, "m"),
			})
		}
		o := chart.Options{
			Width:  rapid.IntRange(0, 900).Draw(t, "width"),
			Height: rapid.IntRange(0, 500).Draw(t, "height"), Bare: rapid.Bool().Draw(t, "bare"),
		}
		got, err := chart.SVG(in, o)
		if err != nil {
			t.Fatalf("got %v, want a picture", err)
		}
		if len(got) > 1<<20 {
			t.Fatalf("got %d bytes, want at most a megabyte", len(got))
		}
		wellFormed(t, "any", got)
	})
}

func TestWithoutMeasure(t *testing.T) {
	in := of("top-artists-by-gender", "rank female male", []any{1, "a", "b"})
	_, err := chart.SVG(in, chart.Options{})
	var fault *table.NoMeasureError
	if !errors.As(err, &fault) || fault.ExitCode() != 2 {
		t.Errorf("got %v, want a *table.NoMeasureError", err)
	}
	if chart.Drawable(in) {
		t.Error("got a drawable table, want none without a measure")
	}
	if _, err := chart.SVG(of("", "a", []any{1, 2}), chart.Options{}); err == nil {
		t.Error("got no error for a row of two values in one column, want one")
	}
}

// What the terminal draws, the picture draws, and the other way round.
func TestDrawableIsTheTerminalsRule(t *testing.T) {
	for name, in := range tables() {
		if len(in.Rows) == 0 {
			continue
		}
		terminal := table.Chart(io.Discard, in, 80, false)
		if got, want := chart.Drawable(in), terminal == nil; got != want {
			t.Errorf("%s: got drawable %v, want %v as in the terminal", name, got, want)
		}
	}
}

// A million rows make a picture of bounded size.
func TestManyRowsStaySmall(t *testing.T) {
	in := of("long", "id_day n")
	in.Columns = table.Columns("moment", "n")
	at := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 200_000 {
		in.Rows = append(in.Rows, []any{at.Add(time.Duration(i) * time.Second), i % 977})
	}
	got, err := chart.SVG(in, chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > 200_000 {
		t.Errorf("got %d bytes, want at most 200000", len(got))
	}
}

var colour = regexp.MustCompile(
	`class="dwh-(background|text|muted|mark\d|line\d)"[^>]* (?:fill|stroke)="(#[0-9a-f]{6})"`,
)

// https://www.w3.org/TR/WCAG22/#contrast-minimum and #non-text-contrast.
func TestContrast(t *testing.T) {
	parts := of("parts", "name part n")
	for i := range 12 {
		parts.Rows = append(parts.Rows, []any{fmt.Sprint("name", i/6), fmt.Sprint("part", i%6), i + 1})
	}
	for _, dark := range []bool{false, true} {
		svg, err := chart.SVG(parts, chart.Options{Dark: dark})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, m := range colour.FindAllStringSubmatch(string(svg), -1) {
			found[m[1]] = m[2]
		}
		if got, want := len(found), 9; got != want {
			t.Fatalf("got %d colours %v, want %d", got, found, want)
		}
		for class, name := range found {
			want := 3.0
			if class == "text" || class == "muted" {
				want = 4.5
			}
			if got := contrast(found["background"], name); class != "background" && got < want {
				t.Errorf("dark %v: got a contrast of %.1f for %s, want %v", dark, got, class, want)
			}
		}
	}
}

func contrast(a, b string) float64 {
	luminance := func(s string) float64 {
		n, _ := strconv.ParseUint(s[1:], 16, 32)
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(n>>(16-8*i)&0xff) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

// The page's stylesheet knows every class that a chart uses for a colour.
func TestStylesheetKnowsTheClasses(t *testing.T) {
	css := chart.Stylesheet()
	for name, in := range tables() {
		svg, err := chart.SVG(in, chart.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`class="(dwh-[a-z0-9]+)"`).FindAllStringSubmatch(string(svg), -1) {
			if !strings.Contains(css, "."+m[1]+" ") && m[1] != "dwh-chart" {
				t.Errorf("%s: got the class %s, want it in the stylesheet", name, m[1])
			}
		}
	}
}
