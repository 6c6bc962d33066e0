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
	for _, item := range checks {
		if item.Rule != nil {
			c.rules[groupOf(*item.Rule)] = append(c.rules[groupOf(*item.Rule)], *item.Rule)
		}
	}
	return c
}

// passes tells that a check is known to have no violation. narrowed says that it sees less than
// whole tables; at is where the check of a rule finds its tables.
func (c *checking) passes(
	ctx context.Context, item check.Check, narrowed bool, at model.Place,
) (clean bool, err error) {
	switch {
	case item.Rule != nil && item.Rule.Countable(at):
		return c.keeps(ctx, groupOf(*item.Rule), at)
	case item.Precheck != nil && !narrowed && c.r.Engine == sqlfile.Postgres:
		err = c.r.grouping(ctx, c.tx, item, func() error {
			clean, err = item.Precheck.Proves(ctx, c.cache, c.settings)
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
func (c *checking) run(ctx context.Context, item check.Check, at model.Place) (result check.Result, err error) {
	asked := item
	if item.Rule != nil && at != (model.Place{}) {
		asked = item.In(at)
	}
	if item.Own && c.r.Engine == sqlfile.Postgres {
		result, err = c.r.readOnly(ctx, c.tx, asked, c.settings)
	} else {
		err = c.r.grouping(ctx, c.tx, item, func() error {
			result, err = asked.Run(ctx, c.tx, c.settings)
			return err
		})
	}
	result.Check = item // with the query as people know it
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
	for i, item := range checks {
		if done[i] = enforced != nil && enforced(item); !done[i] {
			open = append(open, item)
		}
	}
	c := r.newChecking(tx, cache, settings, open)
	for i, item := range checks {
		if !done[i] {
			if done[i], err = c.passes(ctx, item, false, model.Place{}); err != nil {
				return results, err
			}
		}
		result := check.Result{Check: item}
		if !done[i] {
			if result, err = c.run(ctx, item, model.Place{}); err != nil {
				return results, err
			}
		}
		results = append(results, result)
	}
	return results, nil
}
