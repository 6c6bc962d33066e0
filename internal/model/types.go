package model

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// columnType is what can be told of a column's type from the SELECT alone.
type columnType int

const (
	unknownType columnType = iota
	textType
	otherType
)

// textFunctions return text whatever they are given.
var textFunctions = strings.Fields(`
	btrim chr concat convert_from encode func_sha1 initcap left listagg lower lpad ltrim md5 quote_ident
	regexp_replace regexp_substr repeat replace reverse right rpad rtrim sha2 split_part string_agg strtol
	substr substring to_char to_hex translate trim upper`)

// otherFunctions return no text, whatever they are given.
var otherFunctions = strings.Fields(`
	abs avg ceil ceiling char_length character_length count cume_dist date_part date_trunc datediff dense_rank
	exp extract floor length len ln log mod ntile octet_length percent_rank position power rank round row_number
	sign sqrt strpos sum to_date to_number to_timestamp trunc`)

// firstArgument are functions whose type is that of their first argument.
var firstArgument = strings.Fields(
	"coalesce greatest lag last_value lead least max min nullif nvl first_value any_value",
)

// hasMaximum tells whether MIN and MAX are known to take a column's type. BOOLEAN, for one, has an
// order, and no MIN on either engine.
func hasMaximum(column schema.Column) bool {
	return column.Text() || slices.Contains(integers, column.Type) || slices.ContainsFunc(
		[]string{"numeric", "double", "real", "date", "timestamp"},
		func(prefix string) bool { return strings.HasPrefix(column.Type, prefix) },
	)
}

// isText tells whether an output column is known to be text.
func (m *Model) isText(g *Graph, name string) bool { return g.typeOf(m, name) == textType }

// typeOf is the type of an output column, as the first branch gives it.
func (g *Graph) typeOf(m *Model, name string) columnType {
	s := scope{g: g, with: m.query.With}
	branch := m.query.Branches[0]
	i := slices.Index(m.Columns, name)
	if i < 0 || i >= len(branch.Items) {
		return unknownType
	}
	return s.typeOfItem(m, branch, branch.Items[i], 0)
}

// typeOfItem follows a select item.
func (s scope) typeOfItem(m *Model, branch *selectstmt.Select, item selectstmt.Item, depth int) columnType {
	if item.Column != nil {
		return s.typeOfColumn(m, branch, *item.Column, depth)
	}
	return s.typeOfExpr(m, branch, item.Expr, depth)
}

// typeOfColumn follows a column to where it is made.
func (s scope) typeOfColumn(m *Model, branch *selectstmt.Select, ref selectstmt.ColumnRef, depth int) columnType {
	source, ok := s.item(branch, ref)
	if !ok || depth > 20 {
		return unknownType
	}
	if q := s.query(source); q != nil {
		names, ok := s.columns(source)
		if i := slices.Index(names, ref.Column); ok && i >= 0 {
			return s.inner(q).typeOfItem(m, q.Branches[0], q.Branches[0].Items[i], depth+1)
		}
		return unknownType
	}
	if other := s.g.byName[source.Relation]; other != nil && other.Kind != Script && !other.Stored {
		return s.g.typeOf(other, ref.Column)
	}
	column, ok := s.g.tables[source.Relation].Column(ref.Column)
	switch {
	case !ok:
		return unknownType
	case column.Text():
		return textType
	default:
		return otherType
	}
}

// typeOfExpr reads the outermost operation of an expression.
func (s scope) typeOfExpr(m *Model, branch *selectstmt.Select, e selectstmt.Expr, depth int) columnType {
	text := m.statement.SQL()[e.Start:e.End]
	tokens := slices.DeleteFunc(sqlfile.Tokens(text), func(t sqlfile.Token) bool {
		return t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker
	})
	if len(tokens) == 0 || depth > 20 {
		return unknownType
	}
	level := 0
	for _, t := range tokens { // a || b is text
		switch t.Text {
		case "(", "[":
			level++
		case ")", "]":
			level--
		case "||":
			if level == 0 {
				return textType
			}
		}
	}
	if len(tokens) == 1 {
		switch tokens[0].Kind {
		case sqlfile.KindString:
			return textType
		case sqlfile.KindNumber:
			return otherType
		}
	}
	for _, call := range e.Calls {
		if call.Start == e.Start+tokens[0].Start && call.End == e.End {
			return s.typeOfCall(m, branch, call, text, depth)
		}
	}
	if tokens[0].Is("case") && tokens[len(tokens)-1].Is("end") {
		return s.typeOfCase(m, branch, e, tokens, depth)
	}
	return unknownType
}

// typeOfCall is the type that a function returns.
func (s scope) typeOfCall(
	m *Model, branch *selectstmt.Select, call selectstmt.Call, text string, depth int,
) columnType {
	switch {
	case call.Name == "cast":
		kind := castType(text)
		if strings.HasPrefix(kind, "varchar") || strings.HasPrefix(kind, "char") || strings.HasPrefix(kind, "text") {
			return textType
		}
		return otherType
	case slices.Contains(textFunctions, call.Name):
		return textType
	case slices.Contains(otherFunctions, call.Name):
		return otherType
	case slices.Contains(firstArgument, call.Name) && len(call.Args) > 0:
		first := call.Args[0]
		if len(first.Columns) == 1 && first.Columns[0].Start == first.Start && first.Columns[0].End == first.End {
			return s.typeOfColumn(m, branch, first.Columns[0], depth+1)
		}
		return s.typeOfExpr(m, branch, first, depth+1)
	}
	return unknownType
}

// castType is the type that CAST(… AS type) names, in lower case.
func castType(cast string) string {
	for _, t := range slices.Backward(sqlfile.Tokens(cast)) {
		if t.Is("as") {
			return strings.ToLower(strings.TrimSpace(strings.TrimSuffix(cast[t.End:], ")")))
		}
	}
	return ""
}

// typeOfCase is the type of the first THEN.
func (s scope) typeOfCase(
	m *Model, branch *selectstmt.Select, e selectstmt.Expr, tokens []sqlfile.Token, depth int,
) columnType {
	level, start := 0, -1
	for _, t := range tokens[1:] {
		switch {
		case t.Text == "(" || t.Is("case"):
			level++
		case t.Text == ")" || t.Is("end") && level > 0:
			level--
		case level == 0 && t.Is("then"):
			start = t.End
		case level == 0 && start >= 0 && (t.Is("when") || t.Is("else") || t.Is("end")):
			part := selectstmt.Expr{Start: e.Start + start, End: e.Start + t.Start}
			// Without the blanks at either end.
			sql := m.statement.SQL()
			for part.Start < part.End && strings.ContainsRune(" \n\t", rune(sql[part.Start])) {
				part.Start++
			}
			for part.End > part.Start && strings.ContainsRune(" \n\t", rune(sql[part.End-1])) {
				part.End--
			}
			for _, ref := range e.Columns {
				if ref.Start == part.Start && ref.End == part.End {
					return s.typeOfColumn(m, branch, ref, depth+1)
				}
			}
			for _, call := range e.Calls {
				if call.Start >= part.Start && call.End <= part.End {
					part.Calls = append(part.Calls, call)
				}
			}
			return s.typeOfExpr(m, branch, part, depth+1)
		}
	}
	return unknownType
}
