package table

import (
	"math"
	"slices"
)

// Axes returns the columns that label a row, and those that its bars show; without measures there
// is nothing to draw. With numbers only, as in (hour, orders), the first column is the label.
// What the table's Plot names goes before.
func (t Table) Axes() (labels, measures []int) {
	if t.Plot == nil {
		return t.autoAxes()
	}
	if t.Plot.Kind == PlotNone || len(t.Rows) == 0 {
		return nil, nil
	}
	labels, measures = t.autoAxes()
	if t.Plot.Label >= 0 {
		labels = []int{t.Plot.Label}
	}
	if t.Plot.Measures != nil {
		measures = t.Plot.Measures
	}
	labels = slices.DeleteFunc(slices.Clone(labels), func(c int) bool { return slices.Contains(t.Plot.Measures, c) })
	if t.Plot.Measures == nil {
		measures = slices.DeleteFunc(slices.Clone(measures), func(c int) bool { return slices.Contains(labels, c) })
	}
	return labels, measures
}

func (t Table) autoAxes() (labels, measures []int) {
	for i := range t.Columns {
		switch t.kindOf(i) {
		case KindLabel:
			labels = append(labels, i)
		case KindMeasure:
			if t.numericColumn(i) {
				measures = append(measures, i)
			}
		}
	}
	if len(labels) == 0 && len(measures) > 1 && t.Columns[measures[0]].Kind == KindAuto {
		labels, measures = measures[:1], measures[1:]
	}
	return labels, measures
}

// Ranked says whether a column holds each row's place: such a table is a ranking, a row a thing.
func (t Table) Ranked() bool {
	if t.Plot != nil && t.Plot.Kind == PlotLine {
		return false // a line follows the rows
	}
	for i := range t.Columns {
		if t.kindOf(i) == KindRank {
			return true
		}
	}
	return false
}

// Value is the value in that row and column reduced to nil, bool, int64, uint64, float64, string,
// Decimal or time.Time.
func (t Table) Value(row, column int) any { return plain(t.Rows[row][column]) }

// Number is the finite number in that row and column; ok is false for NULL, NaN, an infinity and
// whatever is no number.
func (t Table) Number(row, column int) (number float64, ok bool) {
	return magnitude(plain(t.Rows[row][column]))
}

// magnitude is the number a bar shows; NULL, NaN and infinities have none.
func magnitude(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case uint64:
		return float64(x), true
	case Decimal:
		return magnitude(x.float())
	case float64:
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			return x, true
		}
	}
	return 0, false
}

// Label is the value in that row and column as people read a name: digits without separators, NULL
// as a dash, control characters as escapes.
func (t Table) Label(row, column int) string { return readable(plain(t.Rows[row][column]), KindLabel) }

// Exact is a value as programs read it: no separators, times as RFC 3339, NULL as "".
func Exact(v any) string { return exact(plain(v)) }

// Number is a measure as people read it: commas between the thousands, no more digits than tell
// something.
func Number(v float64) string { return readable(v, KindMeasure) }

// Visible writes control characters, and marks that reorder text, as escapes, and bytes that are no
// UTF-8 as U+FFFD.
func Visible(s string) string { return visible(s) }
