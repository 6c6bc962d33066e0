package interrupt_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/interrupt"
)

const childVariable = "INTERRUPT_TEST_CHILD"

// hangup is the value of childVariable for a program that gets SIGHUP again and again, and ends
// itself.
const hangup = "hangup"

// asks is the value of childVariable for a program that asks for the second signal.
const asks = "asks"

// TestMain makes the test binary a program that is sent two signals, the second one as soon as it
// knows of the first; or three, where it asks for the second.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	ctx := interrupt.Context()
	if os.Getenv(childVariable) == hangup {
		for range 5 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				panic(err)
			}
			select {
			case <-ctx.Done():
				fmt.Println("done")
			case <-time.After(100 * time.Millisecond):
				fmt.Println("ignored")
			}
		}
		os.Exit(0)
	}
	ends := []<-chan struct{}{ctx.Done(), ctx.Done()}
	if os.Getenv(childVariable) == asks {
		second := interrupt.Second(ctx)
		ends = []<-chan struct{}{ctx.Done(), second, second}
	}
	for i, end := range ends {
		if i == 1 && os.Getenv(childVariable) == asks {
			select {
			case <-end:
				panic("the second signal is told before it came")
			default:
			}
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			panic(err)
		}
		<-end
		if i == 1 && os.Getenv(childVariable) == asks {
			fmt.Println("second")
		}
	}
	time.Sleep(time.Minute) // the last one ends this
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

// TestThirdSignal: a program that asks for the second signal is told of it, and dies of the third.
func TestThirdSignal(t *testing.T) {
	t.Parallel()
	for range 20 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+asks)
		said, err := child.Output()
		if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() ||
			status.Signal() != syscall.SIGTERM {
			t.Fatalf("got %v, want death by the third SIGTERM", err)
		}
		if string(said) != "second\n" {
			t.Fatalf("got %q, want that the second signal was told", said)
		}
	}
}

func TestSecondOfAnotherContext(t *testing.T) {
	t.Parallel()
	if interrupt.Second(t.Context()) != nil {
		t.Error("got a channel for a context that knows no signals, want none")
	}
}

// TestHangup: SIGHUP ends the context, and further ones do nothing; nohup keeps them all away.
func TestHangup(t *testing.T) {
	t.Parallel()
	// A signal that is caught has its default in a child, also where nohup started the tests.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, c := range []struct{ command, want string }{
		{"exec $0", "done\n"}, {"trap '' HUP; exec $0", "ignored\n"},
	} {
		child := exec.Command("sh", "-c", c.command, os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+hangup)
		said, err := child.Output()
		if want := strings.Repeat(c.want, 5); err != nil || string(said) != want {
			t.Errorf("%s: got %q and %v, want %q", c.command, said, err, want)
		}
	}
}
