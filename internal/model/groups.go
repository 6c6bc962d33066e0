package model

import (
	"context"
	"slices"
	"strings"
)

// stepGroups computes the groups again that a change touches.
func (x *Run) stepGroups(ctx context.Context, m *Model) error {
	var parts []part
	for _, f := range m.From {
		for _, t := range x.delta[f.Relation].tables() {
			parts = append(parts, part{t.SQL, thereOf(f.By), hereOf(f.By)})
		}
		if added := x.delta[f.Relation].added; !added.empty() {
			if err := x.checkGroupless(ctx, m, f, added.SQL); err != nil {
				return err
			}
		}
		for _, join := range f.Joins {
			found, err := x.matching(ctx, f, join)
			if err != nil {
				return err
			}
			if err := x.checkGroupless(ctx, m, f, found[now]); err != nil {
				return err
			}
			for _, at := range found.places() {
				parts = append(parts, part{at, thereOf(f.By), hereOf(f.By)})
			}
		}
	}
	by := m.by()
	touched, err := x.values(ctx, "touched", "the groups that a change touches", parts...)
	if err != nil || touched == nil {
		return err
	}
	queries, err := x.groups(ctx, m, touched, want{before: !m.Stored, now: true})
	if err != nil {
		return err
	}
	result, err := x.groupsNow(ctx, m, queries[now], touched)
	if err != nil {
		return err
	}
	if err := x.checkRows(ctx, m, result); err != nil {
		return err
	}
	x.looked[m.Name] = append(x.looked[m.Name], part{touched.SQL, by, by})
	if m.Stored {
		return x.write(ctx, m, touched, by, result)
	}
	was, err := x.ranked(ctx, m, "was", "the rows of these groups as they were", queries[before])
	if err != nil {
		return err
	}
	for _, t := range []*Table{was, result} {
		if !t.empty() && len(m.Key) > 0 {
			x.reached[m.Name] = append(x.reached[m.Name], part{t.SQL, m.Key, m.Key})
		}
	}
	return x.differ(ctx, m, was, result)
}

// groups selects, before pick, the rows of a model that is computed group by group whose groups
// stand in a table. "" is no rows.
func (x *Run) groups(ctx context.Context, m *Model, groups *Table, w want) (out [2]string, err error) {
	rows := noInputs()
	for _, f := range m.From {
		found, err := x.narrow(ctx, f.Relation, thereOf(f.By), groups, hereOf(f.By), w, x.joinedBy(f, nil))
		if err != nil {
			return out, err
		}
		rows.put(f.Relation, found, w)
	}
	return x.computeThese(ctx, m, rows, m.by(), groups)
}

// groupsNow ranks the rows of touched groups. Where two groups may compete for a key, it refuses
// keys that several groups have: in these rows, and among the stored ones.
func (x *Run) groupsNow(ctx context.Context, m *Model, query string, touched *Table) (*Table, error) {
	const hint, note = "result", "the rows of these groups as they are now"
	by := m.by()
	if query == "" || subset(by, m.Key) || len(m.Key) == 0 {
		return x.ranked(ctx, m, hint, note, query)
	}
	all, err := x.create(ctx, "unpicked", "the rows of these groups, before pick", query, nil)
	if err != nil || all.empty() {
		return nil, err
	}
	shared, err := x.sharedKeys(ctx, m, all)
	if err != nil {
		return nil, err
	}
	switch {
	case shared == nil:
		err = x.checkGroups(ctx, m, all.SQL)
	case !shared.empty():
		err = x.checkGroups(ctx, m, from(semi(m.Columns, all.SQL, m.Key, shared, m.Key)))
	}
	if err != nil {
		return nil, err
	}
	check := x.checkHelperGroups
	if m.Stored { // a build compares all groups
		check = x.checkStoredGroups
	}
	if err := check(ctx, m, all, touched); err != nil {
		return nil, err
	}
	return x.rankedTable(ctx, m, hint, note, all, shared)
}

// checkStoredGroups refuses keys of touched groups that a stored row of another group has.
func (x *Run) checkStoredGroups(ctx context.Context, m *Model, all, touched *Table) error {
	keys, err := x.values(ctx, "grouped_keys", "the keys of these groups", part{all.SQL, m.Key, m.Key})
	if err != nil || keys == nil {
		return err
	}
	by := m.by()
	found, err := x.Session.Rows(ctx, x.statement("keys that another group has already", "SELECT "+columns(
		"r.", append(slices.Clone(m.Key), by...),
	)+
		"\nFROM "+from(
		semi(m.live, qualified(x.Live, m.Name), m.Key, keys, m.Key),
	)+" AS r\nWHERE NOT EXISTS (SELECT 1 FROM "+touched.SQL+" AS t WHERE "+equal("t", by, "r", by)+")\nLIMIT 3"))
	if err == nil && len(found) > 0 {
		err = x.errGroups(m, found)
	}
	return err
}

// checkHelperGroups refuses keys of touched groups that another group of a helper has too. It finds
// the other groups by those columns of the key that are just columns of from:. Of a key without
// such a column, such as a hash, only a build tells.
func (x *Run) checkHelperGroups(ctx context.Context, m *Model, all, touched *Table) error {
	by := m.by()
	var parts []part
	for _, f := range m.From {
		here, there := x.Graph.keyIn(m, f.Relation)
		if len(here) == 0 {
			continue
		}
		const note = "the keys of these groups, to look for others"
		keys, err := x.values(ctx, "grouped_keys", note, part{all.SQL, here, here})
		if err != nil {
			return err
		}
		found, err := x.narrow(ctx, f.Relation, there, keys, here, wantNow, nil)
		if err != nil {
			return err
		}
		if found[now] != nil {
			untouched := from("SELECT " + columns("r.", thereOf(f.By)) + " FROM " + found[now].SQL +
				" AS r\nWHERE NOT EXISTS (SELECT 1 FROM " + touched.SQL + " AS t WHERE " +
				equal("t", by, "r", thereOf(f.By)) + ")")
			parts = append(parts, part{untouched, thereOf(f.By), by})
		}
	}
	others, err := x.values(ctx, "other_groups", "other groups that may have these keys", parts...)
	if err != nil || others.empty() {
		return err
	}
	queries, err := x.groups(ctx, m, others, wantNow)
	if err != nil || queries[now] == "" {
		return err
	}
	keys, err := x.values(ctx, "grouped_keys", "the keys of these groups", part{all.SQL, m.Key, m.Key})
	if err != nil || keys.empty() {
		return err
	}
	rows := from(semi(m.Columns, from(queries[now]), m.Key, keys, m.Key))
	found, err := x.Session.Rows(ctx, x.statement("keys that another group has, too", "SELECT "+columns(
		"r.", append(slices.Clone(m.Key), by...),
	)+"\nFROM "+rows+" AS r\nLIMIT 3"))
	if err == nil && len(found) > 0 {
		err = x.errGroups(m, found)
	}
	return err
}

// checkGroups refuses rows with one key in several groups. rows stand before pick.
func (x *Run) checkGroups(ctx context.Context, m *Model, rows string) error {
	differs := make([]string, 0, len(m.by()))
	for _, name := range m.by() {
		several := "COUNT(DISTINCT r." + ident(name) + ") > 1"
		if column, known := x.Graph.plain(m.Name, name, 0); known && hasMaximum(column) {
			several = "MIN(r." + ident(name) + ") <> MAX(r." + ident(name) + ")" // without a sort
		}
		differs = append(differs, several)
	}
	keys := columns("r.", m.Key)
	found, err := x.Session.Rows(
		ctx,
		x.statement(
			"no key stands in several groups",
			"SELECT "+keys+"\nFROM "+rows+" AS r\nGROUP BY "+keys+"\nHAVING "+strings.Join(differs, " OR ")+"\nLIMIT 3",
		),
	)
	if err == nil && len(found) > 0 {
		err = x.errGroups(m, found)
	}
	return err
}

func (x *Run) errGroups(m *Model, found []string) error {
	return x.errRows(
		m, m.keyAt,
		"rows with the same key ("+strings.Join(m.Key, ", ")+") are in several groups by "+strings.Join(m.by(), ", "),
		"add the columns of by to the key, or group by columns that the key decides", found,
	)
}

// checkGroupless refuses rows of from: whose group is NULL, if the SELECT makes rows of them: the
// first build would. at is where new rows stand, or rows that match a changed row of a lookup; ""
// is nowhere.
func (x *Run) checkGroupless(ctx context.Context, m *Model, f From, at string) error {
	if at == "" || x.required(f.Relation, thereOf(f.By)) {
		return nil
	}
	var null []string
	for _, name := range thereOf(f.By) {
		null = append(null, "r."+ident(name)+" IS NULL")
	}
	where := " AS r\nWHERE " + strings.Join(null, " OR ")
	counts, err := x.Session.Numbers(
		ctx,
		x.statement("rows of "+f.Relation+" without a group", "SELECT COUNT(*)\nFROM "+at+where),
	)
	if err != nil || counts[0] == 0 {
		return err
	}
	rows := from("SELECT " + columns("r.", x.Graph.columnsOf(f.Relation)) + " FROM " + at + where)
	queries, err := x.compute(ctx, m, [2]inputs{now: {f.Relation: rows}})
	if err != nil {
		return err
	}
	return x.checkKeys(ctx, m, from(queries[now]))
}
