package model

import (
	"context"
	"slices"
	"strings"
)

// narrow selects the rows of a relation, in a state, whose cols stand in a table of distinct values.
func (x *Run) narrow(ctx context.Context, relation string, st state, cols []string, values *Table, valueCols []string) (string, error) {
	names := x.Graph.columnsOf(relation)
	m := x.Graph.byName[relation]
	if values.empty() || m == nil || m.Stored || m.Kind == Whole {
		at, err := x.relation(ctx, relation, st)
		return semi(names, at, cols, values, valueCols), err
	}
	switch {
	case m.Kind == Group:
		return x.narrowGroups(ctx, m, st, cols, values, valueCols)
	case len(m.Key) > 0:
		return x.narrowKeys(ctx, m, st, cols, values, valueCols)
	default:
		// Through a view the planner sees the indexes below.
		raw, err := x.raw(ctx, m, st)
		return semi(names, raw, cols, values, valueCols), err
	}
}

// narrowGroups selects rows of a helper that is computed group by group: of the groups that hold
// them.
func (x *Run) narrowGroups(ctx context.Context, m *Model, st state, cols []string, values *Table, valueCols []string) (string, error) {
	by := m.by()
	groups := part{as: by}
	if subset(by, cols) {
		groups.from = values.SQL
		for _, name := range by {
			groups.cols = append(groups.cols, valueCols[slices.Index(cols, name)])
		}
	} else {
		raw, err := x.raw(ctx, m, st)
		if err != nil {
			return "", err
		}
		groups.from, groups.cols = from(semi(by, raw, cols, values, valueCols)), by
	}
	g, err := x.values(ctx, m.Name+"_groups", "the groups of "+m.Name+" to look at", groups)
	if err != nil {
		return "", err
	}
	query, err := x.groups(ctx, m, st, g)
	if err != nil {
		return "", err
	}
	if len(cols) == len(by) && subset(by, cols) {
		return query, nil
	}
	t, err := x.create(ctx, m.Name+"_"+st.String(), "the rows of these groups of "+m.Name, query, cols)
	if err != nil {
		return "", err
	}
	return semi(m.Columns, t.SQL, cols, values, valueCols), nil
}

// narrowKeys selects rows of a helper that is computed row by row: of the keys that stand there.
func (x *Run) narrowKeys(ctx context.Context, m *Model, st state, cols []string, values *Table, valueCols []string) (string, error) {
	keys := part{as: m.Key}
	if subset(m.Key, cols) {
		keys.from = values.SQL
		for _, name := range m.Key {
			keys.cols = append(keys.cols, valueCols[slices.Index(cols, name)])
		}
	} else {
		raw, err := x.raw(ctx, m, st)
		if err != nil {
			return "", err
		}
		keys.from, keys.cols = from(semi(m.Key, raw, cols, values, valueCols)), m.Key
	}
	k, err := x.values(ctx, m.Name+"_keys", "the keys of "+m.Name+" to look at", keys)
	if err != nil {
		return "", err
	}
	query, err := x.byKey(ctx, m, st, k)
	if err != nil {
		return "", err
	}
	if query, err = x.picked(ctx, m, query); err != nil {
		return "", err
	}
	if len(cols) == len(m.Key) && subset(m.Key, cols) {
		return query, nil
	}
	t, err := x.create(ctx, m.Name+"_"+st.String(), "the rows of these keys of "+m.Name, query, cols)
	if err != nil {
		return "", err
	}
	return semi(m.Columns, t.SQL, cols, values, valueCols), nil
}

// inputs are what stands for the relations of a SELECT while it runs over a part of them. What is
// missing has no rows.
type inputs map[string]string

// evaluate is a model's SELECT over inputs.
func (x *Run) evaluate(ctx context.Context, m *Model, st state, in inputs) (string, error) {
	prefix, suffix := x.wrap(m)
	text, err := x.expand(m, prefix, suffix, func(relation string) (string, error) {
		if at, ok := in[relation]; ok {
			return at, nil
		}
		if slices.ContainsFunc(m.From, func(f From) bool { return f.Relation == relation }) || x.lookup(m, relation) {
			at, err := x.relation(ctx, relation, st)
			return from("SELECT " + columns("r.", x.Graph.columnsOf(relation)) + " FROM " + at + " AS r WHERE 1 = 0"), err
		}
		return x.relation(ctx, relation, st)
	})
	return text.SQL, err
}

// lookup tells whether a header line of the model narrows the relation.
func (x *Run) lookup(m *Model, relation string) bool {
	return slices.ContainsFunc(m.From, func(f From) bool {
		return slices.ContainsFunc(f.Joins, func(j Join) bool { return j.Relation == relation })
	})
}

// lookups adds to inputs each lookup narrowed to what the rows of the from: relations match. hint
// names the step.
func (x *Run) lookups(ctx context.Context, m *Model, st state, in inputs) error {
	type wanted struct {
		join   Join
		values *Table
	}
	byLookup := map[string][]wanted{}
	var order []string
	for _, f := range m.From {
		rows, given := in[f.Relation]
		if !given {
			continue
		}
		for _, join := range f.Joins {
			if _, seen := byLookup[join.Relation]; !seen {
				order = append(order, join.Relation)
			}
			w := wanted{join: join}
			if len(join.By) > 0 {
				var err error
				if w.values, err = x.values(ctx, join.Relation+"_wanted", "what the rows to compute look up in "+join.Relation,
					part{rows, hereOf(join.By), thereOf(join.By)}); err != nil {
					return err
				}
			}
			byLookup[join.Relation] = append(byLookup[join.Relation], w)
		}
	}
	for _, relation := range order {
		lines := byLookup[relation]
		if slices.ContainsFunc(lines, func(w wanted) bool { return len(w.join.By) == 0 }) {
			at, err := x.relation(ctx, relation, st)
			if err != nil {
				return err
			}
			in[relation] = at
			continue
		}
		var parts []string
		var earlier []string // each row once, also where several lines match it
		for _, w := range lines {
			if w.values.empty() {
				continue
			}
			query, err := x.narrow(ctx, relation, st, thereOf(w.join.By), w.values, thereOf(w.join.By))
			if err != nil {
				return err
			}
			if len(earlier) > 0 {
				query = "SELECT " + columns("n.", x.Graph.columnsOf(relation)) + "\nFROM " + from(query) + " AS n\nWHERE " + strings.Join(earlier, "\nAND ")
			}
			parts = append(parts, query)
			earlier = append(earlier, "NOT EXISTS (SELECT 1 FROM "+w.values.SQL+" AS v WHERE "+equal("v", thereOf(w.join.By), "n", thereOf(w.join.By))+")")
		}
		if len(parts) == 0 {
			continue
		}
		t, err := x.create(ctx, relation+"_matched", "the rows of "+relation+" that they match", strings.Join(parts, "\nUNION ALL\n"), thereOf(lines[0].join.By))
		if err != nil {
			return err
		}
		if !t.empty() {
			in[relation] = t.SQL
		}
	}
	return nil
}

// compute is a model's SELECT over rows of its from: relations, with the lookups narrowed to them.
func (x *Run) compute(ctx context.Context, m *Model, st state, rows inputs) (string, error) {
	in := inputs{}
	for relation, at := range rows {
		in[relation] = at
	}
	if err := x.lookups(ctx, m, st, in); err != nil {
		return "", err
	}
	return x.evaluate(ctx, m, st, in)
}

// byKey selects, before pick, the rows of a model that is computed row by row whose keys stand in a
// table: from the rows of from: that can make them.
func (x *Run) byKey(ctx context.Context, m *Model, st state, keys *Table) (string, error) {
	rows := inputs{}
	traced := true
	for _, f := range m.From {
		line := x.Graph.exact(m, f.Relation)
		var here, there []string
		for _, name := range m.Key {
			if column, ok := line[name]; ok {
				here, there = append(here, name), append(there, column)
			}
		}
		if len(here) == 0 {
			traced = false
			break
		}
		values := keys
		if len(here) < len(m.Key) {
			var err error
			if values, err = x.values(ctx, "key_part", "the part of the keys that stands in "+f.Relation, part{keys.SQL, here, here}); err != nil {
				return "", err
			}
		}
		query, err := x.narrow(ctx, f.Relation, st, there, values, here)
		if err != nil {
			return "", err
		}
		t, err := x.create(ctx, f.Relation+"_rows", "the rows of "+f.Relation+" that can make these keys", query, x.joined(f, there))
		if err != nil {
			return "", err
		}
		if !t.empty() {
			rows[f.Relation] = t.SQL
		}
	}
	if !traced {
		raw, err := x.raw(ctx, m, st)
		return semi(m.Columns, raw, m.Key, keys, m.Key), err
	}
	query, err := x.compute(ctx, m, st, rows)
	if err != nil {
		return "", err
	}
	return semi(m.Columns, from(query), m.Key, keys, m.Key), nil
}

// joined are the columns of a from: relation that lookups are found by, and others.
func (x *Run) joined(f From, others []string) []string {
	out := slices.Clone(others)
	for _, join := range f.Joins {
		for _, name := range hereOf(join.By) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// groups selects the rows of a model that is computed group by group whose groups stand in a table.
func (x *Run) groups(ctx context.Context, m *Model, st state, groups *Table) (string, error) {
	query, err := x.groupRows(ctx, m, st, groups)
	if err != nil {
		return "", err
	}
	return x.picked(ctx, m, query)
}

// groupRows is groups before pick.
func (x *Run) groupRows(ctx context.Context, m *Model, st state, groups *Table) (string, error) {
	rows := inputs{}
	if !groups.empty() {
		for _, f := range m.From {
			query, err := x.narrow(ctx, f.Relation, st, thereOf(f.By), groups, hereOf(f.By))
			if err != nil {
				return "", err
			}
			t, err := x.create(ctx, f.Relation+"_"+st.String(), "the rows of "+f.Relation+" in the groups, "+st.words(), query, x.joined(f, thereOf(f.By)))
			if err != nil {
				return "", err
			}
			if !t.empty() {
				rows[f.Relation] = t.SQL
			}
		}
	}
	query, err := x.compute(ctx, m, st, rows)
	if err != nil {
		return "", err
	}
	return semi(m.Columns, from(query), m.by(), groups, m.by()), nil
}
