package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// checkOwn refuses a SELECT that computes a column of by: the groups are found by the column of
// from: as it is.
func (g *Graph) checkOwn(m *Model, from From, pair Pair) error {
	if len(m.From) > 1 {
		return nil // each may have a part of the rows, or both together the value
	}
	s := scope{g: g, with: m.query.With}
	own := owned{g.columnOf(from.Relation, pair.There), from.Relation, pair.There}
	at := slices.Index(m.Columns, pair.Here)
	for _, branch := range m.query.Branches {
		if at >= len(branch.Items) || !s.reads(branch, from.Relation) {
			continue
		}
		if e, other := s.otherThan(own, branch, branch.Items[at], 0); other {
			return m.statement.ErrorAt(e.Start,
				fmt.Sprintf("by says that %s is %s of %s, but the SELECT gives something else", pair.Here, pair.There,
					from.Relation),
				fmt.Sprintf("by names columns of %s as they are: compute it in a helper, and write -- from: that "+
					"helper by its column", from.Relation), nil)
		}
	}
	return nil
}

// An owned is a column of a relation.
type owned struct {
	column         schema.Column // with its type, as far as it is known
	relation, name string
}

// columnOf is a relation's column with its type, as far as it is known.
func (g *Graph) columnOf(relation, name string) schema.Column {
	column, _ := g.plain(relation, name, 0)
	return column
}

// otherThan finds what an item of a SELECT gives instead of a column of a relation: an expression,
// or another column of the relation. It finds nothing in doubt.
func (s scope) otherThan(own owned, branch *selectstmt.Select, item selectstmt.Item, depth int) (
	e selectstmt.Expr, other bool) {
	ref := item.Column
	if ref == nil {
		if ref = keptByCast(&item.Expr, own.column); ref == nil {
			return item.Expr, !item.Star
		}
	}
	source, ok := s.item(branch, *ref)
	if !ok || source.Columns != nil || depth > 20 {
		return e, false
	}
	q := s.query(source)
	if q == nil {
		return item.Expr, source.Relation == own.relation && ref.Column != own.name
	}
	names, ok := s.columns(source)
	at := slices.Index(names, ref.Column)
	inner := s.inner(q)
	for _, below := range q.Branches {
		if !ok || at < 0 || at >= len(below.Items) || !inner.reads(below, own.relation) {
			continue
		}
		if e, other = inner.otherThan(own, below, below.Items[at], depth+1); other {
			return e, true
		}
	}
	return e, false
}

// keptByCast is the column whose value a cast keeps: of a whole number to a whole number, or of a
// text to a text without a length. It is nil for everything else.
func keptByCast(e *selectstmt.Expr, column schema.Column) *selectstmt.ColumnRef {
	if len(e.Columns) != 1 || len(e.Subqueries) > 0 {
		return nil
	}
	kept := strings.Fields("smallint integer int bigint int2 int4 int8")
	if column.Text() {
		kept = strings.Fields("text varchar")
	} else if !slices.Contains(integers, column.Type) {
		return nil
	}
	ref := e.Columns[0]
	for _, t := range sqlfile.Tokens(e.Text()) {
		own := ref.Start <= e.Start+t.Start && e.Start+t.End <= ref.End
		if !own && t.Text != "(" && t.Text != ")" && t.Text != "::" && !t.Is("cast") && !t.Is("as") &&
			!slices.ContainsFunc(kept, t.Is) {
			return nil
		}
	}
	return &ref
}
