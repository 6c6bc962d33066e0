package model

import (
	"context"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// An answer is what narrow found, and for which states it was asked.
type answer struct {
	found  sides
	wanted want
}

// staged looks for rows of a staging table. A run changes none of its rows, so that the same
// question gets the same tables.
func (n narrowing) staged(ctx context.Context, w want) (sides, error) {
	question := strings.Join([]string{n.relation, columns("", n.cols), n.values.SQL, columns("", n.valueCols)}, "|")
	if known, ok := n.x.answers[question]; ok && (known.wanted[before] ||
		!w[before]) && (known.wanted[now] || !w[now]) {
		return known.found, nil
	}
	found, err := n.lookStaged(ctx, w)
	if err == nil {
		n.x.answers[question] = answer{found, w}
	}
	return found, err
}

// lookStaged looks among the processed rows of a staging table, and among the new ones, which stand
// in a table of their own.
func (n narrowing) lookStaged(ctx context.Context, w want) (out sides, err error) {
	x := n.x
	erase, added := x.Staged[n.relation].Erase, x.delta[n.relation].added
	processed := n.semi(x.at[relationState{n.relation, before}])
	looked := w[before] || len(erase) > 0 || added.empty()
	if looked {
		if out[before], err = n.table(ctx, before, processed); err != nil || !w[now] {
			return out, err
		}
	}
	if n.allOf(added) && len(erase) == 0 && looked {
		out[now], err = n.withAll(ctx, out[before], added)
		return out, err
	}
	var parts []string
	switch {
	case !looked:
		parts = append(parts, processed)
	case out[before] != nil && len(erase) > 0:
		// A column that names what to erase may be none that models read.
		parts = append(parts, n.semi("(SELECT "+columns("s.", n.names)+" FROM "+x.stagedAt(n.relation)+
			" AS s WHERE s."+FlagColumn+" AND NOT ("+x.erased(n.relation, "s", erase)+"))"))
	case out[before] != nil:
		parts = append(parts, "SELECT "+columns("r.", n.names)+" FROM "+out[before].SQL+" AS r")
	}
	if !added.empty() {
		parts = append(parts, n.semi(added.SQL))
	}
	if added.empty() && len(erase) == 0 {
		out[now] = out[before]
		return out, nil
	}
	if len(parts) > 0 {
		out[now], err = n.table(ctx, now, strings.Join(parts, "\nUNION ALL\n"))
	}
	return out, err
}

// allOf tells whether the values come from all rows of a large table. Then narrow wants each of its
// rows.
func (n narrowing) allOf(t *Table) bool {
	if n.x.Graph.Engine != sqlfile.Postgres || t.empty() || t.Rows < n.x.Large/10 {
		return false
	}
	return slices.ContainsFunc(n.x.distinct[n.values.SQL].of, func(p part) bool {
		if p.from != t.SQL || len(p.cols) != len(n.cols) {
			return false
		}
		for i, name := range n.cols {
			if at := slices.Index(p.cols, name); at < 0 || p.as[at] != n.valueCols[i] {
				return false
			}
		}
		return true
	})
}

// withAll makes a view of earlier rows and of all new ones. A table would hold the new rows twice.
func (n narrowing) withAll(ctx context.Context, earlier, added *Table) (*Table, error) {
	list := columns("r.", n.names)
	query := "SELECT " + list + "\nFROM " + added.SQL + " AS r\nWHERE " + present("r.", n.cols)
	rows := added.Rows
	if earlier != nil {
		query += "\nUNION ALL\nSELECT " + list + " FROM " + earlier.SQL + " AS r"
		rows += earlier.Rows
	}
	view := &Table{Name: n.x.name(n.x.modelOrRun(), n.relation+"_now"), Rows: rows}
	view.SQL = qualified(n.x.Scratch, view.Name)
	_, err := n.x.Session.Exec(ctx, n.x.statement(
		"the rows of "+n.relation+" to look at, "+now.words(), "CREATE VIEW "+view.SQL+" AS\n"+query))
	return view, err
}
