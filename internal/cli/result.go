package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// commandLine is how the journal calls the command: its words, without the values of flags that
// could hold a secret, or that name a person whose records are erased.
func (a *app) commandLine() string {
	secret := []string{"database-url", "match"}
	for _, knownErasable := range a.knownErasables() {
		secret = append(secret, knownErasable.flag)
	}
	var words []string
	hide := false
	for _, word := range a.args[1:] {
		name, _, valued := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case hide:
			word, hide = "xxxxx", false
		case strings.HasPrefix(word, "-") && slices.Contains(secret, name) && valued:
			word = "--" + name + "=xxxxx"
		case strings.HasPrefix(word, "-") && slices.Contains(secret, name):
			hide = true
		default:
			word = config.RedactDSN(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// extent says which steps a run was told to take.
type extent int

// The extents.
const (
	everyStep   extent = iota
	someSteps          // chosen by name: nothing is flagged as processed
	someLoads          // chosen by name, no transform among them
	justLoading        // a command that only loads
)

// printResult says what a run did, as text on Stdout.
func (a *app) printResult(result transform.Result, of extent) error {
	paint := a.out.ink()
	for _, load := range result.Loads {
		if load.Skipped != "" {
			continue
		}
		line := fmt.Sprintf("loaded %s from %s into %s", paint.counted(load.Rows, "row"), paint.counted(load.Objects,
			"object"), load.Table)
		if load.Known > 0 {
			line += fmt.Sprintf(" (%s loaded before)", counted(load.Known, "object"))
		}
		if load.GivenUp > 0 {
			line += fmt.Sprintf(" (%s skipped or quarantined before)", counted(load.GivenUp, "object"))
		}
		if load.Rejects > 0 {
			line += ", " + paint.dye(table.Caution, counted(load.Rejects, "reject"))
		}
		if _, err := fmt.Fprintln(a.out.Stdout, line); err != nil {
			return err
		}
	}
	for _, step := range result.Transforms {
		if said := transform.Summary(step.Change); said != "" && !result.Replayed {
			if _, err := fmt.Fprintf(a.out.Stdout, "%s: %s\n", step.Table, said); err != nil {
				return err
			}
		}
	}
	if result.Replayed {
		return a.printChanges(result)
	}
	if closing := closingLine(result, of, paint); closing != "" {
		_, err := fmt.Fprintln(a.out.Stdout, closing)
		return err
	}
	return nil
}

// closingLine says in one line what was transformed, as far as that was asked for.
func closingLine(result transform.Result, of extent, paint ink) string {
	took := paint.took(result.Duration)
	switch {
	case of == justLoading:
		return ""
	case of == someLoads:
		return fmt.Sprintf("--only named no transform %s", took)
	case len(result.Transforms) == 0:
		return "nothing to transform"
	case of == someSteps:
		var ran []string
		for _, step := range result.Transforms {
			if !step.Helper {
				ran = append(ran, step.Step)
			}
		}
		return fmt.Sprintf(
			"ran %s; because of --only the staged rows stay unprocessed for the next run %s",
			strings.Join(ran, ", "), took,
		)
	}
	return fmt.Sprintf("transformed %s %s", paint.counted(result.Flagged, "row"), took)
}

// printChanges shows what a replay changed, or would change.
func (a *app) printChanges(result transform.Result) error {
	if err := a.out.Table(changesTable(result), table.Text); err != nil {
		return err
	}
	if !result.Changed() {
		_, err := fmt.Fprintln(a.out.Stdout, a.out.ink().dye(table.Good, "nothing differs"))
		return err
	}
	for _, example := range result.Examples {
		if _, err := fmt.Fprintln(a.out.Stdout, printable(exampleText(example))); err != nil {
			return err
		}
	}
	return nil
}

func changesTable(result transform.Result) table.Table {
	t := table.Table{Columns: columns(
		column{name: "table", narrow: table.NarrowKeep}, column{name: "rows"}, column{name: "added", style: strong},
		column{name: "changed", style: strong}, column{name: "removed", style: strong})}
	for _, change := range result.Differences {
		t.Rows = append(t.Rows, []any{string(change.Table), change.Rows, change.Added, change.Changed, change.Removed})
	}
	return t
}

// showViolations prints the rows that a failed gate found, and hands the error on.
func (a *app) showViolations(err error) error {
	var failed *check.FailedError
	if !errors.As(err, &failed) {
		return err
	}
	for _, result := range failed.Results {
		a.out.line("%s", printable(result.Check.Name+": "+result.Check.Description))
		var text strings.Builder
		if writeErr := table.Render(
			&text, result.Rows, table.Text,
			table.TextOptions{Width: a.out.Width, ASCII: !a.out.UTF8},
		); writeErr == nil {
			a.out.line("%s", printable(strings.TrimRight(text.String(), "\n")))
		}
	}
	return err
}

type runJSON struct {
	Run         string          `json:"run"`
	Loads       []loadJSON      `json:"loads"`
	Waiting     []waitingJSON   `json:"waiting"` // refused records that wait for dwh reject retry
	Transforms  []transformJSON `json:"transforms"`
	Flagged     int64           `json:"flagged"`
	Replayed    bool            `json:"replayed"`
	Stale       []string        `json:"stale"`
	Differences []changeJSON    `json:"differences"`
	Checks      []checkJSON     `json:"checks"`
	Steps       []stepJSON      `json:"steps"` // all that took time, in their order
	Seconds     float64         `json:"seconds"`
}

// stepJSON is a step of a run with its time: a load, a model, or index, compare, apply, check,
// publish or full check.
type stepJSON struct {
	Name    string  `json:"name"`
	Number  int     `json:"number,omitempty"` // from 1
	Of      int     `json:"of,omitempty"`     // how many steps the run has
	Seconds float64 `json:"seconds"`
}

type waitingJSON struct {
	Table   string `json:"table"`
	Records int64  `json:"records"`
}

type loadJSON struct {
	Step    string  `json:"step"`
	Table   string  `json:"table"`
	Skipped string  `json:"skipped,omitempty"`
	Objects int64   `json:"objects"`
	Known   int64   `json:"known"`    // loaded before
	GivenUp int64   `json:"given_up"` // skipped or quarantined before
	Rows    int64   `json:"rows"`
	Rejects int64   `json:"rejects"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

type transformJSON struct {
	Step    string  `json:"step"`
	Table   string  `json:"table"`
	RowsIn  int64   `json:"rows_in"`
	RowsOut int64   `json:"rows_out"`
	Added   int64   `json:"added"`
	Changed int64   `json:"changed"`
	Healed  int64   `json:"healed"`
	Removed int64   `json:"removed"`
	Seconds float64 `json:"seconds"`
}

type changeJSON struct {
	Name    string `json:"name"` // of the table
	Table   string `json:"table"`
	Rows    int64  `json:"rows"`
	Added   int64  `json:"added"`
	Changed int64  `json:"changed"`
	Removed int64  `json:"removed"`
	// Examples are left out where nothing differs, and in a replay that writes the difference.
	Examples []exampleJSON `json:"examples,omitempty"`
}

func changesJSON(result transform.Result) []changeJSON {
	out := []changeJSON{}
	for _, change := range result.Differences {
		out = append(
			out,
			changeJSON{
				Name: string(change.Table), Table: string(change.Table), Rows: change.Rows, Added: change.Added,
				Changed: change.Changed, Removed: change.Removed, Examples: examplesJSON(result.Examples, change.Table),
			},
		)
	}
	return out
}

func resultJSON(result transform.Result) runJSON {
	out := runJSON{
		Run: result.Run, Loads: []loadJSON{}, Transforms: []transformJSON{},
		Flagged: result.Flagged, Replayed: result.Replayed,
		Stale: append(
			[]string{}, result.Stale...,
		), Differences: changesJSON(result), Checks: checksJSON(result.Checks), Seconds: result.Duration.Seconds(),
	}
	out.Steps = []stepJSON{}
	for _, step := range result.Steps {
		out.Steps = append(out.Steps, stepJSON{
			Name: step.Name, Number: step.Number, Of: step.Of, Seconds: step.Duration.Seconds(),
		})
	}
	out.Waiting = []waitingJSON{}
	for _, waiting := range result.Waiting {
		out.Waiting = append(out.Waiting, waitingJSON{Table: string(waiting.Table), Records: waiting.Records})
	}
	for _, load := range result.Loads {
		out.Loads = append(out.Loads, loadJSON{
			Step: load.Step, Table: string(
				load.Table,
			), Skipped: load.Skipped, Objects: load.Objects, Known: load.Known, GivenUp: load.GivenUp, Rows: load.Rows,
			Rejects: load.Rejects, Bytes: load.Bytes, Seconds: load.Duration.Seconds(),
		})
	}
	for _, step := range result.Transforms {
		out.Transforms = append(out.Transforms, transformJSON{
			Step: step.Step, Table: string(step.Table), RowsIn: step.RowsIn, RowsOut: step.RowsOut,
			Added: step.Change.Added, Changed: step.Change.Changed, Healed: step.Change.Healed,
			Removed: step.Change.Removed, Seconds: step.Duration.Seconds(),
		})
	}
	return out
}
