package dwhtest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

func TestDatabase(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("fresh", func(t *testing.T) {
		dsn = dwhtest.Database(t)
		got := dwhtest.Query(
			t, dsn,
			`SELECT datcollate, datctype, pg_encoding_to_char(encoding), current_setting('timezone'), NULL
			FROM pg_database WHERE datname = current_database()`,
		)
		if want := []string{"C", "C", "UTF8", "UTC", dwhtest.Null}; len(got) != 1 || !slices.Equal(got[0], want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if other := dwhtest.Database(t); other == dsn {
			t.Errorf("two calls gave the same database")
		}
	})
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	got := dwhtest.Query(
		t, dwhtest.Server(t).DSN("postgres"),
		"SELECT count(*) FROM pg_database WHERE datname = '"+config.Database+"'",
	)
	if got[0][0] != "0" {
		t.Errorf("after the test: got %s databases named %s, want 0", got[0][0], config.Database)
	}
}

func TestTemplateDatabase(t *testing.T) {
	t.Parallel()
	var builds atomic.Int32
	build := func(dsn string) error {
		builds.Add(1)
		conn, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(context.Background(), "CREATE TABLE made (id INTEGER); INSERT INTO made VALUES (1)")
		return errors.Join(err, conn.Close(context.Background()))
	}
	key := fmt.Sprintf("made-%p", &builds) // of this run of the test: a process keeps its templates
	t.Run("copies", func(t *testing.T) {
		for i := range 4 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				dsn := dwhtest.TemplateDatabase(t, key, build)
				got := dwhtest.TableText(t, dsn, "made", "")
				if want := "id\n1\n"; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				dwhtest.Query(t, dsn, "DELETE FROM made")
			})
		}
	})
	if got := builds.Load(); got != 1 {
		t.Errorf("got %d builds, want 1", got)
	}
}

func TestTableText(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	dwhtest.Query(t, dsn, `CREATE TABLE odd ("a b" VARCHAR(64), n INTEGER);
		INSERT INTO odd VALUES ('b', NULL), (E'a\tb\n\\', 2), (NULL, 1)`)
	got := dwhtest.TableText(t, dsn, "odd", `"a b" NULLS FIRST`)
	if want := "a b\tn\n∅\t1\na\\tb\\n\\\\\t2\nb\t∅\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCutProxy(t *testing.T) {
	t.Parallel()
	dsn := dwhtest.Database(t)
	dwhtest.Query(t, dsn, "CREATE TABLE loaded (text VARCHAR(1024))")
	proxy := dwhtest.CutProxy(t, dsn)
	ctx := t.Context()
	load := func() error {
		conn, err := pgx.Connect(ctx, proxy.DSN())
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.PgConn().CopyFrom(
			ctx, strings.NewReader(strings.Repeat("a line\n", 100_000)), "COPY loaded FROM STDIN",
		)
		return err
	}
	proxy.CutAfter(100_000)
	if err := load(); err == nil {
		t.Errorf("COPY through a proxy that cuts: got no error")
	}
	if got := proxy.Cuts(); got != 1 {
		t.Errorf("got %d cuts, want 1", got)
	}
	if got := dwhtest.Query(t, dsn, "SELECT count(*) FROM loaded")[0][0]; got != "0" {
		t.Errorf("after the cut: got %s rows, want 0", got)
	}
	if err := load(); err != nil {
		t.Errorf("COPY after the cut: %v", err)
	}
	if got := dwhtest.Query(t, dsn, "SELECT count(*) FROM loaded")[0][0]; got != "100000" {
		t.Errorf("got %s rows, want 100000", got)
	}
}

func TestS3(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := dwhtest.S3(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": "{}", "sub/b.json": "[]"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	server.PutDir(dir, "data")
	etag := server.Put("top.json", []byte("1"))
	if want := "c4ca4238a0b923820dcc509a6f75849b"; etag != want {
		t.Errorf("ETag: got %s, want %s", etag, want)
	}
	server.Delete("data/a.json")
	out, err := server.Client().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &server.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, object := range out.Contents {
		keys = append(keys, aws.ToString(object.Key))
	}
	if want := []string{"data/sub/b.json", "top.json"}; !slices.Equal(keys, want) {
		t.Errorf("got keys %q, want %q", keys, want)
	}

	get := func() int {
		response, err := http.Get(server.Endpoint + "/" + server.Bucket + "/top.json")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if got := get(); got != http.StatusForbidden {
		t.Errorf("without credentials: got status %d, want %d", got, http.StatusForbidden)
	}
	server.MakePublic()
	if got := get(); got != http.StatusOK {
		t.Errorf("public bucket without credentials: got status %d, want %d", got, http.StatusOK)
	}
}

func TestS3Proxy(t *testing.T) {
	t.Parallel()
	server := dwhtest.S3(t)
	body := strings.Repeat("x", 1<<20)
	server.Put("big", []byte(body))
	var cut atomic.Bool
	endpoint := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if cut.Load() {
			w = dwhtest.CutBody(w, 100_000)
		}
		next.ServeHTTP(w, r)
	})
	client := s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: server.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	get := func() (int, error) {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &server.Bucket, Key: aws.String("big")})
		if err != nil {
			t.Fatal(err)
		}
		defer out.Body.Close()
		data, err := io.ReadAll(out.Body)
		return len(data), err
	}
	if n, err := get(); n != len(body) || err != nil {
		t.Errorf("got %d bytes, error %v, want %d bytes", n, err, len(body))
	}
	cut.Store(true)
	if n, err := get(); n != 100_000 || err == nil {
		t.Errorf("cut: got %d bytes, error %v, want 100000 bytes and an error", n, err)
	}
}

func TestRounds(t *testing.T) {
	t.Setenv("DWH_TEST_ROUNDS", "")
	if got := dwhtest.Rounds(t, 7); got != 7 {
		t.Errorf("unset: got %d, want 7", got)
	}
	t.Setenv("DWH_TEST_ROUNDS", "100")
	if got := dwhtest.Rounds(t, 7); got != 100 {
		t.Errorf("set: got %d, want 100", got)
	}
}

// TestEndings ends a test process in every ugly way and looks for what it leaves behind.
func TestEndings(t *testing.T) {
	const variable = "DWHTEST_ENDING"
	if ending := os.Getenv(variable); ending != "" {
		end(t, ending)
		return
	}
	for _, ending := range []string{"kill", "kill in start", "kill in initdb", "panic", "timeout", "own server"} {
		t.Run(ending, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestEndings$")
			if ending == "timeout" {
				cmd.Args = append(cmd.Args, "-test.timeout=4s")
			}
			cmd.Env = append(os.Environ(), variable+"="+ending)
			// Every process that comes from the dying one inherits the pipe, so that it ends when
			// the last of them has.
			family, inherited, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer family.Close()
			cmd.ExtraFiles = []*os.File{inherited}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(cmd.Start(), inherited.Close()); err != nil {
				t.Fatal(err)
			}
			root := ""
			for lines := bufio.NewScanner(stdout); lines.Scan(); {
				word, rest, _ := strings.Cut(lines.Text(), " ")
				if word == "root" {
					root = rest
				}
				if word == "root" && ending == "kill in initdb" {
					awaitFile(t, filepath.Join(root, "postgres", "pgdata.new-*", "PG_VERSION"))
				}
				if word == "ready" && ending != "panic" && ending != "timeout" ||
					word == "root" && strings.HasPrefix(ending, "kill in") {
					if err := cmd.Process.Kill(); err != nil {
						t.Error(err)
					}
				}
			}
			if err := cmd.Wait(); err == nil {
				t.Errorf("the process ended well, want it to die")
			}
			if root == "" {
				t.Fatal("the process did not say where its servers are")
			}
			if err := family.SetReadDeadline(time.Now().Add(dwhtest.Patience)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, family); err != nil {
				out, psErr := exec.Command("ps", "-A", "-ww", "-o", "pid=", "-o", "command=").Output()
				t.Fatalf("processes are left behind (%v): %s %v", err, out, psErr)
			}
			if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("folder %s: got %v, want it gone", root, err)
			}
		})
	}
}

// awaitFile waits until a file of that pattern exists.
func awaitFile(t *testing.T, pattern string) {
	ctx, cancel := context.WithTimeout(t.Context(), dwhtest.Patience)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); ; {
		if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no %s came", pattern)
		case <-tick.C:
		}
	}
}

// end is the dying process.
func end(t *testing.T, ending string) {
	dir := dwhtest.DataDir(t)
	fmt.Printf("root %s\n", filepath.Dir(dir))
	dwhtest.Server(t)
	if ending == "own server" {
		s, err := localpg.New(localpg.Options{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	dwhtest.S3(t)
	fmt.Println("ready")
	if ending == "panic" {
		panic("as the test wants")
	}
	<-t.Context().Done() // for ever: the process does not outlive this test
}
