// Package warehouse opens the connection pool to the warehouse and knows which engine answers.
package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/telemetry"
	"github.com/sparkify/dwh/internal/writelock"
)

const (
	// minMajor is the oldest PostgreSQL that the SQL of this project is written for.
	minMajor              = 15
	defaultConnectTimeout = 10 * time.Second
	defaultAppName        = "dwh"
	// redshiftPort is what Redshift listens on when a connection string names none.
	redshiftPort = "5439"
)

// Options says which warehouse to open.
type Options struct {
	// a URL or libpq's key=value form; what it leaves out comes from PG… variables, pg_service and
	// PGPASSFILE
	DSN     config.Secret
	Engine  string        // "postgres" or "redshift"; "" detects it
	Local   *localpg.Info // the private server, when it is that one
	AppName string        // "" means dwh
	// where the connection string came from, for errors: "DATABASE_URL", "dwh.yaml:3"; "" unknown
	Origin string

	// start, where set, starts the private server and makes its database: the rest is a guess that
	// both are there.
	start func(context.Context) (Options, error)
	// server is the private server; nil for another one.
	server *localpg.Server
}

// Warehouse is an open warehouse. Close it.
type Warehouse struct {
	// Version is "15.18" on PostgreSQL, "1.0.12345" on Redshift.
	Version string

	pool     *pgxpool.Pool
	engine   sqlfile.Engine
	host     string
	port     uint16
	database string
	user     string
	private  bool
	server   *localpg.Server // the private server; nil for another one
	config   *pgxpool.Config
	sessions *writelock.Sessions
	unwatch  func() // ends WatchWaits; nil without
}

// Open connects, finds out the engine and refuses what dwh cannot work on: PostgreSQL before 15, or
// a database whose encoding is not UTF-8. A malformed connection string is a *DSNError, a server
// that cannot be reached or refuses a *ConnectError, one that does not fit a *UnsupportedError.
func Open(ctx context.Context, o Options) (*Warehouse, error) {
	w, err := open(ctx, o)
	if err == nil || o.start == nil || ctx.Err() != nil {
		return w, err
	}
	if o, err = o.start(ctx); err != nil {
		return nil, err
	}
	return open(ctx, o)
}

func open(ctx context.Context, o Options) (*Warehouse, error) {
	pc, err := poolConfig(o)
	if err != nil {
		return nil, err
	}
	engine := sqlfile.Engine("")
	if o.Engine != "" {
		if engine, err = sqlfile.ParseEngine(o.Engine); err != nil {
			return nil, &DSNError{Origin: o.Origin, Reason: err.Error()}
		}
	}
	pc.ConnConfig.Tracer = telemetry.PgxTracer(ctx)
	sessions := &writelock.Sessions{}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return prepare(ctx, conn, o.Engine, sessions) }
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, connectError(err, pc, o)
	}
	w := &Warehouse{
		pool:     pool,
		engine:   engine,
		host:     pc.ConnConfig.Host,
		port:     pc.ConnConfig.Port,
		database: pc.ConnConfig.Database,
		user:     pc.ConnConfig.User,
		private:  o.Local != nil,
		server:   o.server,
		config:   pc,
		sessions: sessions,
	}
	if w.database == "" {
		w.database = w.user // the server's own rule
	}
	if err := w.inspect(ctx); err != nil {
		pool.Close()
		var unsupported *UnsupportedError
		var credentials *CredentialsError
		if errors.As(err, &unsupported) || ctx.Err() != nil {
			return nil, err
		}
		if errors.As(err, &credentials) {
			return nil, credentials
		}
		return nil, connectError(err, pc, o)
	}
	return w, nil
}

// Pool returns the pool. Its connections speak UTC.
func (w *Warehouse) Pool() *pgxpool.Pool { return w.pool }

// Engine returns the engine that answers, or the one that Options named.
func (w *Warehouse) Engine() sqlfile.Engine { return w.engine }

// Host returns the host's name or address, or the folder of the unix socket.
func (w *Warehouse) Host() string { return w.host }

// Database returns the name of the database.
func (w *Warehouse) Database() string { return w.database }

// User returns the name of the role.
func (w *Warehouse) User() string { return w.user }

// Flush writes to disk what the private PostgreSQL has written to its files; nil of another server.
func (w *Warehouse) Flush() func() error {
	if w.server == nil {
		return nil
	}
	return w.server.Flush
}

// Revive starts the private PostgreSQL if it was killed (localpg.Server.Revive); nil of another
// server.
func (w *Warehouse) Revive() func(context.Context) (bool, error) {
	if w.server == nil {
		return nil
	}
	return w.server.Revive
}

// Private says whether this is the PostgreSQL that dwh runs itself.
func (w *Warehouse) Private() bool { return w.private }

// Target says what is written to, without secrets: "PostgreSQL 15.18 at 127.0.0.1:5433, database
// dwh, user dwh (private server)".
func (w *Warehouse) Target() string {
	name := "PostgreSQL"
	if w.engine == sqlfile.Redshift {
		name = "Redshift"
	}
	target := fmt.Sprintf(
		"%s %s at %s, database %s, user %s", name, w.Version, address(w.host, w.port), w.database,
		w.user,
	)
	if w.private {
		target += " (private server)"
	}
	return target
}

// Close closes every connection.
func (w *Warehouse) Close() {
	if w.unwatch != nil {
		w.unwatch()
	}
	w.pool.Close()
}

// waitTime is how long a session waits for somebody else's lock before that is told.
const waitTime = 2 * time.Second

// WatchWaits tells, until Close, when one of the warehouse's sessions has waited for two seconds
// for a lock of another session: once for each object and holder. It takes a connection of its own
// when a session has been at work for a second, and gives up, with a word to failed, where the
// server does not let it look. Sessions count that the pool, or a pool made of its configuration,
// has opened.
func (w *Warehouse) WatchWaits(ctx context.Context, tell func(writelock.Wait), failed func(error)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	watcher := &writelock.Watcher{
		Engine: w.engine, Sessions: w.sessions, Connect: w.connect, After: waitTime, Tell: tell, Failed: failed,
		Busy: func() bool { return w.sessions.Open() > int(w.pool.Stat().IdleConns()) },
	}
	go func() {
		defer close(ended)
		watcher.Run(ctx)
	}()
	w.unwatch = func() {
		cancel()
		<-ended
	}
}

// connect opens a connection beside the pool.
func (w *Warehouse) connect(ctx context.Context) (*pgx.Conn, error) {
	cc := w.config.ConnConfig.Copy()
	cc.Tracer = nil
	if w.config.BeforeConnect != nil {
		if err := w.config.BeforeConnect(ctx, cc); err != nil {
			return nil, err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, conn, string(w.engine), nil); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return conn, nil
}

func address(host string, port uint16) string {
	if filepath.IsAbs(host) || strings.HasPrefix(host, "@") {
		return fmt.Sprintf("socket %s, port %d", host, port)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

func poolConfig(o Options) (*pgxpool.Config, error) {
	pc, err := parsed(o)
	if err != nil {
		return nil, err
	}
	cc := pc.ConnConfig
	// Redshift's binary numbers differ from PostgreSQL's and prepared statements outlive the tables
	// they name, so both engines get unnamed statements with text parameters and results.
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	cc.StatementCacheCapacity = 0
	cc.DescriptionCacheCapacity = 0
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = defaultConnectTimeout
	}
	if cc.RuntimeParams["application_name"] == "" {
		name := o.AppName
		if name == "" {
			name = defaultAppName
		}
		cc.RuntimeParams["application_name"] = name
	}
	// Both engines know this one at startup; a PGCLIENTENCODING of the user's would garble texts.
	cc.RuntimeParams["client_encoding"] = "UTF8"
	if o.Local != nil {
		// whoever took the private server's port has to know its password, and is not told it
		cc.RequireAuth = "scram-sha-256"
	}
	pc.BeforeConnect = iamLogin(cc)
	return pc, nil
}

// parsed is the pool's configuration as the connection string and, of a user's own server, the
// environment have it.
func parsed(o Options) (*pgxpool.Config, error) {
	if o.Local != nil {
		pc, err := localpg.PoolConfig(o.DSN.Reveal())
		if err != nil {
			return nil, fmt.Errorf("private PostgreSQL: %w", err)
		}
		return pc, nil
	}
	dsn, err := completeDSN(o)
	if err != nil {
		return nil, err
	}
	pc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, dsnError(err, dsn, o)
	}
	return pc, nil
}

// prepare readies one connection, and adds it to sessions unless that is nil. These are SET
// statements rather than startup parameters because Redshift refuses a connection that names a
// setting it does not know.
func prepare(ctx context.Context, conn *pgx.Conn, engine string, sessions *writelock.Sessions) error {
	// The forms of dg/r_timezone_config and dg/r_datestyle, which PostgreSQL has too.
	const timezone, dateStyle = "SET timezone TO 'UTC'", "SET datestyle TO 'ISO, MDY'"
	if sessions == nil {
		sessions = &writelock.Sessions{}
	}
	postgres := engine != string(sqlfile.Redshift) && reportsItself(conn)
	if postgres {
		set := timezone + "; " + dateStyle + sameTexts + noTimeouts(conn)
		// Without the last one the server finishes a statement whose client was killed, and holds
		// the lock until then. Servers on systems that cannot watch a socket refuse it, and with it
		// the others; they find out late.
		pid, err := execForPID(ctx, conn, set+"; SET client_connection_check_interval = '1s'")
		if err == nil {
			sessions.Add(pid, conn.PgConn().CleanupDone())
			return nil
		}
		if pid, err = execForPID(ctx, conn, set); err != nil {
			return fmt.Errorf("set up the session: %w", err)
		}
		sessions.Add(pid, conn.PgConn().CleanupDone())
		return nil
	}
	// Redshift takes one statement at a time.
	for _, set := range []string{timezone, dateStyle} {
		if _, err := conn.Exec(ctx, set); err != nil {
			return fmt.Errorf("set up the session: %w", err)
		}
	}
	var pid int64
	if err := conn.QueryRow(ctx, "SELECT CAST(pg_backend_pid() AS BIGINT)").Scan(&pid); err != nil {
		return fmt.Errorf("ask for the session: %w", err)
	}
	sessions.Add(pid, conn.PgConn().CleanupDone())
	return nil
}

// sameTexts are SET statements that give texts and values the same meaning for everybody, whatever
// the database, the role or PGOPTIONS say: models cast to texts and from them. The values are the
// defaults of PostgreSQL 15 (runtime-config-client).
const sameTexts = "; SET standard_conforming_strings = on; SET extra_float_digits = 1" +
	"; SET intervalstyle = postgres; SET bytea_output = hex"

// noTimeouts are SET statements that switch off what would end a session of dwh's: the connection
// that holds the lock is idle in its transaction while another one migrates (PostgreSQL 15,
// runtime-config-client). pg_dump does the same. A statement_timeout stays: it ends a statement
// with an error, and no session.
func noTimeouts(conn *pgx.Conn) string {
	version := conn.PgConn().ParameterStatus("server_version")
	major, _ := strconv.Atoi(version[:strings.IndexFunc(version+" ", func(r rune) bool { return r < '0' || r > '9' })])
	set := "; SET idle_in_transaction_session_timeout = 0"
	if major >= 14 {
		set += "; SET idle_session_timeout = 0"
	}
	if major >= 17 {
		set += "; SET transaction_timeout = 0"
	}
	return set
}

// execForPID runs statements in one message, and returns the id of the session's process: behind a
// proxy it is not the one that the connection was told.
func execForPID(ctx context.Context, conn *pgx.Conn, sql string) (int64, error) {
	results, err := conn.PgConn().Exec(ctx, sql+"; SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, err
	}
	last := results[len(results)-1]
	if len(last.Rows) != 1 {
		return 0, errors.New("the server does not say which process serves the session")
	}
	return strconv.ParseInt(string(last.Rows[0][0]), 10, 64)
}

// reportsItself tells PostgreSQL, which reports this setting when a connection begins, from
// Redshift, which does not have it.
func reportsItself(conn *pgx.Conn) bool {
	return conn.PgConn().ParameterStatus("standard_conforming_strings") != ""
}

var redshiftVersion = regexp.MustCompile(`Redshift [0-9][0-9.]*`)

// inspect asks the server what it is.
func (w *Warehouse) inspect(ctx context.Context) error {
	conn, err := w.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	w.user = conn.Conn().Config().User // IAM may have given another
	var banner, number, encoding string
	if w.engine != sqlfile.Redshift && reportsItself(conn.Conn()) {
		err = conn.QueryRow(
			ctx,
			"SELECT version(), current_setting('server_version_num'), current_setting('server_encoding')",
		).Scan(&banner, &number, &encoding)
	} else {
		err = conn.QueryRow(ctx, "SELECT version()").Scan(&banner)
	}
	if err != nil {
		return fmt.Errorf("ask for the server's version: %w", err)
	}
	version, redshift := strings.CutPrefix(redshiftVersion.FindString(banner), "Redshift ")
	if w.engine == "" {
		w.engine = sqlfile.Postgres
		if redshift {
			w.engine = sqlfile.Redshift
		}
	}
	if w.engine == sqlfile.Redshift {
		w.Version = "(version unknown)"
		if redshift {
			w.Version = version
		}
		return nil
	}
	if number == "" {
		if err := conn.QueryRow(
			ctx, "SELECT current_setting('server_version_num'), current_setting('server_encoding')",
		).Scan(&number, &encoding); err != nil {
			return fmt.Errorf("ask for the server's version and encoding: %w", err)
		}
	}
	return w.supported(number, encoding)
}

// supported takes over a PostgreSQL's version number and refuses what dwh cannot work on.
func (w *Warehouse) supported(number, encoding string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("the server's version number %q is not a number", number)
	}
	w.Version = fmt.Sprintf("%d.%d", n/10000, n%10000)
	if n/10000 < minMajor {
		if n < 100000 {
			// Before 10 there were three numbers, as in 9.6.24.
			w.Version = fmt.Sprintf("%d.%d.%d", n/10000, n/100%100, n%100)
		}
		return &UnsupportedError{
			Target: w.Target(),
			Reason: fmt.Sprintf("PostgreSQL %d or later is needed", minMajor),
			Advice: "upgrade the server, or leave the database URL out to use the private PostgreSQL",
		}
	}
	if encoding != "UTF8" {
		return &UnsupportedError{
			Target: w.Target(),
			Reason: fmt.Sprintf("the database's encoding is %s, and UTF8 is needed", encoding),
			Advice: fmt.Sprintf("make another: createdb -T template0 -E UTF8 --lc-collate=C %s_utf8", w.database),
		}
	}
	return nil
}
