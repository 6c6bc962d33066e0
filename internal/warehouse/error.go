package warehouse

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/writelock"
)

// DSNError is a connection string that cannot be understood, or a PG… variable that completes it
// and does not fit: a usage error. It never shows a part of the string or the variable's value,
// which may hold a password.
type DSNError struct {
	Origin   string // where the string came from, "" unknown
	Variable string // the environment variable that is at fault, "" when the string itself is
	Reason   string // what is wrong, without secrets
	Advice   string // what to do next; "" shows the form
}

// Error says what is wrong with it, and where it came from.
func (e *DSNError) Error() string {
	if e.Variable != "" {
		return "the environment variable " + e.Variable + " does not fit: " + e.Reason
	}
	from := ""
	if e.Origin != "" {
		from = " (" + e.Origin + ")"
	}
	return "malformed database URL" + from + ": " + e.Reason
}

// ExitCode returns 2: the configuration has to change.
func (e *DSNError) ExitCode() int { return 2 }

// Hint shows the form.
func (e *DSNError) Hint() string {
	if e.Variable != "" {
		return "correct or unset " + e.Variable + ", or set its value in the database URL"
	}
	return cmp.Or(e.Advice, encodeHint)
}

// dsnError turns pgx's error into ours. pgx redacts by patterns, which a malformed string escapes,
// so only the parts of its message that cannot quote a password are used.
func dsnError(err error, dsn string, o Options) *DSNError {
	message := complaint(err)
	e := &DSNError{Origin: o.Origin, Variable: culprit(message, dsn), Reason: "it cannot be parsed"}
	for _, known := range []struct{ begin, reason string }{
		{"failed to parse as URL", "it is not a valid URL"},
		{"failed to parse as keyword/value", "it is not a list of key=value pairs"},
		{"failed to read service", "the service is not in the pg_service file, or there is no such file"},
		{"failed to configure TLS (unable to read CA file",
			"the file of the authority's certificate (sslrootcert) cannot be read"},
		{"failed to configure TLS (unable to add CA",
			"the file of the authority's certificate (sslrootcert) holds none"},
		{"failed to configure TLS (sslmode", "there is no such sslmode"},
		{"failed to configure TLS (both", "sslcert and sslkey go together"},
		{"failed to configure TLS (unable to read sslkey", "the file of the client's key (sslkey) cannot be read"},
		{"failed to configure TLS (unable to read cert",
			"the file of the client's certificate (sslcert) cannot be read"},
		{"failed to configure TLS", "sslmode, or a certificate that is named, is wrong"},
		{"could not match", "there are more ports than hosts"},
		{"invalid connect_timeout", "connect_timeout is not a number of seconds"},
		{"invalid port", "invalid port: it is not a number from 1 to 65535"},
		{"invalid sslcertmode", "there is no such sslcertmode"},
		{"unknown target_session_attrs", "there is no such value of target_session_attrs"},
		{"unknown channel_binding", "there is no such value of channel_binding"},
		{"invalid min_protocol_version", "there is no such version of the protocol (min_protocol_version)"},
		{"invalid max_protocol_version", "there is no such version of the protocol (max_protocol_version)"},
		{"min_protocol_version", "min_protocol_version is greater than max_protocol_version"},
		{"invalid require_auth", "there is no such value of require_auth"},
		{"cannot parse pool_", "a setting that begins with pool_ is wrong"},
		{"pool_max_conns", "pool_max_conns is too small"},
	} {
		if strings.HasPrefix(message, known.begin) {
			e.Reason = known.reason
			break
		}
	}
	return e
}

// complaint is what pgx says about a connection string, without the string: "cannot parse `…`: what
// is wrong (cause)". The cause may quote it.
func complaint(err error) string {
	var parse *pgconn.ParseConfigError
	if !errors.As(err, &parse) {
		return ""
	}
	message := parse.Error()
	if i := strings.LastIndex(message, "`: "); i >= 0 {
		message = message[i+3:]
	}
	return message
}

// variable is one that pgx reads, the keyword of a connection string that it stands for, and a
// value that fits any server.
type variable struct{ name, keyword, harmless string }

func variables() []variable {
	return []variable{
		{"PGSERVICE", "service", ""}, {"PGSERVICEFILE", "servicefile", ""},
		{"PGHOST", "host", "localhost"}, {"PGPORT", "port", "5432"}, {"PGDATABASE", "dbname", "x"},
		{"PGUSER", "user", "x"},
		{"PGPASSWORD", "password", ""}, {"PGPASSFILE", "passfile", ""}, {"PGAPPNAME", "application_name", "x"},
		{"PGCONNECT_TIMEOUT", "connect_timeout", "1"},
		{"PGSSLMODE", "sslmode", "prefer"}, {"PGSSLROOTCERT", "sslrootcert", ""}, {"PGSSLCERT", "sslcert", ""},
		{"PGSSLKEY", "sslkey", ""},
		{"PGSSLPASSWORD", "sslpassword", ""}, {"PGSSLCERTMODE", "sslcertmode", "allow"}, {"PGSSLSNI", "sslsni", ""},
		{"PGSSLNEGOTIATION", "sslnegotiation", ""}, {"PGTARGETSESSIONATTRS", "target_session_attrs", "any"},
		{"PGTZ", "timezone", "UTC"},
		{"PGOPTIONS", "options", ""}, {"PGMINPROTOCOLVERSION", "min_protocol_version", ""},
		{"PGMAXPROTOCOLVERSION", "max_protocol_version", ""},
		{"PGCHANNELBINDING", "channel_binding", ""}, {"PGREQUIREAUTH", "require_auth", ""},
	}
}

// taking are the variables that take part in a connection: those that are set, and that the
// connection string does not replace.
func taking(dsn string) []variable {
	var set []variable
	for _, v := range variables() {
		if os.Getenv(v.name) != "" && !sets(dsn, v.keyword) {
			set = append(set, v)
		}
	}
	return set
}

// culprit is the variable without which pgx complains no more, or about something else; "" when the
// connection string is at fault.
func culprit(message, dsn string) string {
	set := taking(dsn)
	for _, v := range set {
		if v.keyword == "service" {
			if strings.HasPrefix(message, "failed to read service") {
				return v.name
			}
			continue
		}
		if _, err := pgxpool.ParseConfig(with(dsn, v.keyword, v.harmless)); err == nil ||
			complaint(err) != message {
			return v.name
		}
	}
	return ""
}

// ConnectError is a server that cannot be reached or that refuses the connection.
type ConnectError struct {
	Address  string // host:port, or the socket
	Database string // the name of the database
	User     string // the role that dwh connects as
	Origin   string // where the connection string came from, "" unknown
	Reason   string // in a few words, without secrets
	Advice   string // what to do next
	Err      error
}

// Error says what cannot be reached and why, on one line.
func (e *ConnectError) Error() string {
	from := ""
	if e.Origin != "" {
		from = " (" + e.Origin + ")"
	}
	return fmt.Sprintf(
		"cannot connect to the database %s at %s as user %s%s: %s", e.Database, e.Address, e.User,
		from, e.Reason,
	)
}

// Unwrap returns the driver's error.
func (e *ConnectError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *ConnectError) Hint() string { return e.Advice }

// UnsupportedError is a server or database that dwh cannot work on.
type UnsupportedError struct {
	Target string // the warehouse in words, without secrets
	Reason string // what it lacks, in a sentence
	Advice string // what to do next
}

func (e *UnsupportedError) Error() string { return e.Target + ": " + e.Reason }

// Hint says what to do next.
func (e *UnsupportedError) Hint() string { return e.Advice }

func connectError(err error, pc *pgxpool.Config, o Options) error {
	cc := pc.ConnConfig
	e := &ConnectError{
		Address: address(cc.Host, cc.Port), Database: cc.Database, User: cc.User, Origin: o.Origin,
		Reason: reason(err), Err: err,
	}
	if e.Database == "" {
		e.Database = cc.User
	}
	e.Advice = advice(err, e, o.Local != nil)
	if o.Local == nil {
		var names []string
		for _, v := range taking(strings.TrimSpace(o.DSN.Reveal())) {
			if v.keyword != "application_name" {
				names = append(names, v.name)
			}
		}
		if len(names) > 0 {
			environment := "set in the environment, and part of this connection: " + strings.Join(names, ", ")
			e.Advice = strings.TrimPrefix(e.Advice+"; "+environment, "; ")
		}
	}
	// The reason may quote what the server was sent.
	if cc.Password != "" {
		e.Reason = strings.ReplaceAll(e.Reason, cc.Password, config.Secret("").String())
	}
	return e
}

// reason picks from the many errors of one attempt (addresses, TLS and then not) the one that says
// most.
func reason(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		if server.Code == "42704" || server.Code == "22023" {
			// The message quotes the name and the value, which may be the rest of a password with
			// an unescaped character.
			return fmt.Sprintf("the server refuses a setting of the connection (SQLSTATE %s)",
				server.Code)
		}
		return fmt.Sprintf("%s (SQLSTATE %s)", server.Message, server.Code)
	}
	if asksForDigest(err) {
		return "the server keeps this user's password as a SHA-256 hash and asks for it by a method that " +
			"dwh does not know (authentication type 13)"
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Sprintf("the host %s is not known", dns.Name)
	}
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return "the server's certificate is for another host"
	case errors.As(err, &authority), errors.As(err, &verification):
		return "the server's certificate is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, os.ErrNotExist):
		return "no such socket"
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	}
	message := err.Error()
	if i := strings.LastIndexByte(message, '\n'); i >= 0 {
		message = strings.TrimSpace(message[i+1:])
	}
	// "failed to connect to `user=… database=…`: " says what stands in the error already.
	if _, rest, ok := strings.Cut(message, "`: "); ok {
		message = rest
	}
	return message
}

// asksForDigest recognizes how Redshift asks a user whose password was set as a SHA-256 hash: by
// authentication type 13, which pgx does not know (mtxr/vscode-sqltools#1415). pgx has no type for
// that error.
func asksForDigest(err error) bool {
	return strings.Contains(err.Error(), "unknown authentication type: 13")
}

// digestAdvice names the two ways out: dg/r_CREATE_USER has both forms of a password,
// mgmt/generating-user-credentials the login by IAM.
func digestAdvice(user string) string {
	return `either log in by IAM: leave the password out of the database URL, whose host is the ` +
		`cluster's or the workgroup's own; ` +
		`or keep the password as an MD5 hash, and sslmode=verify-full: ALTER USER ` + catalogue.Name(user).SQL() +
		` PASSWORD 'md5…'; where … is the MD5 hash, in hex, of the password with the user's name behind it`
}

func advice(err error, e *ConnectError, private bool) string {
	if asksForDigest(err) {
		return digestAdvice(e.User)
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		if server.Code == "3D000" {
			return "create it: createdb " + e.Database
		}
		return PgErrorHint(err)
	}
	if private {
		return `see "dwh local status", or restart the server with "dwh local stop" and "dwh local start"`
	}
	switch {
	case strings.Contains(e.Reason, "certificate"):
		return "sslrootcert= names the authority's certificate; sslmode= says how much is verified"
	case strings.Contains(e.Reason, "refused TLS"):
		return "the server does not support TLS: sslmode=disable connects without TLS"
	}
	return `check that the server runs and that the address is right; without a database URL dwh uses a private ` +
		`PostgreSQL ("dwh local status")`
}

// PgErrorHint says what to do about an error of the server, by its SQLSTATE; "" when nothing
// general can be said. Errors of the network count as class 08.
func PgErrorHint(err error) string {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		var connect *pgconn.ConnectError
		if errors.As(err, &connect) || errors.Is(
			err, syscall.ECONNREFUSED,
		) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
			errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed) {
			return connectionHint
		}
		return ""
	}
	if writelock.Conflict(err) {
		return "another transaction changed the same rows: run the command again"
	}
	if server.Routine == "CheckCmdReplicaIdentity" {
		return "a publication prevents the change (see pg_publication_tables): remove the table from it, or set " +
			"REPLICA IDENTITY FULL on the table"
	}
	switch server.Code {
	case "42501":
		return "the role lacks a privilege: the owner must GRANT it, or connect as the owner"
	case "42P01", "42703", "3F000":
		return "check that the schema is up to date: dwh migrate status"
	case "53100":
		return "the server's disk is full: free some space and run the command again; nothing was committed in part"
	case "53200":
		return "the server ran out of memory: try a smaller load.batch_objects, or give it more"
	case "53300":
		switch { // the server's own words: InitPostgres, CheckMyDatabase of PostgreSQL
		case strings.Contains(server.Message, "for role"):
			return "the role's limit is reached: close its other sessions, or raise it: ALTER ROLE … CONNECTION LIMIT …"
		case strings.Contains(server.Message, "for database"):
			return "the database's limit is reached: close other clients, or raise it: " +
				"ALTER DATABASE … CONNECTION LIMIT …"
		}
		return "the server has no free connection: close other clients, or raise max_connections"
	case "54000":
		return "the statement exceeds a limit of the server"
	case "57P01", "57P02":
		return "the server was shut down or restarted: run the command again; nothing was committed in part"
	case "57P03":
		return "the server is starting up or shutting down: try again in a moment"
	case "57014":
		return "the statement was cancelled, by a timeout or by an administrator"
	case "55P03":
		return "another transaction holds the lock: run the command again, or wait for it with --wait"
	case "3D000":
		return "create the database with createdb, or correct its name in the database URL"
	case "28P01":
		return "check user and password in the database URL, or PGPASSFILE (~/.pgpass)"
	case "28000":
		return "the server's pg_hba.conf does not allow this user from this host, or the role does not exist"
	case "25006":
		return "the server or the session is read-only: connect to the primary"
	}
	switch {
	case strings.HasPrefix(server.Code, "08"):
		return connectionHint
	case strings.HasPrefix(server.Code, "28"):
		return "check user, password and the server's rules for clients"
	case strings.HasPrefix(server.Code, "XX"):
		return "the server reports an internal error: see its log"
	}
	return ""
}

const connectionHint = "the connection failed or broke: check that the server runs, and run the command again; " +
	"nothing was committed in part"
