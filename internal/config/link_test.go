//go:build unix

package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/config"
)

// A dwh.yaml that is a symbolic link to nothing is an error: without it dwh would work on another
// project and database.
func TestLinksThatLeadNowhere(t *testing.T) {
	for _, c := range []struct{ target, want string }{
		{"gone.yaml", "the symbolic link leads to gone.yaml, which does not exist"},
		{"dwh.yaml", "too many levels of symbolic links"},
	} {
		dir := t.TempDir()
		link := filepath.Join(dir, "dwh.yaml")
		if err := os.Symlink(c.target, link); err != nil {
			t.Fatal(err)
		}
		below := filepath.Join(dir, "below")
		if err := os.Mkdir(below, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, o := range []config.Options{
			{Dir: dir, Home: dir}, {Dir: below, Home: dir},
			{Dir: dir, Home: dir, Flags: map[string]string{"project": "."}}, {Dir: dir, Home: dir, File: link},
		} {
			_, err := config.Load(o)
			var fault *config.Error
			if !errors.As(err, &fault) || fault.ExitCode() != 2 || !strings.HasPrefix(fault.Error(), link+": ") ||
				!strings.Contains(fault.Error(), c.want) || strings.Contains(fault.Hint(), "--config") {
				t.Errorf("link to %s, %+v: got %v (%v), want %s: %s", c.target, o, err, fault, link, c.want)
			}
		}
		// another user's link is ignored, wherever it leads
		if give(t, link) {
			loaded, err := config.Load(config.Options{Dir: dir, Home: dir})
			if err != nil || len(loaded.Warnings) != 1 {
				t.Errorf("another user's link to %s: got %v, %v, want a warning", c.target, loaded, err)
			}
		}
	}
}
