package model

import (
	"context"
	"strings"
)

// stepRows computes the keys again that a change touches: a changed row of from:, or of a lookup
// that its rows match (heal.go).
func (x *Run) stepRows(ctx context.Context, m *Model) error {
	inputsOf, outdated, err := x.touchedRows(ctx, m)
	if err != nil {
		return err
	}
	queries, err := x.compute(ctx, m, inputsOf)
	if err != nil {
		return err
	}
	var made [2]*Table // the rows that these make
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
	return x.stepKeys(ctx, m, made, outdated)
}

// touchedRows are the rows of each from: relation that changed, or that a changed row of a lookup
// touches. outdated are stored rows that hold what a row of a lookup said before it changed.
func (x *Run) touchedRows(ctx context.Context, m *Model) (inputsOf bothInputs, outdated []part, err error) {
	inputsOf = noInputs()
	for _, f := range m.From {
		d := x.delta[f.Relation]
		sides := [2][]string{}
		for st, t := range []*Table{d.removed, d.added} {
			if !t.empty() {
				sides[st] = append(sides[st], t.SQL)
			}
		}
		healed, err := x.heal(ctx, m, f)
		if err != nil {
			return inputsOf, nil, err
		}
		outdated = append(outdated, healed.stored...)
		for _, rows := range healed.rows {
			for st, at := range rows {
				if at != "" {
					sides[st] = append(sides[st], at)
				}
			}
		}
		for st, parts := range sides {
			at, err := x.union(ctx, f, state(st), parts)
			if err != nil {
				return inputsOf, nil, err
			}
			if at != "" {
				inputsOf[st][f.Relation] = at
			}
		}
	}
	return inputsOf, outdated, nil
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

// stepKeys keeps the keys whose rows differ between made before and made now, and those of outdated
// rows. It ranks the rows of these keys as they are now, and writes them. Where rows of other
// inputs may compete for a key, it computes those too (byKey, fold).
func (x *Run) stepKeys(ctx context.Context, m *Model, made [2]*Table, outdated []part) error {
	gone, err := x.except(ctx, m, "gone", "the rows that are made no more", made[before], made[now], m.Columns)
	if err != nil {
		return err
	}
	fresh, err := x.except(ctx, m, "fresh", "the rows that are made now", made[now], made[before], m.Columns)
	if err != nil {
		return err
	}
	held, err := x.values(ctx, "outdated", "the stored rows that hold what changed in a lookup", outdated...)
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
	if x.isNew(m, made, gone, fresh, held) {
		if done, err := x.stepNew(ctx, m, made[now]); done || err != nil {
			return err
		}
	}
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
		if query, err = x.fold(ctx, m, fold{gone: gone, fresh: fresh, outdated: held, touched: touched}); err != nil {
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
