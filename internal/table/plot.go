package table

// PlotKind is a kind of chart.
type PlotKind int

// The kinds. Auto draws bars beside names, and columns or lines over what has an order.
const (
	PlotAuto PlotKind = iota
	PlotBar
	PlotLine
	PlotNone // no chart at all
)

// Plot says how a table is drawn, where its columns are not to decide.
type Plot struct {
	Kind     PlotKind // the chart; the zero value is PlotAuto
	Label    int      // the column that names a row; -1: the columns decide
	Measures []int    // the columns that are drawn; nil: the columns decide
}

// Measurable says whether a chart can draw a column: it holds numbers, or nothing at all.
func (t Table) Measurable(column int) bool {
	for _, row := range t.Rows {
		if v := plain(row[column]); v != nil && !numeric(v) {
			return false
		}
	}
	return true
}
