package testcase

import (
	"context"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/transform"
)

// A Difference is how a table differs from what a file says, or a replay of it from what the
// increments gave.
type Difference struct {
	Table string // the name of the table
	// File is the file, as errors call it; "" where the replay differs from the increments. What is
	// missing is then what the replay alone gives.
	File       string
	Missing    []DifferentRow
	Unexpected []DifferentRow
	Changed    []ChangedRow
}

// A DifferentRow is a row that stands on one side alone.
type DifferentRow struct {
	Line  int    // of the file; 0 where the row is none of a file's
	Cells []Cell // the values of the compared columns
}

// A Cell is a value with the name of its column.
type Cell struct {
	Column string // the name of the column
	Text   string // the value as text
	Null   bool   // the value is NULL
}

// A ChangedRow is a row of which both sides have the key.
type ChangedRow struct {
	Line    int           // of the file; 0 where the row is none of a file's
	Key     []Cell        // the values of the key's columns
	Columns []ChangedCell // the columns that differ, at least one
}

// A ChangedCell is a column that differs.
type ChangedCell struct {
	Column    string // the name of the column
	Got, Want Cell   // what there is, and what there should be
}

// side is the rows of one side.
type side struct {
	rows  [][]cell
	lines []int // where they stand, empty where they stand nowhere
}

// compare compares a table with a file; nil where nothing differs.
func (b *bench) compare(ctx context.Context, file *File) (*Difference, error) {
	typed, err := b.expect(ctx, file)
	if err != nil {
		return nil, err
	}
	columns := b.columns(file)
	want := side{}
	if want.rows, err = b.texts(ctx, typed, columns, true); err != nil {
		return nil, err
	}
	for _, row := range file.Rows {
		want.lines = append(want.lines, row.Line)
	}
	got, err := b.texts(ctx, b.at(file.Table), columns, false)
	if err != nil {
		return nil, err
	}
	d := b.difference(file.Table, columns, want, got)
	if d != nil {
		d.File = file.Name
	}
	return d, nil
}

// replay compares what the increments gave with a build from staging alone.
func (b *bench) replay(ctx context.Context, runner *transform.Runner) ([]Difference, error) {
	result, err := runner.Compare(ctx)
	if err != nil || !result.Changed() {
		return nil, err
	}
	columns := map[catalogue.Name][]catalogue.Typed{}
	before := map[catalogue.Name][][]cell{}
	for _, change := range result.Differences {
		for _, column := range b.types[string(change.Table)].Columns {
			columns[change.Table] = append(columns[change.Table], catalogue.Typed{Name: catalogue.Name(column.Name),
				Type: column.Type})
		}
		if before[change.Table], err = b.texts(
			ctx, b.at(string(change.Table)), columns[change.Table], false,
		); err != nil {
			return nil, err
		}
	}
	if _, err := runner.Replay(ctx, "test"); err != nil {
		return nil, err
	}
	var out []Difference
	for _, change := range result.Differences {
		after, err := b.texts(ctx, b.at(string(change.Table)), columns[change.Table], false)
		if err != nil {
			return nil, err
		}
		if d := b.difference(
			string(change.Table), columns[change.Table], side{rows: after}, before[change.Table],
		); d != nil {
			out = append(out, *d)
		}
	}
	return out, nil
}

// difference compares two sides as bags of rows; nil where nothing differs. Rows with one key,
// where all columns of the key are compared, are a changed row.
func (b *bench) difference(table string, columns []catalogue.Typed, want side, got [][]cell) *Difference {
	left := map[string][]int{} // rows of got by their text
	for i, row := range got {
		left[whole(row, nil)] = append(left[whole(row, nil)], i)
	}
	var missing []int
	for i, row := range want.rows {
		if same := left[whole(row, nil)]; len(same) > 0 {
			left[whole(row, nil)] = same[1:]
		} else {
			missing = append(missing, i)
		}
	}
	var unexpected []int
	for _, rows := range left {
		unexpected = append(unexpected, rows...)
	}
	if len(missing)+len(unexpected) == 0 {
		return nil
	}
	slices.SortFunc(unexpected, func(x, y int) int { return strings.Compare(whole(got[x], nil), whole(got[y], nil)) })
	d := &Difference{Table: table}
	key := b.keyOf(table, columns)
	for _, i := range missing {
		row, line := want.rows[i], 0
		if i < len(want.lines) {
			line = want.lines[i]
		}
		at := slices.IndexFunc(
			unexpected,
			func(j int) bool { return key != nil && whole(got[j], key) == whole(row, key) },
		)
		if at < 0 {
			d.Missing = append(d.Missing, DifferentRow{Line: line, Cells: cells(columns, row, nil)})
			continue
		}
		other := got[unexpected[at]]
		unexpected = slices.Delete(unexpected, at, at+1)
		changed := ChangedRow{Line: line, Key: cells(columns, row, key)}
		for k := range row {
			if row[k] != other[k] {
				changed.Columns = append(changed.Columns, ChangedCell{
					Column: string(columns[k].Name), Got: named(columns[k], other[k]), Want: named(columns[k], row[k]),
				})
			}
		}
		d.Changed = append(d.Changed, changed)
	}
	for _, j := range unexpected {
		d.Unexpected = append(d.Unexpected, DifferentRow{Cells: cells(columns, got[j], nil)})
	}
	return d
}

// keyOf are the places of the key's columns, nil where one of them is not compared.
func (b *bench) keyOf(table string, columns []catalogue.Typed) []int {
	var places []int
	for _, name := range b.tables[catalogue.Name(table)].Key {
		at := slices.IndexFunc(columns, func(c catalogue.Typed) bool { return c.Name == name })
		if at < 0 {
			return nil
		}
		places = append(places, at)
	}
	return places
}

// whole is a text that is the same for the same values, of all columns or of some.
func whole(row []cell, places []int) string {
	var out strings.Builder
	add := func(c cell) {
		if c.null {
			out.WriteString("\x00n")
			return
		}
		out.WriteString("\x00v" + c.text)
	}
	if places == nil {
		for _, c := range row {
			add(c)
		}
	}
	for _, at := range places {
		add(row[at])
	}
	return out.String()
}

func cells(columns []catalogue.Typed, row []cell, places []int) []Cell {
	var out []Cell
	for i, c := range row {
		if places == nil || slices.Contains(places, i) {
			out = append(out, named(columns[i], c))
		}
	}
	return out
}

func named(column catalogue.Typed, c cell) Cell {
	return Cell{Column: string(column.Name), Text: c.text, Null: c.null}
}
