package gate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Checker makes checks in one transaction.
type Checker struct {
	Tx     pgx.Tx         // in which the checks' queries run
	Engine sqlfile.Engine // of the warehouse behind Tx
	// Settings are the checks' settings. Their Now is set whenever checks begin.
	Settings check.Settings
	// Cache keeps what prechecks have read, for as long as nothing is written to the tables. nil:
	// only among checks that are made together.
	Cache *check.PrecheckCache
}

// Run makes checks over whole tables, one after the other.
func (c Checker) Run(ctx context.Context, checks []check.Check) ([]check.Result, error) {
	return c.run(ctx, checks, func(check.Check) bool { return false })
}

// run is Run without the checks that the server itself makes good.
func (c Checker) run(
	ctx context.Context, checks []check.Check, enforced func(check.Check) bool,
) (results []check.Result, err error) {
	var open []check.Check
	done := make([]bool, len(checks))
	for i, candidate := range checks {
		if done[i] = enforced(candidate); !done[i] {
			open = append(open, candidate)
		}
	}
	p := c.begin(open)
	for i, candidate := range checks {
		if !done[i] {
			if done[i], err = p.proves(ctx, candidate, false, model.Place{}); err != nil {
				return results, err
			}
		}
		result := check.Result{Check: candidate}
		if !done[i] {
			if result, err = p.run(ctx, candidate, model.Place{}); err != nil {
				return results, err
			}
		}
		results = append(results, result)
	}
	return results, nil
}

// A pass makes checks between which nothing is written. It finds out cheaply, where it can, that a
// check has no violation.
type pass struct {
	Checker
	rules map[ruleGroup][]model.Rule // of the checks to make
	kept  map[ruleGroup]bool         // no row breaks any of the rules; absent: not known yet
}

// A ruleGroup is rules that one query counts: those of a table and a severity. A warning may stand
// for long, and errors are still counted together.
type ruleGroup struct {
	table string
	warn  bool
}

func groupOf(rule model.Rule) ruleGroup { return ruleGroup{rule.Table, rule.Warn} }

// begin begins to make checks.
func (c Checker) begin(checks []check.Check) *pass {
	c.Settings.Now = time.Now()
	if c.Cache == nil {
		c.Cache = check.NewPrecheckCache(c.Tx)
	}
	p := &pass{Checker: c, rules: map[ruleGroup][]model.Rule{}, kept: map[ruleGroup]bool{}}
	for _, candidate := range checks {
		if rule := candidate.Rule; rule != nil {
			p.rules[groupOf(*rule)] = append(p.rules[groupOf(*rule)], *rule)
		}
	}
	return p
}

// proves tells whether a check is known to have no violation. narrowed says that it sees less than
// whole tables; at is where the check of a rule finds its tables.
func (p *pass) proves(ctx context.Context, c check.Check, narrowed bool, at model.Place) (clean bool, err error) {
	switch {
	case c.Rule != nil && c.Rule.Countable(at):
		return p.keeps(ctx, groupOf(*c.Rule), at)
	case c.Precheck != nil && !narrowed && p.Engine == sqlfile.Postgres:
		err = p.grouping(ctx, c, func() error {
			clean, err = c.Precheck.Proves(ctx, p.Cache, p.Settings)
			return err
		})
	}
	return clean, err
}

// keeps tells whether no row breaks any of the countable rules of a group, by one pass over the
// table. A single rule is not worth a pass of its own.
func (p *pass) keeps(ctx context.Context, group ruleGroup, at model.Place) (bool, error) {
	if kept, known := p.kept[group]; known {
		return kept, nil
	}
	rules := slices.DeleteFunc(slices.Clone(p.rules[group]), func(r model.Rule) bool { return !r.Countable(at) })
	if len(rules) < 2 {
		return false, nil
	}
	var broken int64
	if err := p.Tx.QueryRow(ctx, model.CountBroken(rules, at)).Scan(&broken); err != nil {
		return false, fmt.Errorf("check the rules of %s: %w", group.table, err)
	}
	p.kept[group] = broken == 0
	return broken == 0, nil
}

// run makes one check.
func (p *pass) run(ctx context.Context, c check.Check, at model.Place) (result check.Result, err error) {
	placed := c
	if c.Rule != nil && at != (model.Place{}) {
		placed = c.In(at)
	}
	if c.Own && p.Engine == sqlfile.Postgres {
		result, err = p.readOnly(ctx, placed)
	} else {
		err = p.grouping(ctx, c, func() error {
			result, err = placed.Run(ctx, p.Tx, p.Settings)
			return err
		})
	}
	result.Check = c // with the query as people know it
	return result, err
}

// readOnly makes a project's check in a subtransaction that cannot write: a WITH or a function in
// it might. On Redshift no function of a SELECT can write, and lint refuses the rest.
func (p *pass) readOnly(ctx context.Context, c check.Check) (result check.Result, err error) {
	within, err := p.Tx.Begin(ctx)
	if err != nil {
		return result, fmt.Errorf("set a savepoint: %w", err)
	}
	if _, err = within.Exec(ctx, "SET LOCAL transaction_read_only = on"); err == nil {
		result, err = c.Run(ctx, within, p.Settings)
	}
	// The setting cannot be taken back but by going back to the savepoint.
	if undone := within.Rollback(ctx); undone != nil && err == nil {
		err = fmt.Errorf("go back to a savepoint: %w", undone)
	}
	return result, err
}

// grouping does something for a check, with PostgreSQL grouping rows as the check wants it.
func (p *pass) grouping(ctx context.Context, c check.Check, do func() error) error {
	if !c.Sorts || p.Engine != sqlfile.Postgres {
		return do()
	}
	if _, err := p.Tx.Exec(ctx, "SET LOCAL enable_hashagg = off"); err != nil {
		return fmt.Errorf("set how to group: %w", err)
	}
	if err := do(); err != nil {
		return err
	}
	if _, err := p.Tx.Exec(ctx, "SET LOCAL enable_hashagg = DEFAULT"); err != nil {
		return fmt.Errorf("set how to group: %w", err)
	}
	return nil
}
