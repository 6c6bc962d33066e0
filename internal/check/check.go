// Package check holds the data-quality checks: queries whose rows are violations.
package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
)

// Severity says whether a violation stops a commit (Error) or only warns (Warn).
type Severity string

// The severities. A violation of Error stops the commit and ends a command with exit code 3. A
// violation of Warn is printed as a warning.
const (
	Error Severity = "error"
	Warn  Severity = "warn"
)

// Settings are the values from dwh.yaml that checks use.
type Settings struct {
	MatchedShare float64       // the share of plays with a song, 0 to 1, below which is a warning
	MaxAge       time.Duration // how old the newest play may be; 0 turns the check off
	Now          time.Time     // the moment ages are counted from
}

// Check is one query and what its rows mean.
type Check struct {
	Name        string
	Description string // what must hold, in a sentence for people
	// Hint says what to do where the check demands too much; "" for nothing.
	Hint     string
	Severity Severity
	Query    query.Query
	// Args are the values of the query's parameters. on is false where the settings turn the check
	// off. nil: the query has no parameters, and is always on.
	Args func(Settings) (args map[string]any, on bool)
	// Limit is what the settings demand, in words such as "at least 10 %"; nil for nothing.
	Limit func(Settings) string
	// Off says why the settings turn the check off, and what to set; "" for nothing to say.
	Off string
	// Rule is the rule of a model that the check follows from; nil of a check with a text of its
	// own.
	Rule *model.Rule
	// Touched names the tables that a run's gate may narrow to what the run touched: the check
	// finds the same violations among those rows, and needs all the other tables whole. Empty: it
	// always reads everything. A check that follows from a rule says the same by its rule.
	Touched []string
	// Ungated says that the check is left out of the gate: it runs only where everything is
	// checked.
	Ungated bool
	// Flags says that the check is about the flags, which a run sets last.
	Flags bool
	// Sorts says that the check groups rows into nearly as many groups, which PostgreSQL does
	// faster by sorting than by hashing, though it expects the opposite.
	Sorts bool
	// Own says that the check is a project's: its text is not ours, and it runs read-only wherever
	// it runs.
	Own bool
	// Precheck, where it is not nil, may prove that the check has no violation in whole tables.
	Precheck *Precheck
}

// Project reads a user's checks, NAME.sql in fsys: one SELECT each, whose rows are the violations.
// dir names the folder in errors. A :'name' in it has its value from vars; one that is not there is
// an error with its place.
func Project(fsys fs.FS, dir string, engine sqlfile.Engine, vars map[string]string) ([]Check, error) {
	found, err := query.Folder(fsys, dir, engine, func(_ sqlfile.Header, name string) (problem, hint string) {
		if _, ok := vars[name]; ok {
			return "", ""
		}
		return fmt.Sprintf("undefined variable :'%s'", name), fmt.Sprintf(
			"give %s a value under variables: in dwh.yaml, or write the value itself", name,
		)
	})
	if err != nil {
		return nil, err
	}
	out := make([]Check, 0, len(found))
	for _, file := range found {
		check := Check{
			Name: file.Name, Description: file.Header.Description, Severity: Error, Query: file.Query, Own: true,
			Ungated: file.Header.Gate == "no",
		}
		if file.Header.Severity == string(Warn) {
			check.Severity = Warn
		}
		args := map[string]any{}
		for _, name := range file.Query.Params() {
			args[name] = vars[name]
		}
		check.Args = func(Settings) (map[string]any, bool) { return args, true }
		out = append(out, check)
	}
	return out, nil
}

// An UnknownError is a name that no check has.
type UnknownError struct {
	Name  string
	Names []string // the checks that there are
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no check %q", e.Name) }

// ExitCode is 2: the command line has to change.
func (e *UnknownError) ExitCode() int { return 2 }

// Hint names the nearest check.
func (e *UnknownError) Hint() string { return suggest.Hint(e.Name, e.Names) }

// Select returns the named checks in their order in all, or all without names.
func Select(all []Check, names []string) ([]Check, error) {
	if len(names) == 0 {
		return all, nil
	}
	known := make([]string, 0, len(all))
	for _, check := range all {
		known = append(known, check.Name)
	}
	wanted := map[string]bool{}
	for _, name := range names {
		found := false
		for _, text := range known {
			found = found || text == name
		}
		if !found {
			return nil, &UnknownError{Name: name, Names: known}
		}
		wanted[name] = true
	}
	var out []Check
	for _, check := range all {
		if wanted[check.Name] {
			out = append(out, check)
		}
	}
	return out, nil
}

// keepRows is how many violations a result shows.
const keepRows = 10

// Result is the outcome of one check in one run.
type Result struct {
	Check      Check         // the check that ran
	Skipped    bool          // it is turned off
	Violations int64         // how many rows its query returned
	Rows       table.Table   // the first violations
	Duration   time.Duration // of its query; 0 where none was needed
}

// Failed tells whether a check of severity error found a violation.
func (r Result) Failed() bool { return r.Violations > 0 && r.Check.Severity == Error }

// Outcome is ok, warn, fail or off.
func (r Result) Outcome() string {
	switch {
	case r.Skipped:
		return "off"
	case r.Violations == 0:
		return "ok"
	case r.Check.Severity == Warn:
		return "warn"
	default:
		return "fail"
	}
}

// Run runs the check's query and returns its violations, counted, with the first rows.
func (c Check) Run(ctx context.Context, db query.Querier, s Settings) (Result, error) {
	var args map[string]any
	if c.Args != nil {
		var on bool
		if args, on = c.Args(s); !on {
			return Result{Check: c, Skipped: true}, nil
		}
	}
	started := time.Now()
	found, err := c.Query.Run(ctx, db, args, keepRows)
	if err != nil {
		var placed *sqlfile.Error
		var refused *query.RefusedError
		if errors.As(err, &placed) || errors.As(err, &refused) { // each names the check
			return Result{}, err
		}
		return Result{}, fmt.Errorf("check %s: %w", c.Name, err)
	}
	found.Table.Title = c.Name
	return Result{Check: c, Violations: found.Count, Rows: found.Table, Duration: time.Since(started)}, nil
}

// A FailedError says that checks of error severity found violations.
type FailedError struct {
	Results []Result // the results of the failed checks
	Kept    bool     // a commit was refused: readers still see what was there before
	Staged  []string // staging tables with rows that the refused run did not process
	Replay  bool     // it was a replay, and no staged row waits: the model or the check is new
}

func (e *FailedError) Error() string {
	names := make([]string, 0, len(e.Results))
	for _, result := range e.Results {
		names = append(names, fmt.Sprintf("%s (%s)", result.Check.Name, violations(result.Violations)))
	}
	text := "check failed: "
	if len(names) > 1 {
		text = "checks failed: "
	}
	text += strings.Join(names, ", ")
	if e.Kept {
		text += "; the models' tables are unchanged, readers still see the earlier state"
	}
	return text
}

func violations(n int64) string {
	if n == 1 {
		return "1 violation"
	}
	return fmt.Sprintf("%d violations", n)
}

// Hint says what to do where a check demands too much, and in a note behind that, where rows wait.
func (e *FailedError) Hint() string {
	var hints []string
	for _, result := range e.Results {
		if hint := result.Check.Hint; hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	if len(e.Staged) > 0 {
		rows := "the new rows of " + strings.Join(e.Staged, ", ") + " stay in staging, and the next run computes " +
			"them again: load a corrected record that wins, or erase them with dwh staging delete --table " +
			e.Staged[0] + " --match COLUMN=VALUE --yes"
		return suggest.Note(strings.Join(hints, "; "), rows)
	}
	if e.Replay {
		return suggest.Note(strings.Join(hints, "; "), "no new row waits in staging, and the next run replays "+
			"again: correct the model or the check, or erase the wrong records with dwh staging delete")
	}
	return strings.Join(hints, "; ")
}

// First is the first row that a failed check found, such as "x-ray: store 9, rows 1", cut to a
// line; "" where none was kept.
func (e *FailedError) First() string {
	for _, result := range e.Results {
		if len(result.Rows.Rows) == 0 {
			continue
		}
		var cells []string
		for i, value := range result.Rows.Rows[0] {
			if i < len(result.Rows.Columns) {
				cells = append(cells, fmt.Sprintf("%s %v", result.Rows.Columns[i].Name, value))
			}
		}
		text := []rune(strings.Join(strings.Fields(strings.Join(cells, ", ")), " "))
		if len(text) > longestFirst {
			text = append(text[:longestFirst], '…')
		}
		return result.Check.Name + ": " + string(text)
	}
	return ""
}

// WithFirstViolation is the text of an error with the first violation, where it is a *FailedError
// that has one.
func WithFirstViolation(err error) string {
	var failed *FailedError
	if errors.As(err, &failed) && failed.First() != "" {
		return strings.TrimSpace(err.Error()) + "; the first violation: " + failed.First()
	}
	return strings.TrimSpace(err.Error())
}

// longestFirst is how many characters of a row First shows.
const longestFirst = 300

// ExitCode is 3: a check of error severity failed.
func (e *FailedError) ExitCode() int { return 3 }

// Failed returns a *FailedError over the failed ones among results, or nil.
func Failed(results []Result, kept bool) error {
	var failed []Result
	for _, result := range results {
		if result.Failed() {
			failed = append(failed, result)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &FailedError{Results: failed, Kept: kept}
}
