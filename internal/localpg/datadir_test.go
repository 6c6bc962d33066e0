package localpg_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
)

func TestDataFolderOfOthers(t *testing.T) {
	t.Parallel()
	dir := dwhtest.DataDir(t)
	precious := filepath.Join(dir, "pgdata", "precious")
	if err := os.MkdirAll(filepath.Dir(precious), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(precious, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, dir)
	if _, err := s.Start(t.Context()); err == nil || !strings.Contains(
		err.Error(), "was not made by dwh and is not empty",
	) {
		t.Errorf("start: got %v, want a refusal", err)
	}
	if err := s.Reset(t.Context()); err == nil || !strings.Contains(err.Error(), "was not made by dwh") {
		t.Errorf("reset: got %v, want a refusal", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("the folder's content: %v", err)
	}

	// The same when a marked folder got a cluster from elsewhere.
	if err := os.WriteFile(filepath.Join(dir, "dwh-data-folder"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(t.Context()); err == nil || !strings.Contains(err.Error(), "was not made by dwh") {
		t.Errorf("reset of another's cluster: got %v, want a refusal", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("the folder's content: %v", err)
	}
	if _, err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "has no PG_VERSION") {
		t.Errorf("start on what is no cluster: got %v, want a refusal", err)
	}
}

func TestResetOfNothing(t *testing.T) {
	t.Parallel()
	dir := dwhtest.DataDir(t)
	if err := newServer(t, dir).Reset(t.Context()); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no folder made", err)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	shut := filepath.Join(top, "shut")
	if err := os.Mkdir(shut, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	const stranger = 54321
	err := localpg.Reachable(filepath.Join(shut, "a", "data"), "stranger", stranger, stranger)
	var refusal *localpg.TraverseError
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a TraverseError", err)
	}
	if refusal.Parent != shut || !strings.Contains(localpg.Hint(err), shut) {
		t.Errorf("got parent %s, hint %q, want %s in both", refusal.Parent, localpg.Hint(err), shut)
	}
	if err := localpg.Reachable(filepath.Join(shut, "data"), "me", os.Geteuid(), os.Getegid()); err != nil {
		t.Errorf("the owner: got %v, want no error", err)
	}
	if err := localpg.Reachable("/usr/no/such/data", "stranger", stranger, stranger); err != nil {
		t.Errorf("a folder that does not exist yet: got %v, want no error", err)
	}
}

func TestDefaultDataDir(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/data/home")
	got, err := localpg.DefaultDataDir()
	want := "/data/home/dwh"
	if os.Geteuid() == 0 {
		want = "/var/lib/dwh"
	}
	if got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestSocketDir(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	s := newServer(t, filepath.Join(t.TempDir(), strings.Repeat("long", 40)))
	if got := s.SocketDir(12345); len(got) > 60 || !strings.HasPrefix(got, "/tmp/dwh-12345-") {
		t.Errorf("got %s, want a short folder in /tmp", got)
	}
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	if got := s.SocketDir(os.Geteuid()); len(runtime) < 60 && filepath.Dir(got) != runtime {
		t.Errorf("got %s, want a folder in %s", got, runtime)
	}
	if got := s.SocketDir(12345); filepath.Dir(got) != "/tmp" {
		t.Errorf("another's XDG_RUNTIME_DIR: got %s, want a folder in /tmp", got)
	}

	dir := filepath.Join(t.TempDir(), "socket")
	for range 2 { // made, and found
		if err := localpg.MakeSocketDir(dir, os.Geteuid()); err != nil {
			t.Errorf("got %v, want no error", err)
		}
	}
	if err := localpg.MakeSocketDir(dir, os.Geteuid()+1); err == nil || !strings.Contains(
		err.Error(), "belongs to user",
	) {
		t.Errorf("another's folder: got %v, want a refusal", err)
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := localpg.MakeSocketDir(dir, os.Geteuid()); err == nil || !strings.Contains(err.Error(), "has mode 0750") {
		t.Errorf("an open folder: got %v, want a refusal", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if err := localpg.MakeSocketDir(link, os.Geteuid()); err == nil || !strings.Contains(
		err.Error(), "is not a folder",
	) {
		t.Errorf("a symbolic link: got %v, want a refusal", err)
	}
}
