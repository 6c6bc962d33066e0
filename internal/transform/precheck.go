package transform

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// checking makes checks in one transaction, between which nothing is written. It finds out cheaply,
// where it can, that a check has no violation.
type checking struct {
	r        *Runner
	tx       pgx.Tx
	settings check.Settings
	cache    *check.PrecheckCache
	// rules are those of the checks to make; kept says of some of them that no row breaks any, once
	// that is known.
	rules map[ruleGroup][]model.Rule
	kept  map[ruleGroup]bool
}

// A ruleGroup is rules that one pass counts: those of a table and a severity. A warning may stand
// for long, and errors are still counted together.
type ruleGroup struct {
	table string
	warn  bool
}

func groupOf(rule model.Rule) ruleGroup { return ruleGroup{rule.Table, rule.Warn} }

// newChecking begins to make checks.
func (r *Runner) newChecking(
	tx pgx.Tx, cache *check.PrecheckCache, settings check.Settings, checks []check.Check,
) *checking {
	c := &checking{
		r: r, tx: tx, settings: settings, cache: cache,
		rules: map[ruleGroup][]model.Rule{}, kept: map[ruleGroup]bool{},
	}
	for _, one := range checks {
		if one.Rule != nil {
			c.rules[groupOf(*one.Rule)] = append(c.rules[groupOf(*one.Rule)], *one.Rule)
		}
	}
	return c
}

// passes tells that a check is known to have no violation. narrowed says that it sees less than
// whole tables; at is where the check of a rule finds its tables.
func (c *checking) passes(ctx context.Context, one check.Check, narrowed bool, at model.Place) (clean bool, err error) {
	switch {
	case one.Rule != nil && one.Rule.Countable(at):
		return c.keeps(ctx, groupOf(*one.Rule), at)
	case one.Precheck != nil && !narrowed && c.r.Engine == sqlfile.Postgres:
		err = c.r.grouping(ctx, c.tx, one, func() error {
			clean, err = one.Precheck.Proves(ctx, c.cache, c.settings)
			return err
		})
	}
	return clean, err
}

// keeps tells whether no row breaks any of the countable rules of a group, by one pass over the
// table. A single rule is not worth a pass of its own.
func (c *checking) keeps(ctx context.Context, group ruleGroup, at model.Place) (bool, error) {
	if kept, known := c.kept[group]; known {
		return kept, nil
	}
	rules := slices.DeleteFunc(slices.Clone(c.rules[group]), func(r model.Rule) bool { return !r.Countable(at) })
	if len(rules) < 2 {
		return false, nil
	}
	var broken int64
	if err := c.tx.QueryRow(ctx, model.CountBroken(rules, at)).Scan(&broken); err != nil {
		return false, fmt.Errorf("check the rules of %s: %w", group.table, err)
	}
	c.kept[group] = broken == 0
	return broken == 0, nil
}

// run makes one check.
func (c *checking) run(ctx context.Context, one check.Check, at model.Place) (result check.Result, err error) {
	asked := one
	if one.Rule != nil && at != (model.Place{}) {
		asked = one.In(at)
	}
	if one.Own && c.r.Engine == sqlfile.Postgres {
		result, err = c.r.readOnly(ctx, c.tx, asked, c.settings)
	} else {
		err = c.r.grouping(ctx, c.tx, one, func() error {
			result, err = asked.Run(ctx, c.tx, c.settings)
			return err
		})
	}
	result.Check = one // with the query as people know it
	return result, err
}

// checkAll makes checks over everything, one after the other, but those that the server itself
// makes good: nil where it makes none.
func (r *Runner) checkAll(
	ctx context.Context, tx pgx.Tx, cache *check.PrecheckCache, checks []check.Check, settings check.Settings,
	enforced func(check.Check) bool,
) (results []check.Result, err error) {
	var open []check.Check
	done := make([]bool, len(checks))
	for i, one := range checks {
		if done[i] = enforced != nil && enforced(one); !done[i] {
			open = append(open, one)
		}
	}
	c := r.newChecking(tx, cache, settings, open)
	for i, one := range checks {
		if !done[i] {
			if done[i], err = c.passes(ctx, one, false, model.Place{}); err != nil {
				return results, err
			}
		}
		result := check.Result{Check: one}
		if !done[i] {
			if result, err = c.run(ctx, one, model.Place{}); err != nil {
				return results, err
			}
		}
		results = append(results, result)
	}
	return results, nil
}
