package model

import (
	"context"
	"slices"
	"strings"
)

// except makes a table of the rows of one that another lacks.
func (x *Run) except(ctx context.Context, m *Model, hint, note string, a, b *Table, names []string) (*Table, error) {
	if a.empty() {
		return nil, nil
	}
	if b.empty() {
		return a, nil
	}
	t, err := x.create(
		ctx, hint, note,
		"SELECT "+columns(
			"a.", names,
		)+" FROM "+a.SQL+" AS a\nEXCEPT\nSELECT "+columns("b.", names)+" FROM "+b.SQL+" AS b",
		nil,
	)
	if err != nil || t.empty() {
		return nil, err
	}
	return t, nil
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
			parts = append(
				parts,
				"SELECT "+columns("r.", m.Columns)+", "+side.sign+" AS dwh_copies FROM "+side.table.SQL+" AS r",
			)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	t, err := x.create(ctx, "changed", "the rows that stand there in another number",
		"SELECT "+list+" FROM (\n"+strings.Join(
			parts, "\nUNION ALL\n",
		)+"\n) AS z\nGROUP BY "+list+"\nHAVING SUM(z.dwh_copies) <> 0", nil)
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
