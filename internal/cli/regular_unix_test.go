//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe in a folder of a project is refused. Opening it would wait for ever, and Ctrl-C
// would not end that.
func TestProjectFilesAreRegular(t *testing.T) {
	for _, c := range []struct {
		file string
		args []string
	}{
		{"reports/a.sql", []string{"report", "list"}},
		{"migrations/00001_a.sql", []string{"migrate", "up", "--dry-run"}},
		{"migrations/00001_a.sql", []string{"lint"}},
		{"transforms/010_s_a.sql", []string{"render"}},
		{"transforms/010_s_a.sql", []string{"run", "--help"}},
		{"checks/a.sql", []string{"lint"}},
		{"tests/a/given/s_a.csv", []string{"test"}},
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, c.file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o644); err != nil {
			t.Fatal(err)
		}
		ended := make(chan string, 1)
		go func() {
			code, _, stderr := run(t, append(c.args, "--project", folder)...)
			ended <- fmt.Sprintf("code %d: %s", code, stderr)
		}()
		select {
		case got := <-ended:
			if c.args[len(c.args)-1] == "--help" {
				continue
			}
			if !strings.HasPrefix(got, "code 2: ") || !strings.Contains(got, path+": it is not a regular file") {
				t.Errorf("%s, dwh %s: got %s, want code 2 and the file", c.file, strings.Join(c.args, " "), got)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s, dwh %s: it waits for the named pipe", c.file, strings.Join(c.args, " "))
		}
	}
}

func TestBackupIsRegularFile(t *testing.T) {
	if code, _, stderr := run(t, "local", "backup", "/dev/null"); code != 2 {
		t.Errorf("got code %d and %q, want 2", code, stderr)
	}
}
