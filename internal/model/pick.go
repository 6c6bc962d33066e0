package model

import (
	"context"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// texts are the columns of a model that hold text, as far as bytes order them.
func (x *Run) texts(ctx context.Context, m *Model) (map[string]bool, error) {
	if found, ok := x.text[m.Name]; ok {
		return found, nil
	}
	out := map[string]bool{}
	sure := true
	for _, name := range m.Columns {
		if column, stored := m.table.Column(name); m.Stored && stored {
			out[name] = column.Text()
			continue
		}
		kind := x.Graph.typeOf(m, name)
		out[name] = kind == textType
		sure = sure && kind != unknownType
	}
	if !sure {
		raw, err := x.raw(ctx, m, now)
		if err != nil {
			return nil, err
		}
		found, err := x.Session.Text(ctx, raw)
		if err != nil {
			return nil, err
		}
		if found != nil {
			out = found
		}
	}
	x.text[m.Name] = out
	return out, nil
}

// order is the total order of the rows with one key: pick, then the columns that are taken
// unchanged from `from:`, then the others.
func (x *Run) order(ctx context.Context, m *Model) (string, error) {
	if x.Graph.Engine == sqlfile.Redshift {
		return x.orderBy(m, nil), nil
	}
	text, err := x.texts(ctx, m)
	if err != nil {
		return "", err
	}
	return x.orderBy(m, text), nil
}

func (x *Run) orderBy(m *Model, text map[string]bool) string {
	unchanged := map[string]bool{}
	for _, from := range m.From {
		for name := range x.Graph.lineage(m, from.Relation) {
			unchanged[name] = true
		}
	}
	picked := map[string]bool{}
	orders := slices.Clone(m.Pick)
	for _, order := range orders {
		picked[order.Column] = true
	}
	for _, own := range []bool{true, false} {
		for _, name := range m.Columns {
			if !picked[name] && !slices.Contains(m.Key, name) && unchanged[name] == own {
				orders = append(orders, Order{Column: name})
			}
		}
	}
	list := make([]string, len(orders))
	for i, order := range orders {
		list[i] = "p." + ident(order.Column)
		if text[order.Column] {
			list[i] += ` COLLATE "C"`
		}
		if order.Desc {
			list[i] += " DESC NULLS LAST"
		}
	}
	return strings.Join(list, ", ")
}

// picked selects of the rows with one key the first; without pick equal rows once. A bag stays as
// it is.
func (x *Run) picked(ctx context.Context, m *Model, query string) (string, error) {
	if len(m.Key) == 0 {
		return query, nil
	}
	if len(m.Pick) == 0 {
		return "SELECT DISTINCT " + columns("p.", m.Columns) + "\nFROM (\n" + query + "\n) AS p", nil
	}
	order, err := x.order(ctx, m)
	if err != nil {
		return "", err
	}
	return "SELECT " + columns(
		"w.", m.Columns,
	) + "\nFROM (\n    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY " + columns("p.", m.Key) +
		" ORDER BY " + order + ") AS dwh_place\n    FROM (\n" + query +
		"\n    ) AS p\n) AS w\nWHERE w.dwh_place = 1", nil
}

// ranked makes a table of a query's rows after pick. "" is no rows.
func (x *Run) ranked(ctx context.Context, m *Model, hint, note, query string) (*Table, error) {
	if query == "" {
		return nil, nil
	}
	query, err := x.picked(ctx, m, query)
	if err != nil {
		return nil, err
	}
	t, err := x.create(ctx, hint, note, query, nil)
	if err != nil || t.empty() {
		return nil, err
	}
	return t, nil
}

// sharedKeys are the keys that several rows of a table have. nil means that nobody looked: the rows
// are too few for a statement of its own, and all of them are ranked.
func (x *Run) sharedKeys(ctx context.Context, m *Model, rows *Table) (*Table, error) {
	if x.Graph.Engine != sqlfile.Postgres || len(m.Key) == 0 || rows.empty() || rows.Rows < x.Large/10 {
		return nil, nil
	}
	return x.create(
		ctx, "shared", "the keys that several of these rows have", inSeveralRows(rows.SQL, m.Key), m.Key,
	)
}

// rankedTable ranks rows in their own table, and returns it. Of many rows it looks only at those
// with a shared key. shared is what sharedKeys found.
func (x *Run) rankedTable(ctx context.Context, m *Model, hint, note string, rows, shared *Table) (*Table, error) {
	switch {
	case rows.empty():
		return nil, nil
	case shared == nil:
		return x.ranked(ctx, m, hint, note, "SELECT "+columns("u.", m.Columns)+"\nFROM "+rows.SQL+" AS u")
	case shared.empty():
		return rows, nil
	}
	first, err := x.ranked(ctx, m, "first", "the first row of each of these keys",
		semi(m.Columns, rows.SQL, m.Key, shared, m.Key))
	if err != nil || first.empty() {
		return rows, err
	}
	taken, err := x.Session.Exec(ctx, x.statement("take out all rows of these keys",
		"DELETE FROM "+rows.SQL+" AS u USING "+shared.SQL+" AS v WHERE "+equal("v", m.Key, "u", m.Key)))
	if err != nil {
		return nil, err
	}
	list := columns("", m.Columns)
	put, err := x.Session.Exec(ctx, x.statement("put in the first of each",
		"INSERT INTO "+rows.SQL+" ("+list+")\nSELECT "+list+" FROM "+first.SQL))
	if err != nil {
		return nil, err
	}
	rows.Rows += put - taken
	return rows, nil
}
