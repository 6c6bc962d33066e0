package model

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Increment brings the tables of models up to date with the sources: one model after the other, in
// the order of the graph. Models that are not among the chosen stay as they are; all of what the
// chosen ones read has to be among them, helpers included.
func (x *Run) Increment(ctx context.Context, chosen []*Model, after func(m *Model, change Change) error) error {
	if err := x.openStaging(ctx); err != nil {
		return err
	}
	for _, m := range chosen {
		x.current = m
		if err := x.step(ctx, m); err != nil {
			return err
		}
		if err := after(m, x.Changes[m.Name]); err != nil {
			return err
		}
	}
	x.current = nil
	return nil
}

// step computes one model.
func (x *Run) step(ctx context.Context, m *Model) error {
	if m.Kind == Script {
		return x.within(ctx, m, func(ctx context.Context) error { return x.script(ctx, m) })
	}
	if !slices.ContainsFunc(m.Follows, func(name string) bool { return len(x.delta[name].tables()) > 0 }) {
		return nil
	}
	return x.within(ctx, m, func(ctx context.Context) error {
		switch m.Kind {
		case Row:
			return x.stepRows(ctx, m)
		case Group:
			return x.stepGroups(ctx, m)
		default:
			return x.stepWhole(ctx, m)
		}
	})
}

// within does something for a model, and tells of its beginning and end.
func (x *Run) within(ctx context.Context, m *Model, do func(ctx context.Context) error) error {
	if x.Begin == nil {
		return do(ctx)
	}
	ctx, end := x.Begin(ctx, m)
	err := do(ctx)
	end(err)
	return err
}

// stepWhole computes everything and compares.
func (x *Run) stepWhole(ctx context.Context, m *Model) error {
	raw, err := x.raw(ctx, m, now)
	if err != nil {
		return err
	}
	query, err := x.picked(ctx, m, "SELECT "+columns("p.", m.Columns)+" FROM "+raw+" AS p")
	if err != nil {
		return err
	}
	result, err := x.create(ctx, "result", "all of its rows", query, nil)
	if err != nil {
		return err
	}
	if err := x.checkRows(ctx, m, result); err != nil {
		return err
	}
	if m.Stored {
		return x.write(ctx, m, nil, nil, result)
	}
	was, err := x.relation(ctx, m.Name, before)
	if err != nil {
		return err
	}
	old, err := x.create(ctx, "was", "its rows before this run", "SELECT "+columns("r.", m.Columns)+" FROM "+was+" AS r", nil)
	if err != nil {
		return err
	}
	return x.differ(ctx, m, old, result)
}

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
	if !subset(by, m.Key) && len(m.Key) > 0 {
		// Two groups may compete for a key.
		if queries[now], err = x.checkedGroups(ctx, m, queries[now], touched); err != nil {
			return err
		}
	}
	result, err := x.ranked(ctx, m, "result", "the rows of these groups as they are now", queries[now])
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

// A match is where the rows of a from: relation stand that match a changed row of a lookup, in the two
// states; "" is none.
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

// ranked makes a table of a query's rows after pick. "" is no rows.
func (x *Run) ranked(ctx context.Context, m *Model, hint, note, query string) (*Table, error) {
	if query == "" {
		return nil, nil
	}
	query, err := x.picked(ctx, m, query)
	if err != nil {
		return nil, err
	}
	t, err := x.create(ctx, hint, note, query, nil)
	if err != nil || t.empty() {
		return nil, err
	}
	return t, nil
}

// changed are the values by which a lookup's changed rows are found.
func (x *Run) changed(ctx context.Context, join Join) (*Table, error) {
	var parts []part
	for _, t := range x.delta[join.Relation].tables() {
		parts = append(parts, part{t.SQL, thereOf(join.By), thereOf(join.By)})
	}
	return x.values(ctx, join.Relation+"_changed", "what changed in "+join.Relation, parts...)
}

// stepRows computes the keys again that a change touches.
func (x *Run) stepRows(ctx context.Context, m *Model) error {
	var made [2]*Table // the rows that the changed rows of from:, and those that match a changed lookup, make
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
					held := semi(m.Key, qualified(x.Live, m.Name), x.storedAs(m, f, hereOf(join.By)), values, thereOf(join.By))
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
				if above := x.Graph.byName[f.Relation]; above != nil && above.Kind == Group {
					x.looked[above.Name] = append(x.looked[above.Name], part{at, above.by(), above.by()})
				}
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
		if made[st], err = x.create(ctx, "made_"+state(st).String(), "the rows that these make, "+state(st).words(), query, nil); err != nil {
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

// foundByStored tells whether a changed row of a lookup touches just stored rows, which are found by
// the columns that they hold: the lookup decides neither whether a row exists, nor its key, nor its
// pick.
func (x *Run) foundByStored(m *Model, f From, join Join) bool {
	if !join.Left || len(join.By) == 0 || !m.Stored || len(m.From) > 1 || !x.allStored(m) || len(m.Pick) == 0 || x.sameRow(m) {
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

// storedAs are the model's columns that hold columns of a from: relation unchanged, "" where none does.
func (x *Run) storedAs(m *Model, f From, there []string) []string {
	out := make([]string, len(there))
	for here, column := range x.Graph.exact(m, f.Relation) {
		if i := slices.Index(there, column); i >= 0 && (out[i] == "" || here < out[i]) {
			out[i] = here
		}
	}
	return out
}

// allStored tells whether every column of the SELECT is stored: then the stored row stands for all rows
// that lost to it.
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
	t, err := x.create(ctx, f.Relation+"_"+st.String(), "the rows of "+f.Relation+" to look at, "+st.words(), strings.Join(queries, "\nUNION\n"), x.joinedBy(f, nil))
	if err != nil || t.empty() {
		return "", err
	}
	return t.SQL, nil
}

// except makes a table of the rows of one that another lacks.
func (x *Run) except(ctx context.Context, m *Model, hint, note string, a, b *Table, names []string) (*Table, error) {
	if a.empty() {
		return nil, nil
	}
	if b.empty() {
		return a, nil
	}
	t, err := x.create(ctx, hint, note, "SELECT "+columns("a.", names)+" FROM "+a.SQL+" AS a\nEXCEPT\nSELECT "+columns("b.", names)+" FROM "+b.SQL+" AS b", nil)
	if err != nil || t.empty() {
		return nil, err
	}
	return t, nil
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
		if result[st], err = x.ranked(ctx, m, "result_"+state(st).String(), "the rows of these keys, "+state(st).words(), query); err != nil {
			return err
		}
	}
	if err := x.checkRows(ctx, m, result[now]); err != nil {
		return err
	}
	return x.differ(ctx, m, result[before], result[now])
}

// fold holds the touched keys of a stored model all of whose columns are stored.
type fold struct{ gone, fresh, stale, touched *Table }

// fold selects the rows that compete for the touched keys. The stored row stands for all that lost to
// it, unless it equals a row that this run takes away: then all rows of its key compete again.
func (x *Run) fold(ctx context.Context, m *Model, f fold) (string, error) {
	keys, live := columns("", m.Key), qualified(x.Live, m.Name)
	var lostParts []string
	if !f.gone.empty() {
		stored := semi(m.Columns, live, m.Key, f.touched, m.Key)
		lostParts = append(lostParts, "SELECT "+columns("i.", m.Key)+" FROM (\nSELECT "+columns("g.", m.Columns)+" FROM "+f.gone.SQL+" AS g\nINTERSECT\n"+stored+"\n) AS i")
	}
	if !f.stale.empty() {
		var changed []string
		for _, t := range []*Table{f.gone, f.fresh} {
			if !t.empty() {
				changed = append(changed, "SELECT "+columns("c.", m.Key)+" FROM "+t.SQL+" AS c")
			}
		}
		if len(changed) > 0 {
			lostParts = append(lostParts, "SELECT i."+strings.ReplaceAll(keys, ", ", ", i.")+" FROM (\nSELECT "+columns("s.", m.Key)+" FROM "+f.stale.SQL+" AS s\nINTERSECT\n("+strings.Join(changed, "\nUNION\n")+")\n) AS i")
		}
		nulls := make([]string, 0, len(m.Pick))
		for _, order := range m.Pick {
			nulls = append(nulls, "r."+ident(order.Column)+" IS NULL")
		}
		stored := semi(m.Columns, live, m.Key, f.stale, m.Key)
		lostParts = append(lostParts, "SELECT "+columns("r.", m.Key)+" FROM "+from(stored)+" AS r\nWHERE "+strings.Join(nulls, " OR "))
	}
	var lost *Table
	var err error
	if len(lostParts) > 0 {
		if lost, err = x.create(ctx, "lost", "the keys whose stored row does not stand any more", strings.Join(lostParts, "\nUNION\n"), m.Key); err != nil {
			return "", err
		}
	}
	stale, err := x.except(ctx, m, "stale", "the stored rows to make again", f.stale, lost, m.Key)
	if err != nil {
		return "", err
	}
	folded := f.touched
	for _, other := range []*Table{lost, stale} {
		if folded, err = x.except(ctx, m, "folded", "the keys whose stored row stands for all that lost to it", folded, other, m.Key); err != nil {
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
	if !stale.empty() {
		query, err := x.again(ctx, m, stale)
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

// again makes stored rows again whose lookup changed: from the rows of from: that have their key and
// pick.
func (x *Run) again(ctx context.Context, m *Model, stale *Table) (string, error) {
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
	held := semi(here, qualified(x.Live, m.Name), m.Key, stale, m.Key)
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
	return semi(m.Columns, from(queries[now]), m.Key, stale, m.Key), nil
}

// differ makes a helper's delta of its touched rows in both states.
func (x *Run) differ(ctx context.Context, m *Model, was, result *Table) error {
	if len(m.Key) == 0 {
		// What differs in number counts as changed.
		return x.differBag(ctx, m, was, result)
	}
	removed, err := x.except(ctx, m, "removed", "the rows that are there no more", was, result, m.Columns)
	if err != nil {
		return err
	}
	added, err := x.except(ctx, m, "added", "the rows that are new", result, was, m.Columns)
	if err != nil {
		return err
	}
	for _, t := range []*Table{removed, added} {
		if err := x.analyze(ctx, t, x.lookedUpBy(m.Name)); err != nil {
			return err
		}
	}
	x.delta[m.Name] = delta{removed, added}
	return nil
}

// differBag is differ without a key: what stands there in another number counts as changed.
func (x *Run) differBag(ctx context.Context, m *Model, was, result *Table) error {
	list := columns("z.", m.Columns)
	var parts []string
	for _, side := range []struct {
		table *Table
		sign  string
	}{{result, "1"}, {was, "-1"}} {
		if !side.table.empty() {
			parts = append(parts, "SELECT "+columns("r.", m.Columns)+", "+side.sign+" AS dwh_copies FROM "+side.table.SQL+" AS r")
		}
	}
	if len(parts) == 0 {
		return nil
	}
	t, err := x.create(ctx, "changed", "the rows that stand there in another number",
		"SELECT "+list+" FROM (\n"+strings.Join(parts, "\nUNION ALL\n")+"\n) AS z\nGROUP BY "+list+"\nHAVING SUM(z.dwh_copies) <> 0", nil)
	if err == nil && !t.empty() {
		x.delta[m.Name] = delta{t, t}
	}
	return err
}

// lookedUpBy are the columns of a relation that other models join it by.
func (x *Run) lookedUpBy(relation string) []string {
	var out []string
	add := func(names []string) {
		for _, name := range names {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	for _, reader := range x.Graph.Readers(relation) {
		for _, f := range reader.From {
			if f.Relation == relation {
				add(thereOf(f.By))
				for _, join := range f.Joins {
					add(hereOf(join.By))
				}
			}
			for _, join := range f.Joins {
				if join.Relation == relation {
					add(thereOf(join.By))
				}
			}
		}
	}
	return out
}

// script runs a file as it stands. What it writes counts as changed as a whole.
func (x *Run) script(ctx context.Context, m *Model) error {
	read := func(name string) bool { return len(x.Graph.Readers(name)) > 0 }
	was := map[string]*Table{}
	for _, name := range m.Writes {
		if !read(name) {
			continue
		}
		var err error
		if was[name], err = x.create(ctx, name+"_was", "the rows of "+name+" before the script", "SELECT "+columns("r.", x.Graph.columnsOf(name))+" FROM "+qualified(x.Live, name)+" AS r", nil); err != nil {
			return err
		}
	}
	shown, err := x.showStaging(ctx, m)
	if err != nil {
		return err
	}
	if err := x.runStatements(ctx, m); err != nil {
		return err
	}
	if err := x.hideStaging(ctx, shown); err != nil {
		return err
	}
	for _, name := range m.Writes {
		if !read(name) {
			continue
		}
		is, err := x.create(ctx, name+"_is", "the rows of "+name+" behind the script", "SELECT "+columns("r.", x.Graph.columnsOf(name))+" FROM "+qualified(x.Live, name)+" AS r", nil)
		if err != nil {
			return err
		}
		x.at[relationState{name, before}] = was[name].SQL
		x.delta[name] = delta{was[name], is}
	}
	return nil
}

// runStatements sends a script's statements as they stand.
func (x *Run) runStatements(ctx context.Context, m *Model) error {
	for _, statement := range m.statements {
		text, err := statement.Expand(x.Vars)
		if err != nil {
			return err
		}
		if _, err := x.Session.Exec(ctx, Statement{Model: m.Name, SQL: text.SQL, Text: &text}); err != nil {
			return err
		}
	}
	return nil
}

// showStaging lets a script see staging as it is when the run has ended, where that is not what the
// tables hold yet.
func (x *Run) showStaging(ctx context.Context, m *Model) (views []string, err error) {
	for _, name := range m.Reads {
		staged := x.Staged[name]
		if !x.Graph.IsStaging(name) || staged.Arrived.empty() && len(staged.Erase) == 0 {
			continue
		}
		list := columns("s.", x.Graph.columnsOf(name))
		query := "SELECT " + list + ", s." + FlagColumn + " FROM " + x.stagedAt(name) + " AS s"
		if len(staged.Erase) > 0 {
			query += " WHERE NOT (" + x.erased(name, "s", staged.Erase) + ")"
		}
		if !staged.Arrived.empty() {
			query += " UNION ALL SELECT " + list + ", FALSE FROM " + staged.Arrived.SQL + " AS s"
		}
		view := qualified(x.Scratch, name)
		if _, err := x.Session.Exec(ctx, x.statement("what the script sees of "+name, "CREATE VIEW "+view+" AS\n"+query)); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	if len(views) > 0 {
		_, err = x.Session.Exec(ctx, x.statement("the script sees these first", "SET search_path TO "+ident(x.Scratch)+", "+ident(x.Live)))
	}
	return views, err
}

// hideStaging takes away what showStaging has made.
func (x *Run) hideStaging(ctx context.Context, views []string) error {
	if len(views) == 0 {
		return nil
	}
	if _, err := x.Session.Exec(ctx, x.statement("back to what readers use", "SET search_path TO "+ident(x.Live))); err != nil {
		return err
	}
	_, err := x.Session.Exec(ctx, x.statement("what only the script needed", "DROP VIEW "+strings.Join(views, ", ")))
	return err
}

// errRows is an error about rows that a model may not have.
func (x *Run) errRows(m *Model, at place, msg, hint string, rows []string) error {
	if len(rows) > 0 {
		hint = "such as " + strings.Join(rows, "; ") + "\n" + hint
	}
	if at.line == 0 {
		at = place{1, 1}
	}
	return m.errorAt(at, fmt.Sprintf("%s: %s", m.Name, msg), hint)
}
