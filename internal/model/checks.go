package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// checkHeader checks the relations and columns that the header names.
func (g *Graph) checkHeader(m *Model) error {
	lookups := map[string]int{}
	for _, from := range m.From {
		if err := g.checkNamed(m, from.at, from.Relation, thereOf(from.By)); err != nil {
			return err
		}
		for _, pair := range from.By {
			if !slices.Contains(m.Columns, pair.Here) {
				return m.errorAt(from.at, fmt.Sprintf("by names %s, but the SELECT has no such column", pair.Here),
					"the columns are: "+strings.Join(
						m.Columns, ", ",
					)+"; if the column has another name here, write by x as a")
			}
			if g.textOfStaging(from.Relation, pair.There) {
				return m.errorAt(from.at, fmt.Sprintf(
					"by names %s, which is a text column of the staging table %s", pair.There, from.Relation,
				),
					"PostgreSQL counts blanks at the end of a text, Redshift does not: trim the column in a "+
						"helper, and group by the helper's column")
			}
		}
		if err := g.checkRounded(m, from); err != nil {
			return err
		}
		for _, join := range from.Joins {
			lookups[join.Relation]++
			if err := g.checkJoin(m, from, join); err != nil {
				return err
			}
		}
	}
	for _, from := range m.From {
		if lookups[from.Relation] > 0 {
			return m.errorAt(from.at, fmt.Sprintf("%s is named by from: and by joins:", from.Relation),
				"give it a second name with a helper: SELECT its columns FROM "+from.Relation)
		}
	}
	for _, column := range m.Key {
		if !slices.Contains(m.Columns, column) {
			return m.errorAt(m.keyAt, fmt.Sprintf("key: names %s, but the SELECT has no such column", column),
				"the columns are: "+strings.Join(m.Columns, ", "))
		}
	}
	for _, order := range m.Pick {
		if !slices.Contains(m.Columns, order.Column) {
			return m.errorAt(m.pickAt, fmt.Sprintf("pick: names %s, but the SELECT has no such column", order.Column),
				"the columns are: "+strings.Join(m.Columns, ", "))
		}
		if slices.Contains(m.Key, order.Column) {
			return m.errorAt(m.pickAt, fmt.Sprintf("pick: names %s, which is part of the key", order.Column),
				"rows that compete have the same key: remove the column from pick:")
		}
	}
	if err := g.checkRefers(m); err != nil {
		return err
	}
	if len(m.Pick) > 0 && len(m.Key) == 0 {
		return m.errorAt(m.pickAt, "pick: without key:", "add the line that says what identifies a row: -- key: a, b")
	}
	return g.checkReferences(m, lookups)
}

// checkRounded refuses groups whose values the table would round or shorten: they would be found no
// more.
func (g *Graph) checkRounded(m *Model, from From) error {
	for _, pair := range from.By {
		column, stored := m.table.Column(pair.Here)
		source, known := g.plain(from.Relation, pair.There, 0)
		if m.Stored && stored && known && !fits(column, source) {
			return m.errorAt(from.at, fmt.Sprintf("by names %s, which is %s, but column %s of table %s is %s",
				pair.There, source.Type, pair.Here, m.Name, column.Type),
				fmt.Sprintf("several groups would become one in the table: write CAST(%s AS %s) in a helper, and "+
					"group by the result", pair.There, column.Type))
		}
	}
	return nil
}

// checkJoin checks one lookup.
func (g *Graph) checkJoin(m *Model, from From, join Join) error {
	if join.Relation == m.Name {
		return m.errorAt(
			join.at, fmt.Sprintf("joins: names the model %s itself", m.Name),
			"join the relation that the model reads instead",
		)
	}
	if err := g.checkNamed(m, join.at, join.Relation, thereOf(join.By)); err != nil {
		return err
	}
	for _, pair := range join.By {
		if !g.unknown(from.Relation) && !slices.Contains(g.columnsOf(from.Relation), pair.Here) {
			return m.errorAt(join.at, fmt.Sprintf("%s has no column %s", from.Relation, pair.Here),
				fmt.Sprintf("by a = c equates a of %s with c of %s, whose columns are: %s",
					join.Relation, from.Relation, strings.Join(g.columnsOf(from.Relation), ", ")))
		}
		if g.textOfStaging(join.Relation, pair.There) || g.textOfStaging(from.Relation, pair.Here) {
			return m.errorAt(join.at, fmt.Sprintf(
				"by names %s = %s, which is a text column of a staging table", pair.There, pair.Here,
			),
				"PostgreSQL counts blanks at the end of a text, Redshift does not: trim the column in a helper")
		}
	}
	if join.Left && m.Kind == Group {
		return m.errorAt(join.at, "left joins: cannot be used in a model that is computed group by "+
			"group", "write joins:")
	}
	return nil
}

// checkNamed checks that the SELECT names a relation of the header and that the columns exist.
func (g *Graph) checkNamed(m *Model, at place, relation string, names []string) error {
	if !slices.Contains(m.Follows, relation) {
		return m.errorAt(at, fmt.Sprintf(
			"the header names %s, but the SELECT does not", relation,
		), "remove the line, or correct the name; the SELECT names "+strings.Join(m.Follows, ", "))
	}
	for _, name := range names {
		if !g.unknown(relation) && !slices.Contains(g.columnsOf(relation), name) {
			return m.errorAt(at, fmt.Sprintf("%s has no column %s", relation, name),
				"its columns are: "+strings.Join(g.columnsOf(relation), ", "))
		}
	}
	return nil
}

// checkReferences checks that header lines explain every relation of the SELECT as often as it
// stands there.
func (g *Graph) checkReferences(m *Model, lookups map[string]int) error {
	if m.Kind == Whole {
		return nil
	}
	for _, name := range m.Follows {
		isFrom := slices.ContainsFunc(m.From, func(f From) bool { return f.Relation == name })
		refs := m.references(name)
		switch {
		case !isFrom && lookups[name] == 0:
			return m.statement.ErrorAt(refs[0].Start, fmt.Sprintf("the SELECT reads %s, but no header line names "+
				"it", name),
				fmt.Sprintf("write -- joins: %s by ..., or without by if every row matches all of it", name), nil)
		case !isFrom && len(refs) > lookups[name]:
			return m.statement.ErrorAt(
				refs[lookups[name]].Start,
				fmt.Sprintf("the SELECT names %s %d times, but the header names it %d times",
					name, len(refs), lookups[name]),
				"write one joins: line for each, with the columns of that join", nil,
			)
		}
	}
	return nil
}

// checkParts refuses ONLY, its opposite *, and TABLESAMPLE beside a relation of FROM. Redshift has
// none of them, and a sample takes other rows each time.
func (m *Model) checkParts() error {
	tokens := tokensOf(m.statement)
	refs := m.query.Relations()
	text := func(i int) string {
		if i < 0 || i >= len(tokens) {
			return ""
		}
		return tokens[i].Text
	}
	for i, t := range tokens {
		next := i + 1
		if text(next) == "(" {
			next++ // ONLY (t)
		}
		only := t.Is("only") && next < len(tokens) &&
			slices.ContainsFunc(refs, func(ref *reference) bool { return ref.Start == tokens[next].Start })
		all := t.Text == "*" && i > 0 &&
			slices.ContainsFunc(refs, func(ref *reference) bool { return ref.End == tokens[i-1].End })
		switch {
		case only || all:
			return m.statement.ErrorAt(t.Start, strings.ToUpper(t.Text)+" is about tables that inherit, and "+
				"Redshift has none", "remove it", nil)
		case t.Is("tablesample") && text(i-1) != "." && !strings.EqualFold(text(i-1), "as") && text(i+2) == "(":
			return m.statement.ErrorAt(t.Start, "TABLESAMPLE takes other rows each time",
				"a replay would give different rows: choose rows by a condition in WHERE", nil)
		}
	}
	return nil
}

// checkLists refuses a list of columns behind the alias of a relation: it would name them by their
// places.
func (m *Model) checkLists() error {
	for _, ref := range m.query.Relations() {
		if ref.Columns != nil {
			return m.statement.ErrorAt(ref.Start, fmt.Sprintf("%s has a list of column names", ref.Relation),
				"name the columns in the SELECT: "+ref.Columns[0]+" would depend on the order of the columns", nil)
		}
	}
	return nil
}

// checkTable checks a stored model against its table.
func (g *Graph) checkTable(m *Model) error {
	if !m.Stored {
		m.live = m.Columns
		return nil
	}
	if len(m.Key) == 0 {
		key := strings.Join(m.table.Key, ", ")
		if key == "" {
			key = "a, b"
		}
		return m.file.ErrorAt(1, 1, fmt.Sprintf("%s is stored, but its header has no key:", m.Name),
			"add the line that says what identifies a row: -- key: "+key, nil)
	}
	// The parent of an unknown table may have the key.
	if !sameColumns(m.Key, m.table.Key) && (len(m.table.Key) > 0 || !m.table.Unknown) {
		have := "none"
		if len(m.table.Key) > 0 {
			have = strings.Join(m.table.Key, ", ")
		}
		return m.errorAt(m.keyAt, fmt.Sprintf(
			"key: names %s, but the primary key of %s is %s", strings.Join(m.Key, ", "), m.Name,
			have,
		),
			"both must name the same columns; a migration declares PRIMARY KEY ("+strings.Join(m.Key, ", ")+")")
	}
	m.live = nil
	for i, name := range m.Columns {
		column, stored := m.table.Column(name)
		picked := slices.ContainsFunc(m.Pick, func(o Order) bool { return o.Column == name })
		switch {
		case stored && column.Text() && g.Engine == sqlfile.Redshift && g.isBoolean(m, name):
			return m.statement.ErrorAt(m.query.Branches[0].Items[i].Expr.Start,
				fmt.Sprintf("column %s of table %s is %s, but the SELECT gives a BOOLEAN, which Redshift does not "+
					"cast (dg/r_CAST_function)", name, m.Name, column.Type),
				fmt.Sprintf("write CASE %[1]s WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END AS %[1]s", name), nil)
		case stored, m.table.Unknown:
			m.live = append(m.live, name)
		case !picked:
			return m.statement.ErrorAt(m.query.Branches[0].Items[i].Expr.Start,
				fmt.Sprintf("table %s has no column %s, and pick: does not name the column either", m.Name, name),
				fmt.Sprintf(
					"add the column in a migration (ALTER TABLE %s ADD COLUMN %s ...), or remove it here",
					m.Name, name,
				), nil)
		}
	}
	for _, column := range m.table.Columns {
		if !slices.Contains(m.Columns, column.Name) && !column.Default {
			return m.statement.ErrorAt(0, fmt.Sprintf(
				"table %s has the column %s, but the SELECT does not return it", m.Name, column.Name,
			),
				"add it to the SELECT, or give the column a default in a migration", nil)
		}
	}
	for _, name := range m.by() {
		if !slices.Contains(m.live, name) {
			return m.errorAt(m.From[0].at, fmt.Sprintf("by names %s, but table %s has no such column", name, m.Name),
				"dwh needs the column to find rows that leave a group: add it in a migration")
		}
	}
	return nil
}

// isBoolean tells whether a model's column is known to be just a BOOLEAN column of a table.
func (g *Graph) isBoolean(m *Model, name string) bool {
	return slices.ContainsFunc(m.Follows, func(relation string) bool {
		source, ok := g.lineage(m, relation)[name]
		if !ok {
			return false
		}
		column, known := g.plain(relation, source, 0)
		return known && column.Type == "boolean"
	})
}

// textOfStaging tells whether a relation is a staging table and the column a text.
func (g *Graph) textOfStaging(relation, name string) bool {
	if !g.IsStaging(relation) {
		return false
	}
	column, ok := g.tables[relation].Column(name)
	return ok && column.Text()
}
