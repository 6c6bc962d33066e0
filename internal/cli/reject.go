package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/table"
)

func (a *app) rejectCommand() *cli.Command {
	_, loaded := a.stagingExample()
	return &cli.Command{
		Name:  "reject",
		Usage: "show and retry records that COPY refused: list, skip, retry",
		Description: examples(
			"dwh keeps each refused record in s_reject, with its object, line, column, reason and text.",
			"dwh reject list", "dwh reject skip s3://bucket/orders/2026/11/broken.json",
			"dwh reject retry",
		),
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "show the refused records, the latest first",
				Description: examples(
					"Line 0 means that the object could not be read at all; the next load tries it again. Long "+
						"texts are\ncut; --json prints them whole.",
					"dwh reject list", "dwh reject list --limit 5 --json",
				),
				Flags: flagSet(connectionFlags(), []cli.Flag{
					projectFlag(), jsonFlag(), &cli.Int64Flag{
						Name: "limit", Usage: "show the latest `N` records", Value: 100,
					},
				}),
				Action: func(c *cli.Context) error {
					if c.Int64("limit") < 1 {
						return &UsageError{Msg: "--limit is a whole number from 1", Help: "dwh reject list --help"}
					}
					cfg, err := a.load(c)
					if err != nil {
						return err
					}
					return rejectRun{app: a, cfg: cfg, json: c.Bool("json"), limit: c.Int64("limit")}.list(c.Context)
				},
			},
			{
				Name: "skip", Usage: "record an object as skipped, so that it is not tried again", ArgsUsage: "URL",
				Description: examples(
					"Skips the object as it is now. If somebody rewrites the object, the next load takes it. If the "+
						"object\nno longer exists, its failed records are removed from the list.",
					"dwh reject skip s3://bucket/orders/2026/11/broken.json",
				),
				Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
					projectFlag(), waitFlag(), &cli.StringFlag{
						Name:  "table",
						Usage: "the staging `TABLE` that would load the object; needed only if no reject names it",
					},
				}),
				Action: a.rejectedObject(rejectRun.skip),
			},
			{
				Name: "retry", Usage: "load refused records again, after the COPY or the table has " +
					"changed", ArgsUsage: "[URL]",
				Description: examples(
					`Sends the refused records of all objects, of one table or of one object through the current COPY.
Records that load are removed from s_reject; nothing is loaded twice. dwh sends only the text of each
record, so IGNOREHEADER and compression do not apply. If s_reject holds only part of a text, dwh reads
the record from its object again. An object without a loaded record is read again from the beginning.

With a URL it also ends a "reject skip" and a quarantine by "dwh serve": the next load, or the next
full listing by the server, tries the object again.`,
					"dwh reject retry", "dwh reject retry --table "+loaded,
					"dwh reject retry s3://bucket/orders/2026/11/broken.json",
				),
				Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
					projectFlag(), waitFlag(), jsonFlag(), &cli.StringFlag{
						Name: "table", Usage: "only records of this staging `TABLE`",
					},
				}),
				Action: a.retryRejects,
			},
		},
	}
}

// rejectedObject is the action of a command on the one object that the command line names.
func (a *app) rejectedObject(act func(rejectRun, context.Context, objectstore.URL) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() != 1 {
			return &UsageError{
				Msg:    fmt.Sprintf("reject %s takes one URL", c.Command.Name),
				Advice: "see them with: dwh reject list",
				Help:   fmt.Sprintf("dwh reject %s --help", c.Command.Name),
			}
		}
		u, err := objectstore.ParseURL(c.Args().First())
		if err != nil {
			return err
		}
		cfg, err := a.load(c)
		if err != nil {
			return err
		}
		return act(rejectRun{app: a, cfg: cfg, table: c.String("table")}, c.Context, u)
	}
}

// rejectRun performs the commands on rejects.
type rejectRun struct {
	app   *app
	cfg   *config.Config
	json  bool
	limit int64
	table string
}

func (r rejectRun) list(ctx context.Context) error {
	s, err := r.app.begin(ctx, r.cfg, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.requireJournal(ctx); err != nil {
		return err
	}
	rejects, err := dwhdb.New(s.warehouse.Pool()).Rejects(ctx, r.limit)
	if err != nil {
		return fmt.Errorf("read rejects: %w", err)
	}
	if r.json {
		type row struct {
			Object     string    `json:"object"`
			Line       int64     `json:"line"`
			Column     *string   `json:"column"`
			Reason     *string   `json:"reason"`
			Raw        *string   `json:"raw"`
			Table      string    `json:"table"`
			Outcome    string    `json:"outcome"`
			LoadID     string    `json:"load_id"`
			RejectedAt time.Time `json:"rejected_at"`
		}
		rows := []row{}
		for _, reject := range rejects {
			rows = append(rows, row{
				Object: reject.Url, Line: reject.Line, Column: reject.ColumnName, Reason: reject.Reason,
				Raw: reject.RawText, Table: reject.TableName, Outcome: reject.Outcome,
				LoadID: reject.LoadID, RejectedAt: reject.RejectedAt.UTC(),
			})
		}
		return writeJSON(r.app.out, rows)
	}
	t := table.Table{Columns: columns(
		column{name: "object", narrow: table.NarrowFold}, column{name: "line"}, column{name: "column",
			narrow: table.NarrowKeep},
		column{name: "reason", narrow: table.NarrowWrap}, column{name: "outcome", narrow: table.NarrowKeep,
			style: outcomeStyle},
		column{name: "raw"})}
	t.Columns[1].Kind = table.KindLabel
	for _, reject := range rejects {
		t.Rows = append(
			t.Rows,
			[]any{reject.Url, reject.Line, reject.ColumnName, firstLine(reject.Reason), reject.Outcome,
				excerpt(reject.RawText)})
	}
	return r.app.out.Table(t, table.Text)
}

// excerptLength is how many characters of a free text a table shows: a record may be megabytes
// long, and every line of the table as wide as the longest.
const excerptLength = 120

// excerpt is a text for a table.
func excerpt(text *string) *string { return limited(text, excerptLength) }

// limited is a text of at most so many characters.
func limited(text *string, characters int) *string {
	if text == nil {
		return nil
	}
	runes := 0
	for i := range *text {
		if runes++; runes > characters {
			short := (*text)[:i] + "..."
			return &short
		}
	}
	return text
}

// longestLine is how many characters of a message a table shows at most: enough for a path and for
// what to do.
const longestLine = 1000

// firstLine is a message for a table: what is wrong and where. The lines after the first show the
// source.
func firstLine(text *string) *string {
	if text == nil {
		return nil
	}
	line, _, _ := strings.Cut(strings.TrimRight(*text, "\n"), "\n")
	return limited(&line, longestLine)
}

// A skipError says that this version of an object was loaded without a refused record: there is
// nothing to skip.
type skipError struct{ url objectstore.URL }

func (e *skipError) Error() string {
	return fmt.Sprintf("there is nothing to skip: %s was loaded", e.url)
}

// Hint says what that means.
func (*skipError) Hint() string {
	return "dwh loads an object once, and again only after somebody rewrites it"
}

func (r rejectRun) skip(ctx context.Context, u objectstore.URL) error {
	s, err := r.app.begin(ctx, r.cfg, true)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.requireCurrent(ctx); err != nil {
		return err
	}
	tables, err := dwhdb.New(s.warehouse.Pool()).RejectTables(ctx, string(u))
	if err != nil {
		return fmt.Errorf("read rejects: %w", err)
	}
	object, err := r.app.store(r.cfg).Stat(ctx, u)
	if errors.Is(err, objectstore.ErrNotExist) && len(tables) > 0 {
		return r.forget(ctx, s, u, tables, err)
	}
	if err != nil {
		return err
	}
	known, err := dwhdb.New(s.warehouse.Pool()).LedgerOf(ctx, string(u))
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	refused := slices.Clone(tables)
	loaded := func(name string) bool {
		return slices.ContainsFunc(known, func(row dwhdb.LedgerOfRow) bool {
			// Refused records of an older version do not count.
			whole := !slices.Contains(refused, row.TableName) || row.Rejects != nil && *row.Rejects == 0
			return row.Outcome == loadedOutcome && row.Etag == string(object.ETag) && whole &&
				(name == "" || row.TableName == name)
		})
	}
	if r.table != "" {
		tables = []string{r.table}
	}
	tables = slices.DeleteFunc(tables, loaded)
	if len(tables) == 0 && loaded(r.table) {
		return &skipError{url: u}
	}
	if len(tables) == 0 {
		return &UsageError{
			Msg:    fmt.Sprintf("no record of %s was refused, so dwh does not know which table the object is for", u),
			Advice: "name the table with --table, one of: " + strings.Join(r.app.knownStaging(), ", "),
		}
	}
	runner, err := s.runner(runs{noReplay: true}, func(progress.Event) {})
	if err != nil {
		return err
	}
	if err := runner.Skip(ctx, r.app.commandLine(), object, tables); err != nil {
		return err
	}
	for _, name := range tables {
		if _, err := fmt.Fprintf(r.app.out.Stdout, "skipped %s for %s\n", printable(string(u)), name); err != nil {
			return err
		}
	}
	return nil
}

// forget removes the failed records of an object that no longer exists. Without any, gone says that
// it does not exist.
func (r rejectRun) forget(ctx context.Context, s *session, u objectstore.URL, tables []string, gone error) error {
	if r.table != "" {
		tables = slices.DeleteFunc(tables, func(name string) bool { return name != r.table })
	}
	runner, err := s.runner(runs{noReplay: true}, func(progress.Event) {})
	if err != nil {
		return err
	}
	forgotten, err := runner.ForgetFailed(ctx, r.app.commandLine(), u, tables)
	switch {
	case err != nil:
		return err
	case len(forgotten) == 0:
		return gone
	}
	for _, name := range forgotten {
		if _, err := fmt.Fprintf(
			r.app.out.Stdout, "removed the failed records of %s for %s: the object does not exist\n",
			printable(string(u)), name,
		); err != nil {
			return err
		}
	}
	return nil
}
