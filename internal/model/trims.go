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
	if x.Graph.Engine != sqlfile.Postgres || !x.knowsTrimmed() {
		return nil
	}
	var edits []sqlfile.Edit
	x.Graph.walkQueries(m, func(s scope, q *selectstmt.Query) {
		within := 0
		var found []sqlfile.Edit
		for _, branch := range q.Branches {
			calls := trimsOf(branch.Exprs())
			within += len(calls)
			found = append(found, x.trimsToLeaveOut(s, branch, calls)...)
		}
		if within == len(trimsOf(q.Exprs())) {
			// There is none in ORDER BY, which has to repeat the SELECT list.
			edits = append(edits, found...)
		}
	})
	return edits
}

// knowsTrimmed tells whether the run knows of any column that it holds nothing to trim.
func (x *Run) knowsTrimmed() bool {
	for _, staged := range x.Staged {
		if len(staged.Trimmed) > 0 {
			return true
		}
	}
	return false
}

// trimsToLeaveOut are the edits for one SELECT. GROUP BY has to repeat the SELECT list. So no call
// with a column changes if another call names that column and its table is not known. No call in an
// item without an alias changes: the item may have the name of the function.
func (x *Run) trimsToLeaveOut(s scope, branch *selectstmt.Select, calls []selectstmt.Call) []sqlfile.Edit {
	var unknown []string
	for _, call := range calls {
		if ref := trimmedColumn(call); ref != nil {
			if _, known := s.item(branch, *ref); !known {
				unknown = append(unknown, ref.Column)
			}
		}
	}
	names := func(call selectstmt.Call) bool {
		return slices.ContainsFunc(branch.Items, func(item selectstmt.Item) bool {
			return !item.Aliased && item.Expr.Start <= call.Start && call.End <= item.Expr.End
		})
	}
	var edits []sqlfile.Edit
	for _, call := range calls {
		ref := trimmedColumn(call)
		if ref == nil || slices.Contains(unknown, ref.Column) || names(call) || !x.isTrimmed(s, branch, *ref) {
			continue
		}
		edits = append(edits,
			sqlfile.Edit{Start: call.Start, End: ref.Start, Text: "CAST("},
			sqlfile.Edit{Start: ref.End, End: call.End, Text: " AS TEXT)"})
	}
	return edits
}

// trimsOf are the calls of RTRIM in expressions.
func trimsOf(exprs []*selectstmt.Expr) []selectstmt.Call {
	var out []selectstmt.Call
	for _, e := range exprs {
		for _, call := range e.Calls {
			if call.Name == "rtrim" && call.Schema == "" {
				out = append(out, call)
			}
		}
	}
	return out
}

// trimmedColumn is the column in RTRIM(column), nil where a call trims something else.
func trimmedColumn(call selectstmt.Call) *selectstmt.ColumnRef {
	if len(call.Args) != 1 || call.Over || call.Filter || call.Distinct {
		return nil
	}
	return call.Args[0].Column()
}

// isTrimmed tells whether a column is one of a staging table, and none of its values ends in a
// blank.
func (x *Run) isTrimmed(s scope, branch *selectstmt.Select, ref selectstmt.ColumnRef) bool {
	item, ok := s.item(branch, ref)
	return ok && !item.CTE && item.Query == nil && item.Columns == nil && item.Function == "" && item.Schema == "" &&
		slices.Contains(x.Staged[item.Relation].Trimmed, ref.Column)
}
