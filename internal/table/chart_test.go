package table_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/table"
)

func TestCharts(t *testing.T) {
	hours := table.Table{Title: "songplays-by-hour", Columns: table.Columns("hour", "songplays")}
	for i := range 8 {
		hours.Rows = append(hours.Rows, []any{i, i * i * 100})
	}
	artists := table.Table{
		Title:   "top-artists",
		Columns: table.Columns("rank", "artist", "songplays"),
		Rows:    [][]any{{1, "Dwight Yoakam", 37}, {2, "生命生命", 10}, {3, "Kings Of Leon", 9}, {4, nil, 1}},
	}
	changes := table.Table{
		Columns: table.Columns("name", "level", "change"),
		Rows: [][]any{
			{"up", "free", 10.5}, {"down", "paid", -21.25}, {"still", "paid", 0},
			{"unknown", "free", nil}, {"odd", "free", math.NaN()},
		},
	}
	for _, c := range []struct {
		name string
		in   table.Table
		o    table.ChartOptions
	}{
		{"hours", hours, table.ChartOptions{Width: 60}},
		{"artists", artists, table.ChartOptions{Width: 50}},
		{"artists.ascii", artists, table.ChartOptions{Width: 50, ASCII: true}},
		{"artists.color", artists, table.ChartOptions{Width: 50, Color: true}},
		{"changes", changes, table.ChartOptions{Width: 50}},
		{"changes.default", changes, table.ChartOptions{}},
		{"artists.empty", table.Table{Title: "top-artists", Columns: artists.Columns}, table.ChartOptions{Width: 50}},
	} {
		var out bytes.Buffer
		if err := table.Draw(&out, c.in, c.o); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		golden(t, "chart."+c.name+".golden", out.Bytes())
	}
}

func TestChartWithoutMeasure(t *testing.T) {
	in := table.Table{Title: "pairs", Columns: table.Columns("rank", "female", "male"), Rows: [][]any{{1, "a", "b"}}}
	err := table.Chart(&bytes.Buffer{}, in, 80, false)
	var fault *table.NoMeasureError
	if !errors.As(err, &fault) || fault.ExitCode() != 2 {
		t.Errorf("got %v, want a *NoMeasureError", err)
	}
}

// Whatever the values, a chart has a line per row, each within the width as far as the value itself
// fits.
func TestChartFitsTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(30, 200).Draw(t, "width")
		in := table.Table{Columns: table.Columns("name", "n")}
		for range rapid.IntRange(1, 20).Draw(t, "rows") {
			in.Rows = append(in.Rows, []any{rapid.String().Draw(t, "name"), rapid.Int64Range(-1e9, 1e9).Draw(t, "n")})
		}
		var out bytes.Buffer
		if err := table.Chart(&out, in, width, false); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if got, want := len(lines), len(in.Rows)+1; got != want {
			t.Fatalf("got %d lines, want %d:\n%s", got, want, out.String())
		}
		for _, line := range lines {
			if got := text.StringWidthWithoutEscSequences(line); got > width {
				t.Fatalf("got a line of %d cells, want at most %d: %q", got, width, line)
			}
		}
	})
}

func TestChartOfExtremes(t *testing.T) {
	for _, values := range [][]any{
		{
			int64(math.MaxInt64), int64(math.MinInt64),
		}, {math.MaxFloat64, -math.MaxFloat64}, {math.Inf(1), 1.0}, {0, 0}, {-1, -2}, {1e-300, 2e-300}, {nil, 1},
	} {
		in := table.Table{Columns: table.Columns("name", "n")}
		for _, v := range values {
			in.Rows = append(in.Rows, []any{"x", v})
		}
		for _, width := range []int{1, 10, 80} {
			if err := table.Chart(&bytes.Buffer{}, in, width, false); err != nil {
				t.Errorf("%v at width %d: %v", values, width, err)
			}
		}
	}
}

// The terminals that people have, with names wider than any of them and in letters two cells wide.
func TestChartsOfTerminals(t *testing.T) {
	in := table.Table{
		Title:   "top-artists",
		Columns: table.Columns("rank", "artist", "songplays"),
		Rows: [][]any{
			{1, "Dwight Yoakam", 1594}, {2, "生命生命の言葉", 800},
			{3, strings.Repeat("name of 300 characters ", 13), 12}, {4, nil, nil},
			{5, "👩‍👩‍👧‍👦", 1},
		},
	}
	for _, width := range []int{20, 40, 80, 200} {
		var out bytes.Buffer
		if err := table.Draw(&out, in, table.ChartOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("chart.terminal.%d.golden", width), out.Bytes())
		full := 0
		for line := range strings.Lines(out.String()) {
			got := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n"))
			if got > width {
				t.Errorf("width %d: got a line of %d cells: %q", width, got, line)
			}
			full = max(full, got)
		}
		if full < width-1 {
			t.Errorf("width %d: got a widest line of %d cells, want the width used", width, full)
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("width %d: got escapes, want none without colour", width)
		}
	}
}

func TestChartOfManyRows(t *testing.T) {
	in := table.Table{Columns: table.Columns("name", "n")}
	for i := range 1000 {
		in.Rows = append(in.Rows, []any{i, i})
	}
	var out bytes.Buffer
	if err := table.Chart(&out, in, 80, false); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(out.String(), "\n"), 1001; got != want {
		t.Errorf("got %d lines, want %d: all rows", got, want)
	}
}

// In a narrow terminal the longer label gives way, so that rows of one location stay apart.
func TestChartKeepsBothLabels(t *testing.T) {
	in := table.Table{Columns: table.Columns("location", "level", "songplays"), Rows: [][]any{
		{"Atlanta-Sandy Springs-Roswell, GA", "free", 14}, {"Atlanta-Sandy Springs-Roswell, GA", "paid", 15}, {
			"生命生命の言葉生命生命の言葉", "paid", 2,
		}, {nil, "free", 1},
	}}
	var out bytes.Buffer
	if err := table.Chart(&out, in, 50, false); err != nil {
		t.Fatal(err)
	}
	want := `songplays
Atlanta-Sand… · free ████████████████████████▎ 14
Atlanta-Sand… · paid ██████████████████████████ 15
生命生命の言… · paid ███▌ 2
– · free             █▊ 1
`
	if got := out.String(); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	for _, width := range []int{1, 10, 20} {
		if err := table.Chart(&bytes.Buffer{}, in, width, false); err != nil {
			t.Errorf("width %d: %v", width, err)
		}
	}
}
