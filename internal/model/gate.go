package model

import (
	"context"
	"slices"
	"strings"
)

// Touched makes a table of the rows of a relation that an increment looked at, also where it changed
// nothing: of a stored model the rows of the keys, of a staging table the rows of the groups, or just
// the new rows. ok is false where the run does not know them.
func (x *Run) Touched(ctx context.Context, name string) (t *Table, ok bool, err error) {
	x.current = nil
	m := x.Graph.byName[name]
	switch {
	case m != nil && m.Stored && m.Kind != Script:
		keys, err := x.values(ctx, name+"_reached", "the keys of "+name+" that the run looked at", x.reached[name]...)
		if err != nil {
			return nil, false, err
		}
		all := columns("r.", x.tableColumns(name))
		query := "SELECT " + all + "\nFROM " + qualified(x.Live, name) + " AS r\nWHERE 1 = 0"
		if !keys.empty() {
			query = "SELECT " + all + "\nFROM " + qualified(x.Live, name) + " AS r\nINNER JOIN " + keys.SQL + " AS v ON " + equal("r", m.Key, "v", m.Key)
		}
		t, err = x.create(ctx, name+"_touched", "the rows of "+name+" that the checks look at", query, m.Key)
		return t, err == nil, err
	case x.Graph.IsStaging(name):
		names := x.Graph.columnsOf(name)
		parts := x.reached[name]
		if len(parts) == 0 {
			for _, added := range []*Table{x.delta[name].added} {
				if !added.empty() {
					parts = append(parts, part{from: added.SQL})
				}
			}
		}
		queries := []string{"SELECT " + columns("r.", names) + "\nFROM " + qualified(x.Live, name) + " AS r\nWHERE 1 = 0"}
		if len(parts) > 0 {
			queries = nil
		}
		for _, p := range parts {
			queries = append(queries, "SELECT "+columns("r.", names)+"\nFROM "+p.from+" AS r")
		}
		t, err = x.create(ctx, name+"_touched", "the rows of "+name+" that the checks look at", strings.Join(queries, "\nUNION ALL\n"), nil)
		return t, err == nil, err
	}
	return nil, false, nil
}

// tableColumns are all the columns of a table.
func (x *Run) tableColumns(name string) []string {
	var out []string
	for _, column := range x.Graph.tables[name].Columns {
		out = append(out, column.Name)
	}
	return out
}

// Computed tells whether the run computed the model.
func (x *Run) Computed(m *Model) bool {
	return slices.ContainsFunc(m.Follows, func(name string) bool { return len(x.delta[name].tables()) > 0 })
}
