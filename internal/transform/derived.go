package transform

import (
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/schema"
)

// Derived are the checks that follow from what the steps declare. tables are those that migrations
// make; they may be unknown, as far as names and headers tell enough. A wrong reference is a
// *sqlfile.Error.
func Derived(steps []Step, tables schema.Schema) ([]check.Check, error) {
	rules, err := model.Rules(models(steps), tables)
	if err != nil {
		return nil, err
	}
	return check.Derived(rules, staging(steps, tables)), nil
}

// staging are the tables with a flag that models read: those that loads fill, and others that
// migrations make, by name.
func staging(steps []Step, tables schema.Schema) []string {
	filled := loaded(steps)
	written := func(name catalogue.Name) bool {
		return slices.ContainsFunc(steps, func(s Step) bool {
			return !s.Load && (s.Table == name || slices.Contains(s.Writes, name))
		})
	}
	var out []string
	for _, step := range steps {
		for _, name := range step.Reads {
			flagged := slices.Contains(filled, string(name))
			if table, known := tables[string(name)]; known && !table.Unknown {
				_, flagged = table.Column(model.FlagColumn)
			}
			if flagged && !written(name) && !slices.Contains(out, string(name)) {
				out = append(out, string(name))
			}
		}
	}
	slices.Sort(out)
	return out
}
