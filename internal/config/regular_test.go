//go:build unix

package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sparkify/dwh/internal/config"
)

// within fails where f does not end: nobody writes the named pipe that it opens.
func within(t *testing.T, what string, f func() error) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: it waits for the named pipe, want an error", what)
		return nil
	}
}

func pipe(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A named pipe or a device as dwh.yaml is refused before it is opened.
func TestConfigurationFileIsRegular(t *testing.T) {
	dir := t.TempDir()
	pipe(t, filepath.Join(dir, "dwh.yaml"))
	linked := t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(linked, "dwh.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, o := range []config.Options{
		{Dir: dir, Home: dir}, {Dir: dir, Home: dir, File: "dwh.yaml"}, {Dir: linked, Home: linked, File: "dwh.yaml"},
		{Dir: dir, Home: dir, Flags: map[string]string{"project": "."}},
	} {
		err := within(t, "dwh.yaml", func() error {
			_, err := config.Load(o)
			return err
		})
		var fault *config.Error
		if !errors.As(err, &fault) || !strings.HasPrefix(fault.Error(), filepath.Join(o.Dir, "dwh.yaml")+": ") {
			t.Errorf("%+v: got %v, want an error that names the file", o, err)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.sql": "SELECT 1;", "b/c.csv": "x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := fstest.TestFS(config.Folder(dir), "a.sql", "b/c.csv"); err != nil {
		t.Error(err)
	}
	pipe(t, filepath.Join(dir, "b", "pipe.csv"))
	below, err := fs.Sub(config.Folder(dir), "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fsys fs.FS
		name string
	}{{config.Folder(dir), "b/pipe.csv"}, {below, "pipe.csv"}} {
		opened := within(t, "Open", func() error {
			_, err := c.fsys.Open(c.name)
			return err
		})
		read := within(t, "ReadFile", func() error {
			_, err := fs.ReadFile(c.fsys, c.name)
			return err
		})
		for _, err := range []error{opened, read} {
			var fault *config.Error
			if !errors.As(err, &fault) || fault.File != filepath.Join(dir, "b", "pipe.csv") {
				t.Errorf("%s: got %v, want an error that names the file", c.name, err)
			}
		}
	}
}
