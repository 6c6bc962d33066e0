package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that runs the server: the one who runs dwh, or for root, which PostgreSQL
// refuses, an unprivileged one.
type account struct {
	name string
	uid  int
	gid  int
	drop bool // whether child processes have to change to it: dwh runs as root
}

// serverAccount returns the account for dataDir. For root that is the owner of the folder, so that
// root can manage the server of an ordinary user, else postgres where it exists, else nobody.
func serverAccount(dataDir string) (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: userName(uid), uid: uid, gid: os.Getegid()}, nil
	}
	if info, err := os.Lstat(dataDir); err == nil {
		if uid, gid, ok := owner(info); ok && uid != 0 {
			if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
				return unprivileged(u)
			}
			return account{name: strconv.Itoa(uid), uid: uid, gid: gid, drop: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil && u.Uid != "0" {
			return unprivileged(u)
		}
	}
	return account{}, errors.New(
		"PostgreSQL does not run as root, and neither of the users postgres and nobody exists: " +
			"create one (useradd --system postgres) or run dwh as an ordinary user",
	)
}

// unprivileged is the account of a user that root changes to.
func unprivileged(u *user.User) (account, error) {
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return account{}, fmt.Errorf("user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return account{}, fmt.Errorf("group id of %s: %w", u.Username, err)
	}
	return account{name: u.Username, uid: uid, gid: gid, drop: true}, nil
}

// process returns the attributes with which a child runs as the account.
func (a account) process() *syscall.SysProcAttr {
	if !a.drop {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{
		Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: []uint32{},
	}}
}

// mayTraverse reports whether the account may pass through a folder, by its permission bits.
func (a account) mayTraverse(info fs.FileInfo) bool {
	uid, gid, ok := owner(info)
	if !ok {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case uid == a.uid:
		return mode&0o100 != 0
	case gid == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// TraverseError says that the user who is to run the server cannot reach a folder.
type TraverseError struct {
	Path   string      // the folder that the server needs
	Parent string      // the folder above it that shuts the user out
	User   string      // the user's name, or the id where no name is known
	Mode   fs.FileMode // the permissions of Parent
}

func (e *TraverseError) Error() string {
	return fmt.Sprintf(
		"%s: the server runs as user %s, who cannot pass through %s (mode %04o)", e.Path, e.User,
		e.Parent, e.Mode.Perm(),
	)
}

// Hint names the two ways out.
func (e *TraverseError) Hint() string {
	return fmt.Sprintf(
		`choose a folder that %s can reach, such as --data-dir /var/lib/dwh, or run "chmod o+x %s"`,
		e.User, e.Parent,
	)
}

// reachable checks that the account can pass through every existing folder above path.
func (a account) reachable(path string) error {
	if !a.drop {
		return nil // the file system tells an ordinary user by itself, by the operation that fails
	}
	for parent := filepath.Dir(path); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("look at the folders above %s: %w", path, err)
		case !info.IsDir():
			return fmt.Errorf("%s: %s is not a folder", path, parent)
		case !a.mayTraverse(info):
			return &TraverseError{Path: path, Parent: parent, User: a.name, Mode: info.Mode()}
		}
		if parent == filepath.Dir(parent) {
			return nil
		}
	}
}

func owner(info fs.FileInfo) (uid, gid int, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}

// userName returns the name of a user id, or the number where no name is known (containers run with
// bare ids).
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
