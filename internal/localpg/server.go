package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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

// Start returns the running server; it makes and starts it when it is down. Of several processes
// that call it at once one does the work. The server accepts connections when Start returns, and
// runs on after this process until Stop.
//
// Errors: *BinariesError, *TraverseError, *StartError, *RefusedError, and those of ctx.
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
	s.clean()
	if err := s.shutPasswords(a); err != nil {
		return Info{}, err
	}
	if p, err := s.running(ctx); err != nil {
		return Info{}, err
	} else if p != nil {
		return s.settled(ctx, a, s.logSize())
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
	return s.bringUp(ctx, b, a, socket)
}

// bringUp launches a server that is down, on another port if somebody takes the chosen one. A
// server that was killed may have left processes that end after what they are at: they are waited
// for, since PostgreSQL starts no other server beside them.
func (s *Server) bringUp(ctx context.Context, b Binaries, a account, socket string) (Info, error) {
	const tries = 5
	began, told := time.Now(), false
	for try := 1; ; {
		port, err := s.pickPort(a)
		if err != nil {
			return Info{}, err
		}
		if err := s.configure(a, port, socket); err != nil {
			return Info{}, err
		}
		offset := s.logSize()
		err = s.launch(ctx, b, a)
		if err == nil {
			info, err := s.settled(ctx, a, offset)
			info.BinDir, info.Started = b.Dir, true
			return info, err
		}
		if ctx.Err() != nil {
			return Info{}, ctx.Err()
		}
		waited := time.Since(began)
		switch {
		case s.leftBehind(offset) && waited < s.patience.ready:
			if !told && waited >= s.patience.silent {
				told = true
				s.logger.Info("waiting for processes of a private PostgreSQL that was killed",
					"folder", s.dataDir, "at most", s.patience.ready.String())
			}
			if err := pause(ctx, 10*poll); err != nil {
				return Info{}, err
			}
		case try < tries && !free(port):
			try++
		default:
			return Info{}, &StartError{LogPath: s.logPath(), Log: s.logSince(offset), Err: err}
		}
	}
}

// leftBehind tells whether the server did not start because processes of the one before still use
// its memory (CreateDataDirLockFile and PGSharedMemoryCreate of PostgreSQL say so in these words).
func (s *Server) leftBehind(offset int64) bool {
	return strings.Contains(s.logSince(offset), "pre-existing shared memory block")
}

// Revive starts the server if it ended without having been stopped: it was killed, or the system
// had no memory left. A server that runs, or was stopped or reset, stays as it is. It tells whether
// it started the server. Errors: those of Start.
func (s *Server) Revive(ctx context.Context) (started bool, err error) {
	left, err := readPostmaster(s.pgdata()) // a server that stops deletes its pid file
	if left == nil || err != nil {
		return false, err
	}
	if p, err := s.running(ctx); p != nil || err != nil {
		return false, err
	}
	info, err := s.Start(ctx)
	return info.Started, err
}

// settled awaits the server and sees to its roles.
func (s *Server) settled(ctx context.Context, a account, offset int64) (Info, error) {
	info, err := s.await(ctx, a, offset)
	if err != nil {
		return Info{}, err
	}
	return info, s.settleRoles(ctx, info, a)
}

// launch has pg_ctl start the server in a session of its own, away from our terminal and its
// signals. It is done when the server accepts connections.
func (s *Server) launch(ctx context.Context, b Binaries, a account) error {
	args := []string{"start", "--wait", "--silent",
		fmt.Sprintf("--timeout=%d", max(1, int(s.patience.ready.Seconds())))}
	if s.shellTakesApart() {
		// pg_ctl hands its arguments to a shell between double quotes, the variable and the working
		// folder to nobody.
		args = append(args, "--log="+filepath.Base(s.logPath()))
	} else {
		args = append(args, "--pgdata="+s.pgdata(), "--log="+s.logPath())
	}
	cmd := s.command(ctx, a, b.path("pg_ctl"), args...)
	cmd.Env = append(cmd.Env, tunables())
	if s.shellTakesApart() {
		cmd.Env = append(cmd.Env, "PGDATA="+s.pgdata())
	}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	// A dwh that was killed while it started the server left a pg_ctl that went on.
	if p, runErr := s.running(ctx); runErr == nil && p != nil {
		return nil
	}
	// Our error shows the log.
	said := strings.TrimSuffix(lastLines(string(out), 3), "\nExamine the log output.")
	return fmt.Errorf("%w: %s", err, said)
}

// await connects until the server, which is up or coming up, accepts an authenticated connection.
// It gives up at once on what waiting does not cure, and else after the times of s.patience, with
// the last cause.
func (s *Server) await(ctx context.Context, a account, offset int64) (Info, error) {
	password, err := s.password()
	if err != nil {
		return Info{}, err
	}
	started, told := time.Now(), false
	var ready time.Time // when the server was first seen to be ready
	var last error
	for {
		p, err := s.running(ctx)
		if err != nil {
			return Info{}, err
		}
		if p == nil {
			return Info{}, &StartError{
				LogPath: s.logPath(), Log: s.logSince(offset), Err: errors.New("the server ended"),
			}
		}
		if p.port != 0 {
			info := Info{Host: loopback, Port: p.port, Socket: p.socket, User: Role, Password: password}
			trial, cancel := context.WithTimeout(ctx, s.patience.answer)
			info.Version, err = s.probe(trial, info, a)
			cancel()
			if err == nil {
				return info, nil
			}
			if ctx.Err() == nil && !passes(err) {
				return Info{}, s.refused(err)
			}
			last = err
		}
		now := time.Now()
		if p.ready && ready.IsZero() {
			ready = now
		}
		switch {
		case !ready.IsZero() && now.Sub(ready) >= s.patience.answer:
			return Info{}, s.late(s.patience.answer, "accepts no connection", last, offset)
		case now.Sub(started) >= s.patience.ready:
			return Info{}, s.late(s.patience.ready, "is not ready", last, offset)
		case !told && now.Sub(started) >= s.patience.silent:
			told = true
			cause := "it starts"
			if last != nil {
				cause = cmp.Or(message(last), cause)
			}
			s.logger.Info("waiting for the private PostgreSQL", "folder", s.dataDir, "cause", cause, "at most",
				s.patience.ready.String())
		}
		if err := pause(ctx, poll); err != nil {
			return Info{}, fmt.Errorf("wait for the private PostgreSQL of %s: %w", s.dataDir, err)
		}
	}
}

// late is the error after too long a wait.
func (s *Server) late(waited time.Duration, what string, last error, offset int64) error {
	err := fmt.Errorf("after %s the server %s", waited, what)
	if last != nil {
		err = fmt.Errorf("%w: %w", err, last)
	}
	return &StartError{LogPath: s.logPath(), Log: s.logSince(offset), Err: err}
}

// passes reports whether waiting may help: nobody listens yet, the server answered that it is
// starting up or shutting down (class 57) or out of resources (class 53), or it answered nothing in
// time.
func passes(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "57") || strings.HasPrefix(pg.Code, "53")
	}
	for _, e := range []error{
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.EAGAIN,
		fs.ErrNotExist, io.EOF, io.ErrUnexpectedEOF,
		os.ErrDeadlineExceeded, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return pgconn.Timeout(err)
}

// message is an error's last line: pgx lists every address that it tried.
func message(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// A RefusedError says that the private server answers and does not let dwh in.
type RefusedError struct {
	DataDir string // the server's data folder
	Advice  string // what to do next
	Err     error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("connect to the private PostgreSQL of %s: %s", e.DataDir, message(e.Err))
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *RefusedError) Hint() string { return e.Advice }

func (s *Server) refused(err error) error {
	refused := &RefusedError{DataDir: s.dataDir, Err: err}
	hba := filepath.Join(s.pgdata(), "pg_hba.conf")
	switch {
	case strings.Contains(err.Error(), "require_auth"):
		refused.Advice = fmt.Sprintf(
			`dwh connects only with scram-sha-256: the lines of %s must end with it; then run "dwh local stop"`, hba)
	case code(err) == "28P01":
		refused.Advice = fmt.Sprintf("the server's role %s does not have the password in %s: set it again with psql",
			Superuser, s.adminPasswordPath())
	case strings.HasPrefix(code(err), "28"):
		refused.Advice = fmt.Sprintf("look at %s: the roles %s and %s need lines with scram-sha-256 "+
			`for local and 127.0.0.1/32; then run "dwh local stop"`, hba, Role, Superuser)
	case errors.Is(err, errForeign):
		refused.Advice = `run "dwh local stop" and try again: the next start takes another port`
	}
	return refused
}

var errForeign = errors.New("another server answers on the port")

// probe returns the version of the server behind info, and checks that it is the one of this data
// folder.
func (s *Server) probe(ctx context.Context, info Info, a account) (version string, err error) {
	if info, err = s.Admin(info); err != nil {
		return "", err
	}
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

// connect goes through the unix socket, whose folder only the server's user can enter, and over TCP
// where the folder is gone (systems clean /tmp).
func (s *Server) connect(ctx context.Context, info Info, a account, database string) (*pgx.Conn, error) {
	pool, err := PoolConfig(info.DSN(database))
	if err != nil {
		return nil, err
	}
	config := pool.ConnConfig
	config.RuntimeParams["application_name"] = "dwh local"
	// A superuser does not call what the everyday role may have put into a schema.
	config.RuntimeParams["search_path"] = "pg_catalog"
	if trustedSocket(info.Socket, a) {
		if _, err := os.Lstat(filepath.Join(info.Socket, ".s.PGSQL."+strconv.Itoa(info.Port))); err == nil {
			config.Host = info.Socket
		}
	}
	return pgx.ConnectConfig(ctx, config)
}

// Stop shuts the server down, disconnecting its clients and rolling back what they had not
// committed. A server that does not run is no error.
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
		begun, told := time.Now(), false
		for alive(p.pid) && serves(ctx, p.pid, s.pgdata()) {
			switch waited := time.Since(begun); {
			case waited >= s.patience.stop:
				return fmt.Errorf("the private PostgreSQL (pid %d) did not stop within %s: see %s",
					p.pid, s.patience.stop, s.logPath())
			case !told && waited >= s.patience.silent:
				told = true
				s.logger.Info("waiting for the private PostgreSQL to stop",
					"pid", p.pid, "at most", s.patience.stop.String())
			}
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

// Reset stops the server and deletes its cluster, all databases in it. The next Start makes a new
// one.
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
			return fmt.Errorf(
				"%s was not made by dwh (it has no %s), so dwh does not delete it", s.pgdata(),
				settingsFile,
			)
		}
	}
	if err := s.stop(ctx, a); err != nil {
		return err
	}
	leftovers, err := s.entries("pgdata.*")
	if err != nil {
		return fmt.Errorf("delete the cluster: %w", err)
	}
	// Renamed first: a deletion that is interrupted leaves no half cluster.
	doomed := s.pgdata() + ".old"
	if err := errors.Join(removeAll(leftovers...), rename(s.pgdata(), doomed)); err != nil {
		return fmt.Errorf("delete the cluster: %w", err)
	}
	if err := removeAll(doomed, s.passwordPath(), s.adminPasswordPath(), s.adminPasswordPath()+".new", s.portPath(),
		s.logPath(), s.logPath()+".1"); err != nil {
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
