package model

import (
	"slices"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// withoutTrims leaves RTRIM out where a column of a staging table has nothing to trim: a first run
// knows that of the texts that it has loaded. PostgreSQL looks at each character of a text to trim
// it, which was a quarter of the time that songplay took. What RTRIM returns is of type text.
func (x *Run) withoutTrims(m *Model) []sqlfile.Edit {
	if x.Graph.Engine != sqlfile.Postgres {
		return nil
	}
	var edits []sqlfile.Edit
	m.query.Walk(func(q *selectstmt.Query) {
		s := scope{g: x.Graph, with: append(slices.Clone(m.query.With), q.With...)}
		if q.OrderBy != nil && slices.ContainsFunc(q.OrderBy.Calls, isTrim) {
			return // behind DISTINCT, what it orders by has to be written as in the SELECT list
		}
		for _, branch := range q.Branches {
			for _, e := range (&selectstmt.Query{Branches: []*selectstmt.Select{branch}}).Exprs() {
				for _, call := range e.Calls {
					if ref := trimOf(call); ref != nil && x.trimmed(s, branch, *ref) {
						edits = append(edits,
							sqlfile.Edit{Start: call.Start, End: ref.Start, Text: "CAST("},
							sqlfile.Edit{Start: ref.End, End: call.End, Text: " AS TEXT)"})
					}
				}
			}
		}
	})
	return edits
}

func isTrim(call selectstmt.Call) bool { return call.Name == "rtrim" && call.Schema == "" }

// trimOf is the column in RTRIM(column), nil where a call is something else.
func trimOf(call selectstmt.Call) *selectstmt.ColumnRef {
	if !isTrim(call) || len(call.Args) != 1 || call.Over || call.Filter || call.Distinct {
		return nil
	}
	return call.Args[0].Column()
}

// trimmed tells whether a column is one of a staging table, and none of its values ends in a blank.
func (x *Run) trimmed(s scope, branch *selectstmt.Select, ref selectstmt.ColumnRef) bool {
	item, ok := s.item(branch, ref)
	return ok && s.query(item) == nil && item.Columns == nil && item.Function == "" &&
		slices.Contains(x.Staged[item.Relation].Trimmed, ref.Column)
}
