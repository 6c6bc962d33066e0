package transform

import (
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Dependents tells which of the steps' models depend on a table or a function. It implements
// migration.Dependents.
type Dependents []Step

// Follows tells whether a model stores or reads the table.
func (d Dependents) Follows(table string) bool {
	return slices.ContainsFunc(d, func(s Step) bool {
		return s.Model != nil && (s.Table == catalogue.Name(table) || slices.Contains(
			s.Reads, catalogue.Name(table),
		) || slices.Contains(s.Writes, catalogue.Name(table)))
	})
}

// Uses tells whether a model that reads the table names the column.
func (d Dependents) Uses(table, column string) bool {
	return slices.ContainsFunc(d, func(s Step) bool {
		return s.Model != nil && slices.Contains(s.Reads, catalogue.Name(table)) &&
			(sqlfile.NamesAny(s.File.Render(sqlfile.Postgres), column) ||
				sqlfile.NamesAny(s.File.Render(sqlfile.Redshift), column))
	})
}

// Callers are the names of the steps whose SQL calls the function.
func (d Dependents) Callers(function string) []string {
	var out []string
	for _, step := range d {
		if step.Model != nil && step.Model.Calls(function) {
			out = append(out, step.Name)
		}
	}
	return out
}
