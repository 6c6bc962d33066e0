//go:build unix

package config

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// trusted refuses a file that somebody else than the user or root could have written.
func trusted(name string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if owner := int(stat.Uid); owner != os.Geteuid() && owner != 0 {
		return &untrustedError{
			reason: fmt.Sprintf("another user (uid %d) owns it", owner),
			fix:    fmt.Sprintf("make it yours: sudo chown %d %s", os.Geteuid(), name),
		}
	}
	if info.Mode().Perm()&0o022 != 0 {
		return &untrustedError{
			reason: fmt.Sprintf("other users can write it (mode %#o)", info.Mode().Perm()),
			fix:    "run: chmod go-w " + name,
		}
	}
	return nil
}
