package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketDir leaves room for "/.s.PGSQL.65535" in the 104 bytes that macOS allows a socket's path
// (Linux: 108).
const maxSocketDir = 104 - len("/.s.PGSQL.65535") - 1

// socketDir names the folder of the unix socket: short, whatever the length of the data folder's
// name.
func (s *Server) socketDir(a account) string {
	sum := sha256.Sum256([]byte(s.dataDir))
	hash := hex.EncodeToString(sum[:4])
	if base := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(base) && !a.drop {
		dir := filepath.Join(base, "dwh-"+hash)
		if info, err := os.Stat(base); err == nil && info.IsDir() && len(dir) <= maxSocketDir {
			if uid, _, ok := owner(info); ok && uid == a.uid {
				return dir
			}
		}
	}
	return fmt.Sprintf("/tmp/dwh-%d-%s", a.uid, hash)
}

// makeSocketDir makes the folder, 0700, or checks that the one that is there is the account's and
// shut to others: in /tmp anybody could have made it.
func makeSocketDir(dir string, a account) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the socket folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("socket folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("socket folder %s is not a folder: remove it", dir)
	}
	uid, _, _ := owner(info)
	if a.drop && uid == 0 {
		if err := os.Lchown(dir, a.uid, a.gid); err != nil {
			return fmt.Errorf("give the socket folder to user %s: %w", a.name, err)
		}
		uid = a.uid
	}
	if uid != a.uid {
		return fmt.Errorf("socket folder %s belongs to user %s, not to %s: remove it", dir, userName(uid), a.name)
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		return fmt.Errorf("socket folder %s has mode %04o, not 0700: remove it", dir, mode)
	}
	return nil
}

// cleanSocketDir removes what a dead server of this data folder left: PostgreSQL takes the process
// that now has the pid in a socket's lock file for a server, a zombie included. Only for a server
// that does not run.
func (s *Server) cleanSocketDir(dir string) error {
	locks, err := filepath.Glob(filepath.Join(dir, ".s.PGSQL.*.lock"))
	if err != nil {
		return fmt.Errorf("clean the socket folder: %w", err)
	}
	for _, lock := range locks {
		text, err := readFile(lock, 64<<10)
		if err != nil {
			return fmt.Errorf("clean the socket folder: %w", err)
		}
		// The same lines as in postmaster.pid: pid, data folder, …
		if lines := strings.Split(string(text), "\n"); len(lines) > 1 && lines[1] == s.pgdata() {
			if err := removeAll(lock, strings.TrimSuffix(lock, ".lock")); err != nil {
				return fmt.Errorf("clean the socket folder: %w", err)
			}
		}
	}
	return nil
}

// trustedSocket reports whether a running server's socket folder is the account's alone, so that
// whoever answers there is the server.
func trustedSocket(dir string, a account) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	uid, _, ok := owner(info)
	return ok && uid == a.uid
}
