package dwhtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/interrupt"
)

// Await waits until check returns "", and fails the test with its answer when that takes longer
// than Patience.
func Await(t testing.TB, check func() string) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for {
		missing := check()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %s", Patience, missing)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// ProgramMain is called first in a TestMain. When the test binary is called by the name of dwh,
// which StartProgram does, it runs main as cmd/dwh does and ends the process with the exit code;
// else it returns.
func ProgramMain(main func(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int) {
	if filepath.Base(os.Args[0]) != "dwh" {
		return
	}
	os.Exit(main(interrupt.Context(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// Program is a dwh command as a process, which can be killed. The package's TestMain calls
// ProgramMain.
type Program struct {
	t              testing.TB
	cmd            *exec.Cmd
	mu             sync.Mutex
	stdout, stderr bytes.Buffer
	ended          chan struct{}
	code           int
}

// StartProgram runs a command line in an environment of its own, to which it adds an empty HOME.
// The process ends with the test.
func StartProgram(t testing.TB, env []string, args ...string) *Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{t: t, ended: make(chan struct{}), cmd: exec.Command(self, args...)}
	p.cmd.Args[0] = "dwh"
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append([]string{"HOME=" + p.cmd.Dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &programWriter{p, &p.stdout}, &programWriter{p, &p.stderr}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("dwh %s: exit code %d\n%s", strings.Join(args, " "), p.code, p.Output())
		}
	})
	return p
}

// RunProgram runs a command line to its end and fails the test when its exit code is not code.
func RunProgram(t testing.TB, env []string, code int, args ...string) *Program {
	t.Helper()
	p := StartProgram(t, env, args...)
	if got := p.Wait(); got != code {
		t.Fatalf("dwh %s: got exit code %d, want %d\n%s", strings.Join(args, " "), got, code, p.Output())
	}
	return p
}

type programWriter struct {
	p  *Program
	to *bytes.Buffer
}

func (w *programWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.to.Write(b)
}

// Stdout is what the program has written there.
func (p *Program) Stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

// Stderr is what the program has written there.
func (p *Program) Stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// Output is everything that the program has written.
func (p *Program) Output() string { return p.Stdout() + p.Stderr() }

// Ended is closed when the program has ended.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Wait returns the exit code; -1 after death by a signal.
func (p *Program) Wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.t.Fatalf("dwh did not end:\n%s", p.Output())
	}
	return p.code
}

// Signal sends a signal.
func (p *Program) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// Stop ends the program by SIGTERM, as a supervisor does, after which its exit code is 0.
func (p *Program) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	if got := p.Wait(); got != 0 {
		p.t.Errorf("SIGTERM: got exit code %d, want 0\n%s", got, p.Output())
	}
}

// Says waits for a text among what the program writes.
func (p *Program) Says(text string) {
	p.t.Helper()
	Await(p.t, func() string {
		if strings.Contains(p.Output(), text) {
			return ""
		}
		return fmt.Sprintf("got %q, want %q in it", p.Output(), text)
	})
}
