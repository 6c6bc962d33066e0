package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ArchiveMagic is what an archive begins with.
const ArchiveMagic = "PGDMP"

// The ends of the names of a database that is being restored, and of the one that it replaces. No
// setting of dwh can name a database with a blank in it.
const (
	restoringSuffix = " restoring"
	replacedSuffix  = " replaced"
)

// The client programs.
const (
	pgDump    = "pg_dump"
	pgRestore = "pg_restore"
)

// maxName is how many bytes of a name PostgreSQL keeps.
const maxName = 63

// ArchiveError says that pg_dump or pg_restore failed.
type ArchiveError struct {
	Program string // its name: pg_dump or pg_restore
	Output  string // the end of what it said
	Err     error
}

func (e *ArchiveError) Error() string {
	if e.Output == "" {
		return fmt.Sprintf("%s: %v", e.Program, e.Err)
	}
	return e.Program + ": " + e.Output
}

// Unwrap returns how the program ended.
func (e *ArchiveError) Unwrap() error { return e.Err }

// Hint says what to do about the failures that are known.
func (e *ArchiveError) Hint() string {
	switch {
	case strings.Contains(e.Output, "unsupported version"):
		return "a newer PostgreSQL made this backup: install that version, or set DWH_PG_BIN to its folder"
	case strings.Contains(e.Output, "role ") && strings.Contains(e.Output, "does not exist"):
		return "create the role first, or restore without the rights of others: --no-privileges"
	case strings.Contains(e.Output, "end of file"), strings.Contains(e.Output, "could not read from input file"):
		return "the file is not complete; the database is as it was"
	}
	return ""
}

// ToolError says that a client program of PostgreSQL is missing.
type ToolError struct {
	Program string   // its name, such as pg_dump
	Major   int      // the least version that will do
	Found   []string // why each program that was found will not do
}

func (e *ToolError) Error() string {
	text := fmt.Sprintf("no %s of PostgreSQL %d or later was found", e.Program, e.Major)
	if len(e.Found) > 0 {
		text += "; " + strings.Join(e.Found, "; ")
	}
	return text
}

// Hint says how to get the program.
func (e *ToolError) Hint() string {
	return fmt.Sprintf(`run "%s", or set DWH_PG_BIN to a folder that holds it`, installCommand(os.DirFS("/"), e.Major))
}

// tool finds pg_dump or pg_restore: beside the server's binaries, else the first that is new enough
// where binaries are searched. A newer one serves an older server. An older pg_dump refuses a newer
// server; an older pg_restore works, and is taken where there is no other, since downloaded
// binaries have none.
func (s *Server) tool(ctx context.Context, a account, program string, major int) (string, error) {
	var dirs []string
	if s.binDir != "" {
		dirs = append(dirs, s.binDir)
	}
	usable, _, _ := findBinaries(ctx, candidateDirs(ctx, "/"), a)
	for _, b := range usable {
		if b.Major == major {
			dirs = append(dirs, b.Dir)
		}
	}
	dirs = append(dirs, candidateDirs(ctx, "/")...)
	failure := &ToolError{Program: program, Major: major}
	seen := map[string]bool{}
	var older string
	for _, dir := range dirs {
		path := filepath.Join(dir, program)
		if _, err := os.Stat(path); err != nil || seen[path] {
			continue
		}
		seen[path] = true
		out, err := capture(ctx, path, "--version")
		if err != nil {
			failure.Found = append(failure.Found, fmt.Sprintf("%s does not run: %v", path, err))
			continue
		}
		_, found, ok := parseVersion(out)
		if ok && found >= major {
			return path, nil
		}
		if ok && program == pgRestore && found >= MinVersion && older == "" {
			older = path
		}
		failure.Found = append(failure.Found, fmt.Sprintf("%s has version %d", path, found))
	}
	if older != "" {
		return older, nil
	}
	return "", failure
}

// client prepares a client program that connects to a database as the role that info names. The
// password is handed over in the environment, which other users cannot read.
func (s *Server) client(ctx context.Context, a account, info Info, program string, args ...string) (*clientCommand,
	error) {
	major, err := strconv.Atoi(regexp.MustCompile(`^\d+`).FindString(info.Version))
	if err != nil {
		return nil, fmt.Errorf("version of the private PostgreSQL: %q", info.Version)
	}
	path, err := s.tool(ctx, a, program, major)
	if err != nil {
		return nil, err
	}
	host := info.Host
	if trustedSocket(info.Socket, a) {
		host = info.Socket
	}
	args = append([]string{"--host=" + host, "--port=" + strconv.Itoa(info.Port), "--username=" + info.User,
		"--no-password"}, args...)
	c := &clientCommand{program: program}
	c.Cmd = s.command(ctx, a, path, args...)
	c.Env = append(c.Env, "PGPASSWORD="+info.Password.Reveal(), "PGSSLMODE=disable", "PGAPPNAME=dwh")
	return c, nil
}

// clientCommand is a client program about to run.
type clientCommand struct {
	*exec.Cmd
	program string
}

// perform runs the program and explains its failure.
func (c *clientCommand) perform(ctx context.Context) error {
	var said bytes.Buffer
	c.Stderr = &said
	dieWithParent(c.Cmd)
	runtime.LockOSThread() // Linux counts the end of the thread that began the program
	defer runtime.UnlockOSThread()
	err := c.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	const shown = 6
	return &ArchiveError{Program: c.program, Output: lastLines(said.String(), shown), Err: err}
}

// Backup writes a database to w as an archive of pg_dump, from one snapshot. Readers and writers go
// on meanwhile. Tables that match one of the patterns in without, as pg_dump has them, are left
// out. It starts the server when that is down.
//
// Errors: those of Start, *ToolError, *ArchiveError, and those of ctx and w.
func (s *Server) Backup(ctx context.Context, database string, w io.Writer, without ...string) error {
	info, a, err := s.startAs(ctx)
	if err != nil {
		return err
	}
	args := []string{"--format=custom", "--dbname=" + database}
	for _, pattern := range without {
		args = append(args, "--exclude-table="+pattern)
	}
	cmd, err := s.client(ctx, a, info, pgDump, args...)
	if err != nil {
		return err
	}
	cmd.Stdout = w
	return cmd.perform(ctx)
}

// RestoreOptions say how an archive is restored.
type RestoreOptions struct {
	NoPrivileges bool // leave out what was granted to other roles
}

// Restore replaces a database by what an archive holds. The archive goes into a new database, which
// takes the other's name when it is complete: a failure leaves the database as it was. Clients of
// the old one are disconnected. What is restored belongs to the role that restores it. It starts
// the server when that is down.
//
// Errors: *SystemDatabaseError, those of Start, *ToolError, *ArchiveError, and those of ctx.
func (s *Server) Restore(ctx context.Context, database string, archive io.Reader, o RestoreOptions) error {
	if err := CheckReplaceable(database); err != nil {
		return err
	}
	info, a, err := s.startAs(ctx)
	if err != nil {
		return err
	}
	restoring := database[:min(len(database), maxName-len(restoringSuffix))] + restoringSuffix
	replaced := database[:min(len(database), maxName-len(replacedSuffix))] + replacedSuffix
	args := []string{"--dbname=" + restoring, "--exit-on-error", "--single-transaction", "--no-owner"}
	if o.NoPrivileges {
		args = append(args, "--no-privileges")
	}
	cmd, err := s.client(ctx, a, info, pgRestore, args...)
	if err != nil {
		return err
	}
	cmd.Stdin = archive
	return s.admin(ctx, func(conn *pgx.Conn) error {
		var mine bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
			restoring).Scan(&mine); err != nil {
			return fmt.Errorf("restore %s: %w", database, err)
		}
		if !mine {
			return fmt.Errorf("database %s is being restored already", database)
		}
		// What an earlier restore left behind goes first.
		for _, name := range []string{restoring, replaced} {
			if err := s.DropDatabase(ctx, name); err != nil {
				return err
			}
		}
		if err := s.EnsureDatabase(ctx, restoring); err != nil {
			return err
		}
		err := cmd.perform(ctx)
		if err == nil {
			err = s.analyze(ctx, info, a, restoring) // the archive holds no statistics
		}
		if err == nil {
			err = takeName(ctx, conn, restoring, database, replaced)
		}
		if err != nil {
			return errors.Join(err, s.dropAfter(ctx, restoring))
		}
		// The restore is done, and nothing that happens from here on is its failure.
		if err := s.dropAfter(ctx, replaced); err != nil {
			s.logger.Warn("the database is restored, but the one that it replaced is still on the disk; "+
				"the next restore drops it", "database", replaced, "size", s.size(ctx, conn, replaced), "cause", err)
		}
		return nil
	})
}

// size is how much of the disk a database takes, for people; "unknown" where the server does not
// say.
func (s *Server) size(ctx context.Context, conn *pgx.Conn, database string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience.answer)
	defer cancel()
	size := "unknown"
	_ = conn.QueryRow(ctx, "SELECT pg_size_pretty(pg_database_size($1::TEXT::NAME))", database).Scan(&size)
	return size
}

// dropAfter drops a database though ctx may have ended.
func (s *Server) dropAfter(ctx context.Context, database string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return s.DropDatabase(ctx, database)
}

// analyze collects the statistics that the planner goes by.
func (s *Server) analyze(ctx context.Context, info Info, a account, database string) (err error) {
	conn, err := s.connect(ctx, info, a, database)
	if err != nil {
		return fmt.Errorf("connect to the restored database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
		return fmt.Errorf("analyze the restored database: %w", err)
	}
	return nil
}

// takeName gives a database the name of another, which becomes old. Both renames are one
// transaction, which the end of ctx does not break off: nobody would know whether it was committed.
func takeName(ctx context.Context, conn *pgx.Conn, from, to, old string) error {
	name := func(s string) string { return pgx.Identifier{s}.Sanitize() }
	const patience = 30 * time.Second
	for try := 1; ; try++ {
		// A rename needs the database to itself, and clients may come back at once.
		_, err := conn.Exec(ctx,
			"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ANY ($1)", []string{from, to})
		if err == nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				var found bool
				if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)",
					to).Scan(&found); err != nil {
					return err
				}
				if found {
					if _, err := tx.Exec(ctx, "ALTER DATABASE "+name(to)+" RENAME TO "+name(old)); err != nil {
						return err
					}
				}
				_, err := tx.Exec(ctx, "ALTER DATABASE "+name(from)+" RENAME TO "+name(to))
				return err
			})
			cancel()
		}
		const tries = 50
		if code(err) == "55006" && try < tries { // object_in_use
			if err := pause(ctx, poll); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("put the restored database into the place of %s: %w", to, err)
		}
		return nil
	}
}

// Tables counts the tables of a database, 0 where there is no such database.
func (s *Server) Tables(ctx context.Context, database string) (tables int64, err error) {
	info, a, err := s.startAs(ctx)
	if err != nil {
		return 0, err
	}
	conn, err := s.connect(ctx, info, a, database)
	if code(err) == "3D000" { // invalid_catalog_name
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("connect to database %s: %w", database, err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, `
		SELECT COUNT(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`).Scan(&tables)
	if err != nil {
		return 0, fmt.Errorf("count the tables of %s: %w", database, err)
	}
	return tables, nil
}
