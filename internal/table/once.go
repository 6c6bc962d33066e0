package table

import "slices"

// Shown is the table without the columns of Once, and the text of the first of them; "" where the
// table has none, or no row. The plot stays that of the whole table: draw the table itself.
func (t Table) Shown() (shown Table, once string) {
	if len(t.Once) == 0 {
		return t, ""
	}
	if len(t.Rows) > 0 {
		if value := plain(t.Rows[0][t.Once[0]]); value != nil {
			once = readable(value, t.kindOf(t.Once[0]))
		}
	}
	shown = t
	shown.Columns, shown.Rows, shown.Plot, shown.Once = nil, make([][]any, len(t.Rows)), nil, nil
	for i, column := range t.Columns {
		if slices.Contains(t.Once, i) {
			continue
		}
		shown.Columns = append(shown.Columns, column)
		for n, row := range t.Rows {
			shown.Rows[n] = append(shown.Rows[n], row[i])
		}
	}
	return shown, once
}
