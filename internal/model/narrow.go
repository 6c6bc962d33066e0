package model

import (
	"context"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// sides are rows of a relation in the two states. Both may be one table; nil is no rows.
type sides [2]*Table

// want says which of the two states somebody needs.
type want [2]bool

var (
	wantNow  = want{now: true}
	wantBoth = want{before: true, now: true}
)

// narrow makes tables of the rows of a relation whose cols stand in a table of distinct values.
// joined are the columns by which somebody joins them.
func (x *Run) narrow(
	ctx context.Context, relation string, cols []string, values *Table, valueCols []string, w want,
	joined []string,
) (sides, error) {
	if values.empty() {
		return sides{}, nil
	}
	n := x.narrowing(relation, cols, values, valueCols, joined)
	m := x.Graph.byName[relation]
	switch {
	case x.Graph.IsStaging(relation):
		return n.staged(ctx, w)
	case m == nil || m.Kind == Script:
		return n.views(ctx, w)
	case m.Stored:
		return n.stored(ctx, m, w)
	case m.Kind == Whole:
		return n.views(ctx, w)
	case m.Kind == Group:
		return n.helper(ctx, m, w, n.groupsOf)
	case len(m.Key) > 0:
		return n.helper(ctx, m, w, n.keysOf)
	default:
		return n.bag(ctx, m, w)
	}
}

// A narrowing is what narrow was asked for.
type narrowing struct {
	x         *Run
	relation  string
	names     []string // the relation's columns
	cols      []string
	values    *Table
	valueCols []string
	joined    []string
	hashed    []bool // for each of cols: an index of the table below holds its hash
}

func (x *Run) narrowing(relation string, cols []string, values *Table, valueCols, joined []string) narrowing {
	return narrowing{
		x: x, relation: relation, names: x.Graph.columnsOf(relation), cols: cols, values: values,
		valueCols: valueCols, joined: joined, hashed: x.Graph.hashed(relation, cols),
	}
}

// semi selects the rows of a text that stands in a FROM.
func (n narrowing) semi(at string) string { return n.selectOf(n.names, at) }

// selectOf selects names of the rows of a text that stands in a FROM. Where an index has the hash
// of a column, the hashes are compared too, so that PostgreSQL finds the rows by that index.
func (n narrowing) selectOf(names []string, at string) string {
	query := semi(names, at, n.cols, n.values, n.valueCols)
	if n.values.empty() {
		return query
	}
	for i, hashed := range n.hashed {
		if hashed {
			query += "\n    AND HASHTEXT(r." + ident(n.cols[i]) + ") = HASHTEXT(v." + ident(n.valueCols[i]) + ")"
		}
	}
	return query
}

func (n narrowing) table(ctx context.Context, st state, query string) (*Table, error) {
	t, err := n.x.create(
		ctx, n.relation+"_"+st.String(), "the rows of "+n.relation+" to look at, "+st.words(),
		query, n.joined,
	)
	if err != nil || t.empty() {
		return nil, err
	}
	return t, nil
}

// unchanged tells whether the relation is the same in both states.
func (n narrowing) unchanged() bool { return len(n.x.delta[n.relation].tables()) == 0 }

// views looks into the relation as it stands in each state.
func (n narrowing) views(ctx context.Context, w want) (out sides, err error) {
	for _, st := range []state{now, before} {
		if !w[st] && !(st == now && n.unchanged()) {
			continue
		}
		if st == before && n.unchanged() {
			out[before] = out[now]
			continue
		}
		at, err := n.x.relation(ctx, n.relation, st)
		if err != nil {
			return out, err
		}
		if out[st], err = n.table(ctx, st, n.semi(at)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// stored looks into the table that readers use, and puts back what this run has changed in it.
func (n narrowing) stored(ctx context.Context, m *Model, w want) (out sides, err error) {
	if out[now], err = n.table(ctx, now, n.semi(qualified(n.x.Live, m.Name))); err != nil {
		return out, err
	}
	d := n.x.delta[m.Name]
	if out[before], err = n.derived(ctx, m, before, out[now], d.added, d.removed, w); err != nil {
		return out, err
	}
	return out, nil
}

// helper computes the rows of a helper as they were, and derives those of now.
func (n narrowing) helper(
	ctx context.Context, m *Model, w want,
	rows func(ctx context.Context, m *Model, st state) (string, error),
) (out sides, err error) {
	query, err := rows(ctx, m, before)
	if err != nil {
		return out, err
	}
	if query != "" {
		if out[before], err = n.table(ctx, before, query); err != nil {
			return out, err
		}
	}
	switch {
	case n.unchanged():
		out[now] = out[before]
	case len(m.Key) > 0:
		d := n.x.delta[m.Name]
		out[now], err = n.derived(ctx, m, now, out[before], d.removed, d.added, w)
	case w[now]:
		if query, err = rows(ctx, m, now); err != nil || query == "" {
			return out, err
		}
		out[now], err = n.table(ctx, now, query)
	}
	return out, err
}

// derived makes the rows of one state from those of the other: less what is only there, plus what
// is only here. The keys of both tell.
func (n narrowing) derived(ctx context.Context, m *Model, st state, other, less, plus *Table, w want) (*Table, error) {
	switch {
	case n.unchanged():
		return other, nil
	case !w[st]:
		return nil, nil
	}
	var parts []string
	if other != nil {
		part := "SELECT " + columns("r.", n.names) + " FROM " + other.SQL + " AS r"
		if !less.empty() {
			part += "\nWHERE NOT EXISTS (SELECT 1 FROM " + less.SQL + " AS l WHERE " + equal(
				"l", m.Key, "r", m.Key,
			) + ")"
		}
		parts = append(parts, part)
	}
	if !plus.empty() {
		parts = append(parts, n.semi(plus.SQL))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return n.table(ctx, st, strings.Join(parts, "\nUNION ALL\n"))
}

// bag looks through the view of a helper without a key, below which the planner sees the indexes.
func (n narrowing) bag(ctx context.Context, m *Model, w want) (out sides, err error) {
	raw, err := n.x.raw(ctx, m, before)
	if err != nil {
		return out, err
	}
	if out[before], err = n.table(ctx, before, n.semi(raw)); err != nil {
		return out, err
	}
	d := n.x.delta[m.Name]
	switch {
	case n.unchanged():
		out[now] = out[before]
	case !w[now]:
	case d.removed.empty() && n.x.Graph.rowByRow(m):
		// Each row comes from a new row below, in the same number.
		query := n.semi(d.added.SQL)
		if out[before] != nil {
			query = "SELECT " + columns("r.", n.names) + " FROM " + out[before].SQL + " AS r\nUNION ALL\n" + query
		}
		out[now], err = n.table(ctx, now, query)
	default:
		if raw, err = n.x.raw(ctx, m, now); err != nil {
			return out, err
		}
		out[now], err = n.table(ctx, now, n.semi(raw))
	}
	return out, err
}

// rowByRow tells whether each row of a helper without a key is made from one row of from:, and no
// two rows become one. Then a changed row of from: changes one row of the helper.
func (g *Graph) rowByRow(m *Model) bool {
	plain := m.Kind == Row && len(m.Key) == 0 && len(m.Follows) == len(m.From)
	m.query.Walk(func(q *selectstmt.Query) {
		for _, branch := range q.Branches {
			plain = plain && !branch.Distinct && branch.GroupBy == nil
		}
		for _, op := range q.Ops {
			plain = plain && op == "UNION ALL"
		}
	})
	return plain && !slices.ContainsFunc(m.From, func(f From) bool {
		below := g.byName[f.Relation]
		return below != nil && (below.Kind == Script || !below.Stored && len(below.Key) == 0 && !g.rowByRow(below))
	})
}

// identity has the columns that tell a helper's groups or keys apart, for the rows that are looked
// for.
func (n narrowing) identity(ctx context.Context, m *Model, st state, ids []string) (p part, err error) {
	p.as = ids
	if subset(ids, n.cols) {
		p.from = n.values.SQL
		for _, name := range ids {
			p.cols = append(p.cols, n.valueCols[slices.Index(n.cols, name)])
		}
		return p, nil
	}
	raw, err := n.x.raw(ctx, m, st)
	p.from, p.cols = from(n.selectOf(ids, raw)), ids
	return p, err
}

// groupsOf selects rows of a helper that is computed group by group: of the groups that hold them.
func (n narrowing) groupsOf(ctx context.Context, m *Model, st state) (string, error) {
	return n.rowsOf(ctx, m, st, m.by(), "groups", n.x.groups)
}

// keysOf selects rows of a helper that is computed row by row: of the keys that stand there.
func (n narrowing) keysOf(ctx context.Context, m *Model, st state) (string, error) {
	return n.rowsOf(ctx, m, st, m.Key, "keys", n.x.byKey)
}

// rowsOf selects rows of a helper by the columns that tell its groups or its keys apart. compute
// selects, before pick, the rows whose columns stand in a table.
func (n narrowing) rowsOf(
	ctx context.Context, m *Model, st state, ids []string, hint string,
	compute func(context.Context, *Model, *Table, want) ([2]string, error),
) (string, error) {
	p, err := n.identity(ctx, m, st, ids)
	if err != nil {
		return "", err
	}
	found, err := n.x.values(ctx, m.Name+"_"+hint, "the "+hint+" of "+m.Name+" to look at", p)
	if err != nil || found.empty() {
		return "", err
	}
	var w want
	w[st] = true
	queries, err := compute(ctx, m, found, w)
	if err != nil || queries[st] == "" {
		return "", err
	}
	query, err := n.x.picked(ctx, m, queries[st])
	return n.only(query, len(n.cols) == len(ids) && subset(n.cols, ids)), err
}

// only takes the rows that are looked for, where a query holds others too.
func (n narrowing) only(query string, all bool) string {
	if all {
		return query
	}
	return n.semi(from(query))
}
