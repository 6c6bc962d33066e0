package localpg_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

func newServer(t *testing.T, dir string) *localpg.Server {
	t.Helper()
	s, err := localpg.New(localpg.Options{DataDir: dir, Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t *testing.T, s *localpg.Server) localpg.Info {
	t.Helper()
	info, err := s.Start(t.Context())
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return info
}

// admin is info with the server's superuser.
func admin(t *testing.T, s *localpg.Server, info localpg.Info) localpg.Info {
	t.Helper()
	info, err := s.Admin(info)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func pid(t *testing.T, s *localpg.Server) int {
	t.Helper()
	status, err := s.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !status.Running {
		t.Fatal("got a server that does not run, want a running one")
	}
	return status.PID
}

// awaitEnd waits until a process is gone; one whose parent does not reap it counts.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		// no such process: status 1, no output
		out, _ := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		if state := strings.TrimSpace(string(out)); state == "" || state[0] == 'Z' {
			tick.Stop()
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("process %d does not end", pid)
		case <-tick.C:
		}
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newServer(t, dwhtest.DataDir(t))
	if status, err := s.Status(ctx); err != nil || status.Running || status.Initialized {
		t.Errorf("before the first start: got %+v, %v, want a server that neither exists nor runs", status, err)
	}
	if err := s.Stop(ctx); err != nil {
		t.Errorf("stop before the first start: %v", err)
	}
	if got, ok := s.Running(ctx); ok {
		t.Errorf("running before the first start: got %+v, want none", got)
	}
	info := start(t, s)
	running, ok := s.Running(ctx)
	if !ok || running.DSN("postgres") != info.DSN("postgres") || running.Socket != info.Socket {
		t.Errorf("running: got %+v, %t, want the started server %+v", running, ok, info)
	}
	if !info.Started || info.Host != "127.0.0.1" || info.User != "dwh" || info.BinDir == "" {
		t.Errorf("got %+v, want a started server on 127.0.0.1 with user dwh", info)
	}
	first := pid(t, s)
	if again := start(t, s); again.Started || again.Port != info.Port || again.Password != info.Password {
		t.Errorf("second start: got %+v, want the running server %+v", again, info)
	}
	dsn := info.DSN("postgres")
	for _, c := range []struct{ sql, want string }{
		{"SHOW fsync", "on"},
		{"SHOW full_page_writes", "on"},
		{"SHOW synchronous_commit", "on"},
		{"SHOW wal_level", "minimal"},
		{"SHOW listen_addresses", "127.0.0.1"},
		{"SHOW password_encryption", "scram-sha-256"},
		{"SHOW timezone", "UTC"},
		{"SHOW data_checksums", "on"},
		{"SHOW shared_buffers", "128MB"},
		{"SELECT current_setting('is_superuser')", "on"},
		{"SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules", "scram-sha-256"},
		{"SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL", "0"},
		{"SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL", "0"},
		{
			"SELECT datcollate || ' ' || datctype || ' ' || pg_encoding_to_char(encoding) FROM " +
				"pg_database WHERE datname = 'postgres'",
			"C C UTF8",
		},
		{"SELECT count(*) FROM pg_database WHERE datcollate <> 'C'", "0"},
	} {
		if got := dwhtest.Query(t, admin(t, s, info).DSN("postgres"), c.sql)[0][0]; got != c.want {
			t.Errorf("%s: got %s, want %s", c.sql, got, c.want)
		}
	}
	for _, dsn := range []string{
		strings.Replace(dsn, info.Password.Reveal(), "guess", 1),
		fmt.Sprintf("host=%s port=%d user=dwh password=guess dbname=postgres", info.Socket, info.Port),
	} {
		if conn, err := pgx.Connect(ctx, dsn); err == nil {
			t.Errorf("connected with a wrong password")
			_ = conn.Close(ctx)
		}
	}
	for path, want := range map[string]os.FileMode{
		s.DataDir():                                  0o700,
		filepath.Join(s.DataDir(), "password"):       0o600,
		filepath.Join(s.DataDir(), "admin-password"): 0o600,
		info.Socket:                                  0o700,
	} {
		fi, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := fi.Mode().Perm(); got != want {
			t.Errorf("mode of %s: got %04o, want %04o", path, got, want)
		}
	}

	if err := s.EnsureDatabase(ctx, "wh"); err != nil {
		t.Fatal(err)
	}
	dwhtest.Query(t, info.DSN("wh"), "CREATE TABLE kept (id INTEGER)")
	if err := s.Stop(ctx); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if _, err := os.Stat(info.Socket); err == nil {
		t.Errorf("socket folder %s is left after stop", info.Socket)
	}
	if got, ok := s.Running(ctx); ok {
		t.Errorf("running after stop: got %+v, want none", got)
	}
	if status, err := s.Status(ctx); err != nil || status.Running || !status.Initialized {
		t.Errorf("after stop: got %+v, %v, want a cluster that does not run", status, err)
	}
	restarted := start(t, s)
	if !restarted.Started || restarted.DSN("postgres") != dsn || pid(t, s) == first {
		t.Errorf("after stop: got %+v, want another process with the same DSN", restarted)
	}
	if got := dwhtest.Query(t, info.DSN("wh"), "SELECT count(*) FROM kept")[0][0]; got != "0" {
		t.Errorf("table after a restart: got %s rows, want 0", got)
	}

	if err := s.Reset(ctx); err != nil {
		t.Fatalf("reset: %v", err)
	}
	if status, err := s.Status(ctx); err != nil || status.Running || status.Initialized {
		t.Errorf("after reset: got %+v, %v, want no cluster", status, err)
	}
	fresh := start(t, s)
	if fresh.Password == info.Password {
		t.Errorf("after reset: got the same password, want a new one")
	}
	if got := dwhtest.Query(t, fresh.DSN("postgres"),
		"SELECT count(*) FROM pg_database WHERE datname = 'wh'")[0][0]; got != "0" {
		t.Errorf("after reset: got %s databases of that name, want none", got)
	}
}

func TestStartsOnce(t *testing.T) {
	t.Parallel()
	dir := dwhtest.DataDir(t)
	const callers = 4
	infos := make([]localpg.Info, callers)
	var group errgroup.Group
	for i := range callers {
		s := newServer(t, dir)
		group.Go(func() (err error) {
			infos[i], err = s.Start(t.Context())
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, info := range infos {
		if info.Started {
			started++
		}
		if info.DSN("x") != infos[0].DSN("x") {
			t.Errorf("got servers %+v and %+v, want one", info, infos[0])
		}
	}
	if started != 1 {
		t.Errorf("got %d starts, want 1", started)
	}

	// The same for a database.
	for range callers {
		s := newServer(t, dir)
		group.Go(func() error { return s.EnsureDatabase(t.Context(), `odd "name`) })
	}
	if err := group.Wait(); err != nil {
		t.Errorf("ensure a database at once: %v", err)
	}
	s := newServer(t, dir)
	status, err := s.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(status.Databases) != 2 || status.Databases[0].Name != `odd "name` {
		t.Errorf("got databases %+v, want odd \"name and postgres", status.Databases)
	}
	conn, err := pgx.Connect(t.Context(), infos[0].DSN(`odd "name`))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for range 2 { // with a session on it, and when it is gone
		if err := s.DropDatabase(t.Context(), `odd "name`); err != nil {
			t.Errorf("drop: %v", err)
		}
	}
}

func TestSurvivesCrashes(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	info := start(t, s)
	if err := s.EnsureDatabase(t.Context(), "crash"); err != nil {
		t.Fatal(err)
	}
	dsn := info.DSN("crash")
	dwhtest.Query(t, dsn, "CREATE TABLE kept (id INTEGER); INSERT INTO kept VALUES (1)")
	check := func(t *testing.T) {
		t.Helper()
		if info := start(t, s); !info.Started {
			t.Errorf("got Started false, want true")
		}
		if got := dwhtest.Query(t, dsn, "SELECT count(*) FROM kept")[0][0]; got != "1" {
			t.Errorf("got %s rows, want 1", got)
		}
	}
	kill := func(t *testing.T) {
		t.Helper()
		dead := pid(t, s)
		if err := syscall.Kill(dead, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		awaitEnd(t, dead)
	}
	pidFile := filepath.Join(s.DataDir(), "pgdata", "postmaster.pid")

	t.Run("killed server", func(t *testing.T) {
		kill(t)
		if status, err := s.Status(t.Context()); err != nil || status.Running {
			t.Errorf("got %+v, %v, want a server that does not run", status, err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Errorf("stop of a dead server: %v", err)
		}
		check(t)
	})
	t.Run("killed server, busy process", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
		busy := int(conn.PgConn().PID())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			// Whether it still answers does not matter.
			const long = "SELECT count(*) FROM generate_series(1, 6000) AS a, generate_series(1, 6000) AS b"
			_, _ = conn.Exec(t.Context(), long)
		}()
		state := fmt.Sprintf("SELECT state FROM pg_stat_activity WHERE pid = %d", busy)
		for dwhtest.Query(t, dsn, state)[0][0] != "active" {
			time.Sleep(time.Millisecond)
		}
		kill(t)
		if err := syscall.Kill(busy, 0); err != nil {
			t.Errorf("the busy process: got %v, want it alive", err)
		}
		check(t)
		<-ended
	})
	t.Run("pid of another process", func(t *testing.T) {
		kill(t)
		// PostgreSQL takes a process of its own user for a server.
		other := exec.Command("sleep", "3600")
		var err error
		if other.SysProcAttr, err = s.Process(); err != nil {
			t.Fatal(err)
		}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = other.Process.Kill()
			_ = other.Wait()
		}()
		text, err := os.ReadFile(pidFile)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\n")
		if err := os.WriteFile(pidFile, []byte(strconv.Itoa(other.Process.Pid)+"\n"+rest), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Errorf("stop with a stale pid file: %v", err)
		}
		check(t)
		if err := other.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("the other process: got %v, want it alive", err)
		}
	})
	t.Run("taken port", func(t *testing.T) {
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", info.Port))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if got := start(t, s); got.Port == info.Port || !got.Started {
			t.Errorf("got %+v, want another port than %d", got, info.Port)
		}
	})
	t.Run("broken settings", func(t *testing.T) {
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		conf := filepath.Join(s.DataDir(), "pgdata", "postgresql.conf")
		f, err := os.OpenFile(conf, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("no_such_setting = 1\n"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = s.Start(t.Context())
		var failure *localpg.StartError
		if !errors.As(err, &failure) || !strings.Contains(
			err.Error(), `unrecognized configuration parameter "no_such_setting"`,
		) {
			t.Errorf("got %v, want a StartError that quotes the server's log", err)
		}
	})
}

func TestInterruptedInitdb(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	ctx, cancel := context.WithCancel(t.Context())
	var group errgroup.Group
	group.Go(func() error {
		_, err := s.Start(ctx)
		return err
	})
	pattern := filepath.Join(s.DataDir(), "pgdata.new-*")
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
		if found, err := filepath.Glob(filepath.Join(pattern, "base")); err != nil || len(found) > 0 {
			tick.Stop()
			break
		}
	}
	cancel()
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	// What a killed dwh leaves: before there is a cluster, beside one that runs, and beside one
	// that is down.
	for _, state := range []string{"no cluster", "running", "stopped"} {
		if state == "stopped" {
			if err := s.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(s.DataDir(), "pgdata.new-1"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.DataDir(), ".admin-password-1"), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		start(t, s)
		for _, leftover := range []string{pattern, filepath.Join(s.DataDir(), ".admin-password-*")} {
			if found, err := filepath.Glob(leftover); err != nil || len(found) > 0 {
				t.Errorf("%s: got leftovers %q, %v, want none", state, found, err)
			}
		}
	}
}

// TestOutlivesItsStarter starts a server in a process that kills itself at once.
func TestOutlivesItsStarter(t *testing.T) {
	const variable = "LOCALPG_TEST_STARTER"
	if dir := os.Getenv(variable); dir != "" {
		start(t, newServer(t, dir))
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-t.Context().Done()
	}
	dir := dwhtest.DataDir(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestOutlivesItsStarter$")
	cmd.Env = append(
		os.Environ(), variable+"="+dir, "AWS_SECRET_ACCESS_KEY=tell-tale", "PGPORT=1",
		"PGDATA=/nowhere", "GLIBC_TUNABLES=glibc.malloc.top_pad=131072",
	)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Run(); err == nil {
		t.Fatal("the starter ended well, want it killed")
	}
	// What a closed terminal or ^C does to all that the starter left in its group.
	if err := syscall.Kill(
		-cmd.Process.Pid, syscall.SIGINT,
	); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, syscall.EPERM) {
		t.Fatal(err)
	}
	s := newServer(t, dir)
	info := start(t, s)
	if info.Started {
		t.Errorf("got Started true, want the running server")
	}
	out, err := exec.Command("ps", "-A", "-ww", "-o", "command=").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), info.Password.Reveal()) {
		t.Errorf("the password is in a process title")
	}
	// Only Linux has it; elsewhere there is nothing to read.
	if environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid(t, s))); err == nil {
		if strings.Contains(string(environ), "tell-tale") {
			t.Errorf("the server's environment has the starter's secrets")
		}
		// glibc puts ends of strings for its colons.
		for _, want := range []string{"GLIBC_TUNABLES=glibc.malloc.top_pad=131072", "glibc.malloc.hugetlb=1"} {
			if !strings.Contains(string(environ), want) {
				t.Errorf("the server's environment lacks %s", want)
			}
		}
	}
}

func TestCancelledStart(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newServer(t, dwhtest.DataDir(t)).Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
