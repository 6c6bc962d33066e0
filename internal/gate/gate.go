// Package gate runs the checks that a run has to pass before it commits. Begin with Gate.Check: it
// narrows each check to the rows that the run touched (narrow.go), and runs it (checker.go).
package gate

import (
	"context"
	"slices"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
)

// Options say what a Gate checks, and where.
type Options struct {
	Checker
	Checks []check.Check // those of other severities than error are left out
	// Scratch is the schema for tables and views of touched rows. Live is that of the tables that
	// readers use.
	Scratch, Live catalogue.Name
	Tables        map[catalogue.Name]catalogue.Table // the live tables
	Staged        []catalogue.Table                  // the staging tables among Tables
	// Touched makes a table of the rows of a table that the run touched, in Scratch. ok is false
	// where the run does not know them. nil: the run touched everything, so that no check is
	// narrowed, which would only cost.
	Touched func(ctx context.Context, table string) (rows *model.Table, ok bool, err error)
	// Writes tells whether the run's steps write a table of models. Required.
	Writes func(table catalogue.Name) bool
	// LacksKey tells whether a table stands without its key for now, so that the server does not
	// keep it unique. Required.
	LacksKey func(table catalogue.Name) bool
}

// A Gate checks one run in its transaction.
type Gate struct {
	Options
	narrowed map[catalogue.Name]narrowed // the touched rows of tables, once somebody asks
	shown    []catalogue.Name            // the tables that views of touched rows stand before
}

// New returns the Gate of a run.
func New(o Options) *Gate { return &Gate{Options: o, narrowed: map[catalogue.Name]narrowed{}} }

// Moment says where in a run the Gate is asked.
type Moment int

// The moments.
const (
	BeforeFlags Moment = iota // the new rows are not flagged as processed yet
	AfterFlags                // for the checks that are about the flags
)

// Check runs the checks of severity error that belong to a moment, each over what the run touched
// as far as the check allows that. The check of a rule reads the touched rows themselves. For
// others a view of the touched rows stands before the live table in search_path. A check of tables
// that no step of the run writes is left out. The results hold what was found: Check itself refuses
// nothing.
func (g *Gate) Check(ctx context.Context, moment Moment) (results []check.Result, err error) {
	ctx, span := telemetry.Begin(ctx, "gate")
	defer func() { span.End(err, Attributes(results)...) }()
	var chosen []gated
	var open []check.Check
	for _, candidate := range g.Checks {
		if candidate.Severity != check.Error || candidate.Ungated || candidate.Flags != (moment == AfterFlags) ||
			!g.concerns(candidate) {
			continue
		}
		next := gated{result: check.Result{Check: candidate}, done: g.enforced(candidate)}
		if !next.done && g.Touched != nil {
			if err := g.narrow(ctx, &next); err != nil {
				return nil, err
			}
		}
		if !next.done {
			open = append(open, candidate)
		}
		chosen = append(chosen, next)
	}
	p := g.begin(open)
	for _, i := range together(chosen) {
		if err := g.run(ctx, p, &chosen[i]); err != nil {
			return nil, err
		}
	}
	for _, item := range chosen {
		results = append(results, item.result)
	}
	return results, nil
}

// run makes one check of the gate, unless something cheaper proves that it has no violation.
func (g *Gate) run(ctx context.Context, p *pass, item *gated) error {
	if item.done {
		return nil
	}
	if item.result.Check.Rule == nil {
		if err := g.show(ctx, item); err != nil {
			return err
		}
	}
	proved, err := p.proves(ctx, item.result.Check, len(item.tables) > 0, item.at)
	if err != nil || proved {
		return err
	}
	item.result, err = p.run(ctx, item.result.Check, item.at)
	return err
}

// Everything runs all checks of severity error over whole tables, as a replay has to pass them.
func (g *Gate) Everything(ctx context.Context) ([]check.Result, error) {
	severe := slices.DeleteFunc(
		slices.Clone(g.Checks), func(c check.Check) bool { return c.Severity != check.Error },
	)
	return g.Checker.run(ctx, severe, g.enforced)
}

// gated is a check in a gate.
type gated struct {
	result check.Result
	tables []catalogue.Name // that it sees narrowed, by views
	at     model.Place      // of the check of a rule: the touched rows
	done   bool             // nothing has to run
}

// concerns tells whether the run writes the tables that a check is about. A reference is about both
// of its tables, since rows that are referred to may go away.
func (g *Gate) concerns(c check.Check) bool {
	writes := func(name string) bool { return g.Writes(catalogue.Name(name)) }
	if c.Rule != nil {
		return writes(c.Rule.Table) || c.Rule.Kind == model.RuleExists && writes(c.Rule.To)
	}
	return !slices.ContainsFunc(c.Touched, func(name string) bool { return !writes(name) })
}

// enforced tells whether the server itself keeps what a check looks for from being written:
// PostgreSQL enforces a primary key and NOT NULL. Redshift does not enforce a key.
func (g *Gate) enforced(c check.Check) bool {
	if g.Engine != sqlfile.Postgres || c.Rule == nil {
		return false
	}
	name := catalogue.Name(c.Rule.Table)
	if g.LacksKey(name) {
		return false // it stands in the scratch schema, without its key
	}
	table := g.Tables[name]
	has := func(columns []catalogue.Name) bool {
		return !slices.ContainsFunc(c.Rule.Key, func(column string) bool {
			return !slices.Contains(columns, catalogue.Name(column))
		})
	}
	switch c.Rule.Kind {
	case model.RuleUnique:
		return len(table.Key) == len(c.Rule.Key) && has(table.Key)
	case model.RulePresent:
		return has(table.Required)
	}
	return false
}

// Attributes are what a span says of checks.
func Attributes(results []check.Result) []telemetry.Attribute {
	var violations int64
	for _, result := range results {
		if result.Check.Severity == check.Error {
			violations += result.Violations
		}
	}
	return []telemetry.Attribute{telemetry.Checks(len(results)), telemetry.Violations(violations)}
}
