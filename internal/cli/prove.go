package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/proof"
	"github.com/sparkify/dwh/internal/table"
)

// proveRun performs dwh verify --increments.
type proveRun struct {
	app     *app
	cfg     *config.Config
	json    bool
	options proof.Options
	seeded  bool // the command line names the seed
}

func (v proveRun) run(ctx context.Context) error {
	s, err := v.app.beginLinted(ctx, v.cfg, false, v.app.findings)
	if err != nil {
		return err
	}
	defer s.close()
	runner, watch, err := s.watched(ctx, true)
	if err != nil {
		return err
	}
	defer watch.stop()
	v.app.out.Status(
		"%s from staging, seed %d", counted(int64(v.options.Increments), "random increment"),
		v.options.Seed,
	)
	bar := v.app.out.Progress("deliver", nil)
	v.options.Delivered = func(number, _, _ int) {
		bar.Show(Amount{Done: int64(number), Total: int64(v.options.Increments)})
	}
	result, err := runner.Prove(ctx, v.options)
	bar.Done()
	if err != nil {
		return err
	}
	if v.json {
		if err := writeJSON(v.app.out, proofJSONOf(result)); err != nil {
			return err
		}
	} else if err := v.print(result); err != nil {
		return err
	}
	return v.judge(result)
}

// again is the command line that repeats a proof.
func (v proveRun) again() string {
	line := "dwh " + v.app.commandLine()
	if !v.seeded {
		line += fmt.Sprintf(" --seed %d", v.options.Seed)
	}
	return line
}

// judge is the error of a proof that found a difference.
func (v proveRun) judge(result proof.Result) error {
	d := result.Difference
	if d == nil {
		return nil
	}
	failed := &CheckFailed{
		Advice: fmt.Sprintf("%q repeats this result while the same rows are staged", v.again()),
	}
	if d.Err != nil {
		failed.Msg = fmt.Sprintf("delivery %d of seed %d: %s: %v", d.Delivery, result.Seed, d.Msg, d.Err)
		return failed
	}
	names := make([]string, len(d.Tables))
	for i, tableDifference := range d.Tables {
		names[i] = string(tableDifference.Table)
	}
	failed.Msg = fmt.Sprintf("after delivery %d of seed %d, %s differs from a complete build",
		d.Delivery, result.Seed, strings.Join(names, ", "))
	return failed
}

// print shows a proof to people.
func (v proveRun) print(result proof.Result) error {
	if result.Difference != nil {
		_, err := fmt.Fprint(v.app.out.Stdout, printable(differenceText(*result.Difference)))
		return err
	}
	t := table.Table{Columns: table.Columns("table", "rows", "changes")}
	for _, item := range result.Tables {
		t.Rows = append(t.Rows, []any{string(item.Name), item.Rows, item.Changes})
	}
	if err := v.app.out.Table(t, table.Text); err != nil {
		return err
	}
	out := v.app.out.Stdout
	if result.Refused > 0 {
		if _, err := fmt.Fprintf(
			out, "In %d of the deliveries the models refused the copies that had a column of another row. These "+
				"were delivered without the copies.\n",
			result.Refused,
		); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%s agreed with a complete build: seed %d, %s delivered, %s erased (%s)\n",
		counted(int64(result.Increments), "increment"), result.Seed, counted(result.Rows, "row"), count(result.Erased),
		seconds(result.Duration))
	return err
}

// differenceText says what differs, after which rows, and which header lines to look at.
func differenceText(d proof.Difference) string {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	rows := func(what string, some []string, all int64) {
		for _, row := range some {
			say("  %s %s", what, row)
		}
		if more := all - int64(len(some)); more > 0 && len(some) > 0 {
			say("  %s ... and %s more", what, count(more))
		}
	}
	for _, tableDifference := range d.Tables {
		say(
			"%s (%s): %s missing, %s too many", tableDifference.Table, tableDifference.Model, counted(
				tableDifference.Missing, "row",
			),
			count(tableDifference.Unexpected),
		)
		rows("missing: ", tableDifference.MissingRows, tableDifference.Missing)
		rows("too many:", tableDifference.UnexpectedRows, tableDifference.Unexpected)
	}
	say("These rows are enough to show the difference, in the increment of delivery %d:", d.Delivery)
	for _, staged := range d.Staged {
		if staged.Rows > 0 {
			say("%s: %s new", staged.Table, counted(int64(staged.Rows), "row"))
			rows("new:   ", staged.NewRows, int64(staged.Rows))
		}
		if staged.Erased > 0 {
			say("%s: %s erased", staged.Table, counted(int64(staged.Erased), "row"))
			rows("erased:", staged.ErasedRows, int64(staged.Erased))
		}
	}
	switch {
	case d.Found:
		say("Without this header line, the increment agrees:")
	case len(d.Lines) > 0:
		say(
			"No single header line explains the difference. The SELECT may read a table that it does not name, as " +
				"in a function, or",
		)
		say("it may depend on the order of rows. These header lines concern the delivery:")
	}
	for _, line := range d.Lines {
		say("%s:%d: %s", line.File, line.Line, line.Text)
		say("  %s", line.Advice)
	}
	return out.String()
}

type proofJSON struct {
	Seed       uint64               `json:"seed"`
	Increments int                  `json:"increments"`
	Rows       int64                `json:"rows"`
	Erased     int64                `json:"erased"`
	Refused    int                  `json:"refused"`
	Tables     []proofTableJSON     `json:"tables"`
	Difference *proofDifferenceJSON `json:"difference"`
	Seconds    float64              `json:"seconds"`
}

type proofTableJSON struct {
	Name    string `json:"name"`
	Rows    int64  `json:"rows"`
	Changes int64  `json:"changes"`
}

type proofDifferenceJSON struct {
	Delivery int                  `json:"delivery"`
	Error    string               `json:"error,omitempty"`
	Tables   []differentTableJSON `json:"tables"`
	Staged   []deliveredJSON      `json:"staged"`
	Lines    []headerLineJSON     `json:"lines"`
	Found    bool                 `json:"found"`
}

type differentTableJSON struct {
	Name           string   `json:"name"`
	Model          string   `json:"model"`
	Missing        int64    `json:"missing"`
	Unexpected     int64    `json:"unexpected"`
	MissingRows    []string `json:"missing_rows"`
	UnexpectedRows []string `json:"unexpected_rows"`
}

type deliveredJSON struct {
	Name       string   `json:"name"`
	Rows       int      `json:"rows"`
	Erased     int      `json:"erased"`
	NewRows    []string `json:"new_rows"`
	ErasedRows []string `json:"erased_rows"`
}

type headerLineJSON struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

func proofJSONOf(result proof.Result) proofJSON {
	out := proofJSON{
		Seed: result.Seed, Increments: result.Increments, Rows: result.Rows, Erased: result.Erased,
		Refused: result.Refused,
		Tables:  []proofTableJSON{}, Seconds: result.Duration.Seconds(),
	}
	for _, t := range result.Tables {
		out.Tables = append(out.Tables, proofTableJSON{Name: string(t.Name), Rows: t.Rows, Changes: t.Changes})
	}
	d := result.Difference
	if d == nil {
		return out
	}
	some := func(rows []string) []string { return append([]string{}, rows...) }
	found := &proofDifferenceJSON{
		Delivery: d.Delivery, Tables: []differentTableJSON{}, Staged: []deliveredJSON{}, Lines: []headerLineJSON{},
		Found: d.Found,
	}
	if d.Err != nil {
		found.Error = d.Msg + ": " + d.Err.Error()
	}
	for _, tableDifference := range d.Tables {
		found.Tables = append(found.Tables, differentTableJSON{
			Name: string(
				tableDifference.Table,
			), Model: tableDifference.Model, Missing: tableDifference.Missing, Unexpected: tableDifference.Unexpected,
			MissingRows: some(tableDifference.MissingRows), UnexpectedRows: some(tableDifference.UnexpectedRows),
		})
	}
	for _, staged := range d.Staged {
		found.Staged = append(found.Staged, deliveredJSON{
			Name: string(staged.Table), Rows: staged.Rows, Erased: staged.Erased,
			NewRows: some(staged.NewRows), ErasedRows: some(staged.ErasedRows),
		})
	}
	for _, line := range d.Lines {
		found.Lines = append(found.Lines, headerLineJSON(line))
	}
	out.Difference = found
	return out
}
