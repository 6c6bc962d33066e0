// Package cli is dwh's command line.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/warehouse"
	"github.com/sparkify/dwh/internal/writelock"
)

// Main runs the command line args (args[0] is the program's name) and returns the exit code: 0
// done, 1 failed, 2 usage or configuration, 3 a check failed, 130 interrupted. Errors are printed
// here, once. Cancelling ctx interrupts the command.
func Main(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(args, env, stdin, stdout, stderr).main(ctx, args)
}

// MainWithFailpoints is Main with a function that is called at the named moments of a run, for
// tests that end the process there. The moments are those of transform.Options.Failpoint.
func MainWithFailpoints(
	ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer,
	failpoint func(name string),
) int {
	a := newApp(args, env, stdin, stdout, stderr)
	a.failpoint = failpoint
	return a.main(ctx, args)
}

// main runs the command line. A panic is a fault of ours: one line says so, unless DWH_DEBUG asks
// for the stack.
func (a *app) main(ctx context.Context, args []string) (code int) {
	if a.env["DWH_DEBUG"] == "" {
		defer func() {
			if fault := recover(); fault != nil {
				a.out.line("internal error: %s; please report this, with the output of the same command "+
					"under DWH_DEBUG=1", printable(fmt.Sprint(fault)))
				code = 1
			}
		}()
	}
	return a.exit(ctx, a.run(ctx, args))
}

// app is one run of the program: its surroundings, and what its commands share.
type app struct {
	env    map[string]string
	stdin  io.Reader
	out    *Output
	log    *slog.Logger // on stderr; load sets its format and level
	root   *cli.App
	args   []string // the command line as given
	opened opened
	// knownReports are the reports of the project that the command line, the environment or the
	// file names. What is wrong with the project is said when the report runs; brokenReports keeps
	// it.
	knownReports  func() []report.Report
	brokenReports error
	// knownErasables are what the loads of the same project declare to be erased.
	knownErasables func() []erasable
	// teller tells a webhook how the command went; nil for nobody.
	teller *teller
	// failpoint, where set, is called at named moments of a run; the crash tests end the process
	// there.
	failpoint func(name string)
}

func newApp(args, env []string, stdin io.Reader, stdout, stderr io.Writer) *app {
	a := &app{env: map[string]string{}, stdin: stdin, args: args, opened: opened{projects: map[string]project{}}}
	for _, entry := range env {
		if name, value, ok := strings.Cut(entry, "="); ok {
			a.env[name] = value
		}
	}
	a.knownReports = sync.OnceValue(a.findReports)
	a.knownErasables = sync.OnceValue(a.findErasables)
	a.out = newOutput(stdout, stderr, a.env)
	a.out.secrets = config.NewRedactor(args)
	a.log = a.out.logger("text", slog.LevelInfo)
	a.root = &cli.App{
		Name:  "dwh",
		Usage: "declarative migrations, loads, transforms, checks and reports for a SQL warehouse",
		Description: examples(
			`Copies objects from S3 or a folder into staging tables, computes dimensions and facts from them,
checks the result and reports on it. Without a project of your own, dwh works on the song-play
warehouse that it ships. Without a database URL, dwh starts a private PostgreSQL.`,
			"dwh demo", "dwh run "+sourcesWord, a.reportExamples()[1],
		),
		Flags:           globalFlags(),
		Commands:        a.commands(),
		Reader:          stdin,
		Writer:          stdout,
		ErrWriter:       stderr,
		HideHelp:        true, // help.go prints it, for every command in one way
		HideHelpCommand: true,
		HideVersion:     true,
		// Main prints and maps errors; the library would call os.Exit
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
	}
	for _, c := range a.root.Commands {
		settle(c)
	}
	a.root.Setup()
	return a
}

// commands lists the commands in the order of the help: the main job first.
func (a *app) commands() []*cli.Command {
	return []*cli.Command{
		a.demoCommand(),
		a.initCommand(),
		a.runCommand(),
		a.migrateCommand(),
		a.transformCommand(),
		a.compactCommand(),
		a.checkCommand(),
		a.testCommand(),
		a.reportCommand(),
		a.renderCommand(),
		a.verifyCommand(),
		a.historyCommand(),
		a.rejectCommand(),
		a.stagingCommand(),
		a.lintCommand(),
		a.doctorCommand(),
		a.localCommand(),
		a.serveCommand(),
		a.sampleCommand(),
		a.completionCommand(),
		a.manCommand(),
	}
}

// settle gives a command and those under it what all have in common.
func settle(c *cli.Command) {
	c.HideHelp = true
	c.HideHelpCommand = true
	c.OnUsageError = usageError
	for _, sub := range c.Subcommands {
		settle(sub)
	}
}

func (a *app) run(ctx context.Context, args []string) error {
	if len(args) > 1 && args[1] == completeWord {
		return a.complete(args[2:])
	}
	in, err := parse(a.root, args)
	if err != nil {
		return a.explainFlags(err)
	}
	if in.version {
		_, err := fmt.Fprintln(a.out.Stdout, versionLine())
		return err
	}
	if in.help {
		a.fitSourceFlags()
		return a.writeHelp(a.out.Stdout, in.path)
	}
	err = a.traced(ctx, in, func(ctx context.Context) error { return a.root.RunContext(ctx, in.args) })
	if err == nil {
		err = a.out.strictError()
	}
	a.teller.ended(ctx, err)
	return err
}

// A folderError says that the working folder is gone, or shut.
type folderError struct{ err error }

func (e *folderError) Error() string { return "find the working folder: " + e.err.Error() }

// Unwrap returns the cause.
func (e *folderError) Unwrap() error { return e.err }

// Hint says what to do.
func (*folderError) Hint() string { return "change to a folder that exists and that you can enter" }

// workingFolder is the folder that dwh was started in.
func workingFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", &folderError{err}
	}
	return dir, nil
}

// load reads the configuration for a command: the file, the environment, and those of its flags
// that are settings. It prints the configuration's warnings, and sets logging and strictness.
func (a *app) load(c *cli.Context) (*config.Config, error) {
	return a.loadOnly(c, nil)
}

// loadOnly is load limited to some keys from environment and flags; without a file. It is for
// commands that must not depend on where they are started.
func (a *app) loadOnly(c *cli.Context, only []string) (*config.Config, error) {
	dir, err := workingFolder()
	if err != nil {
		return nil, err
	}
	o := config.Options{Dir: dir, Home: a.home(), Env: a.env, Only: only, Flags: map[string]string{},
		File: c.String("config")}
	for _, key := range config.Keys() {
		name := config.FlagName(key)
		// another command's flag of that name, such as a report's
		if !c.IsSet(name) || strings.HasPrefix(key, "serve.") && c.Command.Name != "serve" {
			continue
		}
		if many, ok := c.Value(name).(cli.StringSlice); ok {
			o.Flags[key] = strings.Join(many.Value(), ",")
			continue
		}
		o.Flags[key] = fmt.Sprint(c.Value(name))
	}
	takeSources(c, &o)
	cfg, err := config.Load(o)
	if err != nil {
		return nil, err
	}
	level := slog.LevelInfo
	switch {
	case c.Bool("verbose"):
		level = slog.LevelDebug
	case c.Bool("quiet"):
		level = slog.LevelWarn
	}
	a.out.Quiet = c.Bool("quiet")
	a.out.strict = cfg.Strict
	a.log = a.out.logger(cfg.LogFormat, level)
	for _, warning := range cfg.Warnings {
		a.out.Warn("%s", warning)
	}
	if err := a.checkSourceFlags(c, cfg); err != nil {
		return nil, err
	}
	a.opened.schemas = warehouse.Schemas(cfg)
	a.teller = a.newTeller(c, cfg)
	return cfg, nil
}

// projectAtHand is the project that the command line, the environment or the configuration file
// names, before the command line is understood.
func (a *app) projectAtHand() (project, error) {
	folder := a.env["DWH_PROJECT"]
	for i, word := range a.args {
		if value, ok := strings.CutPrefix(word, "--project="); ok {
			folder = value
		} else if word == "--project" && i+1 < len(a.args) {
			folder = a.args[i+1]
		}
	}
	if folder == "" {
		folder = a.configuredProject()
	}
	return a.openFolder(folder)
}

// configuredProject is the project that the configuration file names, found before the command line
// is understood; "" without one.
func (a *app) configuredProject() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	o := config.Options{Dir: dir, Home: a.home(), Env: a.env, Flags: map[string]string{}}
	for i, word := range a.args {
		if value, ok := strings.CutPrefix(word, "--config="); ok {
			o.File = value
		} else if word == "--config" && i+1 < len(a.args) {
			o.File = a.args[i+1]
		}
	}
	cfg, err := config.Load(o)
	if err != nil {
		return "" // load says what is wrong with it
	}
	return cfg.Project
}

func (a *app) home() string {
	if home := a.env["HOME"]; home != "" {
		return home
	}
	return a.env["USERPROFILE"]
}

// open connects to the warehouse that the configuration means, starting the private PostgreSQL when
// it is that one. The caller closes it.
func (a *app) open(ctx context.Context, cfg *config.Config) (*warehouse.Warehouse, error) {
	target, err := warehouse.ResolveTarget(ctx, cfg, a.log)
	if err != nil {
		return nil, err
	}
	return warehouse.Open(ctx, target)
}

// openToWrite is open for commands that write: it names the target first.
func (a *app) openToWrite(ctx context.Context, cfg *config.Config) (*warehouse.Warehouse, error) {
	w, err := a.open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.out.Status("target: %s", w.Target())
	w.WatchWaits(ctx, func(wait writelock.Wait) { a.out.Status("%s", wait) }, func(err error) {
		a.log.Debug("cannot tell what a lock waits for", "error", err)
	})
	return w, nil
}
