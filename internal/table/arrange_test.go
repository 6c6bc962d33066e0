package table_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/table"
)

// column is a column of a table as texts.
func column(t table.Table, at int) string {
	var out []string
	for _, row := range t.Rows {
		out = append(out, fmt.Sprint(row[at]))
	}
	return strings.Join(out, " ")
}

func TestSort(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2018, 11, 1, hour, 0, 0, 0, time.UTC) }
	large := func(digits string) table.Decimal { return table.Decimal{Digits: digits} }
	for name, c := range map[string]struct {
		values                []any
		ascending, descending string
	}{
		"numbers": {
			[]any{10, nil, 9.5, -1, large("9.75"), uint8(2)}, "-1 2 9.5 9.75 10 <nil>",
			"10 9.75 9.5 2 -1 <nil>",
		},
		"texts": {[]any{"b", "A", nil, "a", "C", "Ä"}, "A a b C Ä <nil>", "Ä C b a A <nil>"},
		"digits": {
			[]any{large("12345678901234567890.02"), large("12345678901234567890.01")},
			"12345678901234567890.01 12345678901234567890.02",
			"12345678901234567890.02 12345678901234567890.01",
		},
		"no number": {[]any{1.0, math.NaN(), 0.5}, "NaN 0.5 1", "1 0.5 NaN"},
		"times":     {[]any{at(3), at(1)}, fmt.Sprint(at(1), " ", at(3)), fmt.Sprint(at(3), " ", at(1))},
		"truth":     {[]any{true, false}, "false true", "true false"},
		"mixed":     {[]any{"10", 9}, "10 9", "9 10"},
		"none":      {nil, "", ""},
	} {
		in := table.Table{Columns: table.Columns("v")}
		for _, v := range c.values {
			in.Rows = append(in.Rows, []any{v})
		}
		before := column(in, 0)
		if got := column(table.Sort(in, 0, false), 0); got != c.ascending {
			t.Errorf("%s: got %q, want %q", name, got, c.ascending)
		}
		if got := column(table.Sort(in, 0, true), 0); got != c.descending {
			t.Errorf("%s, descending: got %q, want %q", name, got, c.descending)
		}
		if got := column(in, 0); got != before {
			t.Errorf("%s: the table was changed to %q", name, got)
		}
	}
	// Rows that are equal stay as they are, either way.
	in := table.Table{Columns: table.Columns("v", "n"), Rows: [][]any{{"a", 1}, {"b", 2}, {"a", 3}, {"b", 4}}}
	if got := column(table.Sort(in, 0, true), 1); got != "2 4 1 3" {
		t.Errorf("equal rows: got %q", got)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	in := table.Table{Columns: table.Columns("city", "plays", "day"), Rows: [][]any{
		{"San Francisco, CA", int64(1234), "2018-11-01"}, {"SAN JOSE", int64(5), nil}, {
			"Ürümqi", table.Decimal{Digits: "1270.90"}, "2018-11-02",
		},
	}}
	for text, want := range map[string]string{
		"": "3", " ": "3", "san": "2", "SAN ca": "1", "san 2018": "1", "1,234": "1", "1234": "1",
		"1,270.90": "1", "ürüm": "1", "–": "0",
		"nothing": "0", "francisco,": "1",
	} {
		got := table.Search(in, text)
		if fmt.Sprint(len(got.Rows)) != want {
			t.Errorf("%q: got %d rows, want %s", text, len(got.Rows), want)
		}
		// Which rows are left says nothing about what a column is.
		var a, b strings.Builder
		got.Rows = in.Rows
		if err := table.Write(&a, in, table.HTML); err != nil {
			t.Fatal(err)
		}
		if err := table.Write(&b, got, table.HTML); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a.String(), b.String()); diff != "" {
			t.Errorf("%q: (-want +got):\n%s", text, diff)
		}
	}
}

func TestHTMLWith(t *testing.T) {
	t.Parallel()
	in := table.Table{
		Columns: table.Columns("<a>", "n"),
		Rows:    [][]any{{"<b>", int64(1)}, {nil, int64(2)}, {" ", int64(3)}},
	}
	got := table.HTMLWith(in, table.HTMLOptions{
		Head:   func(c int) string { return fmt.Sprintf(`?s=%d&x="`, c) },
		Sorted: func(c int) string { return []string{"", "descending"}[c] },
		Link:   func(row, c int) string { return []string{"/r?v=<", ""}[c] },
	})
	want := `<table>
<thead>
<tr><th scope="col"><a href="?s=0&amp;x=&#34;">&lt;a&gt;</a></th><th scope="col" class="number" aria-sort="descending"><a href="?s=1&amp;x=&#34;">n</a></th></tr>
</thead>
<tbody>
<tr><td><a href="/r?v=&lt;">&lt;b&gt;</a></td><td class="number">1</td></tr>
<tr><td class="null">–</td><td class="number">2</td></tr>
<tr><td> </td><td class="number">3</td></tr>
</tbody>
</table>
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
