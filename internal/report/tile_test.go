package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// figure is what the only tile of a header shows of a result.
func figure(t *testing.T, header string, result table.Table) (report.Figure, bool) {
	t.Helper()
	f, ok, err := one(t, sqlfile.Postgres, header+"\nSELECT 1 AS one").Tiles[0].Figure(result)
	if err != nil {
		t.Fatal(err)
	}
	return f, ok
}

// days makes a row (day, n, of, amount) for each value, one a day from the first of November 2018.
func days(values ...any) table.Table {
	out := table.Table{Columns: table.Columns("day", "n", "of", "amount")}
	for i, v := range values {
		if v == nil {
			continue // no row for that day
		}
		day := time.Date(2018, 11, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		out.Rows = append(out.Rows, []any{day, v, int64(10), table.Decimal{Digits: fmt.Sprintf("%v.50", v)}})
	}
	return out
}

func TestFigures(t *testing.T) {
	t.Parallel()
	n := func(values ...int64) []any {
		out := make([]any, len(values))
		for i, v := range values {
			out[i] = v
		}
		return out
	}
	// The newest seven days are the last ones; the seven before are all 2.
	two := n(2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3)
	for _, c := range []struct {
		name, header string
		result       table.Table
		want         string // value, change, before, trend, first day, last day
	}{
		{"sum", "-- tile: n by day", days(two...), "21 +50.0 % 14 1 11-08 11-14"},
		{"function", "-- tile: sum n by day", days(two...), "21 +50.0 % 14 1 11-08 11-14"},
		{"days before", "-- tile: n by day", days(append(n(99, 99), two...)...), "21 +50.0 % 14 1 11-10 11-16"},
		{"mean", "-- tile: mean n by day", days(two...), "3.0 +50.0 % 2.0 1 11-08 11-14"},
		{
			"last", "-- tile: last n by day", days(n(2, 2, 2, 2, 2, 2, 4, 3, 3, 3, 3, 3, 3, 1)...),
			"1 -75.0 % 4 -1 11-08 11-14",
		},
		{"share", "-- tile: Share = n / of by day", days(two...), "30.0 % +10.0 points 20.0 % 1 11-08 11-14"},
		{"scale", "-- tile: amount by day", days(two...), "24.50 +40.0 % 17.50 1 11-08 11-14"},
		{
			"the same", "-- tile: n by day", days(n(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)...),
			"7 0.0 % 7 0 11-08 11-14",
		},
		{
			"rounded away", "-- tile: n by day",
			days(n(10000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10001)...),
			"10,001 0.0 % 10,000 0 11-08 11-14",
		},
		{
			"from nothing", "-- tile: n by day",
			days(n(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5)...), "5  0 1 11-08 11-14",
		},
		{"not two weeks", "-- tile: n by day", days(two[1:]...), "21   0 11-07 11-13"},
		{"not one week", "-- tile: n by day", days(n(1, 2, 3)...), "6   0 11-01 11-03"},
		{
			"gaps", "-- tile: n by day",
			days(int64(1), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, int64(3)),
			"3 +200.0 % 1 1 11-08 11-14",
		},
		{"mean over gaps", "-- tile: mean n by day",
			days(
				int64(1), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, int64(5), int64(3),
			), "4.0 +300.0 % 1.0 1 11-08 11-14"},
	} {
		f, ok := figure(t, c.header, c.result)
		got := fmt.Sprintf(
			"%s %s %s %d %s %s", f.Value, f.Change, f.Before, f.Trend, f.From.Format("01-02"),
			f.To.Format("01-02"),
		)
		if !ok || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, ok, c.want)
		}
	}
	f, _ := figure(t, "-- tile: Plays of all = n by day", days(n(1, 2, 3)...))
	if f.Title != "Plays of all" || f.SparkFrom.Format(time.DateOnly) != "2018-11-01" || cmp.Diff(
		[]float64{1, 2, 3}, f.Spark,
	) != "" {
		t.Errorf("got %v, want a title, and a value for each day", f)
	}
	// Several rows of a day, days as times, rows without a day.
	at := func(day, hour int) time.Time { return time.Date(2018, 11, day, hour, 0, 0, 0, time.UTC) }
	several := table.Table{
		Columns: table.Columns("day", "n"),
		Rows:    [][]any{{at(2, 23), 5}, {at(1, 0), 1}, {nil, 7}, {at(2, 0), 6}, {at(2, 1), nil}},
	}
	if f, _ := figure(t, "-- tile: n by day", several); f.Value != "12" || cmp.Diff([]float64{1, 11}, f.Spark) != "" {
		t.Errorf("several rows of a day: got %v", f)
	}
	if _, ok := figure(t, "-- tile: n by day", table.Table{Columns: table.Columns("day", "n")}); ok {
		t.Errorf("no rows: got a figure")
	}
	if f, _ := figure(
		t, "-- tile: \"the day\" = n by \"a day\"",
		table.Table{Columns: table.Columns("a day", "n"), Rows: [][]any{{at(1, 0), 1}}},
	); f.Title != "the day" {
		t.Errorf("names with blanks: got %q", f.Title)
	}
}

func TestTileFaults(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"-- tile:":                        "tile: names no column",
		"-- tile: n":                      "tile: by and a column of days must follow",
		"-- tile: n by":                   "tile: by and a column",
		"-- tile: n of day":               "tile: by and a column",
		"-- tile: n by day week":          "tile: by and a column",
		"-- tile: mean n / of by day":     "tile: a share needs two sums",
		"-- tile: A title =":              "tile: names no column",
		"-- tile: median n by day":        "tile: by and a column",
		"-- tile: x by day":               `tile: the result has no column "x"`,
		"-- tile: n / x by day":           `tile: the result has no column "x"`,
		"-- tile: n by x":                 `tile: the result has no column "x"`,
		"-- tile: day by day":             "tile: the column day holds no numbers",
		"-- tile: n by n":                 `tile: the column n holds "1", which is not a day`,
		"-- link: a":                      "link: needs a column, a report and a parameter",
		"-- link: n two artist x":         `link: "x" is not PARAMETER=COLUMN`,
		"-- link: n two artist =x":        `link: "=x" is not PARAMETER=COLUMN`,
		"-- link: x two artist":           `link: the result has no column "x"`,
		"-- link: n two artist from=day2": `link: the result has no column "day2"`,
	} {
		file, err := sqlfile.Parse("r/one.sql", header+"\nSELECT 1 AS one\n")
		if err != nil {
			t.Fatal(err)
		}
		r, err := report.New("one", file, one(t, sqlfile.Postgres, "SELECT 1 AS one").Query)
		if err == nil && len(r.Tiles) > 0 {
			_, _, err = r.Tiles[0].Figure(days(int64(1)))
		}
		if err == nil && len(r.Links) > 0 {
			err = report.CheckLink(r.Links[0], days(int64(1)))
		}
		var at *sqlfile.Error
		if !errors.As(err, &at) || at.File != "r/one.sql" || at.Line != 1 || !strings.HasPrefix(
			at.Msg, want,
		) || at.Hint == "" {
			t.Errorf("%s: got %v, want %q with its place and a hint", header, err, want)
		}
	}
}
