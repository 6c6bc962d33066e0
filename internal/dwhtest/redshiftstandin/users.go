package redshiftstandin

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
)

// login is how a user logs in.
type login struct {
	password string
	role     string // of the PostgreSQL server behind; "" is its own user, who may do everything
}

// AddUser makes a user who is no superuser, owns nothing and may do what is granted to him, and
// returns his DSN. A statement that names him is passed on as it stands, so that PostgreSQL's role
// has the same name: it has to be one that no other test uses.
func (s *Server) AddUser(t testing.TB, name string) string {
	t.Helper()
	ctx := context.Background()
	run := func(sql string) error {
		conn, err := pgx.ConnectConfig(ctx, s.backing)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, sql)
		return err
	}
	role := quoteIdent(name)
	if err := run("CREATE ROLE " + role); err != nil {
		t.Fatalf("redshiftstandin: make user %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := run(fmt.Sprintf("DROP OWNED BY %s CASCADE; DROP ROLE %s", role, role)); err != nil {
			t.Errorf("redshiftstandin: drop user %s: %v", name, err)
		}
	})
	l := login{password: rand.Text(), role: name}
	s.mu.Lock()
	s.users[name] = l
	s.mu.Unlock()
	return s.dsn(name, l.password)
}

// dsn is the DSN by which a user connects.
func (s *Server) dsn(user, password string) string {
	dsn := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(user, password),
		Host:   s.listener.Addr().String(),
		Path:   "/" + s.database,
	}
	query := url.Values{"sslmode": {"disable"}}
	if s.options.WithTLS {
		query = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {s.CAFile}}
	}
	dsn.RawQuery = query.Encode()
	return dsn.String()
}

// login returns how a user logs in.
func (s *Server) login(name string) (login, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.users[name]
	return l, ok
}
