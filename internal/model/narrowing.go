package model

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
)

// A Narrowing is one way in which an increment finds few rows of a table: by columns of a header
// line, traced down to the table that holds the rows.
type Narrowing struct {
	Model string // whose header line asks for it; "" for the new rows of a staging table
	Line  string // the header line, or what else asks for the rows
	Table string // the staging or stored table
	// Columns are the table's columns or expressions by which its rows are found, in SQL. They are
	// empty for the new rows of a staging table.
	Columns []string
	// Hashed says, for each of Columns, whether an index behind the COPY of its table holds the
	// hash of the text. PostgreSQL is then asked for rows of equal hashes too.
	Hashed []bool
}

// New tells whether the narrowing finds the new rows of a staging table.
func (n Narrowing) New() bool { return len(n.Columns) == 0 }

// Narrowings returns how increments find rows, model by model. A narrowing whose columns are not a
// table's columns or expressions of them, such as a sum, is left out: no index helps it.
func (g *Graph) Narrowings() []Narrowing {
	var out []Narrowing
	addAll := func(m *Model, line string, traced []Narrowing) {
		for _, at := range traced {
			at.Model, at.Line = m.Name, line
			at.Hashed = g.hashes(at)
			if !slices.ContainsFunc(out, func(n Narrowing) bool {
				return n.Model == at.Model && n.Table == at.Table && slices.Equal(n.Columns, at.Columns)
			}) {
				out = append(out, at)
			}
		}
	}
	add := func(m *Model, line, relation string, names []string) { addAll(m, line, g.tracedTo(relation, names, 0)) }
	for _, name := range g.Staging() {
		out = append(out, Narrowing{Line: "the new rows", Table: name})
	}
	x := &Run{Options: Options{Graph: g}}
	for _, m := range g.Models {
		for _, f := range m.From {
			if m.Kind == Group {
				add(m, "from: "+f.Relation+" by "+strings.Join(thereOf(f.By), ", "), f.Relation, thereOf(f.By))
			}
			if m.competes() && !m.Stored { // checkHelperGroups
				_, there := g.keyIn(m, f.Relation)
				add(m, "key: "+strings.Join(m.Key, ", "), f.Relation, there)
			}
			for _, join := range f.Joins {
				if len(join.By) == 0 {
					continue
				}
				line := "joins: " + join.Relation + " by " + pairs(join.By)
				if join.Left {
					line = "left " + line
				}
				add(m, line, join.Relation, thereOf(join.By))
				switch {
				case !g.hasChanges(join.Relation):
				case x.foundByStored(m, f, join):
					add(m, line, m.Name, x.storedAs(m, f, hereOf(join.By)))
				default:
					add(m, line, f.Relation, hereOf(join.By))
				}
			}
			// Keys for which rows compete are computed again from all rows that can make them.
			if m.Kind == Row && len(m.Key) > 0 && !x.sameRow(m) && (len(m.Pick) > 0 || !x.allStored(m)) {
				var there []string
				line := g.lineage(m, f.Relation)
				for _, name := range m.Key {
					if column, ok := line[name]; ok {
						there = append(there, column)
					}
				}
				if len(there) > 0 {
					add(m, "key: "+strings.Join(m.Key, ", "), f.Relation, there)
				} else {
					addAll(m, "key: "+strings.Join(m.Key, ", "), g.through(m, m.Key, 0))
				}
			}
		}
	}
	return out
}

// pairs writes the columns of a joins: line.
func pairs(by []Pair) string {
	out := make([]string, len(by))
	for i, pair := range by {
		out[i] = pair.There
		if pair.Here != pair.There {
			out[i] += " = " + pair.Here
		}
	}
	return strings.Join(out, ", ")
}

// tracedTo follows columns of a relation down to the tables that hold them.
func (g *Graph) tracedTo(relation string, names []string, depth int) []Narrowing {
	if len(names) == 0 || depth > 20 {
		return nil
	}
	m := g.byName[relation]
	if m == nil || m.Stored {
		if _, ok := g.tables[relation]; !ok {
			return nil
		}
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = ident(name)
		}
		return []Narrowing{{Table: relation, Columns: quoted}}
	}
	switch {
	case m.Kind == Whole:
		return nil
	case m.Kind == Group && subset(m.by(), names):
		// The groups hold the rows, and are found as the helper's own header line says.
		return nil
	}
	return g.through(m, names, depth)
}

// through follows columns of a model down as the view of its SELECT has them: through it the
// planner sees the indexes of the tables below.
func (g *Graph) through(m *Model, names []string, depth int) []Narrowing {
	var out []Narrowing
	for _, branch := range m.query.Branches {
		s := scope{g: g, with: m.query.With}
		n := Narrowing{}
		known := true
		for _, name := range names {
			i := slices.Index(m.Columns, name)
			if i < 0 || i >= len(branch.Items) {
				known = false
				break
			}
			e, ok := s.inline(m, branch, branch.Items[i], depth)
			if !ok || n.Table != "" && e.table != n.Table {
				known = false
				break
			}
			n.Table, n.Columns = e.table, append(n.Columns, e.sql)
		}
		if known {
			out = append(out, n)
		}
	}
	return out
}

// An inlined expression is written in the columns of one table.
type inlined struct{ table, sql string }

// inline writes a select item in the columns of the table that it comes from. ok is false where it
// comes from several tables, from none, from rows taken together, or may be NULL for want of a
// match.
func (s scope) inline(m *Model, branch *selectstmt.Select, item selectstmt.Item, depth int) (out inlined, ok bool) {
	e := item.Expr
	if depth > 20 || len(e.Subqueries) > 0 || len(e.Columns) == 0 {
		return out, false
	}
	for _, call := range e.Calls {
		if call.Over || isAggregate(call) {
			return out, false
		}
	}
	text := m.statement.SQL()
	var sql strings.Builder
	done := e.Start
	for _, ref := range e.Columns {
		below, ok := s.inlineColumn(m, branch, ref, depth+1)
		if !ok || out.table != "" && below.table != out.table {
			return out, false
		}
		out.table = below.table
		part := below.sql
		if !plainOrCall.MatchString(part) && (ref.Start != e.Start || ref.End != e.End) {
			part = "(" + part + ")"
		}
		sql.WriteString(text[done:ref.Start] + part)
		done = ref.End
	}
	sql.WriteString(text[done:e.End])
	out.sql = strings.Join(strings.Fields(sql.String()), " ")
	return out, true
}

// plainOrCall is a name, or what looks like one call: it needs no brackets inside an expression.
var plainOrCall = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\([^()]*\))?$`)

// inlineColumn is inline for a column of one of the relations of a SELECT.
func (s scope) inlineColumn(m *Model, branch *selectstmt.Select, ref selectstmt.ColumnRef, depth int) (inlined, bool) {
	source, ok := s.item(branch, ref)
	if !ok || outer(branch, source) {
		return inlined{}, false
	}
	if q := s.query(source); q != nil {
		if len(q.Branches) != 1 {
			return inlined{}, false
		}
		for _, below := range q.Branches[0].Items {
			if below.Name == ref.Column {
				return s.inner(q).inline(m, q.Branches[0], below, depth)
			}
		}
		return inlined{}, false
	}
	other := s.g.byName[source.Relation]
	if other == nil || other.Stored {
		return inlined{source.Relation, ident(ref.Column)}, s.g.tables[source.Relation].Name != ""
	}
	// Several branches of a helper may have it from several tables.
	if other.Kind == Whole || len(other.query.Branches) != 1 {
		return inlined{}, false
	}
	i := slices.Index(other.Columns, ref.Column)
	if i < 0 {
		return inlined{}, false
	}
	below := other.query.Branches[0]
	return scope{g: s.g, with: other.query.With}.inline(other, below, below.Items[i], depth)
}

var word = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

var (
	textCast = regexp.MustCompile(` :: (?:text|character varying) `)
	// Brackets around one name, unless they are a function's.
	bracketed = regexp.MustCompile(` ((?:[(,+*/<>=|-]+|and|or|not|when|then|else|by) )\( ([a-z_][a-z0-9_]*) \) `)
)
