package localpg

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// command prepares one of PostgreSQL's programs as the account. Its environment is a short list: a
// server outlives the command that started it, and shall not carry that command's secrets or libpq
// settings.
func (s *Server) command(ctx context.Context, a account, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = s.dataDir // the programs refuse to start in a folder that they cannot read
	cmd.SysProcAttr = a.process()
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TZ=UTC", "PATH="+os.Getenv("PATH"))
	for _, name := range []string{"HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	// initdb cleans up after SIGINT.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// lastLines returns the end of a program's output or of the server's log.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
