package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
)

// FlagColumn is catalogue.Processed: the column of a staging table that says whether the tables of
// the models hold the row.
const FlagColumn = string(catalogue.Processed)

// A Graph is a project's models with the relations that they read, in the order of their numbers.
type Graph struct {
	Models []*Model       // in the order of their numbers
	Engine sqlfile.Engine // that the statements are for

	tables  schema.Schema
	byName  map[string]*Model
	staging []string // tables whose rows have the flag, by name
	writes  map[string]*Model
}

// New checks models against the tables of a warehouse and against one another. tables come from a
// database or from migrations, loads are the tables that 0xx files load. The first fault is
// returned as a *sqlfile.Error, or a *FlagError, which holds one.
func New(models []*Model, tables schema.Schema, loads []string, engine sqlfile.Engine) (*Graph, error) {
	g := &Graph{Engine: engine, tables: tables, byName: map[string]*Model{}, writes: map[string]*Model{}}
	for _, m := range models {
		// A copy: a model may be checked against several schemas.
		own := *m
		g.Models = append(g.Models, &own)
	}
	for _, m := range g.Models {
		if other := g.byName[m.Name]; other != nil {
			return nil, m.file.ErrorAt(
				1, 1, fmt.Sprintf("%s has the same name as %s", m.Name, other.Step),
				"rename one of them", nil,
			)
		}
		g.byName[m.Name] = m
		table, exists := tables[m.Name]
		m.Stored = exists || m.Kind == Script || strings.HasPrefix(m.Name, "d_") || strings.HasPrefix(m.Name, "f_")
		m.table = table
		if m.Stored && !exists {
			return nil, m.file.ErrorAt(1, 1, fmt.Sprintf("table %s does not exist", m.Name),
				`create it in a migration and run "dwh migrate up"`, nil)
		}
		if slices.Contains(loads, m.Name) {
			return nil, m.file.ErrorAt(1, 1, fmt.Sprintf("a 0xx file loads %s", m.Name),
				"a model writes its own table: rename the model", nil)
		}
		for _, name := range m.Writes {
			g.writes[name] = m
		}
	}
	for name, table := range tables {
		_, flagged := table.Column(FlagColumn)
		flagged = flagged || table.Unknown && slices.Contains(loads, name)
		if flagged && g.byName[name] == nil && g.writes[name] == nil {
			g.staging = append(g.staging, name)
		}
	}
	slices.Sort(g.staging)
	if err := CheckFlags(g.Models, tables, loads); err != nil {
		return nil, err
	}
	for i, m := range g.Models {
		if err := g.resolve(m, g.Models[:i]); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// resolve checks one model. before are the models with smaller numbers.
func (g *Graph) resolve(m *Model, before []*Model) error {
	for _, name := range m.Follows {
		if err := g.readable(m, name, before); err != nil {
			return err
		}
	}
	if m.Kind == Script {
		for _, name := range m.Writes {
			if _, ok := g.tables[name]; !ok {
				return m.file.ErrorAt(
					1, 1, fmt.Sprintf("table %s does not exist", name),
					`create it in a migration and run "dwh migrate up"`, nil,
				)
			}
		}
		return nil
	}
	if err := g.checkHeader(m); err != nil {
		return err
	}
	if err := g.checkTable(m); err != nil {
		return err
	}
	if err := m.checkParts(); err != nil {
		return err
	}
	return g.checkSelect(m)
}

// readable checks that a model may read a relation.
func (g *Graph) readable(m *Model, name string, before []*Model) error {
	at := func(msg, hint string) error {
		for _, ref := range m.references(name) {
			return m.statement.ErrorAt(ref.Start, msg, hint, nil)
		}
		return m.file.ErrorAt(1, 1, msg, hint, nil)
	}
	if name == m.Name {
		return at(
			fmt.Sprintf("%s reads itself", name),
			"a model computes its rows from other relations, and dwh updates the stored rows; remove the relation",
		)
	}
	if other := g.byName[name]; other != nil {
		if !slices.Contains(before, other) {
			return at(
				fmt.Sprintf("%s is computed later, in %s", name, other.Step),
				"give the file of the model that is read a smaller number",
			)
		}
		return nil
	}
	if writer := g.writes[name]; writer != nil {
		if !slices.Contains(before, writer) {
			return at(fmt.Sprintf("%s is written later, by "+
				"%s", name, writer.Step), "give the script a smaller number")
		}
		return nil
	}
	if _, ok := g.tables[name]; !ok {
		known := append(slices.Clone(g.staging), g.seeds()...)
		for _, other := range before {
			known = append(known, other.Name)
		}
		return at(fmt.Sprintf("there is no table or model %s", name), suggest.Note(suggest.Hint(name, known),
			"a model reads staging tables, seeds, and models with smaller numbers; it cannot read a view: put the "+
				"view's SELECT into a helper"))
	}
	return nil
}

// seeds are the tables that neither a load nor a model writes, by name, without those of dwh and
// goose.
func (g *Graph) seeds() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(g.tables)) {
		own := strings.HasPrefix(name, "dwh_") || name == "s_object" || name == "s_reject" || name == "goose_db_version"
		if !own && !g.hasChanges(name) {
			out = append(out, name)
		}
	}
	return out
}

// references are the places in a model's SELECT that name a relation.
func (m *Model) references(name string) []*reference {
	if m.query == nil {
		return nil
	}
	var out []*reference
	for _, ref := range m.query.Relations() {
		if ref.Relation == name {
			out = append(out, ref)
		}
	}
	return out
}

// Model returns the model of that name, or nil.
func (g *Graph) Model(name string) *Model { return g.byName[name] }

// IsStaging tells whether a relation is a staging table.
func (g *Graph) IsStaging(name string) bool { return slices.Contains(g.staging, name) }

// Staging are the staging tables that models read, by name.
func (g *Graph) Staging() []string {
	return slices.DeleteFunc(slices.Clone(g.staging), func(name string) bool { return len(g.Readers(name)) == 0 })
}

// Readers are the models that read a relation directly, in order.
func (g *Graph) Readers(name string) []*Model {
	var out []*Model
	for _, m := range g.Models {
		if slices.Contains(m.Follows, name) {
			out = append(out, m)
		}
	}
	return out
}

// Downstream are the models among names and all that follow them, in order. A name may be of a
// model, of a staging table, or of a table that a script writes.
func (g *Graph) Downstream(names ...string) []*Model {
	reached := map[string]bool{}
	for _, name := range names {
		reached[name] = true
	}
	var out []*Model
	for _, m := range g.Models {
		if reached[m.Name] || slices.ContainsFunc(m.Follows, func(name string) bool { return reached[name] }) ||
			slices.ContainsFunc(m.Writes, func(name string) bool { return reached[name] }) {
			reached[m.Name] = true
			for _, name := range m.Writes {
				reached[name] = true
			}
			out = append(out, m)
		}
	}
	return out
}

// Upstream are the models that the given ones read, directly or not, and the given ones, in order.
func (g *Graph) Upstream(models ...*Model) []*Model {
	needed := map[string]bool{}
	for _, m := range models {
		needed[m.Name] = true
	}
	for _, m := range slices.Backward(g.Models) {
		if needed[m.Name] {
			for _, name := range m.Follows {
				needed[name] = true
				if writer := g.writes[name]; writer != nil {
					needed[writer.Name] = true
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(g.Models), func(m *Model) bool { return !needed[m.Name] })
}

// columnsOf are the columns of a relation that models may read.
func (g *Graph) columnsOf(name string) []string {
	if m := g.byName[name]; m != nil && m.Kind != Script {
		if m.Stored {
			return m.live
		}
		return m.Columns
	}
	var out []string
	for _, column := range g.tables[name].Columns {
		if column.Name != FlagColumn || !g.IsStaging(name) {
			out = append(out, column.Name)
		}
	}
	return out
}

// unknown tells whether a relation may have more columns than columnsOf returns: it is a table that
// the migrations do not spell out.
func (g *Graph) unknown(name string) bool {
	m := g.byName[name]
	return g.tables[name].Unknown && (m == nil || m.Kind == Script)
}

// hasChanges tells whether a relation can have changes in a run. A table that only migrations fill
// has none.
func (g *Graph) hasChanges(name string) bool {
	return g.byName[name] != nil || g.writes[name] != nil || g.IsStaging(name)
}
