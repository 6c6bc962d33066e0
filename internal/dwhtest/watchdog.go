package dwhtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// watchdog waits for the end of its standard input, whose other end only the test process holds,
// and then ends every process that names the folder $DWH_TEST_ROOT in its command line and deletes
// the folder. It goes round until nothing is left: a killed test may have been starting a server,
// whose initdb and pg_ctl go on. PostgreSQL gets SIGQUIT first (immediate shutdown), so that it
// takes its children and shared memory with it.
//
// The folder's name is in the environment, never in an argument, or the script would find itself.
// Zombies have no command line. Without /proc (macOS) ps tells.
const watchdog = `
trap '' HUP INT QUIT TERM
cat >/dev/null
[ -d "$DWH_TEST_ROOT" ] || exit 0
find_pids() {
	if [ -d /proc/self ]; then
		echo "$DWH_TEST_ROOT/" | grep -lsF -f /dev/stdin /proc/[0-9]*/cmdline | cut -d/ -f3
	else
		ps -A -ww -o pid= -o command= | awk 'index($0, ENVIRON["DWH_TEST_ROOT"] "/") {print $1}'
	fi
}
sockets() {
	for f in "$DWH_TEST_ROOT"/*/pgdata/postmaster.pid; do
		[ -f "$f" ] && sed -n 5p "$f"
	done
}
dirs=$(sockets)
signal=QUIT
quiet=0
round=0
while [ $quiet -lt 3 ] && [ $round -lt 100 ]; do
	round=$((round + 1))
	pids=$(find_pids)
	if [ -n "$pids" ]; then
		quiet=0
		kill -s $signal $pids 2>/dev/null
		[ $round -ge 15 ] && signal=KILL
	else
		quiet=$((quiet + 1))
		rm -rf "$DWH_TEST_ROOT"
	fi
	sleep 0.2
done
rm -rf "$DWH_TEST_ROOT"
for d in $dirs; do
	case $d in */dwh-*) rm -rf "$d" ;; esac
done
`

// watch starts the watchdog over root. release, to be called when root is gone, ends it and waits
// for it.
func watch(root string) (release func() error, err error) {
	// The pipe's ends are close-on-exec, so that no other child of the test holds the writing one.
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	cmd := exec.Command("/bin/sh", "-c", watchdog)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "DWH_TEST_ROOT="+root)
	cmd.Stdin = read
	// A session of its own: ^C reaches the test's whole process group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the watchdog: %w", err), read.Close(), write.Close())
	}
	if err := read.Close(); err != nil {
		return nil, errors.Join(err, write.Close(), cmd.Wait())
	}
	return func() error { return errors.Join(write.Close(), cmd.Wait()) }, nil
}
