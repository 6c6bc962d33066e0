package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
)

// A target is a table that references name, as far as it is known.
type target struct {
	columns, key []string
}

// targetOf finds the table of a reference: among the tables, else among the models. known is false
// where neither tells its columns.
func targetOf(name string, tables schema.Schema, models []*Model) (t target, known bool) {
	if table, ok := tables[name]; ok && !table.Unknown {
		for _, column := range table.Columns {
			t.columns = append(t.columns, column.Name)
		}
		t.key = table.Key
		return t, true
	}
	for _, m := range models {
		if m.Name == name && m.Kind != Script {
			return target{m.Columns, m.Key}, true
		}
	}
	return t, false
}

// lookedUpIn are the columns of the table in which the values are looked up: those that the line
// names, else those of the same name, else the table's key where it is one column. A table that
// refers to itself means its key. problem says what is wrong, "" for nothing.
func (r Reference) lookedUpIn(of string, t target) (there []string, problem, hint string) {
	for _, pair := range r.By {
		name := pair.There
		switch {
		case name != "":
		case r.Table != of && slices.Contains(t.columns, pair.Here):
			name = pair.Here
		case len(t.key) == 1 && len(r.By) == 1:
			name = t.key[0]
		}
		if !slices.Contains(t.columns, name) {
			missing := name
			if missing == "" {
				missing = pair.Here
			}
			problem = fmt.Sprintf("refers: %s has no column %s", r.Table, missing)
			if name == "" && r.Table == of {
				problem = fmt.Sprintf("refers: dwh cannot tell which column of %s holds the values of %s",
					of, pair.Here)
			}
			return nil, problem, fmt.Sprintf("write -- refers: %s by x = %s, where x is a column of %s: %s",
				r.Table, pair.Here, r.Table, strings.Join(t.columns, ", "))
		}
		there = append(there, name)
	}
	return there, "", ""
}

// checkRefers checks the references of a model's header.
func (g *Graph) checkRefers(m *Model) error {
	for _, ref := range m.Refers {
		if !m.Stored {
			return m.errorAt(ref.at, fmt.Sprintf("refers: cannot be used in %s, which is a helper", m.Name),
				"a helper has no table: write the line into the stored model that uses the column")
		}
		if err := g.checkTarget(m, ref); err != nil {
			return err
		}
		for _, name := range ref.Columns() {
			if !slices.Contains(m.Columns, name) {
				return m.errorAt(ref.at, fmt.Sprintf("refers: names %s, but the SELECT has no such column", name),
					"the columns are: "+strings.Join(m.Columns, ", "))
			}
			if _, ok := m.table.Column(name); !ok && !m.table.Unknown {
				return m.errorAt(ref.at, fmt.Sprintf("refers: names %s, but table %s has no such "+
					"column", name, m.Name),
					"the check reads the table: add the column in a migration")
			}
		}
		t, known := targetOf(ref.Table, g.tables, g.Models)
		if !known {
			continue
		}
		there, problem, hint := ref.lookedUpIn(m.Name, t)
		if problem != "" {
			return m.errorAt(ref.at, problem, hint)
		}
		for i, name := range ref.Columns() {
			here, _ := m.table.Column(name)
			other, _ := g.tables[ref.Table].Column(there[i])
			if !compares(here, other) {
				return m.errorAt(ref.at, fmt.Sprintf("refers: %s is %s, but %s of %s is %s",
					name, here.Type, there[i], ref.Table, other.Type), "give both columns the same type, in a "+
					"migration")
			}
		}
	}
	return nil
}

// checkTarget checks that a reference names a table that holds rows for readers.
func (g *Graph) checkTarget(m *Model, ref Reference) error {
	_, exists := g.tables[ref.Table]
	switch {
	case !exists && g.byName[ref.Table] != nil:
		return m.errorAt(ref.at, fmt.Sprintf("refers: names %s, which is a helper", ref.Table),
			"a reference must name a stored table: -- refers: d_x by a")
	case !exists:
		return m.errorAt(ref.at, fmt.Sprintf("refers: names %s, but no such table exists", ref.Table),
			"a reference must name a stored table: -- refers: d_x by a")
	case g.IsStaging(ref.Table):
		return m.errorAt(ref.at, fmt.Sprintf("refers: names %s, which is a staging table", ref.Table),
			"a reference must name a stored table: -- refers: d_x by a")
	}
	return nil
}

// compares tells whether both engines compare values of two columns as they stand. Types that are
// not known count as such.
func compares(a, b schema.Column) bool {
	return a.Type == "" || b.Type == "" || family(a) == family(b)
}

// family is what types that compare with each other have in common.
func family(c schema.Column) string {
	base, _, _ := strings.Cut(c.Type, "(")
	switch {
	case c.Text():
		return "text"
	case slices.Contains(integers, base), base == "numeric", base == "real", base == "double precision":
		return "number"
	case base == "date", strings.HasPrefix(base, "timestamp"):
		return "moment"
	default:
		return base
	}
}

// referredTo tells whether a model's header refers to a table.
func (g *Graph) referredTo(name string) bool {
	return slices.ContainsFunc(g.Models, func(m *Model) bool {
		return slices.ContainsFunc(m.Refers, func(r Reference) bool { return r.Table == name })
	})
}

// dangling are the keys of a stored model whose rows refer to rows that were there before the run
// and are not now.
func (x *Run) dangling(ctx context.Context, m *Model) ([]part, error) {
	var parts []part
	for _, ref := range m.Refers {
		removed := x.delta[ref.Table].removed
		t, known := targetOf(ref.Table, x.Graph.tables, x.Graph.Models)
		there, problem, _ := ref.lookedUpIn(m.Name, t)
		if removed.empty() || !known || problem != "" {
			continue
		}
		query := "SELECT DISTINCT " + columns(
			"r.", there,
		) + "\nFROM " + removed.SQL + " AS r\nWHERE " + present("r.", there) +
			"\n    AND NOT EXISTS (SELECT 1 FROM " + qualified(x.Live, ref.Table) + " AS t" +
			" WHERE " + equal("t", there, "r", there) + ")"
		gone, err := x.create(ctx, ref.Table+"_gone", "the values that went away from "+ref.Table, query, there)
		if err != nil {
			return nil, err
		}
		if !gone.empty() {
			rows := semi(m.Key, qualified(x.Live, m.Name), ref.Columns(), gone, there)
			parts = append(parts, part{from(rows), m.Key, m.Key})
		}
	}
	return parts, nil
}
