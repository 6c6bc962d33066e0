// Package dwhtest gives tests a real PostgreSQL and a real S3 server, which no test process leaves
// behind.
package dwhtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/localpg"
)

// process is what the tests of one test binary share. The testing package hands helpers nothing but
// a testing.TB, so that this is the one place of the project with package state; everything in it
// starts on first use.
var process = newFixture()

// fixture is the servers of one test process and the folder that they live in.
type fixture struct {
	mu     sync.Mutex
	inMain bool
	closed bool
	stops  []func() error // in the order of the starts

	root     func() (string, error)
	server   func() (*postgres, error)
	gateway  func() (*gateway, error)
	counter  int
	template map[string]*template
}

func newFixture() *fixture {
	f := &fixture{template: map[string]*template{}}
	f.root = sync.OnceValues(f.makeRoot)
	f.server = sync.OnceValues(f.startPostgres)
	f.gateway = sync.OnceValues(f.startGateway)
	return f
}

// Main runs the tests of a package, stops the servers that they used and exits. A package that uses
// this one calls it:
//
//	func TestMain(m *testing.M) { dwhtest.Main(m) }
//
// The servers and their folder go away too when the process panics, times out or is killed. The
// folder is made in DWH_TEST_DIR, by default in memory where there is enough of it (see
// memoryFolder), else in /tmp.
func Main(m *testing.M) {
	process.mu.Lock()
	process.inMain = true
	process.mu.Unlock()
	code := m.Run()
	if err := process.close(); err != nil {
		fmt.Fprintf(os.Stderr, "dwhtest: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// onClose registers what undoes a start.
func (f *fixture) onClose(stop func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stops = append(f.stops, stop)
}

func (f *fixture) close() error {
	f.mu.Lock()
	stops := f.stops
	f.stops, f.closed = nil, true
	f.mu.Unlock()
	var errs []error
	for i := len(stops) - 1; i >= 0; i-- {
		errs = append(errs, stops[i]())
	}
	return errors.Join(errs...)
}

// number distinguishes databases, buckets and folders of one process.
func (f *fixture) number() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counter++
	return f.counter
}

// makeRoot makes the process's folder, which the server's user can enter when root runs the tests,
// and the watchdog over it.
func (f *fixture) makeRoot() (string, error) {
	f.mu.Lock()
	inMain, closed := f.inMain, f.closed
	f.mu.Unlock()
	if !inMain || closed {
		return "", errors.New("the package's TestMain has to call dwhtest.Main")
	}
	// Not under TMPDIR, which is often private to one user, so that root's server could not enter
	// it.
	parent := os.Getenv("DWH_TEST_DIR")
	if parent == "" {
		parent = memoryFolder()
	}
	root, err := os.MkdirTemp(parent, "dwh-test-")
	if err != nil {
		return "", fmt.Errorf("folder of the tests' servers: %w", err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		return "", errors.Join(err, os.RemoveAll(root))
	}
	release, err := watch(root)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(root))
	}
	f.onClose(release)
	f.onClose(func() error { return os.RemoveAll(root) })
	return root, nil
}

// memoryFolder is /dev/shm where it has room, else /tmp. In memory a database per test costs a
// sixth. The servers keep fsync on there too; what the crash tests end is dwh, never the machine.
func memoryFolder() string {
	const shared, room = "/dev/shm", 6 << 30
	probe, err := os.MkdirTemp(shared, "dwh-test-")
	if err != nil {
		return "/tmp"
	}
	_ = os.Remove(probe)
	if free, ok := freeBytes(shared); !ok || free < room {
		return "/tmp"
	}
	return shared
}

// DataDir returns the name of a folder that does not exist yet, for a private server of the test's
// own, such as the one that a dwh started by the test makes. At the test's end a server in it is
// stopped and the folder deleted.
func DataDir(t testing.TB) string {
	t.Helper()
	root, err := process.root()
	if err != nil {
		t.Fatalf("dwhtest: %v", err)
	}
	dir := filepath.Join(root, "data-"+strconv.Itoa(process.number()))
	t.Cleanup(func() {
		s, err := localpg.New(localpg.Options{DataDir: dir})
		if err == nil {
			ctx, cancel := patience()
			defer cancel()
			err = s.Stop(ctx)
		}
		if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
			t.Errorf("dwhtest: stop the test's own server: %v", err)
		}
	})
	return dir
}

// Rounds is how often a property or crash test repeats: DWH_TEST_ROUNDS where it is set, else def.
func Rounds(t testing.TB, def int) int {
	t.Helper()
	text := os.Getenv("DWH_TEST_ROUNDS")
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("DWH_TEST_ROUNDS: got %q, want a whole number from 1", text)
	}
	return n
}

// Patience is how long a test waits for what has to happen. It only bounds a hang, so that one
// fails with a cause: it is long enough for a machine with much else to do, and costs nothing where
// things work.
const Patience = 5 * time.Minute

// patience bounds a step of the helpers.
func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), Patience)
}
