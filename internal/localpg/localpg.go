// Package localpg runs the private PostgreSQL server that is the default warehouse.
package localpg

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	// Role is the name of the role that everyday commands use. It owns the databases, and is no
	// superuser.
	Role = "dwh"
	// Superuser is the name of the role that may do everything, such as creating databases, roles
	// and extensions.
	Superuser = "dwh_admin"
	// MinVersion is the oldest major version of PostgreSQL that is used.
	MinVersion = 15

	// adminDatabase is where statements about other databases are sent from.
	adminDatabase = "postgres"
	loopback      = "127.0.0.1"
)

// Options say where the private server lives. The zero value is the server of the user who runs the
// process.
type Options struct {
	// DataDir is the folder that holds the cluster, its password and its log; "" is
	// DefaultDataDir's.
	DataDir string
	// BinDir is the folder of initdb, postgres and pg_ctl, and wins outright; "" is $DWH_PG_BIN,
	// and then the search that FindBinaries describes.
	BinDir string
	// CacheDir receives downloaded binaries when the machine has none; "" is the user's cache
	// folder, /var/cache/dwh for root.
	CacheDir string
	// Repository is the Maven repository that binaries are downloaded from; "" is
	// https://repo1.maven.org/maven2.
	Repository string
	// Memory is what the settings are scaled to, in bytes; 0 is the machine's memory or the
	// cgroup's limit, the smaller.
	Memory int64
	// Logger receives what takes long (a download, the first initdb); nil discards it.
	Logger *slog.Logger
}

// Server is one private server, by its data folder. Its methods may be called at the same time, by
// several processes too.
type Server struct {
	dataDir    string // absolute, symbolic links resolved
	binDir     string
	cacheDir   string
	repository string
	memory     int64
	logger     *slog.Logger
	patience   patience
}

// patience says how long Start waits.
type patience struct {
	ready  time.Duration // for a server that starts: after a crash it reads its log first
	answer time.Duration // for a server that says that it is ready
	stop   time.Duration // for a server to stop: it writes its buffers first
	other  time.Duration // for another dwh, which may be downloading the server's programs
	silent time.Duration // before it says what it waits for
}

// New returns the server of the data folder that o names. Nothing is created or started yet.
func New(o Options) (*Server, error) {
	dataDir := o.DataDir
	if dataDir == "" {
		var err error
		if dataDir, err = DefaultDataDir(); err != nil {
			return nil, err
		}
	}
	dataDir, err := resolve(dataDir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	cacheDir := o.CacheDir
	if cacheDir == "" {
		cacheDir = defaultCacheDir(dataDir)
	}
	binDir := o.BinDir
	if binDir == "" {
		binDir = os.Getenv("DWH_PG_BIN")
	}
	if binDir != "" {
		if binDir, err = filepath.Abs(binDir); err != nil {
			return nil, fmt.Errorf("folder of PostgreSQL's binaries: %w", err)
		}
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	memory := o.Memory
	if memory <= 0 {
		memory = availableMemory()
	}
	return &Server{
		dataDir: dataDir, binDir: binDir, cacheDir: cacheDir, repository: o.Repository, memory: memory, logger: logger,
		patience: patience{ready: 10 * time.Minute, answer: 30 * time.Second,
			stop: 10 * time.Minute, other: 20 * time.Minute, silent: 2 * time.Second},
	}, nil
}

// DataDir is the server's data folder, absolute and with symbolic links resolved.
func (s *Server) DataDir() string { return s.dataDir }

func (s *Server) pgdata() string       { return filepath.Join(s.dataDir, "pgdata") }
func (s *Server) passwordPath() string { return filepath.Join(s.dataDir, "password") }
func (s *Server) adminPasswordPath() string {
	return filepath.Join(s.dataDir, "admin-password")
}
func (s *Server) logPath() string    { return filepath.Join(s.dataDir, "server.log") }
func (s *Server) portPath() string   { return filepath.Join(s.dataDir, "port") }
func (s *Server) lockPath() string   { return filepath.Join(s.dataDir, "lock") }
func (s *Server) markerPath() string { return filepath.Join(s.dataDir, "dwh-data-folder") }

// Secret is a text that hides itself in every format; Reveal returns it.
type Secret string

const redacted = "xxxxx"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// Format hides the secret from every verb, %x and %q included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText hides the secret from JSON and other encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Info is how to reach a running server.
type Info struct {
	Host     string // of TCP connections, always 127.0.0.1
	Port     int    // of TCP connections on Host
	Socket   string // folder of the unix socket
	User     string // the role that dwh connects as, always Role
	Password Secret // of User; it prints as xxxxx
	// folder of the binaries that run; "" when the server ran already and its binaries are not
	// known
	BinDir  string
	Version string // as the server reports it, for example 15.18
	Started bool   // whether this call started the server
}

// DSN is the complete connection string of a database, the password included: what psql and pgx
// take from any user's shell.
func (i Info) DSN(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(i.User, i.Password.Reveal()),
		Host:     net.JoinHostPort(i.Host, strconv.Itoa(i.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Hint returns what to do next about err, "" when nothing is known.
func Hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
