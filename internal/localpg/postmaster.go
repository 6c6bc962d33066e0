package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// postmaster is what a cluster's postmaster.pid says, one fact a line
// (src/include/utils/pidfile.h).
type postmaster struct {
	pid    int
	port   int
	socket string // folder, "" when there is none
	ready  bool   // it accepts connections
}

// readPostmaster returns nil when there is no postmaster.pid or it is not complete yet.
func readPostmaster(pgdata string) (*postmaster, error) {
	data, err := readFile(filepath.Join(pgdata, "postmaster.pid"), 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the server's pid file: %w", err)
	}
	lines := strings.Split(string(data), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 {
		return nil, nil
	}
	p := &postmaster{pid: pid}
	if len(lines) > 3 {
		p.port, _ = strconv.Atoi(strings.TrimSpace(lines[3])) // not a number: not written yet, 0
	}
	if len(lines) > 4 {
		p.socket = strings.TrimSpace(lines[4])
	}
	p.ready = len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return p, nil
}

// alive reports whether a process has the pid.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// running returns the cluster's postmaster, nil when none runs. A pid file that a dead server left
// behind does not count, even when its pid belongs to another process by now.
func (s *Server) running(ctx context.Context) (*postmaster, error) {
	p, err := readPostmaster(s.pgdata())
	if p == nil || err != nil {
		return nil, err
	}
	if !alive(p.pid) || !serves(ctx, p.pid, s.pgdata()) {
		return nil, nil
	}
	return p, nil
}

// serves reports whether a live process may be the postmaster of pgdata, by its command line and,
// when that does not tell, its working folder (a postmaster's is its data folder). In doubt it may
// be: PostgreSQL itself refuses a second one.
func serves(ctx context.Context, pid int, pgdata string) bool {
	if runtime.GOOS != "linux" {
		out, err := capture(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid))
		return err != nil || strings.Contains(out, "postgres") && strings.Contains(out, pgdata)
	}
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	args := bytes.Split(bytes.TrimRight(line, "\x00"), []byte{0})
	if program := filepath.Base(string(args[0])); program != "postgres" && program != "postmaster" {
		return false // a zombie has no command line either
	}
	for _, arg := range args[1:] {
		if string(arg) == pgdata || string(arg) == "-D"+pgdata {
			return true
		}
	}
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	return err != nil || cwd == pgdata
}

// deadPID is above the largest pid of any system (2^22 on Linux).
const deadPID = 99_999_999

// disownPID rewrites the pid in a stale pid file whose pid belongs to a process that is no server
// of this cluster. PostgreSQL would take that process for one and refuse to start. The file is not
// removed: from its last lines PostgreSQL sees whether orphaned backends of the dead server still
// use its shared memory, and waits for them.
func (s *Server) disownPID(a account) error {
	p, err := readPostmaster(s.pgdata())
	if p == nil || err != nil || !alive(p.pid) {
		return err
	}
	path := filepath.Join(s.pgdata(), "postmaster.pid")
	data, err := readFile(path, 64<<10)
	if err != nil {
		return fmt.Errorf("read the stale pid file: %w", err)
	}
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	s.logger.Info("stale pid file: the process is not this server", "pid", p.pid, "file", path)
	if err := writeFile(path, append([]byte(strconv.Itoa(deadPID)+"\n"), rest...), a); err != nil {
		return fmt.Errorf("rewrite the stale pid file: %w", err)
	}
	return nil
}
