package localpg

import (
	"context"
	"io/fs"
	"syscall"
	"time"
)

// The inner doors that tests use.

// Reachable is what root asks before initdb: whether a user can pass through the folders above
// path.
func Reachable(path, user string, uid, gid int) error {
	return account{name: user, uid: uid, gid: gid, drop: true}.reachable(path)
}

// LinuxMemory reads a file system laid out as Linux's.
func LinuxMemory(root fs.FS) int64 { return linuxMemory(root) }

// InstallCommand goes by the os-release of root.
func InstallCommand(root fs.FS, major int) string { return linuxInstallCommand(root, major) }

// Settings renders the settings for a machine.
func Settings(memory, disk, sharedMemory int64, cpus int) map[string]string {
	list := map[string]string{}
	for _, s := range settings(
		machine{memory: memory, disk: disk, sharedMemory: sharedMemory, cpus: cpus}, 5433, "/tmp/s",
	) {
		list[s.name] = s.value
	}
	return list
}

// FindIn looks for binaries in the given folders.
func FindIn(ctx context.Context, dirs ...string) (usable, tooOld []Binaries, unusable []string) {
	return findBinaries(ctx, dirs, account{})
}

// CandidateDirs lists the folders that are searched, in a file system at root.
func CandidateDirs(ctx context.Context, root string) []string { return candidateDirs(ctx, root) }

// Choose picks from what was found, or downloads.
func (s *Server) Choose(ctx context.Context, major int, usable, tooOld []Binaries) (Binaries, error) {
	return s.choose(ctx, account{}, major, usable, tooOld, nil)
}

// Process returns the attributes of a child of the user that runs the server.
func (s *Server) Process() (*syscall.SysProcAttr, error) {
	a, err := serverAccount(s.dataDir)
	return a.process(), err
}

// MakeSocketDir makes the socket folder at dir as the user that runs dwh.
func MakeSocketDir(dir string, uid int) error {
	return makeSocketDir(dir, account{name: "me", uid: uid})
}

// SocketDir names the socket folder of an ordinary user.
func (s *Server) SocketDir(uid int) string { return s.socketDir(account{uid: uid}) }

// Tunables is the server's variable of glibc's tunables.
func Tunables() string { return tunables() }

// Hurry has Start wait no longer than this for a server that starts, and for one that is ready.
func (s *Server) Hurry(ready, answer time.Duration) {
	s.patience = patience{ready: ready, answer: answer, stop: answer, other: answer, silent: time.Millisecond}
}

// Verifier is what PostgreSQL keeps of a password.
func Verifier(password string) string { return verifier(password) }
