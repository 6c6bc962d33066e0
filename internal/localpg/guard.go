package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// checkName refuses a data folder whose name PostgreSQL's programs cannot take, before anything is
// made.
func (s *Server) checkName() error {
	fault := func(what string) error {
		return fmt.Errorf("data folder %q: %s: choose another with --data-dir", s.dataDir, what)
	}
	switch {
	case !utf8.ValidString(s.dataDir):
		return fault("its name is not UTF-8")
	case strings.ContainsFunc(s.dataDir, unicode.IsControl):
		return fault("its name holds a control character, which PostgreSQL's files do not allow")
	case s.shellTakesApart() && runtime.GOOS != "linux":
		return fault("its name holds a character that PostgreSQL's pg_ctl does not accept")
	}
	return nil
}

// shellTakesApart tells whether the data folder's name holds a character that a shell does not take
// as it is between double quotes, where pg_ctl puts it.
func (s *Server) shellTakesApart() bool { return strings.ContainsAny(s.dataDir, "\"$`\\") }

// shut tells whether nobody but the account and root can read a file or enter a folder.
func shut(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

// shutFolder shuts a data folder that others can enter: the password lies in it.
func (s *Server) shutFolder(info fs.FileInfo) error {
	if shut(info) {
		return nil
	}
	if err := chmod(s.dataDir, syscall.O_DIRECTORY, 0o700); err != nil {
		return fmt.Errorf(
			"data folder %s can be read by others (mode %04o), and dwh cannot change the mode: %w",
			s.dataDir, info.Mode().Perm(), err)
	}
	if made, err := s.exists(); made || err != nil {
		s.logger.Warn("others could read the data folder of the private PostgreSQL; its mode is 0700 now",
			"folder", s.dataDir, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	return nil
}

// shutPasswords shuts the password files to others, and refuses one that somebody else owns.
func (s *Server) shutPasswords(a account) error {
	for _, path := range []string{s.passwordPath(), s.adminPasswordPath()} {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("password file: %w", err)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("password file %s is not a regular file: remove it", path)
		}
		if uid, _, ok := owner(info); ok && uid != a.uid && uid != 0 {
			return fmt.Errorf("password file %s belongs to user %s, not to %s: remove it",
				path, userName(uid), a.name)
		}
		if shut(info) {
			continue
		}
		if err := chmod(path, 0, 0o600); err != nil {
			return fmt.Errorf(
				"password file %s can be read by others (mode %04o), and dwh cannot change the mode: %w",
				path, info.Mode().Perm(), err)
		}
		s.logger.Warn("others could read a password of the private PostgreSQL; the file's mode is 0600 now",
			"file", path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	return nil
}

// chmod changes the mode of what lies at path itself, never of what a symbolic link there leads to.
func chmod(path string, flags int, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|flags, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(mode), f.Close())
}

// readableByOthers tells whether the data folder or a password in it is open to others, which Start
// repairs.
func (s *Server) readableByOthers(folder fs.FileInfo) bool {
	if !shut(folder) {
		return true
	}
	for _, path := range []string{s.passwordPath(), s.adminPasswordPath()} {
		if info, err := os.Lstat(path); err == nil && !shut(info) {
			return true
		}
	}
	return false
}

// clean removes what an interrupted command left: half a cluster, and files on their way to a name.
// The lock is held, so that no other dwh is at work; an initdb whose dwh was killed may still be,
// and leaves the rest to the next start.
func (s *Server) clean() {
	patterns := []string{"pgdata.new-*", "pgdata.old"}
	for _, path := range []string{s.passwordPath(), s.adminPasswordPath(), s.portPath(), s.markerPath()} {
		patterns = append(patterns, temporary(path)+"*")
	}
	leftovers, err := s.entries(patterns...)
	if err != nil {
		return // whatever is wrong with the folder shows in what follows
	}
	for _, path := range leftovers {
		if err := os.RemoveAll(path); err != nil {
			s.logger.Info("cannot remove the files of an interrupted command", "error", err)
		}
	}
}

// entries are the paths of what lies in the data folder under a name that matches one of the
// patterns. The folder's own name may hold what filepath.Glob takes for a pattern.
func (s *Server) entries(patterns ...string) ([]string, error) {
	all, err := os.ReadDir(s.dataDir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range all {
		for _, pattern := range patterns {
			match, err := filepath.Match(pattern, entry.Name())
			if err != nil {
				return nil, err
			}
			if match {
				paths = append(paths, filepath.Join(s.dataDir, entry.Name()))
				break
			}
		}
	}
	return paths, nil
}
