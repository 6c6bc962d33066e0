package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clusterVersion is the major version of the cluster in the data folder, 0 when there is none.
func (s *Server) clusterVersion() (int, error) {
	path := filepath.Join(s.pgdata(), "PG_VERSION")
	data, err := readFile(path, 64)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(s.pgdata()); err == nil {
			return 0, fmt.Errorf(
				"%s has no PG_VERSION, so it is not a PostgreSQL cluster: move it away, or "+
					"choose another data folder with --data-dir",
				s.pgdata(),
			)
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("version of the cluster: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, fmt.Errorf("version of the cluster: %s: %w", path, err)
	}
	return major, nil
}

// initialize makes the cluster. It grows under another name and is renamed when it is whole, so
// that an interrupted initdb leaves nothing that looks like a cluster.
func (s *Server) initialize(ctx context.Context, b Binaries, a account) (err error) {
	s.logger.Info("creating the private PostgreSQL", "folder", s.dataDir, "version", b.Version)
	for _, path := range []string{s.passwordPath(), s.adminPasswordPath()} {
		if err := writeFile(path, []byte(newPassword().Reveal()+"\n"), a); err != nil {
			return fmt.Errorf("write the server's password: %w", err)
		}
	}
	fresh, err := os.MkdirTemp(s.dataDir, "pgdata.new-")
	if err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(fresh)
		}
	}()
	if a.drop {
		if err := os.Lchown(fresh, a.uid, a.gid); err != nil {
			return fmt.Errorf("give the cluster to user %s: %w", a.name, err)
		}
	}
	cmd := s.command(ctx, a, b.path("initdb"),
		"--pgdata="+fresh,
		"--username="+Superuser,
		"--pwfile="+s.adminPasswordPath(),
		"--auth-local=scram-sha-256",
		"--auth-host=scram-sha-256",
		"--locale-provider=libc",
		"--locale=C",
		"--encoding=UTF8",
		"--data-checksums",
		"--no-instructions",
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("initdb of %s: %w: %s", s.dataDir, err, lastLines(string(out), 10))
	}
	conf := filepath.Join(fresh, "postgresql.conf")
	text, err := readFile(conf, mib)
	if err != nil {
		return fmt.Errorf("settings of the new cluster: %w", err)
	}
	text = append(
		text,
		"\n# dwh writes this file at every start. Settings below the include line win.\ninclude "+
			"'"+settingsFile+"'\n"...,
	)
	if err := writeFile(conf, text, a); err != nil {
		return fmt.Errorf("settings of the new cluster: %w", err)
	}
	if err := writeFile(filepath.Join(fresh, settingsFile), nil, a); err != nil {
		return fmt.Errorf("settings of the new cluster: %w", err)
	}
	if err := os.Rename(fresh, s.pgdata()); err != nil {
		return fmt.Errorf("put the new cluster into place: %w", err)
	}
	return nil
}

// configure writes the settings for this start.
func (s *Server) configure(a account, port int, socket string) error {
	if err := writeFile(
		filepath.Join(s.pgdata(), settingsFile),
		settingsText(settings(s.thisMachine(), port, socket)), a,
	); err != nil {
		return fmt.Errorf("write the server's settings: %w", err)
	}
	return nil
}

// password reads the everyday role's password.
func (s *Server) password() (Secret, error) { return s.secret(s.passwordPath()) }

// secret reads a password file.
func (s *Server) secret(path string) (Secret, error) {
	data, err := readFile(path, 4096)
	if err != nil {
		return "", fmt.Errorf("read the server's password: %w", err)
	}
	return Secret(strings.TrimSpace(string(data))), nil
}

const maxLog = 16 * mib

// rotateLog keeps one older log, so that the file does not grow for ever. Only between two runs of
// the server: while it runs it holds the file open.
func (s *Server) rotateLog() error {
	info, err := os.Lstat(s.logPath())
	if err != nil || info.Size() < maxLog {
		return nil // no log yet is no error; any other shows when the server opens it
	}
	if err := os.Rename(s.logPath(), s.logPath()+".1"); err != nil {
		return fmt.Errorf("rotate the server's log: %w", err)
	}
	return nil
}

// logSize is where the next lines of the server's log will begin.
func (s *Server) logSize() int64 {
	info, err := os.Lstat(s.logPath())
	if err != nil {
		return 0
	}
	return info.Size()
}

// logSince returns the end of what the server logged after offset.
func (s *Server) logSince(offset int64) string {
	data, err := readFile(s.logPath(), 2*maxLog)
	if err != nil || int64(len(data)) < offset {
		return ""
	}
	return lastLines(string(data[offset:]), 15)
}

// StartError says that the server did not come up.
type StartError struct {
	LogPath string // the file of the server's log
	Log     string // the last lines that the server logged in this attempt
	Err     error
}

func (e *StartError) Error() string {
	if e.Log == "" || e.full() != "" {
		return e.Summary()
	}
	return e.Summary() + ", which ends in:\n" + e.Log
}

// Summary is the error in one line, without the log.
func (e *StartError) Summary() string {
	cause := strings.Join(strings.Split(e.Err.Error(), "\n"), "; ")
	if line := e.full(); line != "" {
		cause = "the disk is full: " + line
	}
	return fmt.Sprintf("start the private PostgreSQL: %s; see %s", cause, e.LogPath)
}

// Hint says what to do about a full disk.
func (e *StartError) Hint() string {
	if e.full() == "" {
		return ""
	}
	return fmt.Sprintf("free some space in %s; nothing is lost", filepath.Dir(e.LogPath))
}

// full is the line of the log that says that the disk is full, "" without one.
func (e *StartError) full() string {
	for line := range strings.Lines(e.Log) {
		if strings.Contains(line, "No space left on device") {
			_, text, _ := strings.Cut(line, "] ") // time and process stand in front
			return strings.Join(strings.Fields(cmp.Or(text, line)), " ")
		}
	}
	return ""
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
