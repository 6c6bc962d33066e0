package model

import (
	"context"
	"slices"
	"strings"
)

// stepRows computes the keys again that a change touches.
func (x *Run) stepRows(ctx context.Context, m *Model) error {
	// the rows that the changed rows of from:, and those that match a changed lookup, make
	var made [2]*Table
	var stale []part
	var inputsOf [2]inputs
	for st := range inputsOf {
		inputsOf[st] = inputs{}
	}
	for _, f := range m.From {
		d := x.delta[f.Relation]
		sides := [2][]string{}
		for st, t := range []*Table{d.removed, d.added} {
			if !t.empty() {
				sides[st] = append(sides[st], t.SQL)
			}
		}
		for _, join := range f.Joins {
			if len(x.delta[join.Relation].tables()) == 0 {
				continue
			}
			if x.foundByStored(m, f, join) {
				values, err := x.changed(ctx, join)
				if err != nil {
					return err
				}
				if values != nil {
					held := semi(
						m.Key, qualified(x.Live, m.Name), x.storedAs(m, f, hereOf(join.By)), values,
						thereOf(join.By),
					)
					stale = append(stale, part{from(held), m.Key, m.Key})
				}
				continue
			}
			found, err := x.matching(ctx, f, join)
			if err != nil {
				return err
			}
			for st, at := range found {
				if at != "" {
					sides[st] = append(sides[st], at)
				}
			}
		}
		for st, parts := range sides {
			at, err := x.union(ctx, f, state(st), parts)
			if err != nil {
				return err
			}
			if at != "" {
				inputsOf[st][f.Relation] = at
				x.lookedAt(f.Relation, at)
			}
		}
	}
	queries, err := x.compute(ctx, m, inputsOf)
	if err != nil {
		return err
	}
	for st, query := range queries {
		if query == "" {
			continue
		}
		if made[st], err = x.create(
			ctx, "made_"+state(st).String(), "the rows that these make, "+state(st).words(), query,
			nil,
		); err != nil {
			return err
		}
	}
	if len(m.Key) == 0 {
		// A bag: a row may come and go in different numbers.
		x.delta[m.Name] = delta{made[before], made[now]}
		return nil
	}
	if !made[now].empty() {
		if err := x.checkKeys(ctx, m, made[now].SQL); err != nil {
			return err
		}
	}
	return x.stepKeys(ctx, m, made, stale)
}

// lookedAt notes, for the gate, which groups of a helper the run looked at. stepGroups has noted
// the groups of changed rows.
func (x *Run) lookedAt(relation, at string) {
	m := x.Graph.byName[relation]
	if m == nil || m.Kind != Group || slices.ContainsFunc(
		x.delta[relation].tables(), func(t *Table) bool { return t.SQL == at },
	) {
		return
	}
	groups := part{at, m.by(), m.by()}
	x.looked[relation] = append(x.looked[relation], groups)
	x.matched[relation] = append(x.matched[relation], groups)
}

// foundByStored tells whether a changed row of a lookup touches just stored rows, which are found
// by the columns that they hold: the lookup decides neither whether a row exists, nor its key, nor
// its pick.
func (x *Run) foundByStored(m *Model, f From, join Join) bool {
	if !join.Left || len(
		join.By,
	) == 0 || !m.Stored || len(m.From) > 1 || !x.allStored(m) || len(m.Pick) == 0 || x.sameRow(m) {
		return false
	}
	line := x.Graph.exact(m, f.Relation)
	for _, name := range m.Key {
		if _, ok := line[name]; !ok {
			return false
		}
	}
	for _, order := range m.Pick {
		if _, ok := line[order.Column]; !ok {
			return false
		}
	}
	for _, name := range x.storedAs(m, f, hereOf(join.By)) {
		if name == "" || !slices.Contains(m.live, name) {
			return false
		}
	}
	return true
}

// storedAs are the model's columns that hold columns of a from: relation unchanged, "" where none
// does.
func (x *Run) storedAs(m *Model, f From, there []string) []string {
	out := make([]string, len(there))
	for here, column := range x.Graph.exact(m, f.Relation) {
		if i := slices.Index(there, column); i >= 0 && (out[i] == "" || here < out[i]) {
			out[i] = here
		}
	}
	return out
}

// allStored tells whether every column of the SELECT is stored. A stored row then tells all that is
// needed of the rows that lost to it.
func (x *Run) allStored(m *Model) bool { return m.Stored && len(m.live) == len(m.Columns) }

// sameRow tells whether all rows with one key come from one row of from:.
func (x *Run) sameRow(m *Model) bool {
	if len(m.From) != 1 {
		return false
	}
	relation := m.From[0].Relation
	var key []string
	if other := x.Graph.byName[relation]; other != nil {
		key = other.Key
	}
	if len(key) == 0 {
		return false
	}
	line := x.Graph.exact(m, relation)
	var held []string
	for _, name := range m.Key {
		held = append(held, line[name])
	}
	return subset(key, held)
}

// union puts rows of a from: relation from several places into one. What is one place already stays
// there; "" is nothing.
func (x *Run) union(ctx context.Context, f From, st state, parts []string) (string, error) {
	switch len(parts) {
	case 0:
		return "", nil
	case 1:
		return parts[0], nil
	}
	names := x.Graph.columnsOf(f.Relation)
	queries := make([]string, len(parts))
	for i, at := range parts {
		queries[i] = "SELECT " + columns("x.", names) + "\nFROM " + at + " AS x"
	}
	t, err := x.create(
		ctx, f.Relation+"_"+st.String(), "the rows of "+f.Relation+" to look at, "+st.words(),
		strings.Join(queries, "\nUNION\n"), x.joinedBy(f, nil),
	)
	if err != nil || t.empty() {
		return "", err
	}
	return t.SQL, nil
}

// stepKeys computes the touched keys of a model that is computed row by row.
func (x *Run) stepKeys(ctx context.Context, m *Model, made [2]*Table, stale []part) error {
	gone, err := x.except(ctx, m, "gone", "the rows that are made no more", made[before], made[now], m.Columns)
	if err != nil {
		return err
	}
	fresh, err := x.except(ctx, m, "fresh", "the rows that are made now", made[now], made[before], m.Columns)
	if err != nil {
		return err
	}
	held, err := x.values(ctx, "stale", "the stored rows that hold what changed in a lookup", stale...)
	if err != nil {
		return err
	}
	var parts []part
	for _, t := range []*Table{gone, fresh, held} {
		if !t.empty() {
			parts = append(parts, part{t.SQL, m.Key, m.Key})
		}
	}
	x.reachKeys(m, made, held)
	touched, err := x.values(ctx, "touched", "the keys that a change touches", parts...)
	if err != nil || touched == nil {
		return err
	}
	if !m.Stored {
		return x.helperKeys(ctx, m, made, touched)
	}
	var query string
	switch {
	case x.sameRow(m) && made[now].empty():
	case x.sameRow(m):
		query = semi(m.Columns, made[now].SQL, m.Key, touched, m.Key)
	case !x.allStored(m):
		queries, err := x.byKey(ctx, m, touched, wantNow)
		if err != nil {
			return err
		}
		query = queries[now]
	default:
		if query, err = x.fold(ctx, m, fold{gone: gone, fresh: fresh, stale: held, touched: touched}); err != nil {
			return err
		}
	}
	result, err := x.ranked(ctx, m, "result", "the rows of these keys as they are now", query)
	if err != nil {
		return err
	}
	if err := x.checkRows(ctx, m, result); err != nil {
		return err
	}
	return x.write(ctx, m, touched, m.Key, result)
}

// reachKeys notes which keys the run looked at, also where nothing changed: the gate looks at them.
func (x *Run) reachKeys(m *Model, made [2]*Table, held *Table) {
	for _, t := range []*Table{made[before], made[now], held} {
		if !t.empty() {
			x.reached[m.Name] = append(x.reached[m.Name], part{t.SQL, m.Key, m.Key})
		}
	}
}

// helperKeys compares a helper's touched keys in both states.
func (x *Run) helperKeys(ctx context.Context, m *Model, made [2]*Table, touched *Table) error {
	var queries [2]string
	var err error
	if x.sameRow(m) {
		for st, t := range made {
			if !t.empty() {
				queries[st] = semi(m.Columns, t.SQL, m.Key, touched, m.Key)
			}
		}
	} else if queries, err = x.byKey(ctx, m, touched, wantBoth); err != nil {
		return err
	}
	var result sides
	for st, query := range queries {
		if result[st], err = x.ranked(
			ctx, m, "result_"+state(st).String(), "the rows of these keys, "+state(st).words(),
			query,
		); err != nil {
			return err
		}
	}
	if err := x.checkRows(ctx, m, result[now]); err != nil {
		return err
	}
	return x.differ(ctx, m, result[before], result[now])
}

// byKey selects, before pick, the rows of a model that is computed row by row whose keys stand in a
// table: from the rows of from: that can make them. "" is no rows.
func (x *Run) byKey(ctx context.Context, m *Model, keys *Table, w want) (out [2]string, err error) {
	rows := noInputs()
	for _, f := range m.From {
		line := x.Graph.exact(m, f.Relation)
		var here, there []string
		for _, name := range m.Key {
			if column, ok := line[name]; ok {
				here, there = append(here, name), append(there, column)
			}
		}
		if len(here) == 0 {
			return x.byKeyOfAll(ctx, m, keys, w)
		}
		values := keys
		if len(here) < len(m.Key) {
			if values, err = x.values(
				ctx, "key_part", "the part of the keys that stands in "+f.Relation,
				part{keys.SQL, here, here},
			); err != nil {
				return out, err
			}
		}
		if names, ok := x.Graph.unpicked(m); ok && !values.empty() {
			if err := x.rowsUnpicked(ctx, f.Relation, names, there, values, here, w, rows); err != nil {
				return out, err
			}
			continue
		}
		found, err := x.narrow(ctx, f.Relation, there, values, here, w, x.joinedBy(f, there))
		if err != nil {
			return out, err
		}
		rows.put(f.Relation, found, w)
	}
	return x.computeThese(ctx, m, rows, m.Key, keys)
}

// bothInputs are the inputs of a SELECT in both states.
type bothInputs [2]inputs

func noInputs() bothInputs { return bothInputs{{}, {}} }

// put takes the rows of a relation that were found in the wanted states.
func (b bothInputs) put(relation string, found sides, w want) {
	for _, st := range []state{before, now} {
		if w[st] && found[st] != nil {
			b[st][relation] = found[st].SQL
		}
	}
}

// computeThese computes, before pick, the rows of a model from these inputs, and keeps those whose
// columns cols stand in a table. "" is no rows.
func (x *Run) computeThese(
	ctx context.Context, m *Model, rows bothInputs, cols []string, values *Table,
) (out [2]string, err error) {
	if out, err = x.compute(ctx, m, rows); err != nil {
		return out, err
	}
	for st, query := range out {
		if query != "" {
			out[st] = semi(m.Columns, from(query), cols, values, cols)
		}
	}
	return out, nil
}

// rowsUnpicked reads the rows of a helper before its pick, and of them just the columns that the
// model needs. They take the place of the helper's rows.
func (x *Run) rowsUnpicked(
	ctx context.Context, relation string, names, there []string, values *Table, here []string,
	w want, rows bothInputs,
) error {
	for _, st := range []state{before, now} {
		if !w[st] {
			continue
		}
		raw, err := x.raw(ctx, x.Graph.byName[relation], st)
		if err != nil {
			return err
		}
		list := columns("r.", names)
		rows[st][relation] = from(
			"SELECT DISTINCT " + list + "\nFROM " + raw + " AS r\nINNER JOIN " + values.SQL +
				" AS v ON " + equal("r", there, "v", here),
		)
	}
	return nil
}

// byKeyOfAll is byKey where no column of from: tells which of its rows can make a key.
func (x *Run) byKeyOfAll(ctx context.Context, m *Model, keys *Table, w want) (out [2]string, err error) {
	for _, st := range []state{before, now} {
		if !w[st] {
			continue
		}
		raw, err := x.raw(ctx, m, st)
		if err != nil {
			return out, err
		}
		out[st] = semi(m.Columns, raw, m.Key, keys, m.Key)
	}
	return out, nil
}

// joinedBy are the columns of a from: relation that lookups are found by, and others.
func (x *Run) joinedBy(f From, others []string) []string {
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
