package table

import (
	"regexp"
	"slices"
	"strings"
)

// Narrow says what becomes of a column where the terminal is too narrow for the table.
type Narrow int

// The ways of a column. Auto goes by the column's name and values: it keeps a step's or a run's
// name, folds what else people paste (an id, a URL, a path), wraps prose, and cuts all else.
const (
	NarrowAuto Narrow = iota
	NarrowCut         // long texts are cut
	NarrowWrap        // long texts go on in the next line of their column
	NarrowFold        // a value that does not fit stands whole, on lines of its own under its row
	NarrowKeep        // values stay whole in their column
	NarrowDrop        // the column is left out
)

// Widths in terminal cells to which columns are cut to make room: first to a comfortable one, then
// to one that leaves an ellipsis and enough letters to tell values apart.
const (
	comfortable = 16
	narrowest   = 6
)

// separatorWidth is what stands between two columns: a blank, a line, a blank.
const separatorWidth = 3

// wrapsTo is the least width of a column whose texts are wrapped, unless it holds a longer word.
const wrapsTo = 24

func (t Table) narrowOf(column int) Narrow {
	c := t.Columns[column]
	if c.Narrow != NarrowAuto {
		return c.Narrow
	}
	name := strings.ToLower(c.Name)
	switch name[strings.LastIndexByte(name, '_')+1:] {
	case "step", "run":
		return NarrowKeep
	case "id", "url", "path", "object", "file", "folder", "fix", "hint", "command":
		if t.numericColumn(column) {
			return NarrowKeep
		}
		return NarrowFold
	case "note", "description", "detail", "why", "reason":
		return NarrowWrap
	}
	for _, row := range t.Rows {
		if s, ok := plain(row[column]).(string); ok && location.MatchString(s) {
			return NarrowFold
		}
	}
	return NarrowCut
}

// location matches a path or a URL, and not every text with a slash, such as AC/DC.
var location = regexp.MustCompile(`^(\.{0,2}/|~/|[A-Za-z][A-Za-z0-9+.-]*://)\S+$`)

// longestWord is the width of the longest piece of a column's values that wrapping keeps whole.
func longestWord(cells [][]string, column int) int {
	longest := 0
	for _, row := range cells {
		for _, word := range strings.Fields(row[column]) {
			longest = max(longest, cellWidth(word))
		}
	}
	return longest
}

// layout says which columns a text table has, and how wide they are.
type layout struct {
	columns []int // in their order
	folded  []int // columns that stand under their row altogether
	limits  []int // of each column of the table, in terminal cells; 0 is no limit
	fits    bool
}

// arrange finds the layout for a width; 0 or less is no limit.
func arrange(t Table, cells [][]string, width int) layout {
	natural := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		natural[i] = cellWidth(visible(c.Name))
		for _, row := range cells {
			natural[i] = max(natural[i], cellWidth(row[i]))
		}
	}
	l := layout{}
	for _, floor := range []int{comfortable, narrowest} {
		if l = arrangeTo(t, cells, natural, width, floor); l.fits {
			break
		}
	}
	return l
}

// arrangeTo leaves out, folds, wraps and cuts columns until a line fits. No column is cut to less
// than floor.
func arrangeTo(t Table, cells [][]string, natural []int, width, floor int) layout {
	l := layout{limits: make([]int, len(t.Columns))}
	for i := range t.Columns {
		l.columns = append(l.columns, i)
	}
	widths, floors := slices.Clone(natural), slices.Clone(natural)
	for i := range t.Columns {
		switch {
		case t.numericColumn(i): // a cut number is a wrong one
		case t.narrowOf(i) == NarrowCut:
			floors[i] = min(floor, natural[i])
		case t.narrowOf(i) == NarrowWrap:
			floors[i] = min(max(wrapsTo, longestWord(cells, i)), natural[i])
		}
	}
	over := func() int {
		total := 2 + separatorWidth*(len(l.columns)-1)
		for _, i := range l.columns {
			total += widths[i]
		}
		return total - width
	}
	if width <= 0 || over() <= 0 {
		l.fits = true
		return l
	}
	for i := len(t.Columns) - 1; i >= 0 && over() > 0; i-- {
		if t.narrowOf(i) == NarrowDrop {
			l.columns = slices.DeleteFunc(l.columns, func(c int) bool { return c == i })
		}
	}
	for {
		// Each time from the full widths: a column that was folded made room.
		for _, i := range l.columns {
			if t.narrowOf(i) != NarrowFold {
				widths[i], l.limits[i] = natural[i], 0
			}
		}
		for over() > 0 {
			widest := -1
			for _, i := range l.columns {
				if widths[i] > floors[i] && (widest < 0 || widths[i] > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
			l.limits[widest] = widths[widest]
		}
		if over() <= 0 {
			l.fits = true
			return l
		}
		widest := -1
		for _, i := range l.columns {
			if t.narrowOf(i) == NarrowFold && l.limits[i] == 0 && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			// Prose that has no room to be wrapped in stands under the rows as well.
			for _, i := range l.columns {
				if t.narrowOf(i) == NarrowWrap {
					widest = i
				}
			}
		}
		if widest < 0 || len(l.columns) == 1 {
			return l
		}
		room := widths[widest] - over()
		if t.narrowOf(widest) == NarrowFold && room >= cellWidth(visible(t.Columns[widest].Name)) && anyFits(cells,
			widest, room) {
			widths[widest], l.limits[widest] = room, room
			continue
		}
		l.columns = slices.DeleteFunc(l.columns, func(c int) bool { return c == widest })
		l.folded = append(l.folded, widest)
	}
}

func anyFits(cells [][]string, column, room int) bool {
	return slices.ContainsFunc(cells, func(row []string) bool { return cellWidth(row[column]) <= room })
}

// under returns the columns whose values stand under a row, in the table's order.
func (l layout) under(t Table, row []any, cells []string) []int {
	var all []int
	for i := range t.Columns {
		value := plain(row[i])
		if value == nil || value == "" {
			continue
		}
		tooWide := l.limits[i] > 0 && t.narrowOf(i) == NarrowFold && cellWidth(cells[i]) > l.limits[i]
		if slices.Contains(l.folded, i) || tooWide && slices.Contains(l.columns, i) {
			all = append(all, i)
		}
	}
	return all
}
