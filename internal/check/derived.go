package check

import (
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
)

// Derived are the checks that every project has without a line of SQL: those that follow from the
// rules of its models, that nothing staged is left unprocessed in the staging tables, and that the
// last load refused nothing.
func Derived(rules []model.Rule, staging []string) []Check {
	var out []Check
	for _, rule := range rules {
		check := Check{
			Name: rule.Name, Description: rule.Description(), Hint: rule.Hint(), Severity: Error, Rule: &rule,
			Query: query.Text("check "+rule.Name, rule.Violations(model.Place{})),
		}
		if rule.Warn {
			check.Severity = Warn
		}
		out = append(out, check)
	}
	if len(staging) > 0 {
		out = append(out, Check{
			Name: "staged-unprocessed", Description: "every staged row is processed", Severity: Error, Flags: true,
			Query: query.Text("check staged-unprocessed", model.Unprocessed(staging)),
		})
	}
	return append(out, Check{
		Name: "rejects-in-last-load", Description: "the last load refused no record", Severity: Warn,
		Query: query.Text("check rejects-in-last-load", dwhdb.RejectsInLastLoad),
	})
}

// In is the check of a rule where it looks for its tables at a place.
func (c Check) In(p model.Place) Check {
	c.Query = query.Text("check "+c.Name, c.Rule.Violations(p))
	return c
}
