package model

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Averages looks for AVG over whole numbers in a statement, of a model or another one. Redshift
// returns a BIGINT (dg/r_AVG), PostgreSQL a NUMERIC with decimals.
func (g *Graph) Averages(statement sqlfile.Statement) []*sqlfile.Error {
	q, err := selectstmt.Parse(statement)
	if err != nil {
		return nil
	}
	var out []*sqlfile.Error
	scope{g: g}.walk(q, func(s scope, branch *selectstmt.Select) {
		for _, e := range exprs(branch) {
			for _, call := range e.Calls {
				if call.Name == "avg" && len(call.Args) == 1 && s.whole(branch, &call.Args[0], 0) {
					out = append(out, statement.ErrorAt(call.Start,
						"AVG over whole numbers: Redshift's result is a whole number, PostgreSQL's has decimals",
						"CAST the value to NUMERIC(p, s) first, with the decimals that you want", nil))
				}
			}
		}
	})
	return out
}

// Casts to whole numbers, and functions that return one, or return one where they are given them.
var (
	wholeTypes = strings.Fields("smallint int2 integer int int4 bigint int8")
	wholeIfAll = strings.Fields("abs coalesce greatest least max min mod nullif nvl sum")
)

// whole tells whether an expression is surely a whole number: all that it is put together from is
// one, conditions left out.
func (s scope) whole(branch *selectstmt.Select, e *selectstmt.Expr, depth int) bool {
	if depth > 20 {
		return false
	}
	text := e.Text()
	found := false
	seen := 0 // what is before this belongs to a call or a column that was looked at
	for _, t := range valueTokens(text) {
		if t.Start < seen {
			continue
		}
		at := e.Start + t.Start
		call := slices.IndexFunc(e.Calls, func(c selectstmt.Call) bool { return c.Start == at })
		column := slices.IndexFunc(e.Columns, func(c selectstmt.ColumnRef) bool { return c.Start == at })
		ok := false
		switch {
		case call >= 0:
			seen = e.Calls[call].End - e.Start
			ok = s.wholeCall(branch, e.Calls[call], text[t.Start:seen], depth+1)
		case column >= 0:
			seen = e.Columns[column].End - e.Start
			ok = s.wholeColumn(branch, e.Columns[column], depth+1)
		case t.Kind == sqlfile.KindNumber:
			ok = strings.Trim(t.Text, "0123456789") == ""
		case t.Kind == sqlfile.KindOp && strings.Contains("+-*/%()", t.Text):
			continue
		}
		if !ok {
			return false
		}
		found = true
	}
	return found
}

// valueTokens are the tokens of an expression without comments, NULL, the words of CASE and what
// stands between them to be compared.
func valueTokens(text string) []sqlfile.Token {
	var out []sqlfile.Token
	var cases []bool // for each CASE around a token: whether it is part of a value
	for _, t := range sqlfile.Tokens(text) {
		last := len(cases) - 1
		switch {
		case t.Kind == sqlfile.KindComment, t.Kind == sqlfile.KindMarker, t.Is("null"):
		case t.Is("case"):
			cases = append(cases, false)
		case last >= 0 && t.Is("end"):
			cases = cases[:last]
		case last >= 0 && (t.Is("when") || t.Is("then") || t.Is("else")):
			cases[last] = !t.Is("when")
		case !slices.Contains(cases, false):
			out = append(out, t)
		}
	}
	return out
}

// wholeCall is whole for the call of a function, which is written as text.
func (s scope) wholeCall(branch *selectstmt.Select, call selectstmt.Call, text string, depth int) bool {
	switch {
	case call.Name == "cast":
		return slices.Contains(wholeTypes, castType(text))
	case slices.Contains(wholeNumbers, call.Name):
		return call.Name != "sign" // of a fraction it is a fraction
	case slices.Contains(wholeIfAll, call.Name):
		return len(call.Args) > 0 && !slices.ContainsFunc(
			call.Args, func(a selectstmt.Expr) bool { return !s.whole(branch, &a, depth) },
		)
	}
	return false
}

// wholeColumn is whole for a column.
func (s scope) wholeColumn(branch *selectstmt.Select, ref selectstmt.ColumnRef, depth int) bool {
	made, column := s.origins(branch, ref)
	if len(made) == 0 {
		return slices.Contains(integers, column.Type)
	}
	return !slices.ContainsFunc(made, func(o origin) bool { return !o.whole(o.branch, o.expr, depth) })
}
