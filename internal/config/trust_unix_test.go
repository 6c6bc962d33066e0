//go:build unix

package config_test

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/config"
)

// owned is the information about a file that a certain user owns; making such a file would take root.
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
