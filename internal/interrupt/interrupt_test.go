package interrupt_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/interrupt"
)

const childVariable = "INTERRUPT_TEST_CHILD"

// TestMain makes the test binary a program that is sent two signals, the second one as soon as it
// knows of the first.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	ctx := interrupt.Context()
	for range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			panic(err)
		}
		<-ctx.Done()
	}
	time.Sleep(time.Minute) // the second one ends this
}

func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for range 20 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVariable+"=1")
		err := child.Run()
		if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() ||
			status.Signal() != syscall.SIGTERM {
			t.Fatalf("got %v, want death by the second SIGTERM", err)
		}
	}
}
