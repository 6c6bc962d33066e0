package localpg_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
)

func errorsAsState(err error) (string, bool) {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return "", false
	}
	return pg.Code, true
}

func ownerOf(t *testing.T, path string) (uid, gid int) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// A folder works under every name that PostgreSQL can keep.
func TestOddFolderNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		`a"b`, "$HOME", `$(touch pwned)"` + "`id`" + `back\slash`, "it's 50% größe", "-x [a*?",
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, dwhtest.DataDir(t)+name)
			t.Cleanup(func() {
				err := s.Stop(context.WithoutCancel(t.Context()))
				if err = errors.Join(err, os.RemoveAll(s.DataDir())); err != nil {
					t.Error(err)
				}
			})
			first := start(t, s)
			if err := s.EnsureDatabase(t.Context(), "wh"); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Running(t.Context()); !ok {
				t.Errorf("got a server that does not run, want the started one")
			}
			if err := s.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if again := start(t, s); !again.Started || again.DSN("wh") != first.DSN("wh") {
				t.Errorf("got %+v, want the server started again", again)
			}
			if status, err := s.Status(t.Context()); err != nil || !status.Running || len(status.Databases) != 2 {
				t.Errorf("got %+v, %v, want two databases", status, err)
			}
			if _, err := os.Stat(filepath.Join(s.DataDir(), "server.log")); err != nil {
				t.Errorf("the log: %v", err)
			}
			if err := os.Mkdir(filepath.Join(s.DataDir(), "pgdata.new-1"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := s.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(s.DataDir())
			if err != nil || len(entries) != 2 {
				t.Errorf("after reset: got %v, %v, want the lock and the marker", entries, err)
			}
		})
	}
	for _, name := range []string{"a\nb", "a\tb", "a\x7fb", "a\xffb"} {
		dir := dwhtest.DataDir(t) + name
		if _, err := newServer(t, dir).Start(t.Context()); err == nil ||
			!strings.Contains(err.Error(), "choose another with --data-dir") {
			t.Errorf("%q: got %v, want a refusal", name, err)
		}
		if _, err := os.Lstat(dir); !os.IsNotExist(err) {
			t.Errorf("%q: got %v, want nothing made", name, err)
		}
	}
}

// A data folder or a password that others could read is shut, also while the server runs.
func TestOpenToOthers(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	start(t, s)
	var log bytes.Buffer
	logging, err := localpg.New(
		localpg.Options{DataDir: s.DataDir(), Memory: 512 << 20, Logger: slog.New(slog.NewTextHandler(&log, nil))},
	)
	if err != nil {
		t.Fatal(err)
	}
	for path, shut := range map[string]os.FileMode{
		s.DataDir(): 0o700, filepath.Join(s.DataDir(), "password"): 0o600, filepath.Join(s.DataDir(),
			"admin-password"): 0o600,
	} {
		for _, open := range []os.FileMode{0o755, 0o740, 0o704, 0o777} {
			if err := os.Chmod(path, open); err != nil {
				t.Fatal(err)
			}
			log.Reset()
			if _, ok := logging.Running(t.Context()); ok {
				t.Errorf("%s, mode %04o: got a server ready for use, want Start asked to repair it", path, open)
			}
			start(t, logging)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != shut || !strings.Contains(log.String(), path) {
				t.Errorf(
					"%s, mode %04o: got mode %04o and the log %q, want %04o and a warning",
					path,
					open,
					info.Mode().Perm(),
					log.String(),
					shut,
				)
			}
			if _, ok := logging.Running(t.Context()); !ok {
				t.Errorf("%s: got no running server, want it", path)
			}
		}
	}
	// One that lies elsewhere is not followed.
	key := filepath.Join(s.DataDir(), "password")
	if err := os.Rename(key, key+".kept"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(key+".kept", key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("a symbolic link: got %v, want a refusal", err)
	}
}

// A server that asks for no password is refused at once, with the file to look at.
func TestLooseRulesForClients(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	start(t, s)
	hba := filepath.Join(s.DataDir(), "pgdata", "pg_hba.conf")
	kept, err := os.ReadFile(hba)
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"trust", "password", "reject"} {
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(hba, []byte("local all all "+method+"\nhost all all 127.0.0.1/32 "+method+"\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{"stopped", "running"} {
			begun := time.Now()
			_, err := s.Start(t.Context())
			var refused *localpg.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Hint(), hba) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, %s: got %v, want a *RefusedError that names %s", method, state, err, hba)
			}
			if took := time.Since(begun); took > time.Minute {
				t.Errorf("%s, %s: took %s, want an answer at once", method, state, took)
			}
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hba, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, s)
}

// A server that does not answer is waited for no longer than a stated time, and the error names the
// last cause.
func TestServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	start(t, s)
	process := pid(t, s)
	if err := syscall.Kill(process, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(process, syscall.SIGCONT) }()
	var log bytes.Buffer
	waiting, err := localpg.New(localpg.Options{DataDir: s.DataDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	waiting.Hurry(time.Minute, 300*time.Millisecond)
	_, err = waiting.Start(t.Context())
	var late *localpg.StartError
	if !errors.As(err, &late) || !strings.Contains(err.Error(), "after 300ms the server accepts no connection") ||
		!strings.Contains(err.Error(), "timeout") && !strings.Contains(err.Error(), "deadline") {
		t.Errorf("got %v, want an error that names the time and the cause", err)
	}
	if err := waiting.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "did not stop within 300ms") {
		t.Errorf("stop: got %v, want an error that names the time", err)
	}
	// A server that starts, as the pid file says.
	file := filepath.Join(s.DataDir(), "pgdata", "postmaster.pid")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "ready   ", "starting", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	waiting.Hurry(500*time.Millisecond, 100*time.Millisecond)
	if _, err = waiting.Start(t.Context()); !errors.As(err, &late) ||
		!strings.Contains(err.Error(), "after 500ms the server is not ready") {
		t.Errorf("got %v, want an error that names the time", err)
	}
	if !strings.Contains(log.String(), "waiting for the private PostgreSQL") {
		t.Errorf("got the log %q, want the wait told", log.String())
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Another dwh that holds the lock is waited for no longer than a stated time.
func TestOtherThatHoldsTheLock(t *testing.T) {
	t.Parallel()
	s := newServer(t, dwhtest.DataDir(t))
	if err := os.Mkdir(s.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	holder := flock.New(filepath.Join(s.DataDir(), "lock"))
	if err := holder.Lock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Unlock() }()
	var log bytes.Buffer
	waiting, err := localpg.New(localpg.Options{
		DataDir: s.DataDir(), Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	waiting.Hurry(time.Minute, 300*time.Millisecond)
	if _, err := waiting.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "did not end within 300ms") {
		t.Errorf("got %v, want an error that names the time", err)
	}
	if !strings.Contains(log.String(), "waiting for another dwh") {
		t.Errorf("got the log %q, want the wait told", log.String())
	}
}

// A shell's variables for another server concern neither initdb nor the start nor a connection.
func TestStartIgnoresTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"PGSERVICE": "other", "PGHOST": "other.example.com", "PGPORT": "1", "PGUSER": "other", "PGPASSWORD": "other",
		"PGDATABASE": "other", "PGCONNECT_TIMEOUT": "abc",
		"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere.pem", "PGCHANNELBINDING": "require",
		"PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "password",
		"PGMINPROTOCOLVERSION": "3.2", "PGOPTIONS": "-c default_transaction_read_only=on", "PGDATA": "/nowhere",
		"PGTZ": "Mars/Phobos",
	} {
		t.Setenv(name, value)
	}
	s := newServer(t, dwhtest.DataDir(t))
	info := start(t, s)
	if err := s.EnsureDatabase(t.Context(), "wh"); err != nil {
		t.Fatal(err)
	}
	if status, err := s.Status(t.Context()); err != nil || status.Version != info.Version {
		t.Errorf("got %+v, %v, want the version %s", status, err, info.Version)
	}
	if err := s.DropDatabase(t.Context(), "wh"); err != nil {
		t.Error(err)
	}
}
