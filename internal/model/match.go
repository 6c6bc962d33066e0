package model

import (
	"context"
	"slices"
)

// A match is where the rows of a from: relation stand that match a changed row of a lookup, in the
// two states; "" is none.
type match [2]string

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
	for st, t := range found {
		if t != nil {
			out[st] = t.SQL
		}
	}
	return out, err
}

// changed are the values by which a lookup's changed rows are found.
func (x *Run) changed(ctx context.Context, join Join) (*Table, error) {
	var parts []part
	for _, t := range x.delta[join.Relation].tables() {
		parts = append(parts, part{t.SQL, thereOf(join.By), thereOf(join.By)})
	}
	return x.values(ctx, join.Relation+"_changed", "what changed in "+join.Relation, parts...)
}
