package model

import (
	"slices"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// withoutTrims leaves RTRIM out where a column of a staging table has nothing to trim: a first run
// knows that of the texts that it has loaded. What RTRIM returns is of type text. PostgreSQL looks
// at each character of a text to trim it, which was a quarter of the time that songplay took.
//
// Any other build of many rows trims in its SELECT lists just the texts that end in a blank: LIKE
// finds them in half the time. It leaves WHERE and ON alone, since PostgreSQL has statistics on
// what RTRIM returns there.
func (x *Run) withoutTrims(m *Model) []sqlfile.Edit {
	if x.Graph.Engine != sqlfile.Postgres || !x.knowsTrimmed() && !x.building {
		return nil
	}
	var edits []sqlfile.Edit
	x.Graph.walkQueries(m, func(s scope, q *selectstmt.Query) {
		within := 0
		var found []sqlfile.Edit
		for _, branch := range q.Branches {
			calls := trimsOf(branch.Exprs())
			within += len(calls)
			found = append(found, x.trimEdits(s, m, branch, calls)...)
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

// trimEdits are the edits for one SELECT. GROUP BY has to repeat the SELECT list. So no call
// with a column changes if another call names that column and its table is not known. No call in an
// item without an alias changes: the item may have the name of the function.
func (x *Run) trimEdits(
	s scope, m *Model, branch *selectstmt.Select, calls []selectstmt.Call,
) []sqlfile.Edit {
	var unknown []string
	for _, call := range calls {
		if ref := trimmedColumn(call); ref != nil {
			if _, known := s.item(branch, *ref); !known {
				unknown = append(unknown, ref.Column)
			}
		}
	}
	var edits []sqlfile.Edit
	for _, call := range calls {
		ref := trimmedColumn(call)
		item := slices.IndexFunc(branch.Items, func(item selectstmt.Item) bool {
			return item.Expr.Start <= call.Start && call.End <= item.Expr.End
		})
		if ref == nil || slices.Contains(unknown, ref.Column) || item >= 0 && !branch.Items[item].Aliased {
			continue
		}
		staging, ok := x.stagingOf(s, branch, *ref)
		switch {
		case !ok:
		case slices.Contains(x.Staged[staging].Trimmed, ref.Column):
			edits = append(edits,
				sqlfile.Edit{Start: call.Start, End: ref.Start, Text: "CAST("},
				sqlfile.Edit{Start: ref.End, End: call.End, Text: " AS TEXT)"})
		case item >= 0 && branch.GroupBy == nil && x.building && x.Staged[staging].Unprocessed >= x.Large:
			column := m.statement.SQL()[ref.Start:ref.End]
			edits = append(edits,
				sqlfile.Edit{
					Start: call.Start, End: call.Start, Text: "CASE WHEN " + column + ` COLLATE "C" LIKE '% ' THEN `,
				},
				sqlfile.Edit{Start: call.End, End: call.End, Text: " ELSE CAST(" + column + " AS TEXT) END"})
		}
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

// stagingOf is the staging table of which a column is one; ok is false of any other column.
func (x *Run) stagingOf(s scope, branch *selectstmt.Select, ref selectstmt.ColumnRef) (name string, ok bool) {
	item, ok := s.item(branch, ref)
	if !ok || item.CTE || item.Query != nil || item.Columns != nil || item.Function != "" || item.Schema != "" {
		return "", false
	}
	return item.Relation, x.Graph.IsStaging(item.Relation)
}
