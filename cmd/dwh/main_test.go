package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
)

// TestMain runs the tests, or dwh itself when the test binary is called by that name, as the
// scripts do.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "dwh" {
		main()
		return
	}
	dwhtest.Main(m)
}

// Each script is a session at a shell. Beside testscript's commands it has those at the end of this
// file; $BUCKET is testdata/bucket, whose answers the scripts hold as worked out by hand.
func TestScripts(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "dwh")); err != nil {
		t.Fatal(err)
	}
	bucket, err := filepath.Abs(filepath.Join("testdata", "bucket"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			if err := os.Mkdir(home, 0o755); err != nil {
				return err
			}
			if err := protect(env.WorkDir); err != nil {
				return err
			}
			env.Setenv("HOME", home)
			env.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("BUCKET", bucket)
			for _, name := range []string{"DWH_PG_BIN", "DWH_TEST_DIR", "TZ"} {
				if value := os.Getenv(name); value != "" {
					env.Setenv(name, value)
				}
			}
			env.Values[sessionKey{}] = &session{t: env.T().(testing.TB), bucket: bucket}
			return nil
		},
		Condition: func(condition string) (bool, error) {
			if condition == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "database": database, "server": server, "s3": storage, "psql": psql,
			"hold": hold, "release": release,
			"interrupt": interruptAt, "zip": archive, "table": tables, "replace": replace,
			"garbage": garbage, "long": long, "bom": bom, "wrong-password": wrongPassword,
			"wrong-database": wrongDatabase,
			"port":           port, "get": get, "await": await,
		},
	})
}

// protect takes the right to write from all but the owner, whatever the umask: dwh ignores a
// dwh.yaml that others can write.
func protect(dir string) error {
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return os.Chmod(name, 0o644)
	})
}

type sessionKey struct{}

// session is what a script has at hand beside its folder.
type session struct {
	t      testing.TB
	bucket string
	s3     *dwhtest.S3Server
	held   *pgconn.PgConn
}

func sessionOf(ts *testscript.TestScript) *session { return ts.Value(sessionKey{}).(*session) }

// noNegation refuses "! command" for commands that do not fail.
func noNegation(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command takes no !")
	}
}

// code runs a command and checks its exit code: code 3 dwh check.
func code(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: code N command [argument...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, err := exitCode(ts.Exec(args[1], args[2:]...))
	ts.Check(err)
	if got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
	for _, sign := range []string{"goroutine ", "panic:", "internal error:", ".go:"} {
		if strings.Contains(ts.ReadFile("stderr"), sign) {
			ts.Fatalf("got %q on stderr, want no trace of the program's inside", sign)
		}
	}
}

func exitCode(err error) (int, error) {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &ended):
		return ended.ExitCode(), nil
	}
	return 0, err
}

// database gives the script a database of its own and sets DATABASE_URL: empty, migrated, or loaded
// with testdata/bucket.
func database(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: database empty|migrated|loaded")
	}
	s := sessionOf(ts)
	build := func(args ...string) func(dsn string) error {
		return func(dsn string) error {
			var out bytes.Buffer
			env := []string{"DATABASE_URL=" + dsn, "HOME=" + ts.Getenv("HOME")}
			if code := cli.Main(
				context.Background(), append([]string{"dwh"}, args...), env, strings.NewReader(""),
				&out, &out,
			); code != 0 {
				return fmt.Errorf("dwh %s: exit code %d: %s", strings.Join(args, " "), code, out.String())
			}
			return nil
		}
	}
	switch args[0] {
	case "empty":
		ts.Setenv("DATABASE_URL", dwhtest.Database(s.t))
	case "migrated":
		ts.Setenv("DATABASE_URL", dwhtest.TemplateDatabase(s.t, "migrated", build("migrate", "up")))
	case "loaded":
		ts.Setenv(
			"DATABASE_URL",
			dwhtest.TemplateDatabase(s.t, "loaded", build("run", "--song-data", filepath.Join(s.bucket, "song_data"),
				"--log-data", filepath.Join(s.bucket, "log_data"), "--log-jsonpaths", filepath.Join(
					s.bucket, "log_json_path.json",
				), "--names", filepath.Join(s.bucket, "names"))),
		)
	default:
		ts.Fatalf("unknown state %q of a database", args[0])
	}
}

// server names the data folder of a private server of the script's own in DWH_DATA_DIR; it is
// stopped at the end.
func server(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 0 {
		ts.Fatalf("usage: server")
	}
	ts.Setenv("DWH_DATA_DIR", dwhtest.DataDir(sessionOf(ts).t))
}

// storage is the S3 server: "s3 bucket" makes a bucket and sets S3 to its URL and the credentials,
// "s3 put DIR PREFIX" stores a folder, "s3 public" lets anybody read it.
func storage(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	s := sessionOf(ts)
	switch {
	case len(args) == 1 && args[0] == "bucket":
		s.s3 = dwhtest.S3(s.t)
		for _, entry := range s.s3.Env() {
			name, value, _ := strings.Cut(entry, "=")
			ts.Setenv(name, value)
		}
		ts.Setenv("S3", "s3://"+s.s3.Bucket)
	case len(args) == 3 && args[0] == "put":
		s.s3.PutDir(ts.MkAbs(args[1]), args[2])
	case len(args) == 1 && args[0] == "public":
		s.s3.MakePublic()
	default:
		ts.Fatalf("usage: s3 bucket|public, s3 put DIR PREFIX")
	}
}

// psql prints a query's rows, values separated by tabs, NULL as ∅.
func psql(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: psql 'QUERY'")
	}
	for _, row := range dwhtest.Query(sessionOf(ts).t, databaseURL(ts), args[0]) {
		_, err := fmt.Fprintln(ts.Stdout(), strings.Join(row, "\t"))
		ts.Check(err)
	}
	_, err := io.WriteString(ts.Stdout(), "") // no row: what the command before wrote does not stay
	ts.Check(err)
}

// tables prints whole tables, so that two states of a database can be compared byte by byte.
func tables(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	for _, name := range args {
		_, err := fmt.Fprintf(
			ts.Stdout(), "%s\n%s", name,
			dwhtest.TableText(sessionOf(ts).t, databaseURL(ts), name, ""),
		)
		ts.Check(err)
	}
}

func databaseURL(ts *testscript.TestScript) string {
	url := ts.Getenv("DATABASE_URL")
	if url == "" {
		ts.Fatalf("there is no DATABASE_URL; the command database sets it")
	}
	return url
}

// hold runs SQL in a transaction that stays open, with its locks, until release.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: hold 'SQL'")
	}
	s := sessionOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), dwhtest.Patience)
	defer cancel()
	conn, err := pgconn.Connect(ctx, databaseURL(ts))
	ts.Check(err)
	_, err = conn.Exec(ctx, "BEGIN; "+args[0]).ReadAll()
	ts.Check(err)
	s.held = conn
	ts.Defer(func() { _ = closeHeld(s) }) // release has told the error already
}

// release ends what hold began.
func release(ts *testscript.TestScript, neg bool, _ []string) {
	noNegation(ts, neg)
	ts.Check(closeHeld(sessionOf(ts)))
}

func closeHeld(s *session) error {
	if s.held == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dwhtest.Patience)
	defer cancel()
	conn := s.held
	s.held = nil
	return conn.Close(ctx)
}

// interruptAt runs a command, sends it SIGINT once a query has a row, and checks that it ends with
// code 130.
func interruptAt(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) < 2 {
		ts.Fatalf("usage: interrupt 'QUERY' command [argument...]")
	}
	ctx, cancel := context.WithTimeout(context.Background(), dwhtest.Patience)
	defer cancel()
	path, err := exec.LookPath(
		filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], args[1]),
	)
	ts.Check(err)
	command := exec.CommandContext(ctx, path, args[2:]...)
	command.Dir = ts.MkAbs(".")
	for _, name := range []string{
		"HOME", "PATH", "LANG", "DATABASE_URL",
		"AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
		"DWH_SONG_DATA", "DWH_LOG_DATA", "DWH_LOG_JSONPATHS",
	} {
		command.Env = append(command.Env, name+"="+ts.Getenv(name))
	}
	command.Stdout, command.Stderr = ts.Stdout(), ts.Stderr()
	ts.Check(command.Start())
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(dwhtest.Query(sessionOf(ts).t, databaseURL(ts), args[0])) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("the query had no row within %s", dwhtest.Patience)
		}
	}
	ts.Check(command.Process.Signal(os.Interrupt))
	got, err := exitCode(command.Wait())
	ts.Check(err)
	if got != 130 {
		ts.Fatalf("got exit code %d, want 130", got)
	}
}

// archive packs the files of a folder: zip DIR FILE.
func archive(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 2 {
		ts.Fatalf("usage: zip DIR FILE")
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[0]))))
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o600))
}

// replace puts a text in the place of another in a file: replace FILE OLD NEW.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

// garbage writes bytes that are neither text nor JSON: garbage FILE.
func garbage(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: garbage FILE")
	}
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 4096)
	_, err := random.Read(noise)
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append([]byte("\x1b[31m\x00"), noise...), 0o600))
}

// long writes a song whose title has that many characters: long FILE CHARACTERS.
func long(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 2 {
		ts.Fatalf("usage: long FILE CHARACTERS")
	}
	characters, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	text := fmt.Sprintf("{\"song_id\": \"SOLONG000000000001\", \"title\": %q}\n", strings.Repeat("x", characters))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// wrongPassword sets DATABASE_URL to the tests' server with another password.
func wrongPassword(ts *testscript.TestScript, neg bool, _ []string) {
	noNegation(ts, neg)
	info := dwhtest.Server(sessionOf(ts).t)
	ts.Setenv(
		"DATABASE_URL",
		fmt.Sprintf("postgres://%s:hunter2@%s:%d/postgres?sslmode=disable", info.User, info.Host, info.Port),
	)
}

// wrongDatabase sets DATABASE_URL to a database that the tests' server does not have.
func wrongDatabase(ts *testscript.TestScript, neg bool, _ []string) {
	noNegation(ts, neg)
	ts.Setenv("DATABASE_URL", dwhtest.Server(sessionOf(ts).t).DSN("no_such_database"))
}

// await waits until a query has a row: await 'QUERY'.
func await(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: await 'QUERY'")
	}
	t := sessionOf(ts).t
	dwhtest.Await(t, func() string {
		if len(dwhtest.Query(t, databaseURL(ts), args[0])) == 0 {
			return "the query has no row"
		}
		return ""
	})
}

// port sets ADDR to an address of this machine that nobody listens at.
func port(ts *testscript.TestScript, neg bool, _ []string) {
	noNegation(ts, neg)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("ADDR", listener.Addr().String())
	ts.Check(listener.Close())
}

// get prints what a server answers, once it answers with 200: get URL.
func get(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: get URL")
	}
	deadline := time.Now().Add(dwhtest.Patience)
	for {
		response, err := http.Get(args[0])
		if err == nil {
			body, readErr := io.ReadAll(response.Body)
			ts.Check(errors.Join(readErr, response.Body.Close()))
			if response.StatusCode == http.StatusOK {
				_, err = ts.Stdout().Write(body)
				ts.Check(err)
				return
			}
			err = errors.New(response.Status)
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %v", args[0], err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// bom puts a byte order mark in front of a file, as some editors on Windows do: bom FILE.
func bom(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg)
	if len(args) != 1 {
		ts.Fatalf("usage: bom FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("\ufeff"+ts.ReadFile(args[0])), 0o600))
}
