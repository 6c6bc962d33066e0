package model

import (
	"context"
	"slices"
	"strings"
)

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
			return x.nothing(ctx, relation)
		}
		return x.relation(ctx, relation, st)
	})
	return text.SQL, err
}

// nothing has the columns of a relation, and no rows.
func (x *Run) nothing(ctx context.Context, relation string) (string, error) {
	m := x.Graph.byName[relation]
	at := qualified(x.Live, relation)
	if m != nil && !m.Stored {
		at = ""
		for _, st := range []state{now, before} {
			if raw, ok := x.raws[relationState{relation, st}]; ok {
				at = raw
			}
		}
		if at == "" {
			var err error
			if at, err = x.raw(ctx, m, before); err != nil {
				return "", err
			}
		}
	}
	return from("SELECT " + columns("r.", x.Graph.columnsOf(relation)) + " FROM " + at + " AS r WHERE 1 = 0"), nil
}

// lookup tells whether a header line of the model narrows the relation.
func (x *Run) lookup(m *Model, relation string) bool {
	return slices.ContainsFunc(m.From, func(f From) bool {
		return slices.ContainsFunc(f.Joins, func(j Join) bool { return j.Relation == relation })
	})
}

// compute is a model's SELECT, in each state, over rows of its from: relations, with the lookups
// narrowed to what those match. "" is no rows: there are none of from:.
func (x *Run) compute(ctx context.Context, m *Model, rows [2]inputs) (out [2]string, err error) {
	var in [2]inputs
	for _, st := range []state{before, now} {
		in[st] = inputs{}
		for relation, at := range rows[st] {
			in[st][relation] = at
		}
	}
	var seen []string
	for _, f := range m.From {
		for _, join := range f.Joins {
			if slices.Contains(seen, join.Relation) {
				continue
			}
			seen = append(seen, join.Relation)
			if err := x.matches(ctx, m, join.Relation, rows, &in); err != nil {
				return out, err
			}
		}
	}
	for _, st := range []state{before, now} {
		if len(rows[st]) == 0 {
			continue
		}
		if out[st], err = x.evaluate(ctx, m, st, in[st]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// matches narrows one lookup to what the rows of the from: relations match, by any of its lines.
func (x *Run) matches(ctx context.Context, m *Model, relation string, rows [2]inputs, in *[2]inputs) error {
	w := want{len(rows[before]) > 0, len(rows[now]) > 0}
	type line struct {
		join   Join
		values *Table
	}
	var lines []line
	for _, f := range m.From {
		for _, join := range f.Joins {
			if join.Relation != relation {
				continue
			}
			if len(join.By) == 0 {
				for st := range in {
					if at, err := x.relation(ctx, relation, state(st)); err != nil {
						return err
					} else if w[st] {
						in[st][relation] = at
					}
				}
				return nil
			}
			var parts []part
			for _, st := range []state{now, before} {
				if at, given := rows[st][f.Relation]; given && !slices.ContainsFunc(
					parts, func(p part) bool { return p.from == at },
				) {
					parts = append(parts, part{at, hereOf(join.By), thereOf(join.By)})
				}
			}
			values, err := x.values(ctx, relation+"_wanted", "what the rows to compute look up in "+relation, parts...)
			if err != nil {
				return err
			}
			if !values.empty() {
				lines = append(lines, line{join, values})
			}
		}
	}
	var found []sides
	for _, l := range lines {
		by := thereOf(l.join.By)
		s, err := x.narrow(ctx, relation, by, l.values, by, w, by)
		if err != nil {
			return err
		}
		found = append(found, s)
	}
	for _, st := range []state{before, now} {
		var parts, earlier []string // each row once, also where several lines match it
		var only *Table
		for i, l := range lines {
			by := thereOf(l.join.By)
			if t := found[i][st]; t != nil {
				part := "SELECT " + columns("n.", x.Graph.columnsOf(relation)) + " FROM " + t.SQL + " AS n"
				if len(earlier) > 0 {
					part += "\nWHERE " + strings.Join(earlier, "\nAND ")
				}
				parts, only = append(parts, part), t
			}
			earlier = append(
				earlier,
				"NOT EXISTS (SELECT 1 FROM "+l.values.SQL+" AS v WHERE "+equal("v", by, "n", by)+")",
			)
		}
		switch {
		case !w[st] || len(parts) == 0:
		case len(parts) == 1 && len(lines) == 1:
			in[st][relation] = only.SQL
		default:
			t, err := x.create(
				ctx, relation+"_matched", "the rows of "+relation+" that they match, "+st.words(),
				strings.Join(parts, "\nUNION ALL\n"), nil,
			)
			if err != nil {
				return err
			}
			in[st][relation] = t.SQL
		}
	}
	return nil
}
