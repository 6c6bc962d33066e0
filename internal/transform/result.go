package transform

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/model"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/publish"
	"github.com/sparkify/dwh/internal/table"
)

// StepResult is what one model did.
type StepResult struct {
	Step     string         // its name, such as 210_f_order
	Table    catalogue.Name // the relation of the model
	Helper   bool           // nothing is stored: the model is a helper
	RowsIn   int64          // unprocessed rows of the staging tables that it follows from
	RowsOut  int64          // rows written to its table, or that a build gave
	Change   model.Change   // what became of its rows, by keys
	Duration time.Duration  // how long the step took

	ended time.Time
}

// Summary says in words what became of a table's rows: "812 added, 12 healed"; "" for nothing.
func Summary(c model.Change) string {
	var words []string
	for _, counted := range []struct {
		rows int64
		what string
	}{{c.Added, "added"}, {c.Changed, "changed"}, {c.Healed, "healed"}, {c.Removed, "removed"}} {
		if counted.rows != 0 {
			words = append(words, fmt.Sprintf("%s %s", table.Count(counted.rows), counted.what))
		}
	}
	return strings.Join(words, ", ")
}

// Result is what a run did.
// fields: each is a fact of its own, and commands print nearly all.
type Result struct {
	Run         string               // its id in the journal
	Loads       []load.Result        // what each of the loads did
	Waiting     []load.Waiting       // refused records that the COPY of today may load
	Transforms  []StepResult         // what each of the models did
	Flagged     int64                // staged rows that are processed since this run
	Differences []publish.Difference // a replay: what it changed, or would change
	Examples    []publish.Example    // a comparison: some of the rows that differ, by table
	Stale       []string             // why it replayed; empty for no reason
	Replayed    bool                 // it replayed, or compared with a replay
	Checks      []check.Result       // what the checks of the gate found
	Steps       []progress.Taken     // all steps, in their order; together they take about Duration
	Duration    time.Duration        // of the run as a whole

	known
}

// known is what a run has found out, for what follows it.
type known struct {
	noted      int                      // the steps in the journal
	everything bool                     // Checks looked at all rows
	warnings   []check.Result           // of severity warn over all rows, where they were made
	counts     []TableCount             // rows of every table, where they were counted
	analyzed   []catalogue.Name         // tables of which the planner knows what the run wrote
	waiting    map[catalogue.Name]int64 // rows of each staging table that were not processed before
}

// Stages are the steps that belong to no file.
func (r Result) Stages() []progress.Taken {
	return slices.DeleteFunc(slices.Clone(r.Steps), func(t progress.Taken) bool { return t.Sort != progress.Stage })
}

// Changed tells whether a difference was found or written.
func (r Result) Changed() bool {
	return slices.ContainsFunc(r.Differences, publish.Difference.Some)
}

// TableCount is how many rows a table holds.
type TableCount struct {
	Table catalogue.Name // the name of the table
	Rows  int64
}
