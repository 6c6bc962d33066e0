package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/junit"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/testcase"
)

func (a *app) testCommand() *cli.Command {
	return &cli.Command{
		Name:      "test",
		Usage:     "run the project's test cases: given staged rows, expected result",
		ArgsUsage: "[NAME…]",
		Description: examples(
			`A case is a folder in tests/. dwh puts the rows of given/TABLE.csv into the staging table TABLE, and
runs the models. then/TABLE.csv holds all rows that TABLE must have then, in any order. The first
line of a file names the columns; other columns are not compared. An empty field is NULL, "" is the
empty text. 1_given/, 2_given/ and so on are steps, each followed by a run. dwh runs each case
incrementally and by replay, in schemas that no other session sees, and drops them afterwards. Loads
and checks do not run. NAME may be a pattern.`,
			"dwh test", "dwh test d_song_latest_year", "dwh test 'd_user_*'", "dwh test --junit tests.xml",
		),
		BashComplete: func(c *cli.Context) { _, _ = fmt.Fprintln(c.App.Writer, strings.Join(a.knownCases(), "\n")) },
		Flags: flagSet(connectionFlags(), hidden(sourceFlags()), []cli.Flag{
			projectFlag(), jsonFlag(),
			&cli.StringFlag{Name: "junit", Usage: "also write the results to `FILE` as JUnit XML"},
		}),
		Action: func(c *cli.Context) error {
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return testRun{app: a, cfg: cfg, names: c.Args().Slice(), json: c.Bool("json"),
				junit: c.String("junit")}.run(c.Context)
		},
	}
}

// knownCases are the test cases of the project at hand.
func (a *app) knownCases() []string {
	p, err := a.projectAtHand()
	if err != nil {
		return nil // the command itself says what is wrong with the project
	}
	names, err := testcase.Names(p.tests, p.testsDir)
	if err != nil {
		return nil
	}
	return names
}

// testRun performs dwh test.
type testRun struct {
	app   *app
	cfg   *config.Config
	names []string
	json  bool
	junit string
}

// A TestError says how many test cases did not pass. What is wrong has been printed as the result.
type TestError struct {
	Cases, Failed, Broken int // how many ran, differed, and could not run to their end
}

func (e *TestError) Error() string {
	var said []string
	if e.Failed > 0 {
		said = append(said, fmt.Sprintf("%d of %s failed", e.Failed, counted(int64(e.Cases), "test case")))
	}
	if e.Broken > 0 {
		said = append(said, fmt.Sprintf("%d of %s could not run", e.Broken, counted(int64(e.Cases), "test case")))
	}
	return strings.Join(said, ", ")
}

// ExitCode is 3 where all cases ran, else 1.
func (e *TestError) ExitCode() int {
	if e.Broken > 0 {
		return exitFailed
	}
	return exitCheck
}

func (r testRun) run(ctx context.Context) error {
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return err
	}
	// What is wrong with the files is said before a server is started for them.
	cases, err := testcase.Read(p.tests, p.testsDir, r.names)
	if err != nil {
		return err
	}
	var file *os.File
	if r.junit != "" {
		if file, err = os.Create(r.junit); err != nil {
			return fmt.Errorf("write JUnit file: %w", err)
		}
		defer func() { _ = file.Close() }() // after a failure; report closes it otherwise
	}
	if len(cases) == 0 {
		r.app.out.Status(
			"the project has no test case; make one in %s/NAME, with given/TABLE.csv and then/TABLE.csv",
			p.testsDir,
		)
		return r.report(nil, file)
	}
	s, err := r.app.beginLinted(ctx, r.cfg, true, r.app.findings)
	if err != nil {
		return err
	}
	defer s.close()
	engine := s.warehouse.Engine()
	steps, err := p.steps(engine)
	if err != nil {
		return err
	}
	files, err := migration.Files(p.migrations, p.migrationsDir)
	if err != nil {
		return err
	}
	for _, step := range steps {
		files = append(files, step.File)
	}
	bar := r.app.out.Progress("test", nil)
	defer bar.Done()
	done := 0
	results, err := testcase.Run(ctx, cases, testcase.Options{
		Pool: s.warehouse.Pool(), Engine: engine, Steps: steps, Vars: r.cfg.SQLVariables(), Files: files,
		Migrate: func(ctx context.Context, pool *pgxpool.Pool) error {
			m, err := migration.New(ctx, pool, migration.Options{Engine: engine, FS: p.migrations, Dir: p.migrationsDir,
				Logger: r.app.log})
			if err != nil {
				return err
			}
			defer m.Close()
			_, err = m.Up(ctx)
			return err
		},
		Done: func(testcase.Result) {
			done++
			bar.Show(Amount{Done: int64(done), Total: int64(len(cases))})
		},
	})
	bar.Done()
	if err != nil {
		return err
	}
	return r.report(results, file)
}

// report prints the results, and returns the command's error.
func (r testRun) report(results []testcase.Result, file *os.File) error {
	if file != nil {
		if err := writeTestJUnit(file, results); err != nil {
			return err
		}
	}
	failed := &TestError{Cases: len(results)}
	for _, result := range results {
		switch result.Outcome() {
		case testcase.Failed:
			failed.Failed++
		case testcase.Broken:
			failed.Broken++
		}
	}
	if r.json {
		if err := writeJSON(r.app.out, testsJSON(results)); err != nil {
			return err
		}
	} else if err := r.print(results, failed); err != nil {
		return err
	}
	if failed.Failed+failed.Broken > 0 {
		return failed
	}
	return nil
}

func (r testRun) print(results []testcase.Result, sum *TestError) error {
	paint := r.app.out.ink()
	var out strings.Builder
	for _, result := range results {
		word := result.Outcome()
		fmt.Fprintf(&out, "%s%s %s\n", paint.outcome(word), strings.Repeat(" ", len(testcase.Broken)-len(word)),
			result.Case.Name)
		if result.Outcome() != testcase.OK {
			out.WriteString(indent(resultText(result), "  ") + "\n")
		}
	}
	if len(results) > 0 {
		fmt.Fprintf(&out, "tests: %d ok, %d failed", sum.Cases-sum.Failed-sum.Broken, sum.Failed)
		if sum.Broken > 0 {
			fmt.Fprintf(&out, ", %d could not run", sum.Broken)
		}
		out.WriteByte('\n')
	}
	_, err := r.app.out.Stdout.Write([]byte(out.String()))
	return err
}

// shownRows is how many rows of a kind a difference shows.
const shownRows = 20

// resultText says what is wrong with a case.
func resultText(result testcase.Result) string {
	var lines []string
	if result.Case.About != "" {
		lines = append(lines, result.Case.About)
	}
	if result.Err != nil {
		lines = append(lines, result.Err.Error())
		var snippet interface{ Snippet() string }
		if errors.As(result.Err, &snippet) && snippet.Snippet() != "" {
			lines = append(lines, indent(snippet.Snippet(), "    "))
		}
		if hint := hintOf(result.Err); hint != "" {
			lines = append(lines, "hint: "+hint)
		}
	}
	for _, table := range result.Tables {
		lines = append(lines, differentText(table)...)
	}
	return printable(strings.Join(lines, "\n"))
}

// differentText says how a table differs, a line a row.
func differentText(d testcase.Difference) []string {
	var counts []string
	for _, part := range []struct {
		rows int
		what string
	}{{len(d.Missing), "missing"}, {len(d.Unexpected), "unexpected"}, {len(d.Changed), "changed"}} {
		if part.rows > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", part.rows, part.what))
		}
	}
	about := d.File
	if about == "" {
		about = "replay and increments give different rows; see dwh verify --increments"
	}
	lines := []string{fmt.Sprintf("%s: %s (%s)", d.Table, strings.Join(counts, ", "), about)}
	at := func(line int) string {
		if line == 0 || d.File == "" {
			return ""
		}
		return fmt.Sprintf("line %d: ", line)
	}
	add := func(count, shown int, what, text string) {
		switch {
		case shown < shownRows:
			lines = append(lines, fmt.Sprintf("  %-11s %s", what, text))
		case shown == shownRows:
			lines = append(lines, fmt.Sprintf("  %-11s ... and %d more", what, count-shownRows))
		}
	}
	for i, row := range d.Missing {
		add(len(d.Missing), i, "missing", at(row.Line)+cellsText(row.Cells))
	}
	for i, row := range d.Unexpected {
		add(len(d.Unexpected), i, "unexpected", cellsText(row.Cells))
	}
	for i, row := range d.Changed {
		var changes []string
		for _, column := range row.Columns {
			changes = append(changes, fmt.Sprintf("%s is %s, not %s", column.Column, cellText(column.Got),
				cellText(column.Want)))
		}
		add(len(d.Changed), i, "changed", at(row.Line)+cellsText(row.Key)+": "+strings.Join(changes, "; "))
	}
	return lines
}

func cellsText(cells []testcase.Cell) string {
	var out []string
	for _, c := range cells {
		out = append(out, c.Column+" = "+cellText(c))
	}
	return strings.Join(out, ", ")
}

// cellText is a value, in quotes where it could be taken for something else.
func cellText(c testcase.Cell) string {
	switch {
	case c.Null:
		return "NULL"
	case c.Text == "", c.Text == "NULL", strings.TrimSpace(c.Text) != c.Text, strings.ContainsAny(c.Text,
		",\"\n"):
		return `"` + strings.ReplaceAll(c.Text, `"`, `""`) + `"`
	}
	return c.Text
}

func writeTestJUnit(file *os.File, results []testcase.Result) error {
	var cases []junit.Case
	for _, result := range results {
		c := junit.Case{Class: "dwh.test", Name: result.Case.Name, Duration: result.Duration}
		switch result.Outcome() {
		case testcase.Failed:
			c.Failure = &junit.Message{Message: result.Tables[0].Table + " differs", Text: resultText(result)}
		case testcase.Broken:
			c.Error = &junit.Message{Message: result.Err.Error(), Text: resultText(result)}
		}
		cases = append(cases, c)
	}
	if err := junit.Write(file, "dwh test", cases); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write JUnit file: %w", err)
	}
	return nil
}
