package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// errRows is an error about rows that a model may not have.
func (x *Run) errRows(m *Model, at place, msg, hint string, rows []string) error {
	if len(rows) > 0 {
		hint = "for example " + strings.Join(rows, "; ") + "\n" + hint
	}
	if at.line == 0 {
		at = place{1, 1}
	}
	return m.errorAt(at, fmt.Sprintf("%s: %s", m.Name, msg), hint)
}

// checkKeys refuses rows that lack a part of their key or group.
func (x *Run) checkKeys(ctx context.Context, m *Model, rows string) error {
	if len(m.Key) == 0 && len(m.by()) == 0 {
		return nil
	}
	null := x.absent(m, "r.")
	counts, err := x.Session.Numbers(
		ctx,
		x.statement("every row has its key", "SELECT COUNT(*)\nFROM "+rows+" AS r\nWHERE "+null),
	)
	if err != nil || counts[0] == 0 {
		return err
	}
	return x.errKey(ctx, m, rows)
}

func (x *Run) absent(m *Model, prefix string) string {
	return isNull(prefix, append(append([]string{}, m.Key...), m.by()...))
}

// isNull is the condition that one of the columns is NULL.
func isNull(prefix string, names []string) string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		out = append(out, prefix+ident(name)+" IS NULL")
	}
	return strings.Join(out, " OR ")
}

// checkRequired refuses rows of a stored model's new table that have NULL where the table allows
// none, in the key or elsewhere.
func (x *Run) checkRequired(ctx context.Context, m *Model, rows string) error {
	var required []string
	for _, name := range m.live {
		if column, _ := m.table.Column(name); column.NotNull || slices.Contains(m.Key, name) ||
			slices.Contains(m.by(), name) {
			required = append(required, name)
		}
	}
	where := "\nFROM " + rows + " AS r\nWHERE " + isNull("r.", required)
	counts, err := x.Session.Numbers(
		ctx, x.statement("every row has its key, and no NULL where none may be", "SELECT COUNT(*)"+where),
	)
	if err != nil || counts[0] == 0 {
		return err
	}
	each := make([]string, 0, len(required))
	for _, name := range required {
		each = append(each, "COUNT(CASE WHEN r."+ident(name)+" IS NULL THEN 1 END)")
	}
	counts, err = x.Session.Numbers(ctx, x.statement("which columns", "SELECT "+strings.Join(each, ", ")+where))
	if err != nil {
		return err
	}
	var missing []string
	for i, name := range required {
		if counts[i] == 0 {
			continue
		}
		if slices.Contains(m.Key, name) || slices.Contains(m.by(), name) {
			return x.errKey(ctx, m, rows)
		}
		missing = append(missing, name)
	}
	found, err := x.Session.Rows(
		ctx, x.statement("rows with such a NULL", "SELECT "+columns("r.", m.live)+where+"\nLIMIT 3"),
	)
	if err != nil {
		return err
	}
	return x.errRows(
		m, place{}, fmt.Sprintf("a row has NULL in a column that table %s declares NOT NULL (%s)", m.Name,
			strings.Join(missing, ", ")), requiredHint, found,
	)
}

// ErrNull is the error about NULL in a column that is NOT NULL, which the server refused in an
// increment. detail is what it says of the row.
func (m *Model) ErrNull(table, column, detail string, cause error) error {
	return m.file.ErrorAt(
		1, 1, fmt.Sprintf("%s: a row has NULL in column %s, which table %s declares NOT NULL", m.Name, column, table),
		detail+"\n"+requiredHint, cause,
	)
}

// requiredHint says what to do about NULL in a column that is NOT NULL.
const requiredHint = "exclude such rows in the SELECT, or give a value: COALESCE(a, 0) AS a"

func (x *Run) errKey(ctx context.Context, m *Model, rows string) error {
	found, err := x.Session.Rows(
		ctx,
		x.statement(
			"the rows without a key",
			"SELECT "+columns("r.", m.live)+"\nFROM "+rows+" AS r\nWHERE "+x.absent(m, "r.")+"\nLIMIT 3",
		),
	)
	if err != nil {
		return err
	}
	what := slices.Clone(m.Key)
	for _, name := range m.by() {
		if !slices.Contains(what, name) {
			what = append(what, name)
		}
	}
	return x.errRows(
		m, m.keyAt, "a row has NULL in its key or group ("+strings.Join(what, ", ")+")",
		"exclude such rows in the SELECT: WHERE ... IS NOT NULL", found,
	)
}

// checkRows refuses rows that lack a part of their key, and, without pick, different rows with one
// key. Rows that were joined with touched keys or groups have those.
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
		"SELECT COUNT(CASE WHEN "+x.absent(
			&Model{Header: Header{Key: m.Key}}, "c.",
		)+" THEN 1 END), COUNT(CASE WHEN c.dwh_copies > 1 THEN 1 END)\nFROM (\n    SELECT "+keys+
			", COUNT(*) AS dwh_copies\n    FROM "+rows+" AS r\n    GROUP BY "+keys+"\n) AS c"))
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
	found, err := x.Session.Rows(
		ctx,
		x.statement(
			"rows with one key",
			"SELECT "+columns(
				"r.", m.Columns,
			)+"\nFROM "+rows+" AS r\nINNER JOIN (\n    SELECT "+keys+"\n    FROM "+rows+
				" AS r\n    GROUP BY "+keys+"\n    HAVING COUNT(*) > 1\n) AS c ON "+equal(
				"c", m.Key, "r", m.Key,
			)+"\nORDER BY "+keys+"\nLIMIT 3",
		),
	)
	if err != nil {
		return err
	}
	return x.errRows(m, m.keyAt, "several different rows have the same key ("+strings.Join(m.Key, ", ")+")",
		`say which row counts: -- pick: a DESC, b; or add a column to the key. If a stored row is wrong, "dwh `+
			`verify" shows it and "dwh transform --replay" corrects it`, found)
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

// checkBuilt is checkRows for what a build made. The key of a stored table is checked by the server
// too, but its message does not name rows.
func (x *Run) checkBuilt(ctx context.Context, m *Model, built *Table) error {
	if built.empty() {
		return nil
	}
	check := x.checkKeys
	if m.Stored {
		check = x.checkRequired
	}
	if err := check(ctx, m, built.SQL); err != nil {
		return err
	}
	if len(m.Key) > 0 && len(m.Pick) == 0 {
		if err := x.checkSingle(ctx, m, built.SQL); err != nil {
			return err
		}
	}
	if !m.competes() || x.enforced(m) {
		return nil
	}
	raw, err := x.raw(ctx, m, now)
	if err != nil {
		return err
	}
	return x.checkGroups(ctx, m, raw)
}

// competes tells whether rows of several groups might have one key.
func (m *Model) competes() bool {
	return m.Kind == Group && len(m.Key) > 0 && !subset(m.by(), m.Key)
}

// enforced tells whether the server refuses a key of the helper that several groups have: a stored
// model has one row for each, and PostgreSQL enforces its primary key. Rows of groups that compete
// inside are looked at before they are ranked (rankApart).
func (x *Run) enforced(m *Model) bool {
	if x.Graph.Engine != sqlfile.Postgres || m.Stored {
		return false
	}
	if _, ok := x.apart[m.Name]; !ok {
		return false
	}
	for _, reader := range x.Graph.Readers(m.Name) {
		if reader.Stored && reader.Kind == Row && len(
			reader.From,
		) == 1 && reader.From[0].Relation == m.Name && x.sameRow(reader) && subset(reader.Key, x.heldKeys(reader)) {
			return true
		}
	}
	return false
}

// heldKeys are the key columns that are just columns of from:.
func (x *Run) heldKeys(m *Model) []string {
	line := x.Graph.lineage(m, m.From[0].Relation)
	return slices.DeleteFunc(slices.Clone(m.Key), func(name string) bool { return line[name] == "" })
}
