package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// retryRejects is the action of dwh reject retry.
func (a *app) retryRejects(c *cli.Context) error {
	var u objectstore.URL
	switch c.NArg() {
	case 0:
	case 1:
		var err error
		if u, err = objectstore.ParseURL(c.Args().First()); err != nil {
			return err
		}
	default:
		return &UsageError{
			Msg:    "reject retry takes one URL, or none for all",
			Advice: "see them with: dwh reject list",
			Help:   "dwh reject retry --help",
		}
	}
	cfg, err := a.load(c)
	if err != nil {
		return err
	}
	r := rejectRun{app: a, cfg: cfg, table: c.String("table"), json: c.Bool("json")}
	if c.IsSet("table") {
		if err := r.checkTable(); err != nil {
			return err
		}
	}
	return r.retry(c.Context, u)
}

// checkTable refuses a table that no load of the project has.
func (r rejectRun) checkTable() error {
	p, err := r.app.openProject(r.cfg)
	if err != nil {
		return err
	}
	engine, err := engineOf(r.cfg)
	if err != nil {
		return err
	}
	steps, err := p.steps(engine)
	if err != nil {
		return err
	}
	if known := transform.StagingTables(steps); !slices.Contains(known, r.table) {
		return &UsageError{
			Msg:    fmt.Sprintf("%q is not a staging table of the project", r.table),
			Advice: suggest.Hint(r.table, known),
			Help:   "dwh reject retry --help",
		}
	}
	return nil
}

func (r rejectRun) retry(ctx context.Context, u objectstore.URL) error {
	s, err := r.app.begin(ctx, r.cfg, true)
	if err != nil {
		return err
	}
	defer s.close()
	runner, watch, err := s.watched(ctx, true)
	if err != nil {
		return err
	}
	defer watch.stop()
	retried, err := runner.Retry(ctx, r.app.commandLine(), catalogue.Name(r.table), u)
	watch.stop()
	if r.json {
		if err != nil {
			return err
		}
		return writeJSON(r.app.out, retriedJSON(retried))
	}
	// What was committed is told, whatever came after.
	if printErr := r.printRetried(u, retried); printErr != nil {
		return printErr
	}
	switch {
	case err != nil:
	case len(retried.GivenUp)+len(retried.Loads) == 0:
		r.app.out.Status("there is no refused record to retry")
	case retried.Rows() > 0:
		r.app.out.Status(`the rows are staged; "dwh transform" or "dwh run" brings them into the models`)
	default:
		return r.tellRefused(ctx, s, u, retried)
	}
	return err
}

// tellRefused says why the first record was refused again, where nothing was loaded.
func (r rejectRun) tellRefused(ctx context.Context, s *session, u objectstore.URL, retried transform.Retried) error {
	at := slices.IndexFunc(retried.Loads, func(again load.RetryResult) bool { return again.Refused > 0 })
	if at < 0 {
		return nil
	}
	rejects, err := dwhdb.New(s.warehouse.Pool()).Rejects(ctx, retryShown)
	if err != nil {
		return fmt.Errorf("read rejects: %w", err)
	}
	for _, reject := range rejects {
		if reject.TableName != string(retried.Loads[at].Table) || reject.Line == 0 ||
			u != "" && reject.Url != string(u) || reject.Reason == nil {
			continue
		}
		r.app.out.Status("%s, line %d: %s", reject.Url, reject.Line, *firstLine(reject.Reason))
		newer, err := newerLoaded(ctx, s, reject)
		if err != nil {
			return err
		}
		if newer {
			r.app.out.Status(
				`a newer version of the file was loaded; this record is of an older version, and stays in ` +
					`"dwh reject list" until its text loads`,
			)
			return nil
		}
		break
	}
	r.app.out.Status(
		`correct the COPY and run "dwh reject retry" again, or correct the file: the next load takes it; ` +
			`"dwh reject list" shows all reasons`,
	)
	return nil
}

// newerLoaded tells whether a newer version of a refused record's object was loaded.
func newerLoaded(ctx context.Context, s *session, reject dwhdb.RejectsRow) (bool, error) {
	known, err := dwhdb.New(s.warehouse.Pool()).LedgerOf(ctx, reject.Url)
	if err != nil {
		return false, fmt.Errorf("read ledger: %w", err)
	}
	versions := 0
	for _, row := range known {
		if row.TableName == reject.TableName && row.Outcome == loadedOutcome {
			versions++
		}
	}
	if reject.Outcome == loadedOutcome {
		versions-- // its own version
	}
	return versions > 0, nil
}

// loadedOutcome is the outcome of an object that was loaded, in the ledger and in the rejects.
const loadedOutcome = "loaded"

// retryShown is among how many of the latest rejects tellRefused looks for one.
const retryShown = 1000

func (r rejectRun) printRetried(u objectstore.URL, retried transform.Retried) error {
	for _, item := range retried.GivenUp {
		line := fmt.Sprintf("the next load tries %s again for %s; it was %s", u, item.Table, item.Outcome)
		if _, err := fmt.Fprintln(r.app.out.Stdout, printable(line)); err != nil {
			return err
		}
	}
	for _, again := range retried.Loads {
		if _, err := fmt.Fprintln(r.app.out.Stdout, printable(againLine(again))); err != nil {
			return err
		}
	}
	return nil
}

// againLine is "s_order: 12 records tried again: 10 loaded, 2 refused again; 1 object read again: 5
// rows". Of lines with the names of the columns it says ", 1 line of column names removed".
func againLine(again load.RetryResult) string {
	line := string(again.Table) + ":"
	if again.Tried > 0 {
		line += fmt.Sprintf(
			" %s tried again: %s loaded, %s refused again",
			counted(again.Tried, "record"),
			table.Count(again.Loaded),
			table.Count(again.Refused),
		)
		if again.Removed > 0 {
			line += fmt.Sprintf(", %s of column names removed", counted(again.Removed, "line"))
		}
	}
	if again.Unread > 0 {
		line += separated(
			line,
			fmt.Sprintf("%s not tried, because dwh does not have its complete text", counted(again.Unread, "record")),
		)
	}
	if again.Objects > 0 {
		line += separated(
			line,
			fmt.Sprintf("%s read again: %s", counted(again.Objects, "object"), counted(again.ObjectRows, "row")),
		)
		if again.ObjectRejects > 0 {
			line += fmt.Sprintf(", %s", counted(again.ObjectRejects, "reject"))
		}
	}
	return line
}

// separated is a part of a line behind what stands there.
func separated(line, part string) string {
	if line[len(line)-1] == ':' {
		return " " + part
	}
	return "; " + part
}

// againJSON is what became of a table's refused records.
type againJSON struct {
	Table         string `json:"table"`
	Tried         int64  `json:"tried"`
	Loaded        int64  `json:"loaded"`
	Removed       int64  `json:"removed"` // lines with the names of the columns
	Refused       int64  `json:"refused"`
	Unread        int64  `json:"unread"` // not tried
	Rows          int64  `json:"rows"`
	Objects       int64  `json:"objects"` // read again whole
	ObjectRows    int64  `json:"object_rows"`
	ObjectRejects int64  `json:"object_rejects"`
}

type givenUpJSON struct {
	Table   string `json:"table"`
	Outcome string `json:"outcome"` // what it was: quarantined or skipped
}

func retriedJSON(retried transform.Retried) any {
	out := struct {
		Tables  []againJSON   `json:"tables"`
		GivenUp []givenUpJSON `json:"given_up"`
	}{[]againJSON{}, []givenUpJSON{}}
	for _, again := range retried.Loads {
		out.Tables = append(out.Tables, againJSON{
			Table: string(again.Table), Tried: again.Tried, Loaded: again.Loaded, Removed: again.Removed,
			Refused: again.Refused, Unread: again.Unread, Rows: again.Rows, Objects: again.Objects,
			ObjectRows: again.ObjectRows, ObjectRejects: again.ObjectRejects,
		})
	}
	for _, r := range retried.GivenUp {
		out.GivenUp = append(out.GivenUp, givenUpJSON{Table: r.Table, Outcome: r.Outcome})
	}
	return out
}
