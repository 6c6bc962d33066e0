package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sparkify/dwh/internal/bookkeeping"
	"github.com/sparkify/dwh/migrations"
	"github.com/sparkify/dwh/transforms"
)

// template is a database that others are copied from.
type template string

// The templates.
const (
	migrated template = "bench_migrated" // the schema, no row
	// from migrated: the base in staging, nothing transformed; bench.implied and bench.repeated
	// besides
	staged template = "bench_staged"
	star   template = "bench_star" // the base loaded and transformed by a first run
)

// query runs f on a connection to a database.
func (l *lab) query(ctx context.Context, database string, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, l.url(database))
	if err != nil {
		return fmt.Errorf("connect to database %s: %w", database, err)
	}
	err = f(conn)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, conn.Close(closing))
}

// exec runs statements on a database, each by itself.
func (l *lab) exec(ctx context.Context, database string, statements ...string) error {
	return l.query(ctx, database, func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

// fingerprint tells templates of other data or other SQL from those that are wanted.
func (l *lab) fingerprint() (string, error) {
	hash := sha256.New()
	for _, files := range []fs.FS{bookkeeping.FS(), migrations.FS, transforms.FS} {
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			return "", err
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return "", err
			}
			hash.Write([]byte(name + "\x00" + string(text) + "\x00"))
		}
	}
	if l.settings.binary != "" {
		// Its SQL may be other than this tree's.
		binary, err := os.Open(l.binary)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, binary)
		if err := errors.Join(err, binary.Close()); err != nil {
			return "", err
		}
	}
	hash.Write([]byte(l.set.Source))
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// drop removes a database, if there is one. WITH (FORCE) ends connections, but only a superuser may
// have it end autovacuum, which a plain DROP ends by itself
// (https://www.postgresql.org/docs/current/sql-dropdatabase.html).
func (l *lab) drop(ctx context.Context, database string) error {
	sql := "DROP DATABASE IF EXISTS " + pgx.Identifier{database}.Sanitize()
	if err := l.exec(ctx, "postgres", sql); err == nil {
		return nil
	}
	return l.exec(ctx, "postgres", sql+" WITH (FORCE)")
}

// copyOf makes a fresh database from a template, "" for an empty one. Its files are on disk when it
// returns.
func (l *lab) copyOf(ctx context.Context, from template, database string) error {
	if from != "" {
		if err := l.ensure(ctx, from); err != nil {
			return err
		}
	}
	if err := l.drop(ctx, database); err != nil {
		return err
	}
	create := "CREATE DATABASE " + pgx.Identifier{database}.Sanitize()
	if from == "" {
		// As dwh makes its own.
		create += " TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
	} else {
		// By way of the log everything would be written twice, and some of that while the next
		// piece is measured.
		create += " TEMPLATE " + pgx.Identifier{string(from)}.Sanitize() + " STRATEGY = file_copy"
	}
	const tries = 5
	for try := 1; ; try++ {
		err := l.exec(ctx, "postgres", create)
		var refused *pgconn.PgError
		// 55006: autovacuum is still on its way out of the template. CREATE DATABASE itself waits
		// five seconds for that.
		if errors.As(err, &refused) && refused.Code == "55006" && try < tries {
			continue
		}
		return err
	}
}

// checkpoint writes what is dirty now, in the server and in the system's page cache, so that it is
// not written on somebody's measured time: a CSV file that has just been made holds up whoever
// writes next.
func (l *lab) checkpoint(ctx context.Context) error {
	if err := l.exec(ctx, "postgres", "CHECKPOINT"); err != nil {
		return err
	}
	if err := exec.CommandContext(ctx, "sync").Run(); err != nil && !errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// ensure makes a template unless an earlier run left one for the same data and SQL.
func (l *lab) ensure(ctx context.Context, name template) error {
	want, err := l.fingerprint()
	if err != nil {
		return err
	}
	var have *string
	err = l.query(ctx, "postgres", func(conn *pgx.Conn) error {
		err := conn.QueryRow(
			ctx, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
			string(name),
		).Scan(&have)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if have != nil && *have == want {
		return nil
	}
	l.say("making template %s", name)
	making := string(name) + "_making"
	switch name {
	case migrated:
		err = l.makeMigrated(ctx, making)
	case staged:
		err = l.makeStaged(ctx, making)
	case star:
		err = l.makeStar(ctx, making)
	}
	if err != nil {
		return fmt.Errorf("make template %s: %w", name, err)
	}
	if err := l.drop(ctx, string(name)); err != nil {
		return err
	}
	return l.exec(ctx, "postgres",
		fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", making, name),
		// last, so that a broken off template is made again
		fmt.Sprintf("COMMENT ON DATABASE %s IS '%s'", name, want))
}

func (l *lab) makeMigrated(ctx context.Context, database string) error {
	if err := l.copyOf(ctx, "", database); err != nil {
		return err
	}
	_, err := l.dwh(ctx, child{args: []string{"migrate", "up"}, database: database})
	return err
}

func (l *lab) makeStaged(ctx context.Context, database string) error {
	if err := l.copyOf(ctx, migrated, database); err != nil {
		return err
	}
	if _, err := l.dwh(
		ctx,
		child{args: append([]string{"transform", "--only", "010,020"}, l.source()...), database: database},
	); err != nil {
		return err
	}
	// The hand-tuned SQL cannot take a play that was delivered twice; copies keep a row's place, so
	// that this is worked out once.
	return l.exec(ctx, database,
		"CREATE SCHEMA bench",
		`CREATE TABLE bench.repeated AS
			SELECT delivery.place FROM (
				SELECT ctid AS place, ROW_NUMBER() OVER (PARTITION BY RTRIM(user_id), session_id, item_in_session, ts ORDER BY ctid) AS number
				FROM s_songplay_event WHERE RTRIM(page) = 'NextSong' AND RTRIM(user_id) <> ''
			) AS delivery WHERE delivery.number > 1`,
		"CREATE TABLE bench.implied AS "+impliedSQL,
		"VACUUM (ANALYZE)")
}

// makeStar makes what a first run in an empty database leaves. Where the base was staged before,
// the flags would write each event a second time, and the runs that follow would work on tables and
// indexes of twice their size.
func (l *lab) makeStar(ctx context.Context, database string) error {
	if err := l.copyOf(ctx, "", database); err != nil {
		return err
	}
	if _, err := l.dwh(ctx, child{args: append([]string{"run"}, l.source()...), database: database}); err != nil {
		return err
	}
	if err := l.exec(ctx, database, "VACUUM (ANALYZE)"); err != nil {
		return err
	}
	want, err := l.implied(ctx)
	if err != nil {
		return err
	}
	return l.verify(ctx, database, want)
}

// source are the flags of the base.
func (l *lab) source() []string {
	return []string{"--song-data", l.set.Songs, "--log-data", l.set.Events, "--log-jsonpaths", l.set.JSONPaths}
}

// nothingNew are the flags of a source that holds nothing.
func (l *lab) nothingNew() []string {
	return []string{"--song-data", l.path("empty"), "--log-data", l.path("empty"), "--log-jsonpaths", l.set.JSONPaths}
}

// batch are the flags of the small batch.
func (l *lab) batch() []string {
	return []string{
		"--song-data", l.set.BatchSongs, "--log-data", l.set.BatchEvents, "--log-jsonpaths",
		l.set.JSONPaths,
	}
}
