package dashboard

import (
	"html/template"
	"math"

	"github.com/sparkify/dwh/internal/chart"
)

// fewRuns are told by the rows of a table alone: a line through two points looks like a trend.
const fewRuns = 3

// historyLine is a line through the latest runs, with its first and last value.
type historyLine struct {
	Title       string // what the numbers are
	First, Last string
	SVG         template.HTML
}

// newHistoryLine draws values, the oldest first; label says the same in words. It is nil for too
// few runs.
func newHistoryLine(values []float64, title, label string) *historyLine {
	known := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) < fewRuns {
		return nil
	}
	return &historyLine{
		Title: title + " of the latest " + counted(int64(len(values)), "run") + ", the oldest first",
		First: number(int64(known[0])), Last: number(int64(known[len(known)-1])),
		SVG: template.HTML(chart.Spark(values, 0, label)), //nolint:gosec // escaped there
	}
}
