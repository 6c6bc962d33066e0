package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
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
		one := Narrowing{}
		known := true
		for _, name := range names {
			i := slices.Index(m.Columns, name)
			if i < 0 || i >= len(branch.Items) {
				known = false
				break
			}
			e, ok := s.inline(m, branch, branch.Items[i], depth)
			if !ok || one.Table != "" && e.table != one.Table {
				known = false
				break
			}
			one.Table, one.Columns = e.table, append(one.Columns, e.sql)
		}
		if known {
			out = append(out, one)
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
		if call.Over || slices.Contains(aggregates, call.Name) {
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

// Index returns the index of the table that serves the narrowing best: the one most of whose first
// columns are among its own. ok is false without one.
func (n Narrowing) Index(t schema.Table) (name string, ok bool) {
	if n.New() {
		for _, index := range t.Indexes {
			if comparable(index.Where) == "not "+FlagColumn {
				return index.Name, true
			}
		}
		return "", false
	}
	var wanted []string
	for _, column := range n.Columns {
		wanted = append(wanted, comparable(column))
	}
	best := 0
	try := func(index string, expressions []string) {
		held := 0
		for held < len(expressions) && slices.Contains(wanted, comparable(expressions[held])) {
			held++
		}
		if held > best {
			best, name, ok = held, index, true
		}
	}
	try("the primary key", t.Key)
	for _, index := range t.Indexes {
		if impliedBy(index.Where, n.Columns) {
			try(index.Name, index.Expressions)
		}
	}
	return name, ok
}

// An Indexed narrowing is one with the index that serves it, or with a statement that makes one.
type Indexed struct {
	Narrowing
	Index string // "" without one
	Fix   string // CREATE INDEX, where there is no index
}

// Indexes finds the index of each narrowing among those of the tables. Where two narrowings without
// an index can share one, both have the same statement.
func Indexes(narrowings []Narrowing, tables schema.Schema) []Indexed {
	out := make([]Indexed, len(narrowings))
	var open []int
	for i, n := range narrowings {
		out[i].Narrowing = n
		if index, ok := n.Index(tables[n.Table]); ok {
			out[i].Index = index
			continue
		}
		open = append(open, i)
	}
	// The widest first: its index begins with the columns of narrower ones.
	slices.SortStableFunc(open, func(a, b int) int { return len(narrowings[b].Columns) - len(narrowings[a].Columns) })
	for len(open) > 0 {
		widest := narrowings[open[0]]
		shared := []int{open[0]}
		var rest []int
		ordered := widest
		ordered.Columns = nil
		for _, i := range slices.Backward(open[1:]) {
			n := narrowings[i]
			nested := subset(n.Columns, ordered.Columns) || subset(ordered.Columns, n.Columns)
			if n.Table == widest.Table && n.New() == widest.New() && subset(n.Columns, widest.Columns) && nested {
				for _, column := range n.Columns {
					if !slices.Contains(ordered.Columns, column) {
						ordered.Columns = append(ordered.Columns, column)
					}
				}
				shared = append(shared, i)
			} else {
				rest = append(rest, i)
			}
		}
		for _, column := range widest.Columns {
			if !slices.Contains(ordered.Columns, column) {
				ordered.Columns = append(ordered.Columns, column)
			}
		}
		for _, i := range shared {
			out[i].Fix = ordered.CreateIndex()
		}
		slices.Reverse(rest)
		open = rest
	}
	return out
}

// impliedBy tells whether rows that are found by columns meet the condition of a partial index:
// each part of it says that one of them is not NULL, or that the row is processed. An increment has
// the new rows in a table of their own, and looks for the others.
func impliedBy(where string, columns []string) bool {
	if where == "" {
		return true
	}
	words := strings.Fields(strings.ToLower(where))
	words = slices.DeleteFunc(words, func(w string) bool { return w == "(" || w == ")" })
	for _, part := range strings.Split(strings.Join(words, " "), " and ") {
		if part == FlagColumn {
			continue
		}
		name, ok := strings.CutSuffix(part, " is not null")
		if !ok {
			return false
		}
		named := func(column string) bool { return slices.Contains(strings.Fields(comparable(column)), name) }
		if !slices.ContainsFunc(columns, named) {
			return false
		}
	}
	return true
}

// CreateIndex is a statement that makes an index for the narrowing.
func (n Narrowing) CreateIndex() string {
	if n.New() {
		return fmt.Sprintf("CREATE INDEX %s ON %s (%s) WHERE NOT %s;",
			ident(clipped(n.Table+"_new")), ident(n.Table), FlagColumn, FlagColumn)
	}
	var parts, words []string
	for _, column := range n.Columns {
		part := column
		if !plainOrCall.MatchString(column) {
			part = "(" + column + ")"
		}
		parts = append(parts, part)
		if names := word.FindAllString(strings.ToLower(column), -1); len(names) > 0 {
			words = append(words, names[len(names)-1])
		}
	}
	name := clipped(n.Table + "_" + strings.Join(words, "_"))
	return fmt.Sprintf("CREATE INDEX %s ON %s (%s);", ident(name), ident(n.Table), strings.Join(parts, ", "))
}

var word = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

func clipped(name string) string { return name[:min(len(name), longest)] }

// comparable writes an expression so that the texts of a model, of a migration and of
// pg_get_indexdef compare: tokens apart, in lower case, without a cast to text, which changes no
// value, and without brackets around one name.
func comparable(expression string) string {
	var tokens []string
	for _, t := range sqlfile.Tokens(expression) {
		switch t.Kind {
		case sqlfile.KindComment, sqlfile.KindMarker:
		case sqlfile.KindWord, sqlfile.KindNumber:
			tokens = append(tokens, strings.ToLower(t.Text))
		default:
			tokens = append(tokens, t.Text)
		}
	}
	text := " " + strings.Join(unbracketed(tokens), " ") + " "
	orders := []string{` collate "C" `, ` collate pg_catalog . "C" `, " asc ", " desc ", " nulls first ", " nulls last "}
	for _, order := range orders {
		text = strings.ReplaceAll(text, order, " ")
	}
	for {
		before := text
		text = textCast.ReplaceAllString(text, " ")
		text = bracketed.ReplaceAllString(text, " $1$2 ")
		if text == before {
			break
		}
	}
	return strings.TrimSpace(text)
}

// unbracketed leaves out brackets around the whole.
func unbracketed(tokens []string) []string {
	for len(tokens) > 2 && tokens[0] == "(" {
		level := 0
		for i, t := range tokens {
			switch t {
			case "(":
				level++
			case ")":
				level--
			}
			if level == 0 && i < len(tokens)-1 {
				return tokens
			}
		}
		if tokens[len(tokens)-1] != ")" {
			return tokens
		}
		tokens = tokens[1 : len(tokens)-1]
	}
	return tokens
}

var (
	textCast = regexp.MustCompile(` :: (?:text|character varying) `)
	// Brackets around one name, unless they are a function's.
	bracketed = regexp.MustCompile(` ((?:[(,+*/<>=|-]+|and|or|not|when|then|else|by) )\( ([a-z_][a-z0-9_]*) \) `)
)
