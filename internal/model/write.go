package model

import (
	"context"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// write puts a result into the stored table: the rows whose columns stand in touched, or all rows
// where touched is nil, become those of the result. Rows that come out as they stand are not
// written.
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
	if err := x.replace(ctx, m, removed, added); err != nil {
		return err
	}
	return x.wrote(ctx, m, removed, added)
}

// replace takes rows out of the stored table, and puts others in.
func (x *Run) replace(ctx context.Context, m *Model, removed, added *Table) error {
	live := qualified(x.Live, m.Name)
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
	if added.empty() {
		return nil
	}
	return x.insert(ctx, m, added)
}

// insert puts rows into the stored table.
func (x *Run) insert(ctx context.Context, m *Model, added *Table) error {
	sql := "INSERT INTO " + qualified(x.Live, m.Name) + " (" + columns("", m.live) + ")\nSELECT " + columns(
		"x.", m.live,
	) + "\nFROM " + added.SQL + " AS x"
	if x.Graph.Engine == sqlfile.Postgres {
		sql += "\nORDER BY " + columns("x.", m.Key) // pages of the key are then written once
	}
	_, err := x.Session.Exec(ctx, x.statement("put in what is new", sql))
	return err
}

// wrote notes what became of a stored table.
func (x *Run) wrote(ctx context.Context, m *Model, removed, added *Table) error {
	if err := x.count(ctx, m, removed, added); err != nil {
		return err
	}
	x.delta[m.Name] = delta{removed, added}
	x.keep(m, removed, added)
	for _, t := range []*Table{removed, added} {
		if m.Kind != Row && !t.empty() { // of a row by row model the keys are noted already
			x.reached[m.Name] = append(x.reached[m.Name], part{t.SQL, m.Key, m.Key})
		}
	}
	return nil
}

// keep says where the rows of a stored model that changed stood before, for the models that read
// it.
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

// count counts by keys what became of a stored model's rows. A changed row in which NULLs became
// values and nothing else changed is healed.
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
			"SELECT COUNT(*), COUNT(CASE WHEN "+strings.Join(
				same, " AND ",
			)+" THEN 1 END)\nFROM "+removed.SQL+" AS o\nINNER JOIN "+added.SQL+" AS w ON "+equal(
				"o", m.Key, "w", m.Key,
			)))
		if err != nil {
			return err
		}
		both, healed := counts[0], counts[1]
		change = Change{
			Added: change.Added - both, Changed: both - healed, Healed: healed,
			Removed: change.Removed - both,
		}
	}
	x.Changes[m.Name] = change
	return nil
}
