package localpg_test

import (
	"errors"
	"testing"

	"github.com/sparkify/dwh/internal/localpg"
)

// TestStartErrorOfAFullDisk: a full disk is named instead of the log, with what to do about it.
func TestStartErrorOfAFullDisk(t *testing.T) {
	t.Parallel()
	const log = "2026-11-30 01:54:03.017 UTC [21] LOG:  database system was shut down\n" +
		"2026-11-30 01:54:03.018 UTC [21] FATAL:  could not write to file \"pg_wal/xlogtemp.21\": " +
		"No space left on device\n" +
		"2026-11-30 01:54:03.226 UTC [20] LOG:  database system is shut down"
	err := &localpg.StartError{LogPath: "/data/server.log", Log: log, Err: errors.New("exit status 1: no")}
	want := `start the private PostgreSQL: the disk is full: FATAL: could not write to file "pg_wal/xlogtemp.21": ` +
		`No space left on device; see /data/server.log`
	if got := err.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := err.Hint(), "free some space in /data; nothing is lost"; got != want {
		t.Errorf("got the hint %q, want %q", got, want)
	}
	err.Log = "FATAL: another cause"
	want = "start the private PostgreSQL: exit status 1: no; see /data/server.log, which ends in:\n" + err.Log
	if got := err.Error(); got != want || err.Hint() != "" {
		t.Errorf("got %q with the hint %q, want %q without one", got, err.Hint(), want)
	}
}
