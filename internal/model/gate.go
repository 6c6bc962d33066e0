package model

import (
	"context"
	"maps"
	"slices"
)

// Touched makes a table of the rows of a relation that an increment looked at, also where it
// changed nothing: of a stored model the rows of the keys, and those that refer to rows which went
// away, of a staging table the rows of the groups, or just the new ones. ok is false where the run
// does not know them.
func (x *Run) Touched(ctx context.Context, name string) (t *Table, ok bool, err error) {
	x.current = nil
	m := x.Graph.byName[name]
	switch {
	case m != nil && m.Stored && m.Kind != Script:
		t, err = x.rowsReached(ctx, m)
		return t, err == nil, err
	case x.Graph.IsStaging(name):
		if t, err = x.stagedRows(ctx, name); t == nil && err == nil {
			t, err = x.create(ctx, name+"_touched", "the rows of "+name+" that the checks look at: none",
				semi(x.Graph.columnsOf(name), qualified(x.Live, name), nil, nil, nil), nil)
		}
		return t, err == nil, err
	}
	return nil, false, nil
}

// rowsReached are the rows of a stored model whose keys the run looked at. Rows that the run has
// just written are taken from where it wrote them from: finding 41,000 rows again among 4 million
// took a tenth of an increment.
func (x *Run) rowsReached(ctx context.Context, m *Model) (*Table, error) {
	dangling, err := x.dangling(ctx, m)
	if err != nil {
		return nil, err
	}
	beside, err := x.keysBeside(ctx, m)
	if err != nil {
		return nil, err
	}
	parts := slices.Concat(x.keysReached(m), dangling, beside)
	written, err := x.written(ctx, m)
	if err != nil {
		return nil, err
	}
	if written != nil {
		parts = notIn(written, parts)
	}
	keys, err := x.values(ctx, m.Name+"_reached", "the keys of "+m.Name+" that the run looked at", parts...)
	if err != nil || keys.empty() && written != nil {
		return written, err
	}
	list := x.tableColumns(m.Name)
	query := semi(list, qualified(x.Live, m.Name), m.Key, keys, m.Key)
	if written != nil {
		query = "SELECT " + columns("w.", list) + "\nFROM " + written.SQL + " AS w\nUNION ALL\n" + query
	}
	return x.create(ctx, m.Name+"_touched", "the rows of "+m.Name+" that the checks look at", query, nil)
}

// written are the rows that the run put into a stored table, nil for none, and where the table may
// hold something else.
func (x *Run) written(ctx context.Context, m *Model) (*Table, error) {
	added := x.delta[m.Name].added
	if added.empty() || !subset(x.tableColumns(m.Name), m.live) {
		return nil, nil
	}
	if verbatim, err := x.Session.Verbatim(ctx, qualified(x.Live, m.Name)); err != nil || !verbatim {
		return nil, err
	}
	return added, nil
}

// notIn leaves out of parts the keys that stand in a table.
func notIn(t *Table, parts []part) []part {
	var out []part
	for _, p := range parts {
		if p.from == t.SQL && slices.Equal(p.cols, p.as) {
			continue
		}
		rest := "SELECT " + p.list("y.") + "\nFROM " + p.from + " AS y\nWHERE NOT EXISTS (SELECT 1 FROM " + t.SQL +
			" AS a WHERE " + equal("a", p.as, "y", p.cols) + ")"
		out = append(out, part{from(rest), p.as, p.as})
	}
	return out
}

// stagedRows are the rows of a staging table in the groups that the run looked at, or, where no
// model groups them, the new ones; nil is none.
func (x *Run) stagedRows(ctx context.Context, name string) (*Table, error) {
	for _, m := range x.Graph.Readers(name) {
		for _, f := range m.From {
			if f.Relation != name || m.Kind != Group {
				continue
			}
			groups, err := x.values(ctx, name+"_groups", "the groups that the run looked at", x.looked[m.Name]...)
			if err != nil {
				return nil, err
			}
			found, err := x.narrow(ctx, name, thereOf(f.By), groups, hereOf(f.By), wantNow, nil)
			return found[now], err
		}
	}
	added := x.delta[name].added
	if added.empty() {
		return nil, nil
	}
	return x.create(ctx, name+"_touched", "the rows of "+name+" that the checks look at",
		"SELECT "+columns("r.", x.Graph.columnsOf(name))+"\nFROM "+added.SQL+" AS r", nil)
}

// keysReached are the keys of a model that the run looked at: its own, and those of the rows of
// from: that it looked at, where a key here is a row there.
func (x *Run) keysReached(m *Model) []part {
	parts := slices.Clone(x.reached[m.Name])
	if m.Kind != Row || !x.sameRow(m) {
		return parts
	}
	line := x.Graph.exact(m, m.From[0].Relation)
	above := x.Graph.byName[m.From[0].Relation]
	if above == nil {
		return parts
	}
	for _, p := range x.keysReached(above) {
		own := part{from: p.from, as: m.Key}
		for _, name := range m.Key {
			i := slices.Index(p.as, line[name])
			if i < 0 {
				return parts
			}
			own.cols = append(own.cols, p.cols[i])
		}
		parts = append(parts, own)
	}
	return parts
}

// keysBeside are the keys of a model whose rows stand in a group of a helper that the run looked at
// because a lookup of another model changed. The run does not compute them. The checks see all
// records of such a group, and so they have to see all its rows.
func (x *Run) keysBeside(ctx context.Context, m *Model) ([]part, error) {
	if m.Kind != Row || !x.sameRow(m) {
		return nil, nil
	}
	helper := x.Graph.byName[m.From[0].Relation]
	if helper == nil {
		return nil, nil
	}
	var matched []part
	for _, name := range slices.Sorted(maps.Keys(x.matched[helper.Name])) {
		if name != m.Name { // its own it has computed
			matched = append(matched, x.matched[helper.Name][name]...)
		}
	}
	by := helper.by()
	groups, err := x.values(ctx, helper.Name+"_beside",
		"the groups of "+helper.Name+" that a lookup of another model matched", matched...)
	if err != nil || groups == nil {
		return nil, err
	}
	found, err := x.narrow(ctx, helper.Name, by, groups, by, wantNow, nil)
	if err != nil || found[now].empty() {
		return nil, err
	}
	line := x.Graph.exact(m, helper.Name)
	beside := part{from: found[now].SQL, as: m.Key}
	for _, name := range m.Key {
		column, ok := line[name]
		if !ok {
			return nil, nil
		}
		beside.cols = append(beside.cols, column)
	}
	return []part{beside}, nil
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

// Rows is how many rows of a helper the run found new or changed.
func (x *Run) Rows(m *Model) int64 {
	if added := x.delta[m.Name].added; !added.empty() {
		return added.Rows
	}
	return 0
}
