package model

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// exact is lineage without the columns that the model's table may round or shorten: a stored DATE
// does not find the TIMESTAMP that it comes from.
func (g *Graph) exact(m *Model, relation string) map[string]string {
	out := g.lineage(m, relation)
	for here, there := range out {
		column, ok := m.table.Column(here)
		if m.Stored && ok && !g.holds(column, relation, there, 0) {
			delete(out, here)
		}
	}
	return out
}

// holds tells whether a column of a table holds every value of a relation's column unchanged. It is
// false in doubt.
func (g *Graph) holds(column schema.Column, relation, name string, depth int) bool {
	if m := g.byName[relation]; m != nil && m.Kind != Script && !m.Stored {
		return g.holdsItems(column, m, name, depth+1)
	}
	source, ok := g.tables[relation].Column(name)
	return ok && fits(column, source)
}

// holdsOwn tells whether a column of the model's table holds what the SELECT gives, unchanged.
func (g *Graph) holdsOwn(m *Model, name string, column schema.Column) bool {
	return g.holdsItems(column, m, name, 0)
}

// holdsItems is holds for what the branches of a model's SELECT give.
func (g *Graph) holdsItems(column schema.Column, m *Model, name string, depth int) bool {
	i := slices.Index(m.Columns, name)
	s := scope{g: g, with: m.query.With}
	return i >= 0 && !slices.ContainsFunc(m.query.Branches, func(branch *selectstmt.Select) bool {
		return i >= len(branch.Items) || !s.holds(column, m, branch, branch.Items[i].Expr, branch.Items[i].Column,
			depth)
	})
}

// holds is Graph.holds for an expression. ref is set where it is just a column.
func (s scope) holds(column schema.Column, m *Model, branch *selectstmt.Select, e selectstmt.Expr,
	ref *selectstmt.ColumnRef, depth int) bool {
	if depth > 20 {
		return false
	}
	if ref == nil {
		return s.holdsExpr(column, m, branch, e, depth+1)
	}
	source, ok := s.item(branch, *ref)
	if !ok {
		return false
	}
	q := s.query(source)
	if q == nil {
		return source.Columns == nil && s.g.holds(column, source.Relation, ref.Column, depth+1)
	}
	names, ok := s.columns(source)
	i := slices.Index(names, ref.Column)
	if !ok || i < 0 {
		return false
	}
	inner := s.inner(q)
	return !slices.ContainsFunc(q.Branches, func(below *selectstmt.Select) bool {
		return i >= len(below.Items) || !inner.holds(column, m, below, below.Items[i].Expr, below.Items[i].Column,
			depth+1)
	})
}

// trimming are functions whose text has no blanks at its end, keeping are those that add none.
var (
	trimming = strings.Fields("btrim encode func_sha1 md5 rtrim sha2 to_hex trim")
	keeping  = strings.Fields("coalesce greatest least lower max min nullif nvl upper")
)

// holdsExpr looks at the outermost operation of an expression.
func (s scope) holdsExpr(column schema.Column, m *Model, branch *selectstmt.Select, e selectstmt.Expr, depth int) bool {
	if column.Text() && column.Length() == 0 {
		return true
	}
	for _, call := range e.Calls {
		if call.Start != e.Start || call.End != e.End {
			continue
		}
		switch {
		case column.Text() && slices.Contains(trimming, call.Name):
			return true
		case column.Text() && slices.Contains(keeping, call.Name):
			return !slices.ContainsFunc(call.Args, func(arg selectstmt.Expr) bool {
				return !s.holds(column, m, branch, arg, arg.Column(), depth)
			})
		}
	}
	if column.Text() {
		tokens := sqlfile.Tokens(s.text(m, e))
		return len(tokens) == 1 && tokens[0].Kind == sqlfile.KindString && len(tokens[0].Text) <= column.Length()
	}
	// Of a type that is not known these hold whatever can be cast to them without an error, texts
	// apart.
	known := s.typeOfExpr(m, branch, e, depth)
	switch column.Type {
	case "timestamp without time zone", "double precision", "boolean":
		return known != textType
	}
	return false
}

// text is an expression as it stands in the SELECT of the model.
func (s scope) text(m *Model, e selectstmt.Expr) string {
	if sql := m.statement.SQL(); e.Start <= e.End && e.End <= len(sql) {
		return strings.TrimSpace(sql[e.Start:e.End])
	}
	return ""
}

// integers are the whole numbers by size.
var integers = []string{"smallint", "integer", "bigint"}

// fits tells whether a column holds every value of another column unchanged.
func fits(column, source schema.Column) bool {
	if column.Type == source.Type {
		return true
	}
	varying := func(c schema.Column) bool { return c.Type == "text" || strings.HasPrefix(c.Type, "character varying") }
	switch whole := slices.Index(integers, source.Type); {
	case varying(column) && varying(source):
		return column.Length() == 0 || source.Length() > 0 && source.Length() <= column.Length()
	case slices.Contains(integers, column.Type):
		return whole >= 0 && whole <= slices.Index(integers, column.Type)
	case strings.HasPrefix(column.Type, "numeric"):
		have, ok := scale(source.Type)
		want, bounded := scale(column.Type)
		return whole >= 0 || column.Type == "numeric" && strings.HasPrefix(source.Type, "numeric") || ok &&
			bounded && have <= want
	case column.Type == "double precision":
		return source.Type == "real" || whole >= 0 && source.Type != "bigint"
	case column.Type == "timestamp without time zone":
		return source.Type == "date"
	}
	return false
}

// scale is s of numeric(p,s).
func scale(kind string) (int, bool) {
	inner, ok := strings.CutPrefix(kind, "numeric(")
	if !ok {
		return 0, false
	}
	_, digits, _ := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// plain follows a relation's column down to the table's column that it is, where it is just that.
func (g *Graph) plain(relation, name string, depth int) (schema.Column, bool) {
	m := g.byName[relation]
	if m == nil || m.Stored || m.Kind == Script {
		return g.tables[relation].Column(name)
	}
	if depth > 20 {
		return schema.Column{}, false
	}
	for _, below := range m.Follows {
		if column, ok := g.lineage(m, below)[name]; ok {
			return g.plain(below, column, depth+1)
		}
	}
	return schema.Column{}, false
}
