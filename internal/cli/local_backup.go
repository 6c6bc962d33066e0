package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/urfave/cli/v2"

	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/writelock"
)

// standardStream is the file name that means standard input or output.
const standardStream = "-"

func localDatabaseFlag() cli.Flag {
	return &cli.StringFlag{Name: "database", Usage: "use the database `NAME`", DefaultText: "the warehouse's"}
}

func (a *app) localBackupCommand() *cli.Command {
	return &cli.Command{
		Name:      "backup",
		Usage:     "write a database to a file; others can work meanwhile",
		ArgsUsage: "FILE",
		Description: examples(`FILE is an archive of pg_dump, from one snapshot. It replaces an older file only when it is
complete. "-" means standard output. dwh makes no backup by itself.`,
			"dwh local backup dwh.backup", "dwh local backup --database dwh_demo demo.backup",
			"dwh local backup - | gpg -e -r me > dwh.backup.gpg"),
		Flags:  []cli.Flag{dataDirFlag(), jsonFlag(), localDatabaseFlag()},
		Action: a.localArchive("backup", localServer.backup),
	}
}

func (a *app) localRestoreCommand() *cli.Command {
	return &cli.Command{
		Name:      "restore",
		Usage:     "replace a database with a backup",
		ArgsUsage: "FILE",
		Description: examples(`The backup goes into a new database, which replaces the old one when it is complete. After a failure
the old database is unchanged. Clients of the old database are disconnected. A backup of an older
PostgreSQL can be restored into a newer one; this is the way to upgrade.`,
			"dwh local restore dwh.backup", "dwh local restore dwh.backup --yes",
			"dwh local restore dwh.backup --database copy_of_yesterday",
			"gpg -d dwh.backup.gpg | dwh local restore - --yes"),
		Flags: []cli.Flag{
			dataDirFlag(), jsonFlag(), localDatabaseFlag(),
			&cli.BoolFlag{Name: "no-privileges", Usage: "do not restore grants to other roles"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"},
				Usage: "replace a database that holds tables; without --yes the command refuses"},
		},
		Action: a.localArchive("restore", localServer.restore),
	}
}

// localArchive is the action of a command on the private server and one file.
func (a *app) localArchive(name string, run func(localServer, context.Context, string) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() != 1 {
			return &UsageError{
				Msg:    fmt.Sprintf("local %s takes one FILE", name),
				Advice: fmt.Sprintf("such as: dwh local %s dwh.backup", name),
				Help:   fmt.Sprintf("dwh local %s --help", name),
			}
		}
		noPrivileges := c.Bool("no-privileges")
		return a.local(func(ctx context.Context, l localServer) error {
			l.noPrivileges, l.stdin = noPrivileges, a.stdin
			return run(l, ctx, c.Args().First())
		})(c)
	}
}

// archiveJSON is what backup and restore print for machines.
type archiveJSON struct {
	File     string  `json:"file"`
	Database string  `json:"database"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
}

// notArchiveError says that a file is something else than a backup.
type notArchiveError struct{ path, advice string }

func (e *notArchiveError) Error() string { return e.path + " is not a backup of dwh" }

// Hint says what to do instead.
func (e *notArchiveError) Hint() string { return e.advice }

// lockTable is not part of a backup: a writer holds it for as long as it writes, and a backup would
// wait for that.
const lockTable = "*.dwh_lock"

func (l localServer) backup(ctx context.Context, path string) error {
	if path == standardStream {
		if l.out.Terminal {
			return &UsageError{Msg: "a backup is binary and cannot be written to a terminal",
				Advice: "name a file, or use a pipe: dwh local backup - | gzip > dwh.backup.gz"}
		}
		if err := l.existing(ctx); err != nil {
			return err
		}
		return l.server.Backup(ctx, l.database, l.out.Stdout, lockTable)
	}
	if err := replaceable(path); err != nil {
		return err
	}
	if err := l.existing(ctx); err != nil {
		return err
	}
	begun := time.Now()
	size, err := l.backupFile(ctx, path)
	if err != nil {
		return err
	}
	took := time.Since(begun)
	if l.json {
		return writeJSON(l.out, archiveJSON{File: path, Database: l.database, Bytes: size, Seconds: took.Seconds()})
	}
	_, err = fmt.Fprintf(l.out.Stdout, "wrote database %s to %s (%s, %s)\n", l.database, path,
		Amount{Unit: Bytes}.text(size), seconds(took))
	return err
}

// replaceable refuses to write over a file that is no backup.
func replaceable(path string) error {
	// Opening a named pipe waits for whoever writes it, and a device would be replaced by a file.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &UsageError{Msg: path + " is not a regular file",
			Advice: "name a file, or write to standard output: dwh local backup -", Help: "dwh local backup --help"}
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	head := make([]byte, len(localpg.ArchiveMagic))
	if n, err := io.ReadFull(file, head); n == 0 && errors.Is(err, io.EOF) || string(head) == localpg.ArchiveMagic {
		return nil
	}
	return &notArchiveError{path: path, advice: "it was not overwritten; name another file"}
}

// backupFile writes beside the file and renames, so that a failure leaves an older backup as it
// was.
func (l localServer) backupFile(ctx context.Context, path string) (size int64, err error) {
	removeLeftovers(path)
	// Mode 0600: a backup holds everything that the warehouse does.
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	// For removeLeftovers, until the file is closed here and in pg_dump. Where a file system has no
	// locks, nothing is removed.
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	defer func() {
		if err != nil {
			_ = file.Close() // again, on some ways
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := l.server.Backup(ctx, l.database, file, lockTable); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	if err := file.Close(); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	return info.Size(), nil
}

// leftoverAge is how old a leftover is at least: a backup that begins has no lock yet.
const leftoverAge = time.Minute

// removeLeftovers deletes what backups to the same file left beside it when they were killed. A
// backup that runs holds a lock on its file. Failures do not matter: the next backup tries again.
func removeLeftovers(path string) {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		end, ok := strings.CutPrefix(entry.Name(), "."+filepath.Base(path)+".")
		if !ok || end == "" || strings.Trim(end, "0123456789") != "" || !entry.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < leftoverAge || replaceable(name) != nil {
			continue
		}
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.Remove(name)
		}
		_ = file.Close() // nothing was written
	}
}

// existing starts the server and refuses to back up a database that does not exist: a new one would
// hide a misspelt name.
func (l localServer) existing(ctx context.Context) error {
	if _, err := l.server.Start(ctx); err != nil {
		return err
	}
	l.named = true
	return l.settle(ctx)
}

func (l localServer) restore(ctx context.Context, path string) error {
	if err := localpg.CheckReplaceable(l.database); err != nil {
		return err
	}
	archive, size, done, err := l.archive(path)
	if err != nil {
		return err
	}
	defer done()
	if tables, err := l.server.Tables(ctx, l.database); err != nil {
		return err
	} else if tables > 0 && !l.yes {
		return &UsageError{
			Msg: fmt.Sprintf("restore replaces database %s of the private PostgreSQL in %s, which holds %s",
				l.database, l.server.DataDir(), counted(tables, "table")),
			Advice: "add --yes to replace it, or restore into another database with --database NAME",
		}
	}
	begun := time.Now()
	if err := l.server.Restore(ctx, l.database, archive,
		localpg.RestoreOptions{NoPrivileges: l.noPrivileges}); err != nil {
		return err
	}
	if err := l.ensureLock(ctx); err != nil {
		l.out.Warn(`the database is restored; run "dwh migrate up" to make its table dwh_lock: %v`, err)
	}
	took := time.Since(begun)
	if l.json {
		return writeJSON(l.out, archiveJSON{File: path, Database: l.database, Bytes: size, Seconds: took.Seconds()})
	}
	_, err = fmt.Fprintf(l.out.Stdout, "restored database %s from %s (%s)\n", l.database, path, seconds(took))
	return err
}

// archive opens a backup; size is 0 for standard input.
func (l localServer) archive(path string) (archive io.Reader, size int64, done func(), err error) {
	const advice = `name a file that "dwh local backup FILE" wrote`
	if path == standardStream {
		in := bufio.NewReader(l.stdin)
		if head, err := in.Peek(len(localpg.ArchiveMagic)); err != nil || !bytes.Equal(head,
			[]byte(localpg.ArchiveMagic)) {
			return nil, 0, nil, &notArchiveError{path: "standard input", advice: advice}
		}
		return in, 0, func() {}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("read the backup: %w", err)
	}
	done = func() { _ = file.Close() } // it was only read
	head := make([]byte, len(localpg.ArchiveMagic))
	if _, err := io.ReadFull(file, head); err != nil || string(head) != localpg.ArchiveMagic {
		done()
		return nil, 0, nil, &notArchiveError{path: path, advice: advice}
	}
	info, err := file.Stat()
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, 0, nil, fmt.Errorf("read the backup: %w", err)
	}
	return file, info.Size(), done, nil
}

// ensureLock makes the table that a backup leaves out, though ctx may have ended: the restore is
// done.
func (l localServer) ensureLock(ctx context.Context) (err error) {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	info, err := l.server.Start(ctx)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, info.DSN(l.database))
	if err != nil {
		return fmt.Errorf("connect to the restored database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return writelock.Ensure(ctx, conn)
}
