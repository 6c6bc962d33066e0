package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// poll is how often the state of a server that starts or stops is looked at.
const poll = 20 * time.Millisecond

// Start returns the running server; it makes and starts it when it is down. Of several processes that call it at once one
// does the work. The server accepts connections when Start returns, and runs on after this process until Stop.
//
// Errors: *BinariesError, *TraverseError, *StartError, and those of ctx.
func (s *Server) Start(ctx context.Context) (Info, error) {
	a, err := serverAccount(s.dataDir)
	if err != nil {
		return Info{}, err
	}
	if err := s.prepare(a); err != nil {
		return Info{}, err
	}
	unlock, err := s.lock(ctx, a)
	if err != nil {
		return Info{}, err
	}
	defer unlock()
	if err := s.mark(a); err != nil {
		return Info{}, fmt.Errorf("mark the data folder: %w", err)
	}
	if p, err := s.running(ctx); err != nil {
		return Info{}, err
	} else if p != nil {
		return s.await(ctx, a, s.logSize())
	}
	major, err := s.clusterVersion()
	if err != nil {
		return Info{}, err
	}
	b, err := s.binaries(ctx, a, major)
	if err != nil {
		return Info{}, err
	}
	if major == 0 {
		if err := s.initialize(ctx, b, a); err != nil {
			return Info{}, err
		}
	} else if err := s.disownPID(a); err != nil {
		return Info{}, err
	}
	socket := s.socketDir(a)
	if err := makeSocketDir(socket, a); err != nil {
		return Info{}, err
	}
	if err := s.cleanSocketDir(socket); err != nil {
		return Info{}, err
	}
	if err := s.rotateLog(); err != nil {
		return Info{}, err
	}
	const tries = 5
	for try := 1; ; try++ {
		port, err := s.pickPort(a)
		if err != nil {
			return Info{}, err
		}
		if err := s.configure(a, port, socket); err != nil {
			return Info{}, err
		}
		offset := s.logSize()
		if err := s.launch(ctx, b, a); err != nil {
			if ctx.Err() != nil {
				return Info{}, ctx.Err()
			}
			// Somebody took the port since it was tried.
			if try < tries && !free(port) {
				continue
			}
			return Info{}, &StartError{LogPath: s.logPath(), Log: s.logSince(offset), Err: err}
		}
		info, err := s.await(ctx, a, offset)
		info.BinDir, info.Started = b.Dir, true
		return info, err
	}
}

// launch has pg_ctl start the server in a session of its own, away from our terminal and its signals. It is done when the server
// accepts connections; recovery after a crash may take long, so that only ctx limits it.
func (s *Server) launch(ctx context.Context, b Binaries, a account) error {
	cmd := s.command(ctx, a, b.path("pg_ctl"), "start", "--pgdata="+s.pgdata(), "--log="+s.logPath(), "--wait", "--timeout=86400", "--silent")
	cmd.Env = append(cmd.Env, tunables())
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	// A dwh that was killed while it started the server left a pg_ctl that went on.
	if p, runErr := s.running(ctx); runErr == nil && p != nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, lastLines(string(out), 3))
}

// await connects until the server, which is up or coming up, accepts an authenticated connection.
func (s *Server) await(ctx context.Context, a account, offset int64) (Info, error) {
	password, err := s.password()
	if err != nil {
		return Info{}, err
	}
	for {
		p, err := s.running(ctx)
		if err != nil {
			return Info{}, err
		}
		if p == nil {
			return Info{}, &StartError{LogPath: s.logPath(), Log: s.logSince(offset), Err: errors.New("the server ended")}
		}
		if p.port != 0 {
			info := Info{Host: loopback, Port: p.port, Socket: p.socket, User: Superuser, Password: password}
			info.Version, err = s.probe(ctx, info, a)
			if err == nil {
				return info, nil
			}
			if permanent(err) {
				return Info{}, fmt.Errorf("connect to the private PostgreSQL of %s: %w", s.dataDir, err)
			}
		}
		if err := pause(ctx, poll); err != nil {
			return Info{}, fmt.Errorf("wait for the private PostgreSQL of %s: %w", s.dataDir, err)
		}
	}
}

// permanent reports whether waiting will not help: the server answered, and not that it is starting up or shutting down
// (class 57) or out of resources (class 53).
func permanent(err error) bool {
	if errors.Is(err, errForeign) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "57") && !strings.HasPrefix(pg.Code, "53")
}

var errForeign = errors.New("the port is answered by another server")

// probe returns the version of the server behind info, and checks that it is the one of this data folder.
func (s *Server) probe(ctx context.Context, info Info, a account) (version string, err error) {
	conn, err := s.connect(ctx, info, a, adminDatabase)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var folder string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&folder); err != nil {
		return "", err
	}
	if folder != s.pgdata() {
		return "", fmt.Errorf("%w, of data folder %s", errForeign, folder)
	}
	version, _, _ = strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	return version, nil
}

// connect goes through the unix socket, whose folder only the server's user can enter, and over TCP where the folder is gone
// (systems clean /tmp).
func (s *Server) connect(ctx context.Context, info Info, a account, database string) (*pgx.Conn, error) {
	pool, err := PoolConfig(info.DSN(database))
	if err != nil {
		return nil, err
	}
	config := pool.ConnConfig
	if trustedSocket(info.Socket, a) {
		if _, err := os.Lstat(filepath.Join(info.Socket, ".s.PGSQL."+strconv.Itoa(info.Port))); err == nil {
			config.Host = info.Socket
		}
	}
	return pgx.ConnectConfig(ctx, config)
}

// Stop shuts the server down, disconnecting its clients and rolling back what they had not committed. A server that does
// not run is no error.
func (s *Server) Stop(ctx context.Context) error {
	a, unlock, err := s.open(ctx)
	if unlock == nil {
		return err
	}
	defer unlock()
	return s.stop(ctx, a)
}

// open locks an existing data folder. Without one, unlock is nil.
func (s *Server) open(ctx context.Context) (a account, unlock func(), err error) {
	if made, err := s.exists(); err != nil || !made {
		return account{}, nil, err
	}
	if a, err = serverAccount(s.dataDir); err != nil {
		return account{}, nil, err
	}
	unlock, err = s.lock(ctx, a)
	return a, unlock, err
}

func (s *Server) stop(ctx context.Context, a account) error {
	p, err := s.running(ctx)
	if err != nil {
		return err
	}
	if p != nil {
		// SIGINT is the fast shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
		if err := syscall.Kill(p.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the private PostgreSQL (pid %d): %w", p.pid, err)
		}
		for alive(p.pid) && serves(ctx, p.pid, s.pgdata()) {
			if err := pause(ctx, poll); err != nil {
				return fmt.Errorf("wait for the private PostgreSQL (pid %d) to stop: %w", p.pid, err)
			}
		}
	}
	// The folder is made again at the next start; it may be gone already.
	socket := s.socketDir(a)
	err = s.cleanSocketDir(socket)
	_ = os.Remove(socket)
	return err
}

// Reset stops the server and deletes its cluster, all databases in it. The next Start makes a new one.
func (s *Server) Reset(ctx context.Context) error {
	if made, err := s.exists(); err != nil {
		return err
	} else if !made {
		if _, err := os.Lstat(s.dataDir); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("data folder %s was not made by dwh, so dwh does not delete it", s.dataDir)
	}
	a, unlock, err := s.open(ctx)
	if unlock == nil {
		return err
	}
	defer unlock()
	if _, err := os.Lstat(s.pgdata()); err == nil {
		if _, err := os.Lstat(filepath.Join(s.pgdata(), settingsFile)); err != nil {
			return fmt.Errorf("%s was not made by dwh (it has no %s), so dwh does not delete it", s.pgdata(), settingsFile)
		}
	}
	if err := s.stop(ctx, a); err != nil {
		return err
	}
	leftovers, err := filepath.Glob(filepath.Join(s.dataDir, "pgdata.*"))
	if err != nil {
		return fmt.Errorf("delete the cluster: %w", err)
	}
	// Renamed first: a deletion that is interrupted leaves no half cluster.
	doomed := s.pgdata() + ".old"
	if err := errors.Join(removeAll(leftovers...), rename(s.pgdata(), doomed)); err != nil {
		return fmt.Errorf("delete the cluster: %w", err)
	}
	if err := removeAll(doomed, s.passwordPath(), s.portPath(), s.logPath(), s.logPath()+".1"); err != nil {
		return fmt.Errorf("delete the cluster: %w", err)
	}
	return nil
}

func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func removeAll(paths ...string) error {
	var errs []error
	for _, path := range paths {
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}
