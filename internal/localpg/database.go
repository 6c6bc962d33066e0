package localpg

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// EnsureDatabase makes a database in UTF-8 with the C collation unless it exists; several callers
// may ask for one at once. It starts the server when that is down.
func (s *Server) EnsureDatabase(ctx context.Context, name string) error {
	return s.admin(ctx, func(conn *pgx.Conn) error {
		var found bool
		if err := conn.QueryRow(
			ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name,
		).Scan(&found); err != nil {
			return fmt.Errorf("look for database %s: %w", name, err)
		}
		if found {
			return nil
		}
		create := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " OWNER " + Role +
			" TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
		for {
			_, err := conn.Exec(ctx, create)
			switch code(err) {
			case "":
				if err == nil {
					return nil
				}
			// duplicate_database, and the same found at the catalogue's key: the other caller was
			// faster
			case "42P04", "23505":
				return nil
			case "55006": // object_in_use: another CREATE DATABASE is at the template
				if err := pause(ctx, 5*poll); err != nil {
					return fmt.Errorf("create database %s: %w", name, err)
				}
				continue
			}
			return fmt.Errorf("create database %s: %w", name, err)
		}
	})
}

// DropDatabase drops a database and disconnects who uses it; one that does not exist is no error.
// It starts the server when that is down. The server's own databases are a *SystemDatabaseError.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	if err := CheckReplaceable(name); err != nil {
		return err
	}
	return s.admin(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(
			ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)",
		); err != nil {
			return fmt.Errorf("drop database %s: %w", name, err)
		}
		return nil
	})
}

// startAs starts the server when it is down, and says whose account its programs run as.
func (s *Server) startAs(ctx context.Context) (Info, account, error) {
	info, err := s.Start(ctx)
	if err != nil {
		return Info{}, account{}, err
	}
	a, err := serverAccount(s.dataDir)
	return info, a, err
}

// admin starts the server when it is down, and runs f with a connection of the role that may create
// databases.
func (s *Server) admin(ctx context.Context, f func(*pgx.Conn) error) error {
	info, a, err := s.startAs(ctx)
	if err != nil {
		return err
	}
	return s.as(ctx, info, a, adminDatabase, f)
}

// code is the SQLSTATE of err, "" when it has none.
func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
