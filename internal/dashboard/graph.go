package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The sizes of the lineage's picture, in pixels.
const (
	nodeHeight  = 52
	laneHeight  = 14 // where an edge passes a layer
	readerNode  = 28 // a report's or a check's
	readerGap   = 8
	rowGap      = 18
	columnGap   = 56
	belowWidth  = 7 // of a letter below a name
	letterWidth = 8 // of the names' font, generously
	leastNode   = 120
	longestName = 34 // in characters; the whole name stands in the node's title
	longestRead = 22 // the same of reports and checks
	margin      = 8
)

// graph is the lineage as a picture: a column a layer, an edge from each table to those made from
// it, and a reference from each fact to its dimensions.
type graph struct {
	Width, Height int
	Columns       []graphColumn
	Nodes         []graphNode
	Edges         []graphEdge
	References    []graphEdge
}

type graphColumn struct {
	X    int
	Name string
}

// graphNode is a table at its place.
type graphNode struct {
	lineageTable
	X, Y, Width, Height int
	Shown, Below        string // its name, cut, and what makes it
	TextX, NameY        int
	BelowY              int
	LightX, LightY      int // of its state
}

// fitting is the widest picture, in pixels, whose texts stay readable when it is scaled to a page.
const fitting = 1560

// Fits tells whether a page may scale the picture to its width.
func (g *graph) Fits() bool { return g.Width <= fitting }

// graphEdge is a line from a table to one that is made from it.
type graphEdge struct {
	From, To string
	Path     string
}

// slot is a place in a column: a table, or a lane in which a table's edges pass the column.
type slot struct {
	table  int // in the lineage
	lane   bool
	reader bool    // a report or a check, which is less high
	place  float64 // for ordering
	y      int     // of its middle
}

const (
	columnHeading = 28 // is above the nodes
)

// newGraph lays the tables out.
func newGraph(tables []lineageTable) *graph {
	if len(tables) == 0 {
		return &graph{}
	}
	index := map[string]int{}
	for i, t := range tables {
		index[t.Name] = i
	}
	layer := layersOf(tables, index)
	columns := make([][]slot, slices.Max(layer)+1)
	for i, t := range tables {
		columns[layer[i]] = append(columns[layer[i]], slot{table: i, reader: t.reader()})
	}
	for i, t := range tables {
		last := layer[i]
		for _, name := range t.ReadBy {
			last = max(last, layer[index[name]])
		}
		for c := layer[i] + 1; c < last; c++ {
			columns[c] = append(columns[c], slot{table: i, lane: true})
		}
	}
	order(columns, tables, index, layer)
	for _, slots := range columns { // tables stand at the top, lines pass below them
		slices.SortStableFunc(slots, func(a, b slot) int { return cmp.Compare(a.laneRank(), b.laneRank()) })
	}

	height := 0
	widths, lefts := make([]int, len(columns)), make([]int, len(columns)+1)
	lefts[0] = margin
	for c, slots := range columns {
		widths[c] = leastNode
		for _, s := range slots {
			if t := tables[s.table]; !s.lane {
				widths[c] = max(
					widths[c], utf8.RuneCountInString(t.shown())*letterWidth+40,
					utf8.RuneCountInString(madeBy(t))*belowWidth+24,
				)
			}
		}
		lefts[c+1] = lefts[c] + widths[c] + columnGap
	}
	heights := make([]int, len(columns))
	for c, slots := range columns {
		for i, s := range slots {
			if heights[c] += s.height(); i < len(slots)-1 {
				heights[c] += s.gap()
			}
		}
		height = max(height, heights[c])
	}
	g := &graph{
		Width:  lefts[len(columns)] - columnGap + margin,
		Height: columnHeading + height + 2*margin,
	}
	left := func(c int) int { return lefts[c] }
	for _, slots := range columns {
		y := columnHeading + margin
		for i := range slots {
			slots[i].y = y + slots[i].height()/2
			y += slots[i].height() + slots[i].gap()
		}
	}
	shown := ""
	for c, slots := range columns {
		names := map[string]bool{}
		for _, s := range slots {
			if s.lane {
				continue
			}
			t := tables[s.table]
			n := graphNode{
				lineageTable: t, X: left(c), Y: s.y - s.height()/2, Width: widths[c],
				Height: s.height(), Shown: t.shown(), Below: madeBy(t),
			}
			n.TextX, n.NameY, n.BelowY = n.X+14, n.Y+23, n.Y+40
			if t.reader() {
				n.NameY = n.Y + 18
			}
			n.LightX, n.LightY = n.X+widths[c]-22, n.Y+6
			g.Nodes = append(g.Nodes, n)
			names[t.Layer] = true
		}
		column := graphColumn{X: left(c)}
		if len(names) == 1 {
			for name := range names {
				column.Name = map[string]string{
					"staging": "Staging", "helper": "Helpers", "dimension": "Dimensions",
					"fact": "Facts", "report": "Reports", "check": "Checks",
				}[name]
			}
		}
		if c > 0 && column.Name == shown {
			column.Name = "" // it goes on
		} else {
			shown = column.Name
		}
		g.Columns = append(g.Columns, column)
	}
	at := func(c, table int, lane bool) int {
		for _, s := range columns[c] {
			if s.table == table && s.lane == lane {
				return s.y
			}
		}
		return 0
	}
	for i, t := range tables {
		for _, name := range t.ReadBy {
			to := index[name]
			x, y := left(layer[i])+widths[layer[i]], at(layer[i], i, false)
			var path strings.Builder
			fmt.Fprintf(&path, "M%d %d", x, y)
			curve := func(toX, toY int) {
				bend := (toX - x) / 2
				fmt.Fprintf(&path, "C%d %d %d %d %d %d", x+bend, y, toX-bend, toY, toX, toY)
				x, y = toX, toY
			}
			for c := layer[i] + 1; c < layer[to]; c++ {
				curve(left(c), at(c, i, true))
				x += widths[c]
				fmt.Fprintf(&path, "H%d", x)
			}
			curve(left(layer[to]), at(layer[to], to, false))
			g.Edges = append(g.Edges, graphEdge{From: t.Name, To: name, Path: path.String()})
		}
		for _, name := range t.Refers {
			to := index[name]
			x, y := left(layer[i]), at(layer[i], i, false)
			toX, toY := left(layer[to])+widths[layer[to]], at(layer[to], to, false)
			bend := max(columnGap/2, (x-toX)/2)
			nearX := toX + bend
			if layer[to] == layer[i] { // a bow beside the column
				toX, nearX = x, x-bend
			}
			g.References = append(g.References, graphEdge{
				From: t.Name, To: name,
				Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y, x-bend, y, nearX, toY, toX, toY),
			})
		}
	}
	return g
}

// laneRank is 1 of a lane, 0 of a node.
func (s slot) laneRank() int {
	if s.lane {
		return 1
	}
	return 0
}

func (s slot) height() int {
	if s.lane {
		return laneHeight
	}
	if s.reader {
		return readerNode
	}
	return nodeHeight
}

// gap is what stays free below it.
func (s slot) gap() int {
	if s.reader {
		return readerGap
	}
	return rowGap
}

// reader tells whether it is a report or a check: it makes no table.
func (t lineageTable) reader() bool { return t.Layer == "report" || t.Layer == "check" }

// shown is its name, cut.
func (t lineageTable) shown() string {
	name := cmp.Or(t.Label, t.Name)
	if t.reader() {
		return excerpt(name, longestRead)
	}
	return excerpt(name, longestName)
}

// madeBy says what makes a table.
func madeBy(t lineageTable) string {
	switch {
	case t.reader():
		return ""
	case len(t.Steps) == 0:
		return "no transform writes it"
	case len(t.Steps) > 1:
		return fmt.Sprintf("%d transforms", len(t.Steps))
	case t.Steps[0].Load && t.Source != "":
		return t.Steps[0].Number + " loads " + excerpt(t.Source, 20)
	case t.Steps[0].Load:
		return t.Steps[0].Number + " loads"
	}
	if t.Kind != "" {
		return t.Steps[0].Number + " " + t.Kind
	}
	return t.Steps[0].Number + " transforms"
}

// layersOf puts each table behind what it is made from, helpers behind staging, dimensions behind
// helpers, and facts behind dimensions. Layers are numbered from 0 without gaps.
func layersOf(tables []lineageTable, index map[string]int) []int {
	const unknown, visiting = -1, -2
	layer := make([]int, len(tables))
	for i := range layer {
		layer[i] = unknown
	}
	// Helpers that read helpers make the layer of dimensions begin later.
	helpers := 0
	deep := make([]int, len(tables))
	for range tables { // a chain is at most so long
		for i, t := range tables {
			if t.Layer != "helper" {
				continue
			}
			deep[i] = max(deep[i], 1)
			for _, name := range t.Reads {
				if from := index[name]; tables[from].Layer == "helper" && from != i && deep[from] < len(tables) {
					deep[i] = max(deep[i], deep[from]+1)
				}
			}
			helpers = max(helpers, deep[i])
		}
	}
	rank := func(t lineageTable) int {
		at := max(layerRank(t.Layer), 0)
		if at > 1 {
			return at - 1 + helpers
		}
		return at
	}
	var visit func(i int) int
	visit = func(i int) int {
		if layer[i] != unknown {
			// tables that are made from each other stay where their names put them
			return max(layer[i], 0)
		}
		layer[i] = visiting
		found := rank(tables[i])
		for _, name := range tables[i].Reads {
			if from := index[name]; layer[from] != visiting {
				found = max(found, visit(from)+1)
			}
		}
		layer[i] = found
		return found
	}
	for i := range tables {
		visit(i)
	}
	used := slices.Compact(slices.Sorted(slices.Values(layer)))
	for i := range layer {
		layer[i] = slices.Index(used, layer[i])
	}
	return layer
}

// order sorts each column by the middle of what its slots are connected to, back and forth, so that
// few edges cross.
func order(columns [][]slot, tables []lineageTable, index map[string]int, layer []int) {
	const sweeps = 6
	for sweep := range sweeps {
		for k := range columns {
			c := k
			if sweep%2 == 1 {
				c = len(columns) - 1 - k
			}
			for i := range columns[c] {
				s := &columns[c][i]
				sum, n := 0.0, 0
				near := func(column, table int, lane bool) {
					if column < 0 || column >= len(columns) {
						return
					}
					for place, other := range columns[column] {
						if other.table == table && other.lane == lane {
							sum += float64(place) / float64(len(columns[column]))
							n++
						}
					}
				}
				t := tables[s.table]
				if sweep%2 == 0 && !s.lane { // towards what it is made from
					for _, name := range t.Reads {
						near(c-1, index[name], layer[index[name]] != c-1)
					}
				}
				if s.lane {
					near(c-1, s.table, layer[s.table] != c-1)
				}
				if sweep%2 == 1 {
					near(c+1, s.table, true)
					for _, name := range t.ReadBy {
						near(c+1, index[name], false)
					}
				}
				s.place = float64(i) / float64(len(columns[c]))
				if n > 0 {
					s.place = sum / float64(n)
				}
			}
			slices.SortStableFunc(columns[c], func(a, b slot) int { return cmp.Compare(a.place, b.place) })
		}
	}
}
