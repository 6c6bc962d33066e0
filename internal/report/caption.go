package report

import (
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// A Caption names columns whose value is the same in each row:
//
//	-- caption: period since
//
// People see the value of the first column, period, once above the table. The table leaves out all
// of the columns. JSON and CSV keep them.
type Caption struct {
	names []word
	place place
}

func newCaption(file *sqlfile.File, line sqlfile.Line) Caption {
	if line == (sqlfile.Line{}) {
		return Caption{}
	}
	return Caption{names: wordsOf(line), place: place{file, line.Line}}
}

// columns finds the columns in a result; nil without a caption. A name that no column has is a
// *sqlfile.Error with its place.
func (c Caption) columns(t table.Table) ([]int, error) {
	var out []int
	for _, name := range c.names {
		at, err := c.place.column(t, "caption", name)
		if err != nil {
			return nil, err
		}
		out = append(out, at)
	}
	return out, nil
}
