package transform

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Dependents tells which of the steps' models depend on a table or a function. It implements
// migration.Dependents.
type Dependents []Step

// Follows tells whether a model stores or reads the table.
func (d Dependents) Follows(table string) bool {
	return slices.ContainsFunc(d, func(s Step) bool {
		return s.Model != nil && (s.Table == catalogue.Name(table) || slices.Contains(s.Reads, catalogue.Name(table)) || slices.Contains(s.Writes, catalogue.Name(table)))
	})
}

// Callers are the names of the steps whose SQL calls the function.
func (d Dependents) Callers(function string) []string {
	var out []string
	for _, step := range d {
		if step.Model != nil && slices.ContainsFunc(step.statements, func(s sqlfile.Statement) bool { return calls(s, function) }) {
			out = append(out, step.Name)
		}
	}
	return out
}

// calls tells whether a statement has the function's name in front of a parenthesis.
func calls(statement sqlfile.Statement, function string) bool {
	tokens := significant(statement)
	for i, t := range tokens[:max(0, len(tokens)-1)] {
		if tokens[i+1].Text == "(" && strings.EqualFold(t.Value(), function) {
			return true
		}
	}
	return false
}
