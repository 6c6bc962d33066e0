// Package redshiftstandin is a server for tests that stands in for Amazon Redshift: it takes and
// refuses what Redshift's guide says.
package redshiftstandin

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// Isolation is the isolation level of the database (dg/c_serial_isolation): whatever a BEGIN names,
// this one holds.
type Isolation string

// The two levels that a Redshift database can have.
const (
	Snapshot     Isolation = "Snapshot Isolation"
	Serializable Isolation = "Serializable"
)

// Options say what kind of Redshift the stand-in is. The zero value is a provisioned cluster with
// snapshot isolation, no TLS and no S3.
type Options struct {
	// Backing is the DSN of the PostgreSQL database that holds the data, made ready for it on the
	// first use; "" means a fresh one. Several stand-ins may share one.
	Backing string
	// Isolation is the database's level; "" means Snapshot, Redshift's default since 2024.
	Isolation Isolation
	// WithTLS makes the server take TLS connections alone, with a certificate of a test CA
	// (Server.CAFile) for 127.0.0.1 and localhost.
	WithTLS bool
	// S3 is where COPY reads objects; nil means that COPY cannot reach S3.
	S3 *s3.Client
	// BucketRegion is the region of every bucket and ClusterRegion the server's own, "" meaning
	// us-east-1. When the first is set, a COPY has to name it in REGION unless both are equal
	// (dg/copy-parameters-data-source-s3).
	BucketRegion, ClusterRegion string
	// Serverless leaves the STL views empty, as Redshift Serverless does (dg/r_STL_LOAD_ERRORS);
	// the SYS views are filled.
	Serverless bool
	// SHA256 says that passwords are kept as SHA-256 hashes, so that a client is asked for them in
	// a way that few drivers know.
	SHA256 bool
	// Scripts takes several statements in one simple query, as one transaction. Redshift's guide
	// says nothing about it, so that it is refused by default; tests that fill tables from scripts
	// need it.
	Scripts bool
}

// Server is a running stand-in. What it does not show of Redshift:
//   - strings that differ by trailing blanks alone are equal there
//     (dg/c_redshift-sql-implementated-differently) and differ here;
//   - the scale of a DECIMAL quotient, and how COPY writes numbers into text;
//   - correlated subqueries that its planner refuses and lint does not recognize
//     (dg/r_correlated_subqueries);
//   - when a conflict of transactions ends in error 1023: here it is when PostgreSQL says so, and
//     when Raise1023 does;
//   - IAM, privileges, WLM, distribution and speed, and the words of most messages.
type Server struct {
	DSN     string // for any PostgreSQL client; verify-full when TLS is on
	CAFile  string // the test CA's certificate in PEM, "" without TLS
	Backing string // DSN of the PostgreSQL database behind it

	options  Options
	user     string
	password string
	database string
	listener net.Listener
	tls      *tls.Config
	backing  *pgx.ConnConfig

	group errgroup.Group // the sessions and what accepts them

	mu       sync.Mutex
	closed   bool
	conns    map[net.Conn]struct{}
	sessions map[uint32]*session // by the process id that clients cancel by
	nextID   uint32
	log      []string
	// conflicts to raise: true in statements that stand alone, false in transaction blocks
	raise   map[bool]raised
	users   map[string]login // by name
	queries int64
	hidden  bool
	held    []loadRow // what the load views do not show yet
	logger  *loadLog
}

// Start starts a stand-in for one test; the test's end stops it.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Isolation == "" {
		o.Isolation = Snapshot
	}
	if o.Isolation != Snapshot && o.Isolation != Serializable {
		t.Fatalf("redshiftstandin: unknown isolation level %q", o.Isolation)
	}
	if o.ClusterRegion == "" {
		o.ClusterRegion = "us-east-1"
	}
	if o.Backing == "" {
		o.Backing = dwhtest.Admin(t, dwhtest.Database(t))
	}
	s := &Server{
		Backing: o.Backing, options: o, user: "awsuser", password: rand.Text(),
		conns: map[net.Conn]struct{}{}, sessions: map[uint32]*session{}, nextID: 1073741824, queries: 1000,
		raise: map[bool]raised{}, users: map[string]login{},
	}
	s.users[s.user] = login{password: s.password}
	if err := s.start(t); err != nil {
		t.Fatalf("redshiftstandin: %v", err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Errorf("redshiftstandin: stop: %v", err)
		}
	})
	return s
}

func (s *Server) start(t testing.TB) error {
	ctx := context.Background()
	var err error
	if s.backing, err = pgx.ParseConfig(s.Backing); err != nil {
		return err
	}
	s.database = s.backing.Database
	if s.logger, err = prepareBacking(ctx, s.backing, s.options.Isolation); err != nil {
		return fmt.Errorf("prepare the database behind: %w", err)
	}
	if s.options.WithTLS {
		if s.tls, s.CAFile, err = testAuthority(t.TempDir()); err != nil {
			return fmt.Errorf("make certificates: %w", err)
		}
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.DSN = s.dsn(s.user, s.password)
	s.group.Go(func() error {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return nil // closed
			}
			if !s.add(conn) {
				return conn.Close()
			}
			s.group.Go(func() error {
				defer s.remove(conn)
				s.serve(conn)
				return nil
			})
		}
	})
	return nil
}

func (s *Server) add(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[conn] = struct{}{}
	}
	return !s.closed
}

func (s *Server) remove(conn net.Conn) {
	_ = conn.Close() // by the client already, or without consequence
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

func (s *Server) close() error {
	s.mu.Lock()
	s.closed = true
	err := s.listener.Close()
	for conn := range s.conns {
		_ = conn.Close()
	}
	for _, item := range s.sessions {
		item.cut()
	}
	s.mu.Unlock()
	return errors.Join(err, s.group.Wait(), s.logger.close())
}

// Statements returns the texts of all Query and Parse messages received so far, in order of
// arrival.
func (s *Server) Statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *Server) record(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, sql)
}

// A Conflict is an error by which Redshift ends a transaction because of another transaction.
type Conflict int

// The conflicts that Raise can order.
const (
	// Serialization is error 1023, a serializable isolation violation
	// (dg/c_serial_isolation-serializable-isolation-troubleshooting).
	Serialization Conflict = iota
	// Concurrent is the conflict that has no number (trinodb/trino#27537,
	// dbt-labs/dbt-adapters#626).
	Concurrent
)

// raised are conflicts that are still to be raised.
type raised struct {
	conflict Conflict
	left     int
}

// Raise makes n transaction blocks that write fail with a conflict: where what is left of n is odd
// at their COMMIT, else at the first statement that writes. A later call replaces what is left.
func (s *Server) Raise(c Conflict, n int) { s.order(false, raised{c, n}) }

// RaiseAlone makes n statements fail with a conflict that write and are no part of a transaction
// block. A later call replaces what is left.
func (s *Server) RaiseAlone(c Conflict, n int) { s.order(true, raised{c, n}) }

// Raise1023 is Raise with error 1023.
func (s *Server) Raise1023(n int) { s.Raise(Serialization, n) }

func (s *Server) order(alone bool, r raised) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raise[alone] = r
}

// takeConflict returns the conflict that is to be raised at this moment, nil for none.
func (s *Server) takeConflict(alone, commit bool) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.raise[alone]
	if r.left <= 0 || !alone && (r.left%2 == 1) != commit {
		return nil
	}
	r.left--
	s.raise[alone] = r
	if r.conflict == Concurrent {
		return &refusal{code: "XX000", message: "could not complete because of conflict with concurrent transaction"}
	}
	return serializationError("")
}

// HideLoads makes the load views (SYS_LOAD_HISTORY and so on) show no COPY that ends from now on,
// until it is called with false: on Redshift their rows may come later than the commit.
func (s *Server) HideLoads(hidden bool) error {
	s.mu.Lock()
	s.hidden = hidden
	var held []loadRow
	if !hidden {
		held, s.held = s.held, nil
	}
	s.mu.Unlock()
	return s.logger.write(context.Background(), held)
}

// nextQuery is the id of a new query.
func (s *Server) nextQuery() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	return s.queries
}
