package publish_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/publish"
)

func TestOutdated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		rows       float64
		pages, now int64
		added      int64
		want       bool
	}{
		{"a handful in a new table", -1, 0, 2, 40, false},
		{"a day in a new table", -1, 0, 40, 1_000, true},
		{"handfuls in a table that was never analyzed", -1, 0, 50, 10, true},
		{"a day in a table that was analyzed empty", 0, 0, 40, 1_000, true},
		{"a day in a small table", 2_000, 80, 120, 1_000, false},
		{"ten days in a small table, one by one", 2_000, 80, 500, 1_000, true},
		{"a good part", 50_000, 2_000, 2_400, 10_000, true},
		{"many, but no good part", 1_000_000, 40_000, 41_000, 20_000, false},
		{"a tenth, by many runs", 1_000_000, 40_000, 44_000, 1_000, true},
		{"nothing, in a table that has shrunk", 1_000_000, 40_000, 100, 0, false},
		{"rows without a page when they were counted", 10, 0, 1_000, 500, false},
	} {
		if got := publish.Outdated(c.rows, c.pages, c.now, c.added); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
