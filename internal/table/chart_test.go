package table_test

import (
	"bytes"
	"errors"
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
		Rows:    [][]any{{"up", "free", 10.5}, {"down", "paid", -21.25}, {"still", "paid", 0}, {"unknown", "free", nil}, {"odd", "free", math.NaN()}},
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

// Whatever the values, a chart has a line per row, each within the width as far as the value itself fits.
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
		{int64(math.MaxInt64), int64(math.MinInt64)}, {math.MaxFloat64, -math.MaxFloat64}, {math.Inf(1), 1.0}, {0, 0}, {-1, -2}, {1e-300, 2e-300}, {nil, 1},
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
