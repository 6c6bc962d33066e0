package crash_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/interrupt"
)

// The environment of a child: childVariable makes the test binary dwh itself, endVariable is
// "KILL|INT|TERM name n": the signal that it sends to itself at the n-th hit of the named
// failpoint.
const (
	childVariable = "DWH_CRASH_CHILD"
	endVariable   = "DWH_CRASH_END"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	dwhtest.Main(m)
}

// child does what cmd/dwh does, and ends where endVariable says.
func child() int {
	ctx := interrupt.Context()
	var failpoint func(string)
	if text := os.Getenv(endVariable); text != "" {
		var name, point string
		var n int
		if _, err := fmt.Sscanf(text, "%s %s %d", &name, &point, &n); err != nil {
			fmt.Fprintf(os.Stderr, "%s=%q: %v\n", endVariable, text, err)
			return 99
		}
		failpoint = func(hit string) {
			if hit != point {
				return
			}
			if n--; n != 0 {
				return
			}
			end := map[string]syscall.Signal{
				"KILL": syscall.SIGKILL, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM,
			}[name]
			if err := syscall.Kill(os.Getpid(), end); err != nil {
				panic(err)
			}
			<-ctx.Done() // after SIGKILL there is no after
		}
	}
	args := append([]string{"dwh"}, os.Args[1:]...)
	return cli.MainWithFailpoints(ctx, args, os.Environ(), os.Stdin, os.Stdout, os.Stderr, failpoint)
}

// environment is what a dwh of these tests sees: small batches, so that a load has many, and
// nothing of the tester's own.
func environment(dsn, home string, more ...string) []string {
	return append(
		[]string{
			"HOME=" + home, "DATABASE_URL=" + dsn,
			"DWH_LOAD_BATCH_OBJECTS=" + strconv.Itoa(batchObjects),
			"AWS_EC2_METADATA_DISABLED=true",
		},
		more...,
	)
}

// batchObjects is how many objects one transaction of a load takes; a first run has more.
const batchObjects = 13

// atOnce makes a first run one transaction.
const atOnce = "DWH_LOAD_BATCH_OBJECTS=1000"

// large makes a run build as one over millions of rows does.
const large = "DWH_TRANSFORM_PARALLEL_ROWS=1"

// outcome is how a dwh ended.
type outcome struct {
	code   int // -1: killed
	stdout string
	stderr string
	took   time.Duration
}

func (o outcome) String() string {
	return fmt.Sprintf(
		"exit code %d after %s\nstdout: %s\nstderr: %s", o.code, o.took.Round(time.Millisecond),
		o.stdout, o.stderr,
	)
}

// call is a dwh command in this process.
type call struct {
	dsn       string
	home      string
	env       []string // more than environment's
	args      []string
	failpoint func(name string)
}

func (c call) run(ctx context.Context) outcome {
	var stdout, stderr bytes.Buffer
	started := time.Now()
	code := cli.MainWithFailpoints(
		ctx, append([]string{"dwh"}, c.args...), environment(c.dsn, c.home, c.env...),
		strings.NewReader(""), &stdout, &stderr, c.failpoint,
	)
	return outcome{code: code, stdout: stdout.String(), stderr: stderr.String(), took: time.Since(started)}
}

// process is a dwh in a process of its own.
type process struct {
	command *exec.Cmd
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	started time.Time
}

// spawn starts c as a process; end is for endVariable.
func (c call) spawn(end string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(program, c.args...), started: time.Now()}
	p.command.Dir = c.home
	p.command.Env = append(environment(
		c.dsn, c.home, c.env...,
	), childVariable+"=1", endVariable+"="+end, "PATH="+os.Getenv("PATH"),
		// a race detector waits a second at the end of every process otherwise
		"GORACE=atexit_sleep_ms=0")
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	return p, p.command.Start()
}

// wait waits for the end.
func (p *process) wait() (outcome, error) {
	err := p.command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{}, err
	}
	return outcome{
		code: p.command.ProcessState.ExitCode(), stdout: p.stdout.String(),
		stderr: p.stderr.String(), took: time.Since(p.started),
	}, nil
}

// process runs c as a process: the AWS SDK reads its settings from the environment of one.
func (c call) process(t *testing.T) outcome {
	t.Helper()
	p, err := c.spawn("")
	if err != nil {
		t.Fatal(err)
	}
	ended, err := p.wait()
	if err != nil {
		t.Fatal(err)
	}
	return ended
}
