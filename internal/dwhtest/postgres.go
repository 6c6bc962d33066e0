package dwhtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/localpg"
)

// postgres is the process's private server.
type postgres struct {
	info   localpg.Info
	admin  localpg.Info // the same server as its superuser
	super  sync.Once
	create sync.Mutex // one CREATE DATABASE at a time: two would contend for their template
}

// serverMemory keeps the servers of several test binaries small.
const serverMemory = 1 << 30

func (f *fixture) startPostgres() (*postgres, error) {
	root, err := f.root()
	if err != nil {
		return nil, err
	}
	o := localpg.Options{DataDir: filepath.Join(root, "postgres"), Memory: serverMemory}
	server, err := localpg.New(o)
	if err != nil {
		return nil, err
	}
	f.onClose(func() error {
		ctx, cancel := patience()
		defer cancel()
		return server.Stop(ctx)
	})
	// binaries may have to be downloaded
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	info, err := server.Start(ctx)
	if err != nil {
		if hint := localpg.Hint(err); hint != "" {
			err = fmt.Errorf("%w: %s", err, hint)
		}
		return nil, err
	}
	admin, err := server.Admin(info)
	if err != nil {
		return nil, err
	}
	p := &postgres{info: info, admin: admin}
	// Tests make roles; the rest of a superuser's rights is Admin's.
	if err := p.exec(ctx, "ALTER ROLE "+localpg.Role+" CREATEROLE"); err != nil {
		return nil, err
	}
	return p, nil
}

// Admin returns a DSN of the shared server with its superuser instead of the role that everyday
// commands use.
func Admin(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("dwhtest: %v", err)
	}
	admin := shared(t).admin
	u.User = url.UserPassword(admin.User, admin.Password.Reveal())
	return u.String()
}

// Server returns the PostgreSQL server that the tests of this process share, and starts it on the
// first call.
func Server(t testing.TB) localpg.Info {
	t.Helper()
	return shared(t).info
}

// Superuser makes the role of the shared server's DSNs a superuser, for the rest of the process. It
// is for packages whose tests own tables and make what only a superuser may make. All other
// packages test with an ordinary role, as users have it; for single statements there is Admin.
func Superuser(t testing.TB) {
	t.Helper()
	p := shared(t)
	p.super.Do(func() {
		ctx, cancel := patience()
		defer cancel()
		if err := p.exec(ctx, "ALTER ROLE "+localpg.Role+" SUPERUSER"); err != nil {
			t.Errorf("dwhtest: %v", err)
		}
	})
}

func shared(t testing.TB) *postgres {
	t.Helper()
	p, err := process.server()
	if err != nil {
		t.Fatalf("dwhtest: PostgreSQL: %v", err)
	}
	return p
}

// Database returns the DSN of a fresh, empty database (UTF-8, C collation), dropped at the test's
// end.
func Database(t testing.TB) string {
	t.Helper()
	return newDatabase(t, shared(t), "template0")
}

// template is a database that others are copied from.
type template struct {
	once sync.Once
	name string
	err  error
}

// TemplateDatabase returns the DSN of a fresh copy of a template, dropped at the test's end. The
// first call with a key makes the template: build gets the DSN of an empty database, fills it and
// closes its connections. All calls with a key share its template.
func TemplateDatabase(t testing.TB, key string, build func(dsn string) error) string {
	t.Helper()
	p := shared(t)
	process.mu.Lock()
	tmpl, ok := process.template[key]
	if !ok {
		tmpl = &template{}
		process.template[key] = tmpl
	}
	process.mu.Unlock()
	tmpl.once.Do(func() {
		ctx, cancel := patience()
		defer cancel()
		name := databaseName("template")
		if tmpl.err = p.createDatabase(ctx, name, "template0"); tmpl.err != nil {
			return
		}
		if tmpl.err = build(p.info.DSN(name)); tmpl.err != nil {
			return
		}
		// A session on the template would make its copying fail.
		tmpl.err = p.exec(ctx, "ALTER DATABASE "+quote(name)+" ALLOW_CONNECTIONS false")
		tmpl.name = name
	})
	if tmpl.err != nil {
		t.Fatalf("dwhtest: build the template %q: %v", key, tmpl.err)
	}
	if tmpl.name == "" {
		t.Fatalf("dwhtest: build of the template %q did not return", key)
	}
	return newDatabase(t, p, tmpl.name)
}

func newDatabase(t testing.TB, p *postgres, from string) string {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	name := databaseName("test")
	if err := p.createDatabase(ctx, name, from); err != nil {
		t.Fatalf("dwhtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := patience()
		defer cancel()
		if err := p.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Errorf("dwhtest: drop the test's database: %v", err)
		}
	})
	return p.info.DSN(name)
}

// createDatabase copies a database; a session that is just ending on the original is waited for.
func (p *postgres) createDatabase(ctx context.Context, name, from string) error {
	p.create.Lock()
	defer p.create.Unlock()
	for {
		err := p.exec(ctx,
			"CREATE DATABASE "+quote(name)+" OWNER "+localpg.Role+" TEMPLATE "+quote(from)+
				" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
		var pg *pgconn.PgError
		// object_in_use; the server itself waited for 5 s
		if errors.As(err, &pg) && pg.Code == "55006" && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return fmt.Errorf("create database %s from %s: %w", name, from, err)
		}
		return nil
	}
}

func (p *postgres) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, p.admin.DSN("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func databaseName(kind string) string {
	return fmt.Sprintf("dwh_%s_%d_%s", kind, os.Getpid(), strings.ToLower(rand.Text()[:8]))
}
