package table

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Sort returns the table with its rows sorted by a column: numbers by size, times by time, texts
// without regard to case. NULL stands last either way, and rows that are equal stay as they are.
// Table t is not changed.
func Sort(t Table, column int, descending bool) Table {
	type sortable struct {
		value any
		row   []any
	}
	rows := make([]sortable, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = sortable{plain(row[column]), row}
	}
	slices.SortStableFunc(rows, func(a, b sortable) int {
		switch {
		case a.value == nil && b.value == nil:
			return 0
		case a.value == nil:
			return 1
		case b.value == nil:
			return -1
		case descending:
			return compare(b.value, a.value)
		}
		return compare(a.value, b.value)
	})
	t.Rows = make([][]any, len(rows))
	for i := range rows {
		t.Rows[i] = rows[i].row
	}
	return t
}

// compare compares two values that are not NULL; values of different kinds by their texts.
func compare(a, b any) int {
	switch x := a.(type) {
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			if x {
				return 1
			}
			return -1
		}
	}
	if numeric(a) && numeric(b) {
		x, xNumber := magnitude(a)
		y, yNumber := magnitude(b)
		if !xNumber || !yNumber {
			return cmp.Compare(boolInt(xNumber), boolInt(yNumber)) // NaN and infinities first
		}
		if order := cmp.Compare(x, y); order != 0 {
			return order
		}
		// What a float cannot tell apart, its digits may.
		exactX, okX := new(big.Rat).SetString(exact(a))
		exactY, okY := new(big.Rat).SetString(exact(b))
		if okX && okY {
			return exactX.Cmp(exactY)
		}
		return 0
	}
	x, y := readable(a, KindLabel), readable(b, KindLabel)
	return cmp.Or(cmp.Compare(strings.ToLower(x), strings.ToLower(y)), cmp.Compare(x, y))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Search returns the table with the rows that hold every word of the text, in whatever column and
// without regard to case, as people read the values. Table t is not changed.
func Search(t Table, text string) Table {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return t
	}
	kinds := make([]Kind, len(t.Columns))
	for i := range t.Columns {
		kinds[i] = t.kindOf(i)
	}
	rows := [][]any{}
	for _, row := range t.Rows {
		var all strings.Builder
		for i, cell := range row {
			value := plain(cell)
			if value == nil {
				continue
			}
			// 1,270.90 is found as it is shown, and as it is.
			all.WriteString(strings.ToLower(readable(value, kinds[i])) + "\n" + strings.ToLower(exact(value)) + "\n")
		}
		text := all.String()
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) }) {
			rows = append(rows, row)
		}
	}
	// What a column is must not hang on which rows are left.
	t.Columns = slices.Clone(t.Columns)
	for i := range t.Columns {
		t.Columns[i].Kind, t.Columns[i].Align = kinds[i], t.alignOf(i)
	}
	t.Rows = rows
	return t
}
