package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) stagingCommand() *cli.Command {
	flags := func(more ...cli.Flag) []cli.Flag {
		return flagSet(connectionFlags(), hidden(sourceFlags()), []cli.Flag{projectFlag(), waitFlag(), yesFlag(), jsonFlag()}, more)
	}
	return &cli.Command{
		Name:  "staging",
		Usage: "remove staged records: delete, drop",
		Description: examples(`Staging is append-only: these commands, and a migrate down with --drop-staged-rows, are all that removes from it.`,
			"dwh staging delete --user-id 39", "dwh staging delete --user-id 39 --yes", "dwh staging drop s_name --yes"),
		Subcommands: []*cli.Command{
			{
				Name: "delete", Usage: "erase the records of one song or one user, in staging, rejects and star",
				Description: examples(`Shows the records; with --yes they are deleted, and the keys concerned recomputed, in one transaction. The ledger stays, so
that the objects are not loaded again; an object that is rewritten brings its records back.`,
					"dwh staging delete --song-id SOUPIRU12A6D4FA1E1", "dwh staging delete --user-id 39 --yes"),
				Flags: flags(
					&cli.StringFlag{Name: "song-id", Usage: "the song's `ID`"},
					&cli.StringFlag{Name: "user-id", Usage: "the user's `ID`"},
				),
				Action: func(c *cli.Context) error {
					s := transform.Selection{SongID: c.String("song-id"), UserID: c.String("user-id")}
					if (s.SongID == "") == (s.UserID == "") {
						return &UsageError{Msg: "name either --song-id or --user-id", Help: "dwh staging delete --help"}
					}
					cfg, err := a.load(c)
					if err != nil {
						return err
					}
					return stagingRun{app: a, cfg: cfg, yes: c.Bool("yes"), json: c.Bool("json")}.delete(c.Context, s)
				},
			},
			{
				Name: "drop", Usage: "delete every staged row of tables, with their ledger and rejects", ArgsUsage: "TABLE…",
				Description: examples("The next load begins from nothing, and the star is replayed from what is left.", "dwh staging drop s_name --yes"),
				Flags:       flags(),
				BashComplete: func(c *cli.Context) {
					_, _ = fmt.Fprintln(c.App.Writer, strings.Join(stagingTables(), "\n"))
				},
				Action: func(c *cli.Context) error {
					if c.NArg() == 0 {
						return &UsageError{Msg: "which table?", Advice: "s_song, s_songplay_event or s_name", Help: "dwh staging drop --help"}
					}
					for _, name := range c.Args().Slice() {
						if !slices.Contains(stagingTables(), name) {
							return &UsageError{Msg: fmt.Sprintf("%q is no staging table of records", name), Advice: suggest.Hint(name, stagingTables()), Help: "dwh staging drop --help"}
						}
					}
					cfg, err := a.load(c)
					if err != nil {
						return err
					}
					return stagingRun{app: a, cfg: cfg, yes: c.Bool("yes"), json: c.Bool("json")}.drop(c.Context, c.Args().Slice())
				},
			},
		},
	}
}

// stagingTables are the tables that records are loaded into.
func stagingTables() []string { return []string{"s_song", "s_songplay_event", "s_name"} }

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
}

// stagingJSON is what a command on staging prints for machines.
type stagingJSON struct {
	Tables  []stagedJSON `json:"tables"`
	Deleted bool         `json:"deleted"`
	Changes []changeJSON `json:"changes"` // of the star, where it was replayed
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
	runner, err := s.runner(true, func(progress.Event) {})
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
	staged, err := runner.Look(ctx, selection)
	if err != nil {
		return err
	}
	if r.json {
		return r.deleteJSON(ctx, s, runner, selection, staged)
	}
	if _, err := fmt.Fprintf(r.app.out.Stdout, "%s in %s; rejects that hold the same key: %s\n", counted(staged.Rows, "row"), staged.Table, count(staged.Rejects)); err != nil {
		return err
	}
	if len(staged.Sample.Rows) > 0 {
		if err := r.app.out.Table(staged.Sample, table.Text); err != nil {
			return err
		}
	}
	if staged.Rows+staged.Rejects == 0 {
		return nil
	}
	if !r.yes {
		r.app.out.Status("nothing was deleted; add --yes to delete them and recompute what was made of them")
		return nil
	}
	result, err := runner.Delete(ctx, r.app.commandLine(), selection)
	if err != nil {
		return r.app.showViolations(err)
	}
	_, err = fmt.Fprintf(r.app.out.Stdout, "deleted %s from %s; the star follows (%s)\n", counted(staged.Rows, "row"), staged.Table, seconds(result.Duration))
	return err
}

func (r stagingRun) deleteJSON(ctx context.Context, s *session, runner *transform.Runner, selection transform.Selection, staged transform.Staged) error {
	found := stagedJSON{Table: staged.Table, Rows: staged.Rows, Rejects: &staged.Rejects, Sample: []orderedObject{}}
	for _, row := range staged.Sample.Rows {
		found.Sample = append(found.Sample, orderedObject{columns: staged.Sample.Columns, values: row})
	}
	out := stagingJSON{Tables: []stagedJSON{found}, Changes: []changeJSON{}}
	if r.yes && staged.Rows+staged.Rejects > 0 {
		result, err := runner.Delete(ctx, r.app.commandLine(), selection)
		if err != nil {
			return r.app.showViolations(err)
		}
		out.Deleted, out.Changes, out.Seconds = true, changesJSON(result), result.Duration.Seconds()
	}
	return writeJSON(r.app.out, out)
}

func (r stagingRun) drop(ctx context.Context, tables []string) error {
	s, runner, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	counts, err := runner.Counts(ctx)
	if err != nil {
		return err
	}
	out := stagingJSON{Tables: []stagedJSON{}, Changes: []changeJSON{}}
	for _, name := range tables {
		for _, one := range counts {
			if string(one.Table) == name {
				out.Tables = append(out.Tables, stagedJSON{Table: name, Rows: one.Rows})
				if r.json {
					continue
				}
				if _, err := fmt.Fprintf(r.app.out.Stdout, "%s in %s\n", counted(one.Rows, "row"), name); err != nil {
					return err
				}
			}
		}
	}
	if r.json && !r.yes {
		return writeJSON(r.app.out, out)
	}
	if !r.yes {
		r.app.out.Status("nothing was deleted; add --yes to delete them, with their ledger and rejects, and replay the star")
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
