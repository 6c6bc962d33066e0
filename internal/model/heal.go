package model

import (
	"context"
	"slices"
)

// A row that was made without its row of a lookup is healed when that row arrives late. In the
// song-play warehouse, a play whose song was not known gets its song_id: f_songplay joins the
// lookup song, and the late song is a changed row of it. heal finds the plays that the song
// matches, stepRows (rows.go) computes their keys again, and write (write.go) replaces the rows
// that differ, and counts as healed those in which nothing but NULLs changed.

// A touch is what the changed rows of lookups touch.
type touch struct {
	rows   []match // rows of the from: relation, before and now
	stored []part  // keys of stored rows, which tell all that is needed
}

// A match is where the rows of a from: relation stand that match a changed row of a lookup, in the
// two states; "" is none.
type match [2]string

// matchOf is where rows stand that narrow found.
func matchOf(found sides) (out match) {
	for st, t := range found {
		if t != nil {
			out[st] = t.SQL
		}
	}
	return out
}

// places are the different places.
func (m match) places() []string {
	var out []string
	for _, at := range m {
		if at != "" && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

// heal finds what the changed rows of the lookups of a from: relation touch. Of a helper it finds
// all groups, or all keys, with a row that matches one of them. The checks look at whole groups.
func (x *Run) heal(ctx context.Context, m *Model, f From) (out touch, err error) {
	helper := x.Graph.byName[f.Relation]
	var ids []part // of groups or keys
	for _, join := range f.Joins {
		byStored := x.foundByStored(m, f, join)
		if !byStored && (len(join.By) == 0 || len(identifying(helper)) == 0) {
			rows, err := x.matching(ctx, f, join)
			if err != nil {
				return out, err
			}
			for _, at := range rows.places() {
				x.lookAt(m, helper, at)
			}
			out.rows = append(out.rows, rows)
			continue
		}
		values, err := x.changed(ctx, join)
		if err != nil {
			return out, err
		}
		switch there := thereOf(join.By); {
		case values == nil:
		case byStored:
			held := semi(
				m.Key, qualified(x.Live, m.Name), x.storedAs(m, f, hereOf(join.By)), values, there,
			)
			out.stored = append(out.stored, part{from(held), m.Key, m.Key})
		default:
			n := x.narrowing(f.Relation, hereOf(join.By), values, there, nil)
			p, err := n.identity(ctx, helper, before, identifying(helper))
			if err != nil {
				return out, err
			}
			ids = append(ids, p)
		}
	}
	rows, err := x.identified(ctx, m, f, ids)
	out.rows = append(out.rows, rows)
	return out, err
}

// identified finds the rows of a helper by its groups or keys.
func (x *Run) identified(ctx context.Context, m *Model, f From, ids []part) (out match, err error) {
	matched, err := x.values(ctx, f.Relation+"_matched", "where "+f.Relation+" matches what changed", ids...)
	if err != nil || matched == nil {
		return out, err
	}
	helper := x.Graph.byName[f.Relation]
	by := identifying(helper)
	x.lookAt(m, helper, matched.SQL)
	found, err := x.narrow(ctx, f.Relation, by, matched, by, wantBoth, x.joinedBy(f, nil))
	return matchOf(found), err
}

// lookAt notes, for the gate, which groups of a helper the run computes for a model because a
// lookup of the model changed. stepGroups notes those of changed rows.
func (x *Run) lookAt(m, helper *Model, at string) {
	if helper == nil || helper.Kind != Group {
		return
	}
	groups := part{at, helper.by(), helper.by()}
	x.looked[helper.Name] = append(x.looked[helper.Name], groups)
	if x.matched[helper.Name] == nil {
		x.matched[helper.Name] = map[string][]part{}
	}
	x.matched[helper.Name][m.Name] = append(x.matched[helper.Name][m.Name], groups)
}

// identifying are the columns that tell the groups or the keys of a helper apart, by which a run
// computes its rows. It is empty for other relations.
func identifying(m *Model) []string {
	switch {
	case m == nil || m.Stored:
		return nil
	case m.Kind == Group:
		return m.by()
	case m.Kind == Row:
		return m.Key
	}
	return nil
}

// matching finds the rows of a from: relation that match a changed row of a lookup.
func (x *Run) matching(ctx context.Context, f From, join Join) (out match, err error) {
	if len(x.delta[join.Relation].tables()) == 0 {
		return out, nil
	}
	if len(join.By) == 0 {
		for _, st := range []state{before, now} {
			if out[st], err = x.relation(ctx, f.Relation, st); err != nil {
				return out, err
			}
		}
		return out, nil
	}
	values, err := x.changed(ctx, join)
	if err != nil || values == nil {
		return out, err
	}
	found, err := x.narrow(ctx, f.Relation, hereOf(join.By), values, thereOf(join.By), wantBoth, x.joinedBy(f, nil))
	return matchOf(found), err
}

// changed are the values by which a lookup's changed rows are found.
func (x *Run) changed(ctx context.Context, join Join) (*Table, error) {
	var parts []part
	for _, t := range x.delta[join.Relation].tables() {
		parts = append(parts, part{t.SQL, thereOf(join.By), thereOf(join.By)})
	}
	return x.values(ctx, join.Relation+"_changed", "what changed in "+join.Relation, parts...)
}

// foundByStored tells whether a changed row of a lookup touches just stored rows, which are found
// by the columns that they hold: the lookup decides neither whether a row exists, nor its key, nor
// its pick. It is false without `left joins:`, and where one row of from: makes all rows of a key:
// then the rows of from: are found.
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
