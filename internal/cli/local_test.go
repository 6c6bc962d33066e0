package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

func TestLocal(t *testing.T) {
	dir := dwhtest.DataDir(t)
	status := func() (s struct {
		Running   bool
		Databases []struct{ Name string }
	}) {
		t.Helper()
		code, stdout, stderr := run(t, "local", "status", "--json", "--data-dir", dir)
		if code != 0 {
			t.Fatalf("status: got code %d: %s", code, stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &s); err != nil {
			t.Fatalf("status: %v in %s", err, stdout)
		}
		return s
	}
	if status().Running {
		t.Fatal("got a running server before the first start")
	}
	// The URL alone starts the server, makes the database, and is all that stdout holds.
	code, stdout, stderr := run(t, "local", "url", "--data-dir", dir)
	url := strings.TrimSpace(stdout)
	if code != 0 || strings.Contains(url, "\n") || !strings.HasPrefix(
		url, "postgres://dwh:",
	) || !strings.HasSuffix(url, "/dwh?sslmode=disable") {
		t.Fatalf("url: got code %d, %q, %q", code, stdout, stderr)
	}
	if got := dwhtest.Query(t, url, "SELECT current_database()"); got[0][0] != "dwh" {
		t.Errorf("got database %q, want dwh", got[0][0])
	}
	if code, _, stderr := run(
		t, "local", "start", "--data-dir", dir,
	); code != 0 || !strings.Contains(stderr, "runs already") {
		t.Errorf("start: got code %d, %q, want it to run already", code, stderr)
	}
	if s := status(); !s.Running || len(s.Databases) != 2 || s.Databases[0].Name != "dwh" {
		t.Errorf("status: got %+v, want it running, with dwh and postgres", s)
	}
	if code, stdout, _ := run(
		t, "local", "status", "--data-dir", dir,
	); code != 0 || !strings.Contains(stdout, "running, PostgreSQL") {
		t.Errorf("status: got code %d, %q", code, stdout)
	}
	if code, _, stderr := run(
		t, "local", "stop", "--data-dir", dir,
	); code != 0 || !strings.Contains(stderr, "stopped") {
		t.Errorf("stop: got code %d, %q", code, stderr)
	}
	if code, _, stderr := run(
		t, "local", "stop", "--data-dir", dir,
	); code != 0 || !strings.Contains(stderr, "not running") {
		t.Errorf("second stop: got code %d, %q", code, stderr)
	}
	if code, _, _ := run(t, "local", "reset", "--data-dir", dir); code != 2 {
		t.Errorf("reset without --yes: got code %d, want 2", code)
	}
	if code, _, stderr := run(t, "local", "reset", "--data-dir", dir, "--yes"); code != 0 {
		t.Errorf("reset: got code %d, %q", code, stderr)
	}
	if code, stdout, _ := run(
		t, "local", "status", "--data-dir", dir,
	); code != 0 || !strings.Contains(stdout, "not set up yet") {
		t.Errorf("status after reset: got code %d, %q", code, stdout)
	}
}
