//go:build unix

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// trusted refuses a file or folder that somebody else than the user or root could have written.
func trusted(name string, info fs.FileInfo) error {
	if err := owned(name, info); err != nil {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return &untrustedError{
			reason: fmt.Sprintf("other users can write it (mode %#o)", info.Mode().Perm()),
			fix:    "run: chmod go-w " + name,
		}
	}
	return nil
}

// owned refuses what belongs to somebody else than the user or root.
func owned(name string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if owner := int(stat.Uid); owner != os.Geteuid() && owner != 0 {
		return &untrustedError{
			reason: fmt.Sprintf("another user (uid %d) owns it", owner),
			fix:    fmt.Sprintf("make it yours: sudo chown -h %d %s", os.Geteuid(), name),
		}
	}
	return nil
}

// trustedPlace refuses a file that somebody else could exchange for another one: one behind a
// symbolic link that another user owns, or in a folder that others can write. In a folder with the
// sticky bit, such as /tmp, nobody can move another's file.
func trustedPlace(name string) error {
	const links = 40 // what systems allow
	for range links {
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		folder := filepath.Dir(name)
		around, err := os.Stat(folder)
		if err != nil {
			return err
		}
		if around.Mode()&fs.ModeSticky == 0 {
			if err := trusted(folder, around); err != nil {
				return inside(err, "its folder "+folder)
			}
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return nil
		}
		if err := owned(name, info); err != nil {
			return inside(err, "the symbolic link "+name)
		}
		target, err := os.Readlink(name)
		if err != nil {
			return err
		}
		name = absolute(target, folder)
	}
	return fmt.Errorf("%s: too many symbolic links", name)
}

// trustedTree refuses a project's folder of which somebody else could have written a part: it holds
// the SQL that dwh runs.
func trustedTree(folder string) error {
	f := func(name string) (fs.FileInfo, error) {
		link, err := os.Lstat(name)
		if err != nil {
			return nil, err
		}
		if link.Mode()&fs.ModeSymlink != 0 {
			if err := owned(name, link); err != nil {
				return nil, inside(err, "the symbolic link "+name)
			}
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		return info, inside(trusted(name, info), name)
	}
	if _, err := f(folder); err != nil {
		return err
	}
	var walk func(name string) error
	walk = func(name string) error {
		info, err := f(name)
		if err != nil || !info.IsDir() {
			return err
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := walk(filepath.Join(name, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	for _, name := range projectFolders() {
		if err := walk(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// inside says what of a file or folder is not to be believed.
func inside(err error, what string) error {
	var untrusted *untrustedError
	if errors.As(err, &untrusted) {
		return &untrustedError{reason: what + ": " + untrusted.reason, fix: untrusted.fix}
	}
	return err
}
