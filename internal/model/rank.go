package model

import (
	"context"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// full is the whole of a model now. Where hardly any rows compete for a key, only those that do are
// ranked.
func (x *Run) full(ctx context.Context, m *Model) (string, error) {
	raw, err := x.raw(ctx, m, now)
	if err != nil {
		return "", err
	}
	all := "SELECT " + columns("p.", m.Columns) + " FROM " + raw + " AS p"
	if len(m.Pick) == 0 || x.Graph.Engine != sqlfile.Postgres {
		return x.picked(ctx, m, all)
	}
	apart, ok, err := x.rivals(ctx, m)
	if err != nil {
		return "", err
	}
	if ok {
		return x.rankApart(ctx, m, apart)
	}
	if m.Kind == Row && len(
		m.From,
	) == 1 && x.built[m.From[0].Relation] != nil && x.built[m.From[0].Relation].Rows >= x.Large {
		if query, ok, err := x.rankBest(ctx, m, raw); ok || err != nil {
			return query, err
		}
	}
	return x.picked(ctx, m, all)
}

// rivals are values of columns of from: whose rows may compete for a key.
type rivals struct {
	values *Table
	cols   []string // of from:
	as     []string // of values
}

// rivals finds the rows of from: that may compete for a key with others, where a look at few
// columns tells: in groups of which most have one row, and where most rows match one row of each
// lookup.
func (x *Run) rivals(ctx context.Context, m *Model) (out []rivals, ok bool, err error) {
	if len(m.From) != 1 || !x.Graph.single(m) {
		return nil, false, nil
	}
	f := m.From[0]
	switch {
	case m.Kind == Group && len(f.Joins) == 0:
		at, err := x.relation(ctx, f.Relation, now)
		if err != nil {
			return nil, false, err
		}
		repeated, err := x.repeated(ctx, f.Relation, at, thereOf(f.By))
		return []rivals{{repeated, thereOf(f.By), thereOf(f.By)}}, true, err
	case m.Kind == Row && x.sameRow(m) && len(f.Joins) > 0:
		for _, join := range f.Joins {
			if len(join.By) == 0 {
				return nil, false, nil
			}
			if other := x.Graph.byName[join.Relation]; other != nil && len(other.Key) > 0 && subset(
				other.Key, thereOf(join.By),
			) {
				continue // at most one row matches
			}
			at, err := x.relation(ctx, join.Relation, now)
			if err != nil {
				return nil, false, err
			}
			repeated, err := x.repeated(ctx, join.Relation, at, thereOf(join.By))
			if err != nil {
				return nil, false, err
			}
			out = append(out, rivals{repeated, hereOf(join.By), thereOf(join.By)})
		}
		return out, true, nil
	}
	return nil, false, nil
}

// single tells whether one row of from:, with one row of each lookup, makes at most one row here.
func (g *Graph) single(m *Model) bool {
	if len(m.query.With) > 0 {
		return false
	}
	named := []string{m.From[0].Relation}
	for _, join := range m.From[0].Joins {
		named = append(named, join.Relation)
	}
	var f func(q *selectstmt.Query) bool
	f = func(q *selectstmt.Query) bool {
		return len(q.Branches) == 1 && !slices.ContainsFunc(q.Branches[0].From, func(item selectstmt.FromItem) bool {
			if item.Query != nil {
				// A subquery in which nothing is joined.
				return len(item.Query.Branches) != 1 || len(item.Query.Branches[0].From) != 1 || !f(item.Query)
			}
			return !slices.Contains(named, item.Relation)
		}) && !slices.ContainsFunc(q.Branches[0].Items, func(item selectstmt.Item) bool {
			return slices.ContainsFunc(item.Expr.Calls, func(c selectstmt.Call) bool {
				return slices.Contains(setFunctions, c.Name)
			})
		})
	}
	return f(m.query) && len(m.Follows) == 1+len(m.From[0].Joins)
}

// rankApart ranks the rows that rivals make, and takes the others as they are.
func (x *Run) rankApart(ctx context.Context, m *Model, apart []rivals) (string, error) {
	f := m.From[0]
	var exists []string
	for _, r := range apart {
		if !r.values.empty() {
			exists = append(
				exists,
				"EXISTS (SELECT 1 FROM "+r.values.SQL+" AS v WHERE "+equal("v", r.as, "r", r.cols)+")",
			)
		}
	}
	at, err := x.relation(ctx, f.Relation, now)
	if err != nil {
		return "", err
	}
	in := inputs{}
	for _, join := range f.Joins {
		if in[join.Relation], err = x.relation(ctx, join.Relation, now); err != nil {
			return "", err
		}
	}
	x.apart[m.Name] = true
	rows := "SELECT " + columns("r.", x.Graph.columnsOf(f.Relation)) + " FROM " + at + " AS r"
	if len(exists) == 0 {
		in[f.Relation] = at
		return x.evaluate(ctx, m, now, in)
	}
	in[f.Relation] = from(rows + " WHERE " + strings.Join(exists, " OR "))
	query, err := x.evaluate(ctx, m, now, in)
	if err != nil {
		return "", err
	}
	if m.competes() && x.enforced(m) {
		if query, err = x.checkedRivals(ctx, m, query); err != nil {
			return "", err
		}
	}
	if query, err = x.picked(ctx, m, query); err != nil {
		return "", err
	}
	// Apart, so that several processes do the rest.
	ranked, err := x.create(ctx, "ranked", "the rows of keys for which several compete", query, nil)
	if err != nil {
		return "", err
	}
	in[f.Relation] = from(rows + " WHERE NOT " + strings.Join(exists, " AND NOT "))
	if query, err = x.evaluate(ctx, m, now, in); err != nil {
		return "", err
	}
	return "SELECT " + columns(
		"o.", m.Columns,
	) + "\nFROM " + from(query) + " AS o\nUNION ALL\nSELECT " + columns(
		"k.", m.Columns,
	) + " FROM " + ranked.SQL + " AS k", nil
}

// checkedRivals keeps the rows that compete, and refuses keys that several groups have.
func (x *Run) checkedRivals(ctx context.Context, m *Model, query string) (string, error) {
	all, err := x.create(ctx, "rivals", "the rows that compete, before pick", query, nil)
	if err != nil {
		return "", err
	}
	if !all.empty() {
		if err := x.checkGroups(ctx, m, all.SQL); err != nil {
			return "", err
		}
	}
	return "SELECT " + columns("u.", m.Columns) + " FROM " + all.SQL + " AS u", nil
}

// rankBest ranks, of many rows, only those that are the best of their key by the first column of
// pick. ok is false for a type that has an order, but no MIN and MAX, such as BOOLEAN.
func (x *Run) rankBest(ctx context.Context, m *Model, raw string) (query string, ok bool, err error) {
	first := m.Pick[0]
	text, err := x.texts(ctx, m)
	if err != nil {
		return "", false, err
	}
	function, value := "MIN", "x."+ident(first.Column)
	if first.Desc {
		function = "MAX"
	}
	if text[first.Column] {
		value += ` COLLATE "C"`
	}
	var best *Table
	err = x.Session.Attempt(ctx, func() (err error) {
		best, err = x.create(ctx, "best", "the best "+first.Column+" of each key",
			"SELECT "+columns(
				"x.", m.Key,
			)+", "+function+"("+value+") AS dwh_best\nFROM "+raw+" AS x\nGROUP BY "+columns("x.", m.Key), m.Key)
		return err
	})
	switch {
	case catalogue.SQLState(err) == catalogue.UndefinedFunction:
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	query, err = x.picked(
		ctx, m,
		"SELECT "+columns("x.", m.Columns)+"\nFROM "+raw+" AS x\nINNER JOIN "+best.SQL+" AS b ON "+equal(
			"b", m.Key, "x", m.Key,
		)+
			"\nWHERE x."+ident(first.Column)+" = b.dwh_best OR b.dwh_best IS NULL",
	)
	return query, true, err
}
