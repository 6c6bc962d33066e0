package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/table"
)

func (a *app) checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "run the data-quality checks over all rows",
		ArgsUsage: "[NAME…]",
		Description: examples(
			`A check is a query that returns violations. If a check of severity error has violations, the command
ends with exit code 3. Violations of severity warn are printed as warnings. The results are kept in
the database.`,
			"dwh check", "dwh check "+checksWord, "dwh check --json",
			"dwh check --junit checks.xml",
		),
		BashComplete: func(c *cli.Context) { _, _ = fmt.Fprintln(c.App.Writer, strings.Join(a.knownChecks(), "\n")) },
		// The source flags are accepted so that one set of flags serves every command.
		Flags: flagSet(connectionFlags(), hidden(sourceFlags()), []cli.Flag{
			projectFlag(), jsonFlag(),
			&cli.StringFlag{Name: "junit", Usage: "also write the results to `FILE` as JUnit XML"},
		}),
		Action: func(c *cli.Context) error {
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return checkRun{
				app: a, cfg: cfg, names: c.Args().Slice(), json: c.Bool("json"),
				junit: c.String("junit"),
			}.run(c.Context)
		},
	}
}

// checkRun performs dwh check.
type checkRun struct {
	app   *app
	cfg   *config.Config
	names []string
	json  bool
	junit string
}

func (r checkRun) run(ctx context.Context) error {
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return err
	}
	engine, err := engineOf(r.cfg)
	if err != nil {
		return err
	}
	all, err := p.allChecks(engine, r.cfg.SQLVariables())
	if err != nil {
		return err
	}
	// A name that does not exist is said before a server is started for it.
	if _, err := check.Select(all, r.names); err != nil {
		return err
	}
	// So is a file that cannot be written.
	var junit *os.File
	if r.junit != "" {
		if junit, err = os.Create(r.junit); err != nil {
			return fmt.Errorf("write JUnit file: %w", err)
		}
		defer func() { _ = junit.Close() }() // after a failure; writeJUnit closes it otherwise
	}
	if len(all) == 0 {
		r.app.out.Status("the project has no checks; write one SELECT into checks/NAME.sql, see docs/reports.md")
		return r.report(nil, junit)
	}
	s, err := r.app.beginLinted(ctx, r.cfg, true, r.app.findings) // it keeps the results
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.requireCurrent(ctx); err != nil {
		return err
	}
	runner, err := s.runner(runs{noReplay: true, checks: true}, func(progress.Event) {})
	if err != nil {
		return err
	}
	results, err := runner.Check(ctx, "", r.names)
	if err != nil {
		return s.explainCheck(err, all)
	}
	return r.report(results, junit)
}

// report prints the results. It writes them to the file too, if there is one.
func (r checkRun) report(results []check.Result, junit *os.File) error {
	if junit != nil {
		if err := writeJUnit(junit, results); err != nil {
			return err
		}
	}
	r.app.warnChecks(results)
	if r.json {
		if err := writeJSON(r.app.out, checksJSON(results)); err != nil {
			return err
		}
		return check.Failed(results, false)
	}
	if len(results) == 0 {
		return nil
	}
	t := table.Table{Columns: columns(
		column{name: "check", narrow: table.NarrowKeep}, column{name: "severity"},
		column{name: "result", style: outcomeStyle}, column{name: "violations", style: strong})}
	for _, result := range results {
		t.Rows = append(
			t.Rows,
			[]any{result.Check.Name, string(result.Check.Severity), result.Outcome(), result.Violations},
		)
	}
	if err := r.app.out.Table(t, table.Text); err != nil {
		return err
	}
	for _, result := range results {
		if result.Violations == 0 {
			continue
		}
		if _, err := fmt.Fprintf(r.app.out.Stdout, "\n%s (%s): %s\n", result.Check.Name,
			r.app.out.ink().outcome(result.Outcome()), violationText(result)); err != nil {
			return err
		}
		result.Rows.Title = "" // stands in the line before
		if err := r.app.out.Table(result.Rows, table.Text); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(
			r.app.out.Stdout, "the query:\n%s\n",
			indent(strings.TrimSpace(result.Check.Query.SQL()), "    "),
		); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(r.app.out.Stdout, checkSummary(results, r.app.out.ink())); err != nil {
		return err
	}
	return check.Failed(results, false)
}

func writeJUnit(file *os.File, results []check.Result) error {
	if err := check.WriteJUnit(file, results); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write JUnit file: %w", err)
	}
	return nil
}

// violationText says what a check found in one line.
func violationText(result check.Result) string {
	text := strings.TrimSuffix(result.Check.Description, ".")
	if text == "" {
		text = "violations found"
	}
	text += fmt.Sprintf(": %s violations", count(result.Violations))
	if result.Violations == 1 {
		text = strings.TrimSuffix(text, "s")
	}
	if len(result.Rows.Rows) > 0 {
		var cells []string
		for i, column := range result.Rows.Columns {
			cells = append(cells, fmt.Sprintf("%s %v", column.Name, cell(result.Rows.Rows[0][i])))
		}
		if result.Violations > 1 {
			text += ", such as " + strings.Join(cells, ", ")
		} else {
			text += ", " + strings.Join(cells, ", ")
		}
	}
	return text
}

func cell(value any) any {
	switch v := value.(type) {
	case nil:
		return "NULL"
	case float64:
		return fmt.Sprintf("%.4g", v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999")
	default:
		return v
	}
}

func checkSummary(results []check.Result, paint ink) string {
	tally := map[string]int{}
	for _, result := range results {
		tally[result.Outcome()]++
	}
	part := func(outcome string) string {
		text := fmt.Sprintf("%d %s", tally[outcome], outcome)
		if tally[outcome] == 0 {
			return text
		}
		return paint.dye(outcomeStyle(outcome), text)
	}
	text := "checks: " + part("ok") + ", " + part("warn") + ", " + part("fail")
	if tally["off"] > 0 {
		text += fmt.Sprintf(", %d off", tally["off"])
	}
	return text
}

type checkJSON struct {
	Name        string          `json:"name"`
	Severity    string          `json:"severity"`
	Result      string          `json:"result"`
	Violations  int64           `json:"violations"`
	Description string          `json:"description"`
	Rows        []orderedObject `json:"rows"`
	Query       string          `json:"query,omitempty"`
	// what to do where the check demands too much
	Hint    string  `json:"hint,omitempty"`
	Seconds float64 `json:"seconds"`
}

func checksJSON(results []check.Result) []checkJSON {
	out := []checkJSON{}
	for _, result := range results {
		n := checkJSON{
			Name: result.Check.Name, Severity: string(
				result.Check.Severity,
			), Result: result.Outcome(), Violations: result.Violations,
			Description: result.Check.Description, Rows: []orderedObject{}, Seconds: result.Duration.Seconds(),
		}
		for _, row := range result.Rows.Rows {
			n.Rows = append(n.Rows, orderedObject{columns: result.Rows.Columns, values: row})
		}
		if result.Violations > 0 {
			n.Query = strings.TrimSpace(result.Check.Query.SQL())
			n.Hint = result.Check.Hint
		}
		out = append(out, n)
	}
	return out
}

// orderedObject is a row as a JSON object whose keys keep the columns' order.
type orderedObject struct {
	columns []table.Column
	values  []any
}

// MarshalJSON implements json.Marshaler.
func (o orderedObject) MarshalJSON() ([]byte, error) {
	var text strings.Builder
	if err := table.Write(&text, table.Table{Columns: o.columns, Rows: [][]any{o.values}}, table.JSON); err != nil {
		return nil, err
	}
	array := strings.TrimSpace(text.String())
	return []byte(strings.TrimSpace(array[1 : len(array)-1])), nil
}
