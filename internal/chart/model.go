package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/table"
)

// model is what a chart shows, independent of how large it is drawn.
type model struct {
	axis       string   // what the categories are: the label columns' names
	measure    string   // what the bars are long by; "" where the series say it
	categories []string // one place each, in order
	series     []series
	ordered    bool           // the categories stand in an order of their own, as hours do
	stacked    bool           // the series are parts of a whole
	whole      bool           // every value is a whole number
	rows       int            // of the table
	note       string         // what was left out
	compact    bool           // numbers are short: there is no room for more
	kind       table.PlotKind // what was asked for
	first      *model         // the chart above that has the same categories; nil for none
	kept       []int          // the places of the categories that largest kept
}

// series is one colour: a value for each category, NaN for none.
type series struct {
	name     string
	values   []float64
	decimals int // behind the point, as the column's type has them; -1: as many as tell something
}

// number is a value of the series for people.
func (s series) number(v float64) string { return table.Fixed(v, s.decimals) }

// maxParts is how many values of a second label get a colour each; more cannot be told apart.
const maxParts = 6

// maxCounts is how many measures a chart shows, unless they are named.
const maxCounts = 4

// newModels returns what a table's chart shows: one model, or one for each group of measures that
// share a scale. All of them have the same categories in the same order.
func newModels(t table.Table) []*model {
	labels, measures := t.Axes()
	if len(t.Rows) == 0 || len(measures) == 0 {
		return []*model{{rows: len(t.Rows)}}
	}
	kind := table.PlotAuto
	if t.Plot != nil {
		kind = t.Plot.Kind
	}
	m := &model{rows: len(t.Rows), kind: kind}
	if m.pivot(t, labels, measures[0]) {
		m.axis = names(t, labels[:1])
		m.measure = table.Visible(t.Columns[measures[0]].Name)
		m.settle()
		m.sort([]*model{m})
		return []*model{m}
	}
	var all []*model
	for _, group := range scales(t, measures) {
		m := &model{rows: len(t.Rows), kind: kind, axis: names(t, labels),
			measure: table.Visible(t.Columns[group[0]].Name)}
		if !m.inOrder(t, labels, group) {
			m.byName(t, labels, group)
		}
		m.settle()
		if len(all) > 0 {
			m.first = all[0]
		}
		all = append(all, m)
	}
	if !t.Ranked() {
		all[0].sort(all)
	}
	return all
}

// sort puts the categories of all models into the order of this one's values, the largest first,
// unless they have an order of their own. Equal ones stay in the table's order.
func (m *model) sort(all []*model) {
	if m.ordered {
		return
	}
	size := func(i int) float64 {
		if m.stacked {
			sum, _ := m.total(i)
			return sum
		}
		largest := math.Inf(-1)
		for _, s := range m.series {
			if v := s.values[i]; !math.IsNaN(v) {
				largest = max(largest, v)
			}
		}
		return largest
	}
	places := make([]int, len(m.categories))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(size(b), size(a)) })
	for _, item := range all {
		item.keep(places)
	}
}

func names(t table.Table, columns []int) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = table.Visible(t.Columns[c].Name)
	}
	return strings.Join(out, " · ")
}

// pivot gives each value of the second of two label columns a colour, where those values come again
// and again, as levels do under locations.
func (m *model) pivot(t table.Table, labels []int, measure int) bool {
	if len(labels) != 2 || t.Ranked() {
		return false
	}
	type pair struct{ outer, inner string }
	values := map[pair]float64{}
	var outer, inner []string
	seenOuter, seenInner := map[string]bool{}, map[string]bool{}
	first := map[string]int{} // the row that an outer label came in first
	negative := false
	for row := range t.Rows {
		p := pair{t.Label(row, labels[0]), t.Label(row, labels[1])}
		if _, again := values[p]; again {
			return false
		}
		values[p] = number(t, row, measure)
		negative = negative || values[p] < 0
		if !seenOuter[p.outer] {
			seenOuter[p.outer] = true
			first[p.outer] = row
			outer = append(outer, p.outer)
		}
		if !seenInner[p.inner] {
			if len(inner) == maxParts {
				return false
			}
			seenInner[p.inner] = true
			inner = append(inner, p.inner)
		}
	}
	// At least half of the grid is filled: what looks like a second label may be a name's other
	// half.
	if len(inner) < 2 || len(t.Rows) == len(outer) || 2*len(t.Rows) < len(outer)*len(inner) {
		return false
	}
	slices.Sort(inner)
	rows := make([]int, len(outer))
	for i, label := range outer {
		rows[i] = first[label]
	}
	slots, place, ordered := order(t, labels[0], rows)
	switch {
	case ordered:
	case m.kind == table.PlotLine:
		slots, place, ordered = asTheyCome(t, labels[0], rows)
	default:
		slots = outer
	}
	m.categories, m.ordered, m.stacked = slots, ordered, !negative
	m.axis = table.Visible(t.Columns[labels[0]].Name)
	for _, part := range inner {
		s := newSeries(part, len(slots), t.Decimals(measure))
		for i, label := range outer {
			at := i
			if ordered {
				at = place[i]
			}
			if v, ok := values[pair{label, part}]; ok {
				s.values[at] = v
			}
		}
		m.series = append(m.series, s)
	}
	return true
}

// inOrder lays one label column out by its order, with places for what is missing between.
func (m *model) inOrder(t table.Table, labels, measures []int) bool {
	if len(labels) == 0 && m.kind == table.PlotLine {
		return m.inTurn(t, measures)
	}
	if len(labels) != 1 || t.Ranked() {
		return false
	}
	rows := make([]int, len(t.Rows))
	for i := range rows {
		rows[i] = i
	}
	slots, place, ok := order(t, labels[0], rows)
	if !ok && m.kind == table.PlotLine {
		slots, place, ok = asTheyCome(t, labels[0], rows)
	}
	if !ok {
		return false
	}
	m.categories, m.ordered = slots, true
	for _, c := range measures {
		s := newSeries(table.Visible(t.Columns[c].Name), len(slots), t.Decimals(c))
		for row := range t.Rows {
			s.values[place[row]] = number(t, row, c)
		}
		m.series = append(m.series, s)
	}
	return true
}

// inTurn lays the rows out in the table's order, where nothing names them.
func (m *model) inTurn(t table.Table, measures []int) bool {
	m.byName(t, nil, measures)
	m.ordered = true
	return true
}

// byName gives each row a place, in the table's order.
func (m *model) byName(t table.Table, labels, measures []int) {
	for row := range t.Rows {
		parts := make([]string, len(labels))
		for i, c := range labels {
			parts[i] = t.Label(row, c)
		}
		label := strings.Join(parts, " · ")
		if len(labels) == 0 && len(t.Rows) > 1 {
			label = fmt.Sprintf("row %d", row+1)
		}
		m.categories = append(m.categories, label)
	}
	for _, c := range measures {
		s := newSeries(table.Visible(t.Columns[c].Name), len(t.Rows), t.Decimals(c))
		for row := range t.Rows {
			s.values[row] = number(t, row, c)
		}
		m.series = append(m.series, s)
	}
}

// comparable is how many times larger than another a measure may be to share its scale: beside
// more, the smaller one's differences cannot be seen.
const comparable = 5

// scales groups the measures that share a scale: counts of about the same size. A count and a
// duration have no scale in common.
func scales(t table.Table, measures []int) [][]int {
	size := func(c int) (largest float64, whole bool) {
		whole = true
		for row := range t.Rows {
			if v, ok := t.Number(row, c); ok {
				largest = max(largest, math.Abs(v))
				whole = whole && v == math.Trunc(v)
			}
		}
		return largest, whole
	}
	most := maxCounts
	if t.Plot != nil && t.Plot.Measures != nil {
		most = len(measures)
	}
	var groups [][]int
	for _, c := range measures[:min(len(measures), most)] {
		largest, whole := size(c)
		found := slices.IndexFunc(groups, func(group []int) bool {
			other, otherWhole := size(group[0])
			return whole && otherWhole && largest <= comparable*other && other <= comparable*largest
		})
		if found < 0 {
			groups = append(groups, []int{c})
			continue
		}
		groups[found] = append(groups[found], c)
	}
	return groups
}

// settle works out what holds for the whole chart.
func (m *model) settle() {
	m.whole = true
	for _, s := range m.series {
		for _, v := range s.values {
			m.whole = m.whole && (math.IsNaN(v) || v == math.Trunc(v))
		}
	}
	if len(m.series) > 1 && !m.stacked {
		m.measure = ""
	}
}

// largest keeps the n categories whose bars are longest, longest first, and says so; a table in the
// order of names would else be cut where nobody expects it.
func (m *model) largest(n int) {
	if len(m.categories) <= n {
		return
	}
	if m.first != nil && m.first.kept != nil {
		m.keep(m.first.kept) // the same ones as above
		return
	}
	places := make([]int, len(m.categories))
	sizes := make([]float64, len(m.categories))
	for i := range places {
		places[i] = i
		for _, s := range m.series {
			if v := math.Abs(s.values[i]); !math.IsNaN(v) && m.stacked {
				sizes[i] += v
			} else if !math.IsNaN(v) {
				sizes[i] = max(sizes[i], v)
			}
		}
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	m.note = fmt.Sprintf("the %d largest of %s", n, table.Number(float64(len(places))))
	m.kept = places[:n]
	m.keep(m.kept)
}

// keep takes the categories in these places, in this order.
func (m *model) keep(places []int) {
	categories := make([]string, len(places))
	for i, from := range places {
		categories[i] = m.categories[from]
	}
	m.categories = categories
	for k, s := range m.series {
		values := make([]float64, len(places))
		for i, from := range places {
			values[i] = s.values[from]
		}
		m.series[k].values = values
	}
}

// total is the sum over the series in a category; ok is false where none has a value.
func (m *model) total(category int) (sum float64, ok bool) {
	for _, s := range m.series {
		if v := s.values[category]; !math.IsNaN(v) {
			sum += v
			ok = true
		}
	}
	return sum, ok
}

// extent is the range of the values, or of the stacks.
func (m *model) extent() (low, high float64) {
	for i := range m.categories {
		if m.stacked {
			sum, _ := m.total(i)
			low, high = min(low, sum), max(high, sum)
			continue
		}
		for _, s := range m.series {
			if v := s.values[i]; !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return low, high
}

// subtitle says what is measured and what was left out.
func (m *model) subtitle() string {
	parts := []string{}
	if m.measure != "" {
		parts = append(parts, m.measure)
	}
	if m.note != "" {
		parts = append(parts, m.note)
	}
	return strings.Join(parts, ", ")
}

// summary is the chart in words, for those who do not see it: what it shows, and the ends of each
// series.
func (m *model) summary() string {
	if m.rows == 0 {
		return "no rows"
	}
	var out strings.Builder
	measured := m.measure
	if measured == "" {
		all := make([]string, len(m.series))
		for i, s := range m.series {
			all[i] = s.name
		}
		measured = strings.Join(all, ", ")
	}
	out.WriteString("chart of " + measured)
	if m.axis != "" {
		out.WriteString(" by " + m.axis)
	}
	if m.note != "" {
		out.WriteString(", " + m.note)
	}
	for _, s := range m.series {
		least, most := -1, -1
		for i, v := range s.values {
			if math.IsNaN(v) {
				continue
			}
			if least < 0 || v < s.values[least] {
				least = i
			}
			if most < 0 || v > s.values[most] {
				most = i
			}
		}
		if most < 0 {
			continue
		}
		out.WriteString("; ")
		if len(m.series) > 1 {
			out.WriteString(s.name + ": ")
		}
		fmt.Fprintf(&out, "most %s (%s)", s.number(s.values[most]), fit(m.categories[most], 1, 60))
		if s.values[least] < s.values[most] {
			fmt.Fprintf(&out, ", least %s (%s)", s.number(s.values[least]), fit(m.categories[least], 1, 60))
		}
	}
	return out.String()
}

// tip is what a pointer on a mark shows.
func (m *model) tip(category int, s series) string {
	name := m.categories[category]
	if len(m.series) > 1 {
		if name != "" {
			name += ", "
		}
		name += s.name
	}
	if name != "" {
		name += ": "
	}
	return name + s.number(s.values[category])
}

func number(t table.Table, row, column int) float64 {
	if v, ok := t.Number(row, column); ok {
		return v
	}
	return math.NaN()
}

func newSeries(name string, n, decimals int) series {
	s := series{name: name, values: make([]float64, n), decimals: decimals}
	for i := range s.values {
		s.values[i] = math.NaN()
	}
	return s
}
