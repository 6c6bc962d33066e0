package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/lint"
	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/migration"
	"github.com/sparkify/dwh/internal/notify"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check connection, schema, sources and permissions, and print a fix for each problem",
		Description: examples(`May start the private PostgreSQL and create an empty database. Changes nothing else. Ends with exit
code 1 if a problem would make a run fail.`,
			"dwh doctor", "dwh doctor --json "+sourcesWord, "dwh doctor --notify"),
		Flags: flagSet(connectionFlags(), sourceFlags(), []cli.Flag{
			projectFlag(), jsonFlag(), &cli.BoolFlag{Name: "notify",
				Usage: "also send a test message to the webhook in notify.webhook"},
		}),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return &UsageError{
					Msg:  fmt.Sprintf("unexpected argument %q", c.Args().First()),
					Help: "dwh doctor --help",
				}
			}
			cfg, err := a.load(c)
			if err != nil {
				return err
			}
			return (&doctorRun{app: a, cfg: cfg, json: c.Bool("json"), notify: c.Bool("notify")}).run(c.Context)
		},
	}
}

// doctorRun performs dwh doctor.
type doctorRun struct {
	app      *app
	cfg      *config.Config
	json     bool
	notify   bool
	findings []finding
}

// finding is one thing that was looked at.
type finding struct {
	Name    string `json:"name"` // the subject
	Subject string `json:"subject"`
	Result  string `json:"result"` // ok, warn or fail
	Detail  string `json:"detail"`
	Fix     string `json:"fix"`
}

func (d *doctorRun) add(subject, result, detail, fix string) {
	d.findings = append(
		d.findings,
		finding{Name: subject, Subject: subject, Result: result, Detail: d.app.out.secrets.Text(printable(detail)),
			Fix: printable(fix)},
	)
}

// fail adds what an error says.
func (d *doctorRun) fail(subject string, err error, fix string) {
	if hint := hintOf(err); hint != "" {
		fix = hint
	}
	detail := withoutSeverity(err)
	var start *localpg.StartError
	if errors.As(err, &start) {
		detail = start.Summary() // without the log, whose lines no cell of a table can hold
	}
	d.add(subject, "fail", detail, fix)
}

func (d *doctorRun) run(ctx context.Context) error {
	d.configuration()
	if s, err := d.app.begin(ctx, d.cfg, false); err != nil {
		if exitCode(err) == exitUsage {
			return err
		}
		d.fail("connection", err, "")
	} else {
		defer s.close()
		d.warehouse(ctx, s)
	}
	d.sources(ctx)
	if d.notify {
		d.webhook(ctx)
	}
	return d.print()
}

func (d *doctorRun) configuration() {
	const others = "defaults, environment and flags"
	switch {
	case d.cfg.Path != "":
		d.add("configuration", "ok", "read from "+d.cfg.Path, "")
	case d.cfg.Ignored != "":
		d.add("configuration", "warn", d.cfg.Ignored+" is ignored, as a warning says; "+others, "")
	default:
		d.add("configuration", "ok", "no dwh.yaml; "+others, "")
	}
}

func (d *doctorRun) warehouse(ctx context.Context, s *session) {
	d.add("connection", "ok", s.warehouse.Target(), "")
	d.clock(ctx, s)
	d.privileges(ctx, s)
	d.tls(ctx, s)
	d.sql(s)
	if d.schema(ctx, s) {
		d.narrowings(ctx, s)
		d.redshift(ctx, s)
	}
}

// sql tells whether lint finds anything.
func (d *doctorRun) sql(s *session) {
	findings, err := d.app.findings(s.project)
	if err != nil {
		d.fail("SQL", err, "run dwh lint")
		return
	}
	warnings, faults := weigh(findings, d.cfg)
	switch {
	case len(faults) > 0:
		d.fail("SQL", lint.Err(faults), "run dwh lint")
	case len(warnings) > 0:
		d.add("SQL", "warn", "the project is for PostgreSQL only: "+lint.Err(warnings).Error(), "run dwh lint")
	default:
		d.add("SQL", "ok", "migrations, transforms and queries run on both engines", "")
	}
}

func (d *doctorRun) clock(ctx context.Context, s *session) {
	// CURRENT_TIMESTAMP without a table runs on Redshift's leader node
	// (dg/c_SQL_functions_leader_node_only).
	text := `SELECT CURRENT_TIMESTAMP`
	if s.warehouse.Engine() == sqlfile.Redshift {
		text = `SELECT GETDATE()`
	}
	var there time.Time
	before := time.Now()
	if err := s.warehouse.Pool().QueryRow(ctx, text).Scan(&there); err != nil {
		d.fail("clock", err, "")
		return
	}
	off := there.UTC().Sub(before.Add(time.Since(before) / 2).UTC()).Round(time.Second)
	if off.Abs() > time.Minute {
		d.add(
			"clock", "warn", fmt.Sprintf("the server's clock and this machine's clock differ by %s", off),
			"set both by NTP: the journal and S3 signatures depend on it",
		)
		return
	}
	d.add("clock", "ok", "differs from the server's clock by less than a minute", "")
}

func (d *doctorRun) privileges(ctx context.Context, s *session) {
	var name *string
	var database, schema *bool // NULL where there is no schema
	err := s.warehouse.Pool().QueryRow(ctx, `
		SELECT CAST(current_schema() AS VARCHAR(127)), has_database_privilege(current_database(), 'CREATE'),
			has_schema_privilege(current_schema(), 'CREATE')`).Scan(&name, &database, &schema)
	user := catalogue.Name(s.warehouse.User()).SQL() // quoted: of IAM's users it has a colon
	switch {
	case err != nil:
		d.fail("privileges", err, "")
	case name == nil:
		d.add(
			"privileges",
			"fail",
			"the search_path of the role names no schema that exists",
			fmt.Sprintf("CREATE SCHEMA public; GRANT CREATE, USAGE ON SCHEMA public TO %s;", user),
		)
	case schema == nil || !*schema:
		d.add(
			"privileges",
			"fail",
			"the role may not create tables in the schema",
			fmt.Sprintf("GRANT CREATE, USAGE ON SCHEMA %s TO %s;", catalogue.Name(*name).SQL(), user),
		)
	case database == nil || !*database:
		d.add("privileges", "fail", "the role may not create the scratch schema that transforms build in",
			fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s;", catalogue.Name(s.warehouse.Database()).SQL(), user))
	default:
		d.add("privileges", "ok", "the role may create tables and the scratch schema", "")
	}
}

func (d *doctorRun) tls(ctx context.Context, s *session) {
	if s.warehouse.Private() {
		return
	}
	conn, err := s.warehouse.Pool().Acquire(ctx)
	if err != nil {
		d.fail("TLS", err, "")
		return
	}
	defer conn.Release()
	config := conn.Conn().Config()
	switch {
	case config.TLSConfig == nil:
		d.add(
			"TLS", "warn", "the connection is not encrypted",
			"add sslmode=verify-full to the database URL, unless the server is on this machine",
		)
	case config.TLSConfig.InsecureSkipVerify && config.TLSConfig.VerifyPeerCertificate == nil &&
		config.TLSConfig.VerifyConnection == nil:
		d.add(
			"TLS", "warn",
			"the connection is encrypted, but the server's certificate is not verified",
			"add sslmode=verify-full to the database URL",
		)
	default:
		d.add("TLS", "ok", "encrypted, and the server's certificate is verified", "")
	}
}

// bookkeeping tells whether dwh's own tables are there and current, or can become so.
func (d *doctorRun) bookkeeping(ctx context.Context, s *session) bool {
	state, err := bookkeeping.Read(ctx, s.warehouse.Pool())
	switch {
	case err != nil:
		d.fail(bookkeeping.Name, err, "")
		return false
	case !state.Current():
		d.add(bookkeeping.Name, "warn", state.String(), `run "dwh migrate up"`)
	default:
		d.add(bookkeeping.Name, "ok", state.String(), "")
	}
	return true
}

// schema tells whether every migration is applied.
func (d *doctorRun) schema(ctx context.Context, s *session) bool {
	if !d.bookkeeping(ctx, s) {
		return false
	}
	err := s.requireCurrent(ctx)
	var pending *migration.PendingError
	switch {
	case errors.As(err, &pending) && len(pending.Migrations) == 0:
		return false // said of the bookkeeping
	case errors.As(err, &pending):
		d.add("schema", "warn", err.Error(), pending.Hint())
		// A migration that leaves a flag out is refused before anything is applied.
		d.flags(s.project.checkFlags(s.warehouse.Engine()))
		return false
	case err != nil:
		d.fail("schema", err, "")
		return false
	}
	d.add("schema", "ok", "every migration is applied", "")
	d.publications(ctx, s)
	steps, err := s.project.steps(s.warehouse.Engine())
	switch {
	case errors.Is(err, transform.ErrNoTransforms):
		d.add("transforms", "warn", err.Error(), hintOf(err))
		return false
	case err != nil:
		d.fail("transforms", err, "")
		return false
	}
	if !d.staging(ctx, s, steps) {
		return false
	}
	staleness, err := transform.ReadStaleness(ctx, s.warehouse.Pool(), s.warehouse.Engine(), steps, transform.ReadOnly)
	switch {
	case err != nil:
		d.fail("transforms", err, "")
	case staleness.Stale():
		d.add(
			"transforms", "warn", "replay needed: "+staleness.Reasons()[0],
			`"dwh transform" replays first; see "dwh transform --replay --dry-run"`,
		)
	default:
		d.add("transforms", "ok", "no table is stale", "")
	}
	return true
}

// publications looks for publications because of which PostgreSQL would refuse to change rows.
func (d *doctorRun) publications(ctx context.Context, s *session) {
	if s.warehouse.Engine() != sqlfile.Postgres {
		return
	}
	const subject = "publications"
	faults, err := catalogue.PublicationFaults(ctx, s.warehouse.Pool())
	if err != nil {
		d.fail(subject, err, "")
		return
	}
	steps, err := s.project.stepsIfAny(s.warehouse.Engine())
	if err != nil {
		return // said of the transforms
	}
	// Tables that dwh does not write are nobody's business here.
	written := func(name catalogue.Name) bool {
		return name == "" || bookkeeping.Owns(string(name)) ||
			slices.ContainsFunc(steps, func(step transform.Step) bool {
				return slices.Contains(step.Reads, name) || slices.Contains(step.Writes, name)
			})
	}
	found := false
	for _, fault := range faults {
		if written(fault.Table.Name) {
			found = true
			d.add(subject, "fail", fault.String(), fault.Fix())
		}
	}
	if !found {
		d.add(subject, "ok", "no publication blocks changes of rows", "")
	}
}

// webhook sends a test message.
func (d *doctorRun) webhook(ctx context.Context) {
	if d.cfg.Notify.Webhook == "" {
		d.add("notify", "fail", "no webhook is set, so no test message was sent",
			"set notify.webhook in dwh.yaml, or DWH_NOTIFY_WEBHOOK")
		return
	}
	n, err := newNotifier(d.app, d.cfg)
	if err != nil {
		d.fail("notify", err, "write the header into the file, on one line")
		return
	}
	defer n.Close(ctx)
	e := newEvent(notify.Test)
	e.Command = "doctor"
	if err := n.Deliver(ctx, e); err != nil {
		d.fail("notify", err, "")
		return
	}
	d.add("notify", "ok", notify.Place(d.cfg.Notify.Webhook)+" accepted a test message", "")
}

func (d *doctorRun) print() error {
	failed := 0
	t := table.Table{Columns: columns(
		column{name: "subject", narrow: table.NarrowKeep}, column{name: "result", narrow: table.NarrowKeep,
			style: outcomeStyle},
		column{name: "detail", narrow: table.NarrowFold}, column{name: "fix", narrow: table.NarrowFold})}
	for _, f := range d.findings {
		if f.Result == "fail" {
			failed++
		}
		t.Rows = append(t.Rows, []any{f.Subject, f.Result, f.Detail, f.Fix})
	}
	if d.json {
		if err := writeJSON(d.app.out, d.findings); err != nil {
			return err
		}
	} else if err := d.app.out.Table(t, table.Text); err != nil {
		return err
	}
	if failed > 0 {
		verb := "need"
		if failed == 1 {
			verb = "needs"
		}
		return fmt.Errorf("%d of %s %s a fix", failed, counted(int64(len(d.findings)), "item"), verb)
	}
	return nil
}
