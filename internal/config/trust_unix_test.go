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
	"time"

	"github.com/sparkify/dwh/internal/config"
)

// owned is the information about a file that a certain user owns; making such a file would take
// root.
type owned struct {
	uid  int
	mode fs.FileMode
}

func (o owned) Name() string       { return "dwh.yaml" }
func (o owned) Size() int64        { return 0 }
func (o owned) Mode() fs.FileMode  { return o.mode }
func (o owned) ModTime() time.Time { return time.Time{} }
func (o owned) IsDir() bool        { return false }
func (o owned) Sys() any           { return &syscall.Stat_t{Uid: uint32(o.uid)} }

func TestTrustedOwners(t *testing.T) {
	me := os.Geteuid()
	for _, x := range []struct {
		name string
		file owned
		want string
	}{
		{"mine", owned{me, 0o644}, ""},
		{"root's", owned{0, 0o644}, ""},
		{"another user's", owned{me + 1, 0o644}, "another user"},
		{"mine, group can write", owned{me, 0o664}, "other users can write it (mode 0664)"},
		{"root's, others can write", owned{0, 0o646}, "other users can write it (mode 0646)"},
	} {
		got := ""
		if err := config.Trusted("dwh.yaml", x.file); err != nil {
			got = err.Error()
		}
		if (x.want == "") != (got == "") || !strings.Contains(got, x.want) {
			t.Errorf("%s: got %q, want %q", x.name, got, x.want)
		}
	}
}

// give makes a file another user's, which only root can; false says that it did not.
func give(t *testing.T, path string) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return false
	}
	if err := os.Lchown(path, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	return true
}

// A dwh.yaml that somebody else could exchange is ignored where it is found, and refused where it
// is named.
func TestFileInPlacesOfOthers(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string) (file string, untrusted bool){
		"a folder of mine": func(t *testing.T, dir string) (string, bool) {
			return filepath.Join(dir, "dwh.yaml"),
				false
		},
		"a folder that all can write": func(t *testing.T, dir string) (string, bool) {
			chmod(t, dir, 0o777)
			return filepath.Join(dir, "dwh.yaml"), true
		},
		"a folder that the group can write": func(t *testing.T, dir string) (string, bool) {
			chmod(t, dir, 0o775)
			return filepath.Join(dir, "dwh.yaml"), true
		},
		"a folder like /tmp": func(t *testing.T, dir string) (string, bool) {
			chmod(t, dir, 0o777|os.ModeSticky)
			return filepath.Join(dir, "dwh.yaml"), false
		},
		"another's folder": func(t *testing.T, dir string) (string, bool) {
			return filepath.Join(dir, "dwh.yaml"),
				give(t, dir)
		},
		"a link of mine": func(t *testing.T, dir string) (string, bool) {
			move(t, dir)
			return filepath.Join(dir, "dwh.yaml"), false
		},
		"another's link": func(t *testing.T, dir string) (string, bool) {
			move(t, dir)
			return filepath.Join(dir, "dwh.yaml"), give(t, filepath.Join(dir, "dwh.yaml"))
		},
		"a link into a folder that all can write": func(t *testing.T, dir string) (string, bool) {
			move(t, dir)
			chmod(t, filepath.Join(dir, "real"), 0o777)
			return filepath.Join(dir, "dwh.yaml"), true
		},
		"a link to another's link": func(t *testing.T, dir string) (string, bool) {
			move(t, dir)
			if err := os.Rename(filepath.Join(dir, "dwh.yaml"), filepath.Join(dir, "second")); err != nil {
				t.Fatal(err)
			}
			link(t, "second", filepath.Join(dir, "dwh.yaml"))
			return filepath.Join(dir, "dwh.yaml"), give(t, filepath.Join(dir, "second"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "dwh.yaml"), "region: us-west-2\n")
			file, untrusted := make(t, dir)
			c, err := config.Load(config.Options{Dir: dir, Home: dir})
			if err != nil {
				t.Fatal(err)
			}
			if ignored := c.Region == ""; ignored != untrusted || (len(c.Warnings) == 1) != untrusted ||
				(c.Path == "") != untrusted {
				t.Errorf(
					"got region %q and warnings %q, want it ignored with a warning: %t",
					c.Region,
					c.Warnings,
					untrusted,
				)
			}
			_, err = config.Load(config.Options{Dir: t.TempDir(), File: file})
			var fault *config.Error
			if errors.As(err, &fault) != untrusted || untrusted && (fault.ExitCode() != 2 || fault.Hint() == "") {
				t.Errorf("named: got %v, want a refusal with a hint: %t", err, untrusted)
			}
		})
	}
}

// A project is code: one that others can write is refused.
func TestProjectsOfOthers(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string) (untrusted bool){
		"mine":            func(*testing.T, string) bool { return false },
		"all can write":   func(t *testing.T, dir string) bool { chmod(t, dir, 0o777); return true },
		"like /tmp":       func(t *testing.T, dir string) bool { chmod(t, dir, 0o777|os.ModeSticky); return true },
		"group can write": func(t *testing.T, dir string) bool { chmod(t, dir, 0o775); return true },
		"another's":       func(t *testing.T, dir string) bool { return give(t, dir) },
		"a folder in it": func(t *testing.T, dir string) bool {
			chmod(t, filepath.Join(dir, "checks"), 0o777)
			return true
		},
		"a file in it": func(t *testing.T, dir string) bool {
			chmod(t, filepath.Join(dir, "reports", "r.sql"), 0o666)
			return true
		},
		"another's file in it": func(t *testing.T,
			dir string) bool {
			return give(t, filepath.Join(dir, "reports", "r.sql"))
		},
		"another's link in it": func(t *testing.T, dir string) bool {
			link(t, "r.sql", filepath.Join(dir, "reports", "s.sql"))
			return give(t, filepath.Join(dir, "reports", "s.sql"))
		},
		"data in it": func(t *testing.T, dir string) bool {
			if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
				t.Fatal(err)
			}
			chmod(t, filepath.Join(dir, "data"), 0o777)
			return false
		},
		"a link that leads nowhere": func(t *testing.T, dir string) bool {
			link(t, "absent", filepath.Join(dir, "reports", ".#r.sql")) // an editor's lock
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			dir := filepath.Join(top, "project")
			for _, folder := range []string{"reports", "checks"} {
				if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write(t, filepath.Join(dir, "reports", "r.sql"), "SELECT 1;\n")
			untrusted := make(t, dir)
			for what, o := range map[string]config.Options{
				"--project":   {Dir: top, Flags: map[string]string{"project": "project"}},
				"DWH_PROJECT": {Dir: top, Env: map[string]string{"DWH_PROJECT": dir}},
				"--config": {Dir: t.TempDir(), File: write(t, filepath.Join(top, "named.yaml"),
					"project: project\n")},
			} {
				_, err := config.Load(o)
				var fault *config.Error
				if errors.As(err, &fault) != untrusted ||
					untrusted && (fault.ExitCode() != 2 || !strings.Contains(fault.Hint(), "a project is code")) {
					t.Errorf("%s: got %v, want a refusal: %t", what, err, untrusted)
				}
			}
			write(t, filepath.Join(top, "dwh.yaml"), "project: project\nregion: us-west-2\n")
			c, err := config.Load(config.Options{Dir: top, Home: top})
			if err != nil {
				t.Fatal(err)
			}
			if (c.Project == "") != untrusted || (c.Region == "") != untrusted || (len(c.Warnings) == 1) != untrusted {
				t.Errorf(
					"found: got project %q, region %q and warnings %q, want the file ignored: %t",
					c.Project,
					c.Region,
					c.Warnings,
					untrusted,
				)
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, from string) {
	t.Helper()
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}

// move puts dwh.yaml into a folder below and a link into its place.
func move(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "dwh.yaml"), filepath.Join(dir, "real", "dwh.yaml")); err != nil {
		t.Fatal(err)
	}
	link(t, "real/dwh.yaml", filepath.Join(dir, "dwh.yaml"))
}
