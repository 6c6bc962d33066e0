package model

import (
	"context"
	"maps"
	"slices"
)

// place of a staging table's rows.
func (x *Run) stagedAt(name string) string {
	if at := x.Staged[name].At; at != "" {
		return at
	}
	return qualified(x.Live, name)
}

// standStaging says where the rows of staging stand now.
func (x *Run) standStaging() {
	for _, name := range x.Graph.staging {
		staged, list := x.Staged[name], columns("s.", x.Graph.columnsOf(name))
		at := x.stagedAt(name)
		if len(staged.Erase) > 0 {
			at = "(SELECT " + list + " FROM " + at + " AS s WHERE NOT (" + x.erased(name, "s", staged.Erase) + "))"
		}
		if !staged.Arrived.empty() {
			query := "SELECT " + list + " FROM " + at + " AS s UNION ALL SELECT " + list +
				" FROM " + staged.Arrived.SQL + " AS s"
			at = "(" + query + ")"
		}
		x.at[relationState{name, now}] = at
	}
}

// openStaging says where the rows of staging stand in both states, and makes tables of what
// differs.
func (x *Run) openStaging(ctx context.Context) error {
	x.standStaging()
	for _, name := range x.Graph.staging {
		x.at[relationState{name, before}] = "(SELECT " + columns(
			"s.", x.Graph.columnsOf(name),
		) + " FROM " + x.stagedAt(name) + " AS s WHERE s." + FlagColumn + ")"
	}
	for _, name := range slices.Sorted(maps.Keys(x.Staged)) {
		if len(x.Graph.Readers(name)) == 0 {
			continue
		}
		staged := x.Staged[name]
		list := columns("s.", x.Graph.columnsOf(name))
		keep := ""
		if len(staged.Erase) > 0 {
			keep = "\n    AND NOT (" + x.erased(name, "s", staged.Erase) + ")"
		}
		var d delta
		var err error
		query := "SELECT " + list + "\nFROM " + x.stagedAt(name) + " AS s\nWHERE NOT s." + FlagColumn + keep
		switch {
		case staged.Unprocessed > 0 && !staged.Arrived.empty():
			query += "\nUNION ALL\nSELECT " + list + "\nFROM " + staged.Arrived.SQL + " AS s"
			fallthrough
		case staged.Unprocessed > 0:
			d.added, err = x.create(ctx, name+"_added", "the new rows of "+name, query, x.lookedUpBy(name))
		default:
			d.added = staged.Arrived
			err = x.analyze(ctx, d.added, x.lookedUpBy(name))
		}
		if err != nil {
			return err
		}
		if len(staged.Erase) > 0 {
			if d.removed, err = x.create(ctx, name+"_removed", "the rows of "+name+" to erase",
				"SELECT "+list+"\nFROM "+x.stagedAt(name)+" AS s\nWHERE s."+FlagColumn+"\n    AND ("+x.erased(
					name, "s", staged.Erase,
				)+")", x.lookedUpBy(name)); err != nil {
				return err
			}
		}
		x.delta[name] = d
	}
	return nil
}
