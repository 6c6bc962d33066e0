package cli

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) stagingCommand() *cli.Command {
	flag, loaded := a.stagingExample()
	return &cli.Command{
		Name:  "staging",
		Usage: "delete staged records: delete, drop",
		Description: examples(
			`Staging is append-only. Only these commands, and migrate down with --drop-staged-rows, delete staged
rows.`,
			"dwh staging delete "+flag, "dwh staging delete "+flag+" --yes",
			"dwh staging drop "+loaded+" --yes",
		),
		Subcommands: []*cli.Command{
			{
				Name: "delete", Usage: "erase records from staging, from the rejects and from the models' tables",
				Description: examples(
					`Shows the records. With --yes it deletes them and computes the affected keys again, in one
transaction. The ledger stays, so the objects are not loaded again. If somebody rewrites an object,
the next load brings its records back.

The loads of a project declare the flags: the header line "-- erase: card_no" of a 0xx file makes
--card-no, and "-- erase: card_no as customer" makes --customer. dwh looks for the value in every
staging table that declares the name. Blanks at the end of a text do not count, and numbers compare
as numbers. A refused record is erased if its text holds the value as a whole field or word.`,
					"dwh staging delete "+flag, "dwh staging delete "+flag+" --yes",
					"dwh staging delete --table "+loaded+" --match first_column=a --match second_column=b",
				),
				Flags: flagSet(stagingFlags(), selectFlags(), a.eraseFlags()),
				Action: func(c *cli.Context) error {
					s, err := a.selection(c)
					if err != nil {
						return err
					}
					cfg, err := a.load(c)
					if err != nil {
						return err
					}
					return stagingRun{app: a, cfg: cfg, yes: c.Bool("yes"), json: c.Bool("json")}.delete(c.Context, s)
				},
			},
			{
				Name: "drop", Usage: "delete all staged rows of tables, with their ledger entries and " +
					"rejects", ArgsUsage: "TABLE…",
				Description: examples(
					"Names the models that follow from each table. The next load loads all objects of the tables "+
						"again,\nand the models are replayed from the rows that are left. Records that dwh staging "+
						"delete erased\ncome back with the next load: correct the source first, or erase again.",
					"dwh staging drop "+loaded+" --yes",
				),
				Flags: stagingFlags(),
				BashComplete: func(c *cli.Context) {
					_, _ = fmt.Fprintln(c.App.Writer, strings.Join(a.knownStaging(), "\n"))
				},
				Action: func(c *cli.Context) error {
					cfg, err := a.load(c)
					if err != nil {
						return err
					}
					tables, err := a.stagingTables(cfg, c.Args().Slice())
					if err != nil {
						return err
					}
					return stagingRun{
						app: a, cfg: cfg, yes: c.Bool("yes"), json: c.Bool("json"),
					}.drop(c.Context, tables)
				},
			},
		},
	}
}

// stagingExample is a flag with a value, and a staging table, that the project at hand has, for
// examples of the help.
func (a *app) stagingExample() (flag, loaded string) {
	flag, loaded = "--table s_order --match order_id=39", "s_order"
	p, err := a.projectAtHand()
	if err != nil {
		return flag, loaded
	}
	if names, err := fs.Glob(p.transforms, loadFiles); err == nil && len(names) > 0 {
		loaded = tableOfLoad(names[len(names)-1])
		flag = "--table " + loaded + " --match id=39"
	}
	if all := a.knownErasables(); len(all) > 0 {
		flag = "--" + all[len(all)-1].flag + " 39"
	}
	return flag, loaded
}

// stagingFlags are the flags of every command on staging.
func stagingFlags() []cli.Flag {
	return flagSet(
		connectionFlags(), hidden(sourceFlags()),
		[]cli.Flag{projectFlag(), waitFlag(), yesFlag(), jsonFlag()},
	)
}

// knownStaging are the staging tables of the project at hand.
func (a *app) knownStaging() []string {
	p, err := a.projectAtHand()
	if err != nil {
		return nil // the command itself says what is wrong with the project
	}
	steps, err := p.steps(sqlfile.Postgres)
	if err != nil {
		return nil
	}
	return transform.StagingTables(steps)
}

// stagingTables refuses names that no load of the project has.
func (a *app) stagingTables(cfg *config.Config, names []string) ([]catalogue.Name, error) {
	p, err := a.openProject(cfg)
	if err != nil {
		return nil, err
	}
	engine, err := engineOf(cfg)
	if err != nil {
		return nil, err
	}
	steps, err := p.steps(engine)
	if err != nil {
		return nil, err
	}
	known := transform.StagingTables(steps)
	if len(names) == 0 {
		return nil, &UsageError{
			Msg: "which table?", Advice: "one of: " + strings.Join(known, ", "),
			Help: "dwh staging drop --help",
		}
	}
	var out []catalogue.Name
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, &UsageError{
				Msg:    fmt.Sprintf("%q is not a staging table of the project", name),
				Advice: suggest.Hint(name, known), Help: "dwh staging drop --help",
			}
		}
		if !slices.Contains(out, catalogue.Name(name)) {
			out = append(out, catalogue.Name(name))
		}
	}
	return out, nil
}

// stagingRun performs the commands on staging.
type stagingRun struct {
	app  *app
	cfg  *config.Config
	yes  bool
	json bool
}

// stagedJSON is what a command on staging found in a table.
type stagedJSON struct {
	Table   string          `json:"table"`
	Rows    int64           `json:"rows"`
	Rejects *int64          `json:"rejects,omitempty"`
	Sample  []orderedObject `json:"sample,omitempty"`
	Refused []orderedObject `json:"refused,omitempty"` // the first refused records
	Models  *[]string       `json:"models,omitempty"`  // the steps that follow from it
}

// stagingJSON is what a command on staging prints for machines.
type stagingJSON struct {
	Tables  []stagedJSON `json:"tables"`
	Deleted bool         `json:"deleted"`
	Changes []changeJSON `json:"changes"` // of the tables that were replayed
	Seconds float64      `json:"seconds"`
}

func (r stagingRun) open(ctx context.Context) (*session, *transform.Runner, error) {
	s, err := r.app.begin(ctx, r.cfg, true)
	if err != nil {
		return nil, nil, err
	}
	if err := s.requireCurrent(ctx); err != nil {
		s.close()
		return nil, nil, err
	}
	runner, err := s.runner(runs{noReplay: true}, func(progress.Event) {})
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, runner, nil
}

func (r stagingRun) delete(ctx context.Context, selection transform.Selection) error {
	s, runner, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if faults := r.app.checkErasables(s.project, s.warehouse.Engine()); len(faults) > 0 {
		return faults[0]
	}
	staged, err := runner.PreviewDelete(ctx, selection)
	if err != nil {
		return err
	}
	if r.json {
		return r.deleteJSON(ctx, runner, selection, staged)
	}
	var rows, rejects int64
	for _, item := range staged {
		rows, rejects = rows+item.Rows, rejects+item.Rejects
		if err := r.show(item); err != nil {
			return err
		}
	}
	if rows+rejects == 0 {
		return nil
	}
	if !r.yes {
		r.app.out.Status("nothing was deleted; add --yes to delete the records and compute the affected rows again")
		return nil
	}
	result, err := runner.Delete(ctx, r.app.commandLine(), selection)
	if err != nil {
		return r.app.showViolations(err)
	}
	_, err = fmt.Fprintf(r.app.out.Stdout, "deleted %s of staging, and the texts of %s; the models are up to date "+
		"(%s)\n",
		counted(rows, "row"), counted(rejects, "refused record"), seconds(result.Duration))
	return err
}

// show prints what a selection means in one table.
func (r stagingRun) show(staged transform.Staged) error {
	if _, err := fmt.Fprintf(
		r.app.out.Stdout, "%s in %s; refused records with the same value: %s\n",
		counted(staged.Rows, "row"), staged.Table, count(staged.Rejects),
	); err != nil {
		return err
	}
	for _, sample := range []table.Table{staged.Sample, staged.Refused} {
		if len(sample.Rows) == 0 {
			continue
		}
		if err := r.app.out.Table(shortened(sample), table.Text); err != nil {
			return err
		}
	}
	return nil
}

// shortened is a table whose texts are cut, for people.
func shortened(t table.Table) table.Table {
	out := table.Table{Columns: t.Columns}
	for _, row := range t.Rows {
		row = slices.Clone(row)
		for i, value := range row {
			switch text := value.(type) {
			case string:
				row[i] = *excerpt(&text)
			case *string:
				row[i] = excerpt(text)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func ordered(t table.Table) []orderedObject {
	out := []orderedObject{}
	for _, row := range t.Rows {
		out = append(out, orderedObject{columns: t.Columns, values: row})
	}
	return out
}

func (r stagingRun) deleteJSON(
	ctx context.Context, runner *transform.Runner, selection transform.Selection,
	staged []transform.Staged,
) error {
	out := stagingJSON{Tables: []stagedJSON{}, Changes: []changeJSON{}}
	var found int64
	for _, s := range staged {
		found += s.Rows + s.Rejects
		out.Tables = append(out.Tables, stagedJSON{
			Table: string(s.Table), Rows: s.Rows, Rejects: &s.Rejects, Sample: ordered(
				s.Sample,
			), Refused: ordered(s.Refused),
		})
	}
	if r.yes && found > 0 {
		result, err := runner.Delete(ctx, r.app.commandLine(), selection)
		if err != nil {
			return r.app.showViolations(err)
		}
		out.Deleted, out.Changes, out.Seconds = true, changesJSON(result), result.Duration.Seconds()
	}
	return writeJSON(r.app.out, out)
}

func (r stagingRun) drop(ctx context.Context, tables []catalogue.Name) error {
	s, runner, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	dropped, err := runner.PreviewDrop(ctx, tables)
	if err != nil {
		return err
	}
	out := stagingJSON{Tables: []stagedJSON{}, Changes: []changeJSON{}}
	for _, d := range dropped {
		if d.Erased {
			r.app.out.Warn("%s: this forgets erasures: the next load brings erased records back. Correct the "+
				"source first, or erase again", d.Table)
		}
		models := append([]string{}, d.Models...)
		out.Tables = append(out.Tables, stagedJSON{Table: string(d.Table), Rows: d.Rows, Models: &models})
		if r.json {
			continue
		}
		follows := "no model reads it"
		if len(models) > 0 {
			follows = "computed again without these rows: " + strings.Join(models, ", ")
		}
		if _, err := fmt.Fprintf(
			r.app.out.Stdout, "%s in %s; %s\n", counted(d.Rows, "row"), d.Table, follows,
		); err != nil {
			return err
		}
	}
	if r.json && !r.yes {
		return writeJSON(r.app.out, out)
	}
	if !r.yes {
		r.app.out.Status(
			"nothing was deleted; add --yes to delete the rows, their ledger entries and rejects, and to replay " +
				"the models",
		)
		return nil
	}
	result, err := runner.Drop(ctx, r.app.commandLine(), tables)
	if err != nil {
		return r.app.showViolations(err)
	}
	if r.json {
		out.Deleted, out.Changes, out.Seconds = true, changesJSON(result), result.Duration.Seconds()
		return writeJSON(r.app.out, out)
	}
	return r.app.printChanges(result)
}
