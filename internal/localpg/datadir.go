package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// DefaultDataDir is where the private server of this user lives: /var/lib/dwh for root, else the
// user's data home.
func DefaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/dwh", nil
	}
	// The XDG Base Directory Specification has relative paths ignored.
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "dwh"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the default data folder: %w: set --data-dir or DWH_DATA_DIR", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "dwh"), nil
	}
	return filepath.Join(home, ".local", "share", "dwh"), nil
}

// defaultCacheDir is where downloaded binaries go: for root not under /root, which the server's
// user cannot enter.
func defaultCacheDir(dataDir string) string {
	if os.Geteuid() == 0 {
		return "/var/cache/dwh"
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "dwh")
	}
	return filepath.Join(dataDir, "cache")
}

// resolve makes path absolute and follows symbolic links as far as the path exists, so that one
// folder has one name.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for dir := path; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return "", err
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// exists reports whether the data folder is one that dwh made.
func (s *Server) exists() (bool, error) {
	_, err := os.Lstat(s.markerPath())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("data folder: %w", err)
	}
	return true, nil
}

// prepare makes the data folder, empty but for the lock file, or checks that an existing one may be
// used.
func (s *Server) prepare(a account) error {
	if err := s.checkName(); err != nil {
		return err
	}
	if err := a.reachable(s.dataDir); err != nil {
		return err
	}
	if err := makeParents(filepath.Dir(s.dataDir), a); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := os.Mkdir(s.dataDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the data folder: %w", err)
	}
	info, err := os.Lstat(s.dataDir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("data folder %s is not a folder: choose another with --data-dir", s.dataDir)
	}
	if uid, _, _ := owner(info); uid != a.uid {
		if !a.drop || uid != 0 {
			return fmt.Errorf(
				"data folder %s belongs to user %s, and the server would run as %s: run dwh as "+
					"%s or choose another with --data-dir",
				s.dataDir, userName(uid), a.name, userName(uid),
			)
		}
		if err := s.checkContents(); err != nil {
			return err
		}
		if err := os.Lchown(s.dataDir, a.uid, a.gid); err != nil {
			return fmt.Errorf("give the data folder to user %s: %w", a.name, err)
		}
	}
	if err := s.checkContents(); err != nil {
		return err
	}
	return s.shutFolder(info)
}

// checkContents refuses a folder that somebody else filled. Another dwh may be filling it right
// now: the lock and the marker, under its temporary name, come before anything else.
func (s *Server) checkContents() error {
	entries, err := os.ReadDir(s.dataDir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() == filepath.Base(s.lockPath()) || strings.HasPrefix(e.Name(), temporary(s.markerPath())) {
			continue
		}
		made, err := s.exists()
		if made || err != nil {
			return err
		}
		return fmt.Errorf(
			"data folder %s was not made by dwh and is not empty (%s): choose another with --data-dir",
			s.dataDir, e.Name(),
		)
	}
	return nil
}

// makeParents makes dir and what is missing above it. Folders that root makes are passable for the
// account whatever root's umask is.
func makeParents(dir string, a account) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeParents(filepath.Dir(dir), a); err != nil {
		return err
	}
	mode := fs.FileMode(0o700) // the XDG Base Directory Specification's for a missing data home
	if a.drop {
		mode = 0o755
	}
	if err := os.Mkdir(dir, mode); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // another dwh was faster
		}
		return err
	}
	return os.Chmod(dir, mode)
}

// mark records that dwh made the data folder: Reset deletes nothing without it.
func (s *Server) mark(a account) error {
	if made, err := s.exists(); made || err != nil {
		return err
	}
	return writeFile(
		s.markerPath(),
		[]byte("This folder was made by dwh; \"dwh local reset\" deletes what is in it.\n"), a,
	)
}

// acquire waits for the lock; after a while it says so, and after s.patience.other it gives up.
func (s *Server) acquire(ctx context.Context, l *flock.Flock) error {
	silent, cancel := context.WithTimeout(ctx, s.patience.silent)
	defer cancel()
	_, err := l.TryLockContext(silent, poll)
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	s.logger.Info("waiting for another dwh that starts or stops the private PostgreSQL",
		"lock", s.lockPath(), "at most", s.patience.other.String())
	limited, cancelLimited := context.WithTimeout(ctx, s.patience.other)
	defer cancelLimited()
	if _, err = l.TryLockContext(limited, poll); errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("it did not end within %s", s.patience.other)
	}
	return err
}

// lock keeps other dwh processes away from the data folder until the returned function is called.
// The kernel lets go of it when the process dies.
func (s *Server) lock(ctx context.Context, a account) (unlock func(), err error) {
	l := flock.New(s.lockPath(), flock.SetFlag(os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW), flock.SetPermissions(0o600))
	if err := s.acquire(ctx, l); err != nil {
		return nil, fmt.Errorf("wait for another dwh that starts or stops the server (lock %s): %w", s.lockPath(), err)
	}
	if a.drop {
		if err := os.Lchown(s.lockPath(), a.uid, a.gid); err != nil {
			_ = l.Close()
			return nil, fmt.Errorf("lock of the data folder: %w", err)
		}
	}
	return func() { _ = l.Close() }, nil
}

// writeFile replaces a small file of the data folder by rename, readable by the account alone. The
// data folder may belong to a less privileged user than the process, so that nothing in it is ever
// written through a symbolic link.
func writeFile(path string, data []byte, a account) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), temporary(path))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err := tmp.Write(data); err != nil {
		return err
	}
	if a.drop {
		if err := tmp.Chown(a.uid, a.gid); err != nil {
			return err
		}
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// temporary is how the names begin under which writeFile writes path.
func temporary(path string) string { return "." + filepath.Base(path) + "-" }

// readFile reads at most limit bytes of a small file of the data folder, never through a symbolic
// link.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
