package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// write puts a result into the stored table: the rows whose columns stand in touched, or all rows
// where touched is nil, become those of the result. Rows that come out as they stand are not written.
func (x *Run) write(ctx context.Context, m *Model, touched *Table, cols []string, result *Table) error {
	live := qualified(x.Live, m.Name)
	stored := "SELECT " + columns("r.", m.live) + "\nFROM " + live + " AS r"
	if touched != nil {
		stored = semi(m.live, live, cols, touched, cols)
	}
	was, err := x.create(ctx, "stored", "what is stored of them", stored, nil)
	if err != nil {
		return err
	}
	removed, err := x.except(ctx, m, "removed", "the rows to take out", was, result, m.live)
	if err != nil {
		return err
	}
	added, err := x.except(ctx, m, "added", "the rows to put in", result, was, m.live)
	if err != nil {
		return err
	}
	if !added.empty() {
		if err := x.checkFits(ctx, m, added.SQL); err != nil {
			return err
		}
	}
	if !removed.empty() {
		if err := x.analyze(ctx, removed, m.Key); err != nil {
			return err
		}
		sql := "DELETE FROM " + live + " USING " + removed.SQL + " AS x WHERE " + equal(live, m.Key, "x", m.Key)
		if _, err := x.Session.Exec(ctx, x.statement("take out what changed or went away", sql)); err != nil {
			return err
		}
	}
	if !added.empty() {
		sql := "INSERT INTO " + live + " (" + columns("", m.live) + ")\nSELECT " + columns("x.", m.live) + "\nFROM " + added.SQL + " AS x"
		if x.Graph.Engine == sqlfile.Postgres {
			sql += "\nORDER BY " + columns("x.", m.Key) // pages of the key are then written once
		}
		if _, err := x.Session.Exec(ctx, x.statement("put in what is new", sql)); err != nil {
			return err
		}
	}
	if err := x.count(ctx, m, removed, added); err != nil {
		return err
	}
	x.delta[m.Name] = delta{removed, added}
	x.keep(m, removed, added)
	for _, t := range []*Table{removed, added} {
		if !t.empty() {
			x.reached[m.Name] = append(x.reached[m.Name], part{t.SQL, m.Key, m.Key})
		}
	}
	return nil
}

// keep says where the rows of a stored model that changed stood before, for the models that read it.
func (x *Run) keep(m *Model, removed, added *Table) {
	if removed.empty() && added.empty() {
		return
	}
	list, live := columns("t.", m.live), qualified(x.Live, m.Name)
	query := "SELECT " + list + " FROM " + live + " AS t"
	if !added.empty() {
		query += " WHERE NOT EXISTS (SELECT 1 FROM " + added.SQL + " AS a WHERE " + equal("a", m.Key, "t", m.Key) + ")"
	}
	if !removed.empty() {
		query += " UNION ALL SELECT " + columns("o.", m.live) + " FROM " + removed.SQL + " AS o"
	}
	x.at[relationState{m.Name, before}] = "(" + query + ")"
}

// count counts by keys what became of a stored model's rows. A changed row in which NULLs became values
// and nothing else changed is healed.
func (x *Run) count(ctx context.Context, m *Model, removed, added *Table) error {
	var change Change
	if !removed.empty() {
		change.Removed = removed.Rows
	}
	if !added.empty() {
		change.Added = added.Rows
	}
	if !removed.empty() && !added.empty() {
		same := make([]string, 0, len(m.live))
		for _, name := range m.live {
			same = append(same, "(o."+ident(name)+" IS NULL OR o."+ident(name)+" = w."+ident(name)+")")
		}
		counts, err := x.Session.Numbers(ctx, x.statement("count what changed and what was healed",
			"SELECT COUNT(*), COUNT(CASE WHEN "+strings.Join(same, " AND ")+" THEN 1 END)\nFROM "+removed.SQL+" AS o\nINNER JOIN "+added.SQL+" AS w ON "+equal("o", m.Key, "w", m.Key)))
		if err != nil {
			return err
		}
		both, healed := counts[0], counts[1]
		change = Change{Added: change.Added - both, Changed: both - healed, Healed: healed, Removed: change.Removed - both}
	}
	x.Changes[m.Name] = change
	return nil
}

// checkKeys refuses rows that lack a part of their key or group.
func (x *Run) checkKeys(ctx context.Context, m *Model, rows string) error {
	if len(m.Key) == 0 && len(m.by()) == 0 {
		return nil
	}
	null := x.absent(m, "r.")
	counts, err := x.Session.Numbers(ctx, x.statement("every row has its key", "SELECT COUNT(*)\nFROM "+rows+" AS r\nWHERE "+null))
	if err != nil || counts[0] == 0 {
		return err
	}
	return x.errKey(ctx, m, rows)
}

func (x *Run) absent(m *Model, prefix string) string {
	var out []string
	for _, name := range append(append([]string{}, m.Key...), m.by()...) {
		out = append(out, prefix+ident(name)+" IS NULL")
	}
	return strings.Join(out, " OR ")
}

func (x *Run) errKey(ctx context.Context, m *Model, rows string) error {
	found, err := x.Session.Rows(ctx, x.statement("the rows without a key", "SELECT "+columns("r.", m.Columns)+"\nFROM "+rows+" AS r\nWHERE "+x.absent(m, "r.")+"\nLIMIT 3"))
	if err != nil {
		return err
	}
	what := slices.Clone(m.Key)
	for _, name := range m.by() {
		if !slices.Contains(what, name) {
			what = append(what, name)
		}
	}
	return x.errRows(m, m.keyAt, "a row has NULL in its key or group ("+strings.Join(what, ", ")+")", "leave such rows out in the SELECT: WHERE ... IS NOT NULL", found)
}

// checkRows refuses rows that lack a part of their key, and, without pick, different rows with one key.
// Rows that were joined with touched keys or groups have those.
func (x *Run) checkRows(ctx context.Context, m *Model, result *Table) error {
	joined := m.Kind == Row || m.Kind == Group && subset(m.Key, m.by())
	switch {
	case result.empty() || len(m.Key) == 0 && len(m.by()) == 0:
		return nil
	case len(m.Key) > 0 && len(m.Pick) == 0:
		return x.checkSingle(ctx, m, result.SQL)
	case joined:
		return nil
	}
	return x.checkKeys(ctx, m, result.SQL)
}

// checkSingle refuses different rows with one key, and rows that lack a part of it.
func (x *Run) checkSingle(ctx context.Context, m *Model, rows string) error {
	keys := columns("r.", m.Key)
	counts, err := x.Session.Numbers(ctx, x.statement("every row has its key, and each key one row",
		"SELECT COUNT(CASE WHEN "+x.absent(&Model{Header: Header{Key: m.Key}}, "c.")+" THEN 1 END), COUNT(CASE WHEN c.dwh_copies > 1 THEN 1 END)\nFROM (\n    SELECT "+keys+", COUNT(*) AS dwh_copies\n    FROM "+rows+" AS r\n    GROUP BY "+keys+"\n) AS c"))
	if err != nil {
		return err
	}
	if counts[0] > 0 {
		return x.errKey(ctx, m, rows)
	}
	if counts[1] == 0 {
		if m.Kind == Group && !subset(m.by(), m.Key) {
			return x.checkKeys(ctx, m, rows)
		}
		return nil
	}
	found, err := x.Session.Rows(ctx, x.statement("rows with one key", "SELECT "+columns("r.", m.Columns)+"\nFROM "+rows+" AS r\nINNER JOIN (\n    SELECT "+keys+"\n    FROM "+rows+" AS r\n    GROUP BY "+keys+"\n    HAVING COUNT(*) > 1\n) AS c ON "+equal("c", m.Key, "r", m.Key)+"\nORDER BY "+keys+"\nLIMIT 3"))
	if err != nil {
		return err
	}
	return x.errRows(m, m.keyAt, "several different rows have one key ("+strings.Join(m.Key, ", ")+")",
		"say which of them counts: -- pick: a DESC, b; or add to the key what tells them apart. If one of them is stored and wrong, "+
			`"dwh verify" tells and "dwh transform --replay" repairs it`, found)
}

// checkGroupless refuses added rows whose group is NULL, if the SELECT makes rows of them: the first
// build would.
func (x *Run) checkGroupless(ctx context.Context, m *Model, f From) error {
	added := x.delta[f.Relation].added
	if added.empty() || x.required(f.Relation, thereOf(f.By)) {
		return nil
	}
	var null []string
	for _, name := range thereOf(f.By) {
		null = append(null, "r."+ident(name)+" IS NULL")
	}
	where := " AS r\nWHERE " + strings.Join(null, " OR ")
	counts, err := x.Session.Numbers(ctx, x.statement("new rows of "+f.Relation+" without a group", "SELECT COUNT(*)\nFROM "+added.SQL+where))
	if err != nil || counts[0] == 0 {
		return err
	}
	rows := from("SELECT " + columns("r.", x.Graph.columnsOf(f.Relation)) + " FROM " + added.SQL + where)
	queries, err := x.compute(ctx, m, [2]inputs{now: {f.Relation: rows}})
	if err != nil {
		return err
	}
	return x.checkKeys(ctx, m, from(queries[now]))
}

// required tells whether the columns of a table are NOT NULL.
func (x *Run) required(relation string, names []string) bool {
	if m := x.Graph.byName[relation]; m != nil {
		return subset(names, append(append([]string{}, m.Key...), m.by()...))
	}
	for _, name := range names {
		if column, ok := x.Graph.tables[relation].Column(name); !ok || !column.NotNull {
			return false
		}
	}
	return true
}

// checkedGroups keeps the rows of touched groups before pick, and refuses keys that several groups
// have: in these rows, and among the stored ones.
func (x *Run) checkedGroups(ctx context.Context, m *Model, query string, touched *Table) (string, error) {
	if query == "" {
		return "", nil
	}
	all, err := x.create(ctx, "unpicked", "the rows of these groups, before pick", query, nil)
	if err != nil || all.empty() {
		return "", err
	}
	if err := x.checkGroups(ctx, m, all.SQL); err != nil {
		return "", err
	}
	query = "SELECT " + columns("u.", m.Columns) + " FROM " + all.SQL + " AS u"
	if !m.Stored {
		return query, nil // a build compares all groups
	}
	keys, err := x.values(ctx, "grouped_keys", "the keys of these groups", part{all.SQL, m.Key, m.Key})
	if err != nil || keys == nil {
		return query, err
	}
	by := m.by()
	found, err := x.Session.Rows(ctx, x.statement("keys that another group has already", "SELECT "+columns("r.", append(slices.Clone(m.Key), by...))+
		"\nFROM "+from(semi(m.live, qualified(x.Live, m.Name), m.Key, keys, m.Key))+" AS r\nWHERE NOT EXISTS (SELECT 1 FROM "+touched.SQL+" AS t WHERE "+equal("t", by, "r", by)+")\nLIMIT 3"))
	if err == nil && len(found) > 0 {
		err = x.errGroups(m, found)
	}
	return query, err
}

// checkGroups refuses rows with one key in several groups. rows stand before pick.
func (x *Run) checkGroups(ctx context.Context, m *Model, rows string) error {
	differs := make([]string, 0, len(m.by()))
	for _, name := range m.by() {
		differs = append(differs, "MIN(r."+ident(name)+") <> MAX(r."+ident(name)+")")
	}
	keys := columns("r.", m.Key)
	found, err := x.Session.Rows(ctx, x.statement("no key stands in several groups", "SELECT "+keys+"\nFROM "+rows+" AS r\nGROUP BY "+keys+"\nHAVING "+strings.Join(differs, " OR ")+"\nLIMIT 3"))
	if err == nil && len(found) > 0 {
		err = x.errGroups(m, found)
	}
	return err
}

func (x *Run) errGroups(m *Model, found []string) error {
	return x.errRows(m, m.keyAt, "rows with one key ("+strings.Join(m.Key, ", ")+") are in several groups by "+strings.Join(m.by(), ", "),
		"add the columns of by to the key, or group by columns that the key decides", found)
}

// length is the function that counts what VARCHAR(n) counts: characters on PostgreSQL, bytes on
// Redshift (dg/r_Character_types).
func (x *Run) length() string {
	if x.Graph.Engine == sqlfile.Redshift {
		return "OCTET_LENGTH"
	}
	return "CHAR_LENGTH"
}

// checkFits refuses text that is longer than its column.
func (x *Run) checkFits(ctx context.Context, m *Model, rows string) error {
	for _, name := range m.live {
		if column, _ := m.table.Column(name); column.Length() > 0 {
			return x.checkLengths(ctx, m, rows)
		}
	}
	return nil
}

func (x *Run) checkLengths(ctx context.Context, m *Model, rows string) error {
	var long, names []string
	for _, name := range m.live {
		column, _ := m.table.Column(name)
		if n := column.Length(); n > 0 {
			long = append(long, fmt.Sprintf("COUNT(CASE WHEN %s(RTRIM(r.%s)) > %d THEN 1 END)", x.length(), ident(name), n))
			names = append(names, name)
		}
	}
	counts, err := x.Session.Numbers(ctx, x.statement("every text fits its column", "SELECT "+strings.Join(long, ", ")+"\nFROM "+rows+" AS r"))
	if err != nil {
		return err
	}
	for i, count := range counts {
		if count == 0 {
			continue
		}
		column, _ := m.table.Column(names[i])
		found, err := x.Session.Rows(ctx, x.statement("texts that do not fit", fmt.Sprintf("SELECT %s, %s(r.%s) AS length\nFROM %s AS r\nWHERE %s(RTRIM(r.%s)) > %d\nLIMIT 3",
			columns("r.", m.Key), x.length(), ident(names[i]), rows, x.length(), ident(names[i]), column.Length())))
		if err != nil {
			return err
		}
		return x.errRows(m, place{}, fmt.Sprintf("a text of column %s is too long for %s", names[i], column.Type),
			"widen the column by a migration, or shorten the text in the SELECT; dwh never cuts it", found)
	}
	return nil
}
