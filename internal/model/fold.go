package model

import (
	"context"
	"slices"
	"strings"
)

// fold holds the touched keys of a stored model all of whose columns are stored.
type fold struct{ gone, fresh, outdated, touched *Table }

// fold selects the rows that compete for the touched keys. The stored row stands for all that lost
// to it, unless it equals a row that this run takes away: then all rows of its key compete again.
func (x *Run) fold(ctx context.Context, m *Model, f fold) (string, error) {
	keys, live := columns("", m.Key), qualified(x.Live, m.Name)
	var lostParts []string
	if !f.gone.empty() {
		stored := semi(m.Columns, live, m.Key, f.touched, m.Key)
		lostParts = append(
			lostParts,
			"SELECT "+columns("i.", m.Key)+" FROM (\nSELECT "+columns(
				"g.", m.Columns,
			)+" FROM "+f.gone.SQL+" AS g\nINTERSECT\n"+stored+"\n) AS i",
		)
	}
	if !f.outdated.empty() {
		var changed []string
		for _, t := range []*Table{f.gone, f.fresh} {
			if !t.empty() {
				changed = append(changed, "SELECT "+columns("c.", m.Key)+" FROM "+t.SQL+" AS c")
			}
		}
		if len(changed) > 0 {
			lostParts = append(
				lostParts,
				"SELECT i."+strings.ReplaceAll(
					keys, ", ", ", i.",
				)+" FROM (\nSELECT "+columns(
					"s.", m.Key,
				)+" FROM "+f.outdated.SQL+" AS s\nINTERSECT\n("+strings.Join(changed, "\nUNION\n")+")\n) AS i",
			)
		}
		nulls := make([]string, 0, len(m.Pick))
		for _, order := range m.Pick {
			nulls = append(nulls, "r."+ident(order.Column)+" IS NULL")
		}
		stored := semi(m.Columns, live, m.Key, f.outdated, m.Key)
		lostParts = append(
			lostParts,
			"SELECT "+columns("r.", m.Key)+" FROM "+from(stored)+" AS r\nWHERE "+strings.Join(nulls, " OR "),
		)
	}
	var lost *Table
	var err error
	if len(lostParts) > 0 {
		if lost, err = x.create(
			ctx, "lost", "the keys whose stored row does not stand any more",
			strings.Join(lostParts, "\nUNION\n"), m.Key,
		); err != nil {
			return "", err
		}
	}
	outdated, err := x.except(ctx, m, "outdated", "the stored rows to make again", f.outdated, lost, m.Key)
	if err != nil {
		return "", err
	}
	folded := f.touched
	for _, other := range []*Table{lost, outdated} {
		if folded, err = x.except(
			ctx, m, "folded", "the keys whose stored row stands for all that lost to it", folded,
			other, m.Key,
		); err != nil {
			return "", err
		}
	}
	var parts []string
	if !folded.empty() {
		parts = append(parts, semi(m.Columns, live, m.Key, folded, m.Key))
		if !f.fresh.empty() {
			parts = append(parts, semi(m.Columns, f.fresh.SQL, m.Key, folded, m.Key))
		}
	}
	if !outdated.empty() {
		query, err := x.again(ctx, m, outdated)
		if err != nil {
			return "", err
		}
		if query != "" {
			parts = append(parts, query)
		}
	}
	if !lost.empty() {
		queries, err := x.byKey(ctx, m, lost, wantNow)
		if err != nil {
			return "", err
		}
		if queries[now] != "" {
			parts = append(parts, queries[now])
		}
	}
	return strings.Join(parts, "\nUNION ALL\n"), nil
}

// again computes stored rows again after a row of a lookup changed. It reads the rows of from: that
// have the same key and the same pick columns.
func (x *Run) again(ctx context.Context, m *Model, outdated *Table) (string, error) {
	f := m.From[0]
	line := x.Graph.exact(m, f.Relation)
	here := slices.Clone(m.Key)
	for _, order := range m.Pick {
		here = append(here, order.Column)
	}
	there := make([]string, len(here))
	for i, name := range here {
		there[i] = line[name]
	}
	held := semi(here, qualified(x.Live, m.Name), m.Key, outdated, m.Key)
	values, err := x.values(ctx, "again", "the keys and picks of these rows", part{from(held), here, here})
	if err != nil {
		return "", err
	}
	found, err := x.narrow(ctx, f.Relation, there, values, here, wantNow, x.joinedBy(f, nil))
	if err != nil || found[now] == nil {
		return "", err
	}
	queries, err := x.compute(ctx, m, [2]inputs{now: {f.Relation: found[now].SQL}})
	if err != nil {
		return "", err
	}
	return semi(m.Columns, from(queries[now]), m.Key, outdated, m.Key), nil
}
