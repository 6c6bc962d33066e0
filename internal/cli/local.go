package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/suggest"
	"github.com/sparkify/dwh/internal/table"
)

func (a *app) localCommand() *cli.Command {
	flags := func(more ...cli.Flag) []cli.Flag { return append([]cli.Flag{dataDirFlag()}, more...) }
	return &cli.Command{
		Name:  "local",
		Usage: "manage the private PostgreSQL: start, stop, status, url, backup, restore, reset",
		Description: examples(
			`Without a database URL, dwh uses a PostgreSQL server that it runs itself, in a folder of the user.
The first command that needs the server starts it. It keeps running until "dwh local stop".`,
			"dwh local status", `psql "$(dwh local url)"`, "dwh local stop",
		),
		Subcommands: []*cli.Command{
			{
				Name:  "start",
				Usage: "start the server, if it is down",
				Description: examples(
					"", "dwh local start", "dwh local start --data-dir /srv/dwh",
					"dwh local start --json",
				),
				Flags:  flags(jsonFlag()),
				Action: a.local(func(ctx context.Context, l localServer) error { return l.start(ctx) }),
			},
			{
				Name:        "stop",
				Usage:       "stop the server; the data stay",
				Description: examples("", "dwh local stop"),
				Flags:       flags(jsonFlag()),
				Action:      a.local(func(ctx context.Context, l localServer) error { return l.stop(ctx) }),
			},
			{
				Name:        "status",
				Usage:       "show whether the server runs, its address and its databases",
				Description: examples("", "dwh local status", "dwh local status --json"),
				Flags:       flags(jsonFlag()),
				Action:      a.local(func(ctx context.Context, l localServer) error { return l.status(ctx) }),
			},
			{
				Name:  "url",
				Usage: "print the URL of a database, with its password, for psql and other clients",
				Description: examples(`Starts the server if it is down. The URL is complete and works from any user's shell. Its role, dwh,
owns the warehouse and is not a superuser. With --admin the role is the superuser dwh_admin, which
can create roles and extensions. What dwh_admin creates belongs to dwh_admin, not to dwh.`,
					`psql "$(dwh local url)"`, `DATABASE_URL="$(dwh local url)" some-other-tool`,
					`psql "$(dwh local url --database dwh_demo)"`,
					`psql "$(dwh local url --admin)" -c "CREATE ROLE reader LOGIN"`),
				Flags: flags(jsonFlag(),
					&cli.BoolFlag{Name: "admin", Usage: "print the URL of the superuser dwh_admin"},
					&cli.StringFlag{
						Name:        "database",
						Usage:       "use the database `NAME`, which must exist",
						DefaultText: "the warehouse's",
					}),
				Action: a.local(func(ctx context.Context, l localServer) error { return l.url(ctx) }),
			},
			a.localBackupCommand(),
			a.localRestoreCommand(),
			{
				Name:        "reset",
				Usage:       "stop the server and delete all its data",
				Description: examples("", "dwh local reset --yes"),
				Flags:       flags(yesFlag()),
				Action:      a.local(func(ctx context.Context, l localServer) error { return l.reset(ctx) }),
			},
		},
	}
}

// local returns the action of a command on the private server.
func (a *app) local(run func(context.Context, localServer) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		cfg, err := a.load(c)
		if err != nil {
			return err
		}
		server, err := localpg.New(localpg.Options{DataDir: cfg.DataDir, Logger: a.log})
		if err != nil {
			return err
		}
		l := localServer{command: c.Command.HelpName, server: server, out: a.out, database: cfg.Database,
			named: cfg.Origin("database").Kind == config.Flag,
			json:  c.Bool("json"), yes: c.Bool("yes"), admin: c.Bool("admin")}
		return run(c.Context, l)
	}
}

// localServer performs the commands on the private server.
type localServer struct {
	command  string // its name: "dwh local backup"
	server   *localpg.Server
	out      *Output
	database string // the warehouse's, or the one that --database names
	named    bool   // by --database
	json     bool
	yes      bool
	admin    bool // url: of the superuser
	// Of restore.
	noPrivileges bool
	stdin        io.Reader
}

// localJSON is what start, stop and url print for machines.
type localJSON struct {
	State    string `json:"state"` // started, running, stopped or not running
	DataDir  string `json:"data_dir"`
	Version  string `json:"version,omitempty"`
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	Database string `json:"database,omitempty"`
	URL      string `json:"url,omitempty"` // with the password: for url only
}

func (l localServer) start(ctx context.Context) error {
	info, err := l.server.Start(ctx)
	if err != nil {
		return err
	}
	if err := l.server.EnsureDatabase(ctx, l.database); err != nil {
		return err
	}
	if l.json {
		return writeJSON(l.out, l.running(info))
	}
	state := "runs already"
	if info.Started {
		state = "started"
	}
	l.out.Status("PostgreSQL %s %s at %s:%d; data in %s", info.Version, state, info.Host, info.Port, l.server.DataDir())
	return nil
}

func (l localServer) running(info localpg.Info) localJSON {
	state := "running"
	if info.Started {
		state = "started"
	}
	return localJSON{
		State: state, DataDir: l.server.DataDir(), Version: info.Version, Host: info.Host,
		Port: info.Port, Database: l.database,
	}
}

func (l localServer) stop(ctx context.Context) error {
	status, err := l.server.Status(ctx)
	if err != nil {
		// A server that does not answer can be stopped all the same.
		l.out.Warn("%v", err)
	}
	if err == nil && !status.Running {
		if l.json {
			return writeJSON(l.out, localJSON{State: "not running", DataDir: l.server.DataDir()})
		}
		l.out.Status("the private PostgreSQL is not running (%s)", l.server.DataDir())
		return nil
	}
	if err := l.server.Stop(ctx); err != nil {
		return err
	}
	if l.json {
		return writeJSON(l.out, localJSON{State: "stopped", DataDir: l.server.DataDir()})
	}
	l.out.Status("stopped the private PostgreSQL; the data stay in %s", l.server.DataDir())
	return nil
}

func (l localServer) status(ctx context.Context) error {
	status, err := l.server.Status(ctx)
	if err != nil {
		return err
	}
	if l.json {
		return writeJSON(l.out, status)
	}
	state := "not running"
	switch {
	case status.Running:
		state = fmt.Sprintf(
			"running, PostgreSQL %s at %s:%d, process %d", status.Version, status.Host, status.Port,
			status.PID,
		)
	case !status.Initialized:
		state = `not set up yet; "dwh local start" or any other command does that`
	}
	lines := [][2]string{{"state", state}, {"data folder", status.DataDir}, {"log", status.LogPath}}
	if status.Running {
		lines = append(lines, [2]string{"socket folder", status.Socket})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(l.out.Stdout, "%-14s %s\n", line[0]+":", line[1]); err != nil {
			return err
		}
	}
	if len(status.Databases) == 0 {
		return nil
	}
	t := table.Table{Columns: columns(column{name: "database", narrow: table.NarrowKeep}, column{name: "bytes",
		style: strong})}
	for _, database := range status.Databases {
		t.Rows = append(t.Rows, []any{database.Name, database.Bytes})
	}
	if _, err := fmt.Fprintln(l.out.Stdout); err != nil {
		return err
	}
	return l.out.Table(t, table.Text)
}

func (l localServer) url(ctx context.Context) error {
	info, err := l.server.Start(ctx)
	if err != nil {
		return err
	}
	if err := l.settle(ctx); err != nil {
		return err
	}
	if l.admin {
		if info, err = l.server.Admin(info); err != nil {
			return err
		}
	}
	if l.json {
		out := l.running(info)
		out.URL = info.DSN(l.database)
		return writeJSON(l.out, out)
	}
	_, err = fmt.Fprintln(l.out.Stdout, info.DSN(l.database))
	return err
}

// settle makes the warehouse's database where it is missing. One that was named on the command line
// has to be there: a new one would hide a misspelt name.
func (l localServer) settle(ctx context.Context) error {
	if !l.named {
		return l.server.EnsureDatabase(ctx, l.database)
	}
	status, err := l.server.Status(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, database := range status.Databases {
		names = append(names, database.Name)
	}
	if slices.Contains(names, l.database) {
		return nil
	}
	return &UsageError{
		Msg:    fmt.Sprintf("the private PostgreSQL has no database %q", l.database),
		Advice: suggest.Hint(l.database, names), Help: l.command + " --help",
	}
}

func (l localServer) reset(ctx context.Context) error {
	if !l.yes {
		return &UsageError{
			Msg: fmt.Sprintf(
				"reset deletes every database of the private PostgreSQL in %s, staged rows included",
				l.server.DataDir(),
			),
			Advice: "add --yes to do it",
		}
	}
	if err := l.server.Reset(ctx); err != nil {
		return err
	}
	l.out.Status("deleted the private PostgreSQL in %s", l.server.DataDir())
	return nil
}
