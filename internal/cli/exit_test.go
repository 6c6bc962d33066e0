package cli_test

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"testing"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/localpg"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	child := exec.Command("sh", "-c", "exit 3").Run()
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("broken"), 1},
		{&cli.CheckFailed{Msg: "a check failed"}, 3},
		{fmt.Errorf("backup: %w", &cli.UsageError{Msg: "no"}), 2},
		{&localpg.ArchiveError{Program: "pg_dump", Err: child}, 1}, // not the 3 of a failed check
		{exec.Command("sh", "-c", "kill -9 $$").Run(), 1},
	} {
		if got := cli.ExitCode(c.err); got != c.want {
			t.Errorf("%v: got %d, want %d", c.err, got, c.want)
		}
	}
}

func TestHintOfAFullDisk(t *testing.T) {
	t.Parallel()
	const want = "the disk is full: free some space and run the command again"
	if got := cli.HintOf(fmt.Errorf("write the backup: %w", syscall.ENOSPC)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
