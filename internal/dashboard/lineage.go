package dashboard

import (
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/transform"
)

// lineage is which table is made from which, and which refers to which, as the transforms' headers
// say.
type lineage struct {
	tables []lineageTable // in layers, from what is read to what is built
}

// lineageTable is a table and what makes it.
type lineageTable struct {
	Name   string
	Layer  string // staging, helper, dimension, fact; "" for another
	Kind   string // of the model that makes it, such as "row by row"; "" of a load
	Steps  []transform.Step
	Reads  []string // the tables that it is made from
	ReadBy []string
	Refers []string // the tables that its columns refer to
	Source string   // of a load, the setting that names it
	Link   string
	State  string // stale, or what checks found; "" where nobody asked
	Label  string // how it is called; "" for its name
}

func newLineage(steps []transform.Step) *lineage {
	l := &lineage{}
	at := func(name string) *lineageTable {
		i := slices.IndexFunc(l.tables, func(t lineageTable) bool { return t.Name == name })
		if i < 0 {
			l.tables = append(l.tables, lineageTable{Name: name, Layer: layerName(name), Link: tablePath(name)})
			i = len(l.tables) - 1
		}
		return &l.tables[i]
	}
	for _, step := range steps {
		made := step.Writes
		if len(made) == 0 {
			made = []catalogue.Name{step.Table} // a helper
		}
		for _, written := range made {
			table := at(string(written))
			table.Steps = append(table.Steps, step)
			if step.Load {
				table.Source = step.Source
			}
			if step.Model != nil {
				table.Kind = step.Model.Kind.String()
				if len(step.Writes) == 0 {
					table.Layer = "helper"
				}
			}
			for _, read := range step.Reads {
				if read == written {
					continue
				}
				from := at(string(read))
				table = at(string(written)) // at may have moved it
				if !slices.Contains(table.Reads, from.Name) {
					table.Reads = append(table.Reads, from.Name)
					from.ReadBy = append(from.ReadBy, table.Name)
				}
			}
		}
	}
	for _, step := range steps {
		if step.Model == nil {
			continue
		}
		for _, ref := range step.Model.Refers {
			to, table := at(ref.Table).Name, at(step.Model.Name)
			if to != table.Name && !slices.Contains(table.Refers, to) {
				table.Refers = append(table.Refers, to)
			}
		}
	}
	return l
}

func (l *lineage) table(name string) (lineageTable, bool) {
	i := slices.IndexFunc(l.tables, func(t lineageTable) bool { return t.Name == name })
	if i < 0 {
		return lineageTable{}, false
	}
	return l.tables[i], true
}
