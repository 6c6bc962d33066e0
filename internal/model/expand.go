package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// expand writes a model's SELECT with each relation replaced by what stands for it, between a
// prefix and a suffix.
func (x *Run) expand(
	m *Model, prefix, suffix string, replacement func(relation string) (string, error),
) (sqlfile.Expanded, error) {
	edits := []sqlfile.Edit{{Text: prefix}, {Start: len(m.statement.SQL()), End: len(m.statement.SQL()), Text: suffix}}
	seesAll := m.seesAll()
	for _, ref := range m.query.Relations() {
		text, err := replacement(ref.Relation)
		if err != nil {
			return sqlfile.Expanded{}, err
		}
		if seesAll {
			text = x.onlyColumns(ref.Relation, text)
		}
		if !ref.Aliased {
			text += " AS " + ident(ref.Relation)
		}
		edits = append(edits, sqlfile.Edit{Start: ref.Start, End: ref.End, Text: text})
	}
	if at, ok := x.Graph.limited(m); ok {
		edits[0].Text += "SELECT " + columns("dwh_all.", m.Columns) + "\nFROM (\n"
		edits = append(edits, sqlfile.Edit{Start: at, End: at, Text: ") AS dwh_all\n"})
		for _, ref := range m.query.OrderBy.Columns {
			if m.isText(x.Graph, ref.Column) {
				edits = append(edits, sqlfile.Edit{Start: ref.End, End: ref.End, Text: ` COLLATE "C"`})
			}
		}
	}
	_, wrapped := x.Graph.limited(m)
	edits = append(edits, x.byteOrder(m, wrapped)...)
	return m.statement.Expand(x.Vars, append(edits, x.withoutTrims(m)...)...)
}

// byteOrder has text in the ORDER BY of a LIMIT ordered by bytes, whatever its column declares, as
// Redshift does. It knows columns that stand there alone. Behind DISTINCT and UNION PostgreSQL
// takes no COLLATE. wrapped says that the whole query's own order is seen to.
func (x *Run) byteOrder(m *Model, wrapped bool) []sqlfile.Edit {
	if x.Graph.Engine != sqlfile.Postgres {
		return nil
	}
	var edits []sqlfile.Edit
	x.Graph.walkQueries(m, func(s scope, q *selectstmt.Query) {
		if wrapped && q == m.query || q.Limit < 0 || q.OrderBy == nil || len(
			q.Branches,
		) != 1 || q.Branches[0].Distinct {
			return
		}
		branch := q.Branches[0]
		for _, ref := range q.OrderBy.Columns {
			i := slices.IndexFunc(branch.Items, func(item selectstmt.Item) bool {
				return ref.Table == "" && item.Name == ref.Column
			})
			kind := s.typeOfColumn(m, branch, ref, 0)
			if i >= 0 {
				kind = s.typeOfItem(m, branch, branch.Items[i], 0)
			}
			if kind == textType && m.alone(ref, q.OrderBy) {
				edits = append(edits, sqlfile.Edit{Start: ref.End, End: ref.End, Text: ` COLLATE "C"`})
			}
		}
	})
	return edits
}

// alone tells whether a column is one of the expressions of an ORDER BY, and not a part of one.
func (m *Model) alone(ref selectstmt.ColumnRef, orderBy *selectstmt.Expr) bool {
	sql := m.statement.SQL()
	before := sqlfile.Tokens(sql[orderBy.Start:ref.Start])
	after := sqlfile.Tokens(sql[ref.End:orderBy.End])
	live := func(t sqlfile.Token) bool { return t.Kind != sqlfile.KindComment && t.Kind != sqlfile.KindMarker }
	for _, t := range slices.Backward(before) {
		if live(t) {
			if t.Text != "," {
				return false
			}
			break
		}
	}
	for _, t := range after {
		if live(t) {
			return t.Text == "," || t.Is("asc") || t.Is("desc") || t.Is("nulls")
		}
	}
	return true
}

// limited tells whether the order of text decides which rows a LIMIT takes. PostgreSQL then has to
// order the text by bytes, as Redshift does. at is where the ORDER BY begins. An ORDER BY inside
// brackets stays as it is.
func (g *Graph) limited(m *Model) (at int, ok bool) {
	if g.Engine != sqlfile.Postgres || m.query.Limit < 0 || m.query.OrderBy == nil {
		return 0, false
	}
	for _, ref := range m.query.OrderBy.Columns {
		if ref.Table != "" || !slices.Contains(m.Columns, ref.Column) {
			return 0, false
		}
		ok = ok || m.isText(g, ref.Column)
	}
	depth, inBrackets := 0, false
	for _, t := range tokensOf(m.statement) {
		switch {
		case t.Text == "(":
			depth++
		case t.Text == ")":
			depth--
		case t.Is("order") && t.End <= m.query.OrderBy.Start:
			at, inBrackets = t.Start, depth > 0
		}
	}
	return at, ok && !inBrackets
}

// cast is the select list that gives the output columns of a SELECT, called q, the table's types.
// Text keeps its length: what does not fit is an error later, and never cut.
func (x *Run) cast(m *Model) string {
	list := make([]string, len(m.Columns))
	for i, name := range m.Columns {
		list[i] = "q." + ident(name)
		column, stored := m.table.Column(name)
		switch {
		case !stored:
		case column.Text():
			if !m.isText(x.Graph, name) {
				list[i] = "CAST(q." + ident(name) + " AS " + anyText(x.Graph.Engine) + ")"
			}
			// INSERT leaves out blanks that do not fit, and the stored row would never be found
			// again.
			switch n := column.Length(); {
			case n == 0 || x.Graph.holdsOwn(m, name, column):
			case strings.HasPrefix(column.Type, "character("): // its blanks never count
				list[i] = "RTRIM(" + list[i] + ")"
			default:
				list[i] = fmt.Sprintf("CASE WHEN %s(%s) > %d THEN RTRIM(%s) ELSE %s END",
					x.length(), list[i], n, list[i], list[i])
			}
			if list[i] != "q."+ident(name) {
				list[i] += " AS " + ident(name)
			}
		default:
			list[i] = "CAST(q." + ident(name) + " AS " + column.Type + ") AS " + ident(name)
		}
	}
	return strings.Join(list, ", ")
}

// anyText is the type of a text of any length. On Redshift VARCHAR alone has 256 bytes
// (dg/r_Character_types).
func anyText(engine sqlfile.Engine) string {
	if engine == sqlfile.Redshift {
		return "VARCHAR(65535)"
	}
	return "VARCHAR"
}

// wrap is what stands around a model's SELECT so that its rows have the table's types.
func (x *Run) wrap(m *Model) (prefix, suffix string) {
	if !m.Stored {
		return "", ""
	}
	return "SELECT " + x.cast(m) + "\nFROM (\n", "\n) AS q"
}

// raw is a view of a model's SELECT in a state, before pick.
func (x *Run) raw(ctx context.Context, m *Model, st state) (string, error) {
	key := relationState{m.Name, st}
	if view, ok := x.raws[key]; ok {
		return view, nil
	}
	view := qualified(x.Scratch, x.name(m.Name, st.String()+"_raw"))
	prefix, suffix := x.wrap(m)
	text, err := x.expand(
		m,
		"-- "+m.Name+": its SELECT over the rows "+st.words()+"\nCREATE VIEW "+view+" AS\n"+prefix,
		suffix, func(relation string) (string, error) { return x.relation(ctx, relation, st) },
	)
	if err != nil {
		return "", err
	}
	if _, err := x.Session.Exec(ctx, Statement{Model: m.Name, SQL: text.SQL, Text: &text}); err != nil {
		return "", err
	}
	x.raws[key] = view
	return view, nil
}

func (s state) words() string {
	return [...]string{"as they were before this run", "as they are now"}[s]
}

// relation is where a relation stands in a state, to put into a FROM.
func (x *Run) relation(ctx context.Context, name string, st state) (string, error) {
	key := relationState{name, st}
	if text, ok := x.at[key]; ok {
		return text, nil
	}
	m := x.Graph.byName[name]
	if m == nil || m.Stored {
		return qualified(x.Live, name), nil
	}
	raw, err := x.raw(ctx, m, st)
	if err != nil {
		return "", err
	}
	text := raw
	if len(m.Key) > 0 {
		query, err := x.picked(ctx, m, "SELECT "+columns("p.", m.Columns)+" FROM "+raw+" AS p")
		if err != nil {
			return "", err
		}
		text = qualified(x.Scratch, x.name(m.Name, st.String()))
		if _, err := x.Session.Exec(
			ctx,
			Statement{
				Model: m.Name,
				SQL:   "-- " + m.Name + ": its rows " + st.words() + "\nCREATE VIEW " + text + " AS\n" + query,
			},
		); err != nil {
			return "", err
		}
	}
	x.at[key] = text
	return text, nil
}
