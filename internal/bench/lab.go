package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/bench/dataset"
	"github.com/sparkify/dwh/internal/bench/outcome"
)

// lab is where everything is measured: a work folder with a binary of dwh, a private server, and
// the data.
type lab struct {
	settings settings
	log      io.Writer // what is going on, for people
	dir      string
	repo     string
	binary   string // of dwh
	profiled string // of dwh with profiles; "" without --profile
	server   *url.URL
	version  string // of the server
	psql     string // "" when there is none
	set      *dataset.Set
	bucket   *bucket          // nil before the first use
	counts   counts           // what the base implies; zero before the first use
	memory   map[string]int64 // peak of resident memory by what dwh did, in bytes

	busy      []float64 // share of the machine that others used before each piece of a measurement
	profiling string    // what the profile of the next child is called; "" for none
	closers   []func() error
}

// say tells people what is going on.
func (l *lab) say(format string, args ...any) { _, _ = fmt.Fprintf(l.log, format+"\n", args...) }

// open makes or reuses the work folder, builds dwh and starts the server.
func open(ctx context.Context, s settings, log io.Writer) (l *lab, err error) {
	l = &lab{settings: s, log: log, memory: map[string]int64{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.repo, err = repository(ctx); err != nil {
		return l, err
	}
	if err := l.makeFolder(); err != nil {
		return l, err
	}
	if err := l.build(ctx); err != nil {
		return l, err
	}
	return l, l.startServer(ctx)
}

// close undoes open, in the opposite order.
func (l *lab) close() error {
	var errs []error
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	l.closers = nil
	return errors.Join(errs...)
}

func (l *lab) makeFolder() (err error) {
	if l.settings.keep != "" {
		if l.dir, err = filepath.Abs(l.settings.keep); err != nil {
			return err
		}
		if err := os.MkdirAll(l.dir, 0o755); err != nil {
			return fmt.Errorf("work folder: %w", err)
		}
	} else {
		if l.dir, err = os.MkdirTemp("/tmp", "dwh-bench-"); err != nil {
			return fmt.Errorf("work folder: %w", err)
		}
		l.closers = append(l.closers, func() error { return os.RemoveAll(l.dir) })
		if err := os.Chmod(l.dir, 0o755); err != nil { // root's server runs as another user
			return err
		}
	}
	for _, name := range []string{"home", "empty"} {
		if err := os.MkdirAll(l.path(name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// path is a file of the work folder.
func (l *lab) path(elements ...string) string {
	return filepath.Join(append([]string{l.dir}, elements...)...)
}

// repository is the folder of this module's go.mod.
func repository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/sparkify/dwh").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: run this in a folder of it: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (l *lab) build(ctx context.Context) error {
	compile := func(name, pkg string) (string, error) {
		binary := l.path(name)
		cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
		cmd.Dir = l.repo
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
		return binary, nil
	}
	var err error
	if l.settings.binary != "" {
		if l.binary, err = filepath.Abs(l.settings.binary); err != nil {
			return err
		}
	} else {
		l.say("building dwh")
		if l.binary, err = compile("dwh", "./cmd/dwh"); err != nil {
			return err
		}
	}
	if l.settings.profile == "" {
		return nil
	}
	if l.settings.profile, err = filepath.Abs(l.settings.profile); err != nil {
		return err
	}
	if err := os.MkdirAll(l.settings.profile, 0o755); err != nil {
		return err
	}
	l.profiled, err = compile("dwh-profiled", "./internal/bench/profiled")
	return err
}

func (l *lab) startServer(ctx context.Context) error {
	l.closers = append(l.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		_, err := l.dwh(ctx, child{args: []string{"local", "stop"}})
		return err
	})
	if _, err := l.dwh(ctx, child{args: []string{"local", "start"}}); err != nil {
		return err
	}
	var err error
	// Where the programs lie only a superuser sees. Of an older dwh every role is one.
	if l.server, err = l.localURL(ctx, "--admin"); err != nil {
		if l.server, err = l.localURL(ctx); err != nil {
			return err
		}
	}
	var folder string
	err = l.query(ctx, "postgres", func(conn *pgx.Conn) error {
		const find = "SELECT setting, current_setting('server_version') FROM pg_config WHERE name = 'BINDIR'"
		return conn.QueryRow(ctx, find).Scan(&folder, &l.version)
	})
	if err != nil {
		return err
	}
	if l.server, err = l.localURL(ctx); err != nil {
		return err
	}
	l.psql = filepath.Join(folder, "psql")
	if _, err := os.Stat(l.psql); err != nil {
		// Binaries that dwh downloaded come without clients.
		if l.psql, err = exec.LookPath("psql"); err != nil {
			l.psql = ""
		}
	}
	return nil
}

// localURL is what dwh local url prints.
func (l *lab) localURL(ctx context.Context, flags ...string) (*url.URL, error) {
	out, err := l.dwh(ctx, child{args: append([]string{"local", "url"}, flags...)})
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(strings.TrimSpace(out.stdout))
	if err != nil {
		return nil, errors.New("dwh local url printed no URL") // the error would show the password
	}
	return address, nil
}

// url is the address of one of the server's databases, the password included.
func (l *lab) url(database string) string {
	u := *l.server
	u.Path = "/" + database
	return u.String()
}

// child is a process to run.
type child struct {
	args     []string
	database string   // of the private server; "" for none
	env      []string // beyond what every child gets
	dir      string   // working folder; "" for the work folder
	// measured is what the memory's peak is ascribed to; "" leaves it out.
	measured string
}

// result is what a process did.
type result struct {
	seconds float64
	stdout  string
}

// dwh runs the binary that is measured, with a home folder and a private server of its own.
func (l *lab) dwh(ctx context.Context, c child) (result, error) {
	binary := l.binary
	c.env = append(c.env, "DWH_DATA_DIR="+l.path("postgres"))
	if c.database != "" {
		c.env = append(c.env, "DWH_DATABASE_URL="+l.url(c.database))
	}
	if l.profiling != "" && c.measured != "" {
		binary = l.profiled
		c.env = append(c.env, "DWH_BENCH_PROFILE="+filepath.Join(l.settings.profile, l.profiling))
		c.measured = ""
	}
	r, err := l.start(ctx, binary, c)
	if err != nil {
		return r, fmt.Errorf("dwh %s: %w", c.args[0], err)
	}
	return r, nil
}

// runPSQL runs psql on a database, stopping at the first error.
func (l *lab) runPSQL(ctx context.Context, database string, args ...string) (result, error) {
	password, _ := l.server.User.Password()
	r, err := l.start(ctx, l.psql, child{
		args: append([]string{"-X", "-q", "-v", "ON_ERROR_STOP=1"}, args...),
		env: []string{
			"PGHOST=" + l.server.Hostname(), "PGPORT=" + l.server.Port(),
			"PGUSER=" + l.server.User.Username(), "PGPASSWORD=" + password,
			"PGDATABASE=" + database, "PGSSLMODE=disable",
		},
	})
	if err != nil {
		return r, fmt.Errorf("psql: %w", err)
	}
	return r, nil
}

// start runs a process to its end. Its environment holds nothing of the caller's that could turn it
// elsewhere.
func (l *lab) start(ctx context.Context, binary string, c child) (result, error) {
	cmd := exec.CommandContext(ctx, binary, c.args...)
	cmd.Dir = l.dir
	if c.dir != "" {
		cmd.Dir = c.dir
	}
	cmd.Env = []string{"HOME=" + l.path("home"), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "NO_COLOR=1", "TZ=UTC"}
	for _, name := range []string{"TMPDIR", "LD_LIBRARY_PATH", "DWH_PG_BIN", "GOMEMLIMIT", "GOGC", "GOMAXPROCS"} {
		if value, set := os.LookupEnv(name); set {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, c.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	forgetOwnPeak()
	started := time.Now()
	err := cmd.Run()
	r := result{seconds: time.Since(started).Seconds(), stdout: stdout.String()}
	if err != nil {
		return r, fmt.Errorf(
			"%w: %s\n%s\n%s", err, lastLine(stderr.String()), strings.Join(cmd.Args, " "),
			tail(stderr.String()),
		)
	}
	if c.measured != "" {
		l.memory[c.measured] = max(l.memory[c.measured], residentPeak(cmd.ProcessState))
	}
	return r, nil
}

// tail is the end of what a process said, enough to see why it failed.
func tail(text string) string {
	const most = 2000
	text = strings.TrimSpace(text)
	if len(text) > most {
		return "…" + strings.ToValidUTF8(text[len(text)-most:], "")
	}
	return text
}

// lastLine is what a process said last, save a hint: what a row of the table shows of a failure.
func lastLine(text string) string {
	last := ""
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "hint:") {
			last = line
		}
	}
	return last
}

// kind is the machine as the report tells it.
func (l *lab) kind() outcome.Machine {
	m := machineKind()
	m.PostgreSQL, m.Go = l.version, runtime.Version()
	return m
}
