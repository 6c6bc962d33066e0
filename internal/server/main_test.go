package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sample"
)

// TestMain lets the tests run servers as processes, which can be killed.
func TestMain(m *testing.M) {
	dwhtest.ProgramMain(cli.Main)
	dwhtest.Main(m)
}

// await waits until check returns "".
func await(t testing.TB, check func() string) {
	t.Helper()
	dwhtest.Await(t, check)
}

// program is a server and where it listens.
type program struct {
	*dwhtest.Program
	t       testing.TB
	address string
}

// start runs a command line in an environment.
func start(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	return &program{Program: dwhtest.StartProgram(t, env, args...), t: t}
}

// dwh runs a command to its end and checks its exit code.
func dwh(t testing.TB, env []string, want int, args ...string) string {
	t.Helper()
	return dwhtest.RunProgram(t, env, want, args...).Output()
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// serve starts a server and waits until it listens.
func serve(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	p := start(t, env, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--batch-age", "30ms", "--poll", "50ms", "--sweep",
		"1s", "--lease", "1s", "--tries", "2",
		"--shutdown-timeout", dwhtest.Patience.String(),
	}, args...)...)
	await(t, func() string {
		p.address = listening.FindString(p.Output())
		select {
		case <-p.Ended():
			t.Fatalf("the server ended: %s", p.Output())
		default:
		}
		if p.address == "" {
			return "it does not listen"
		}
		return ""
	})
	return p
}

// get asks the server for a page.
func (p *program) get(path string) (int, string) {
	p.t.Helper()
	response, err := http.Get(p.address + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// migrated is a fresh database with the schema, as an environment.
func migrated(t testing.TB) (dsn string, env []string) {
	t.Helper()
	dsn = dwhtest.TemplateDatabase(t, "migrated", func(dsn string) error {
		var out bytes.Buffer
		if code := cli.Main(
			context.Background(), []string{"dwh", "migrate", "up"}, []string{"DATABASE_URL=" + dsn},
			strings.NewReader(""), &out, &out,
		); code != 0 {
			return fmt.Errorf("migrate up: exit code %d: %s", code, out.String())
		}
		return nil
	})
	return dsn, []string{"DATABASE_URL=" + dsn}
}

// folder is a local source, and sample data to fill it with.
type folder struct {
	t    testing.TB
	root string
	from string
	all  []string // relative paths of the sample's objects
}

func newFolder(t testing.TB, songs, events int) *folder {
	t.Helper()
	f := &folder{t: t, root: t.TempDir(), from: t.TempDir()}
	if _, err := sample.Write(t.Context(), f.from, sample.Options{Songs: songs, Events: events, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"song_data", "log_data"} {
		if err := os.MkdirAll(filepath.Join(f.root, part), 0o755); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(filepath.Join(f.from, part), func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				below, _ := filepath.Rel(f.from, path)
				f.all = append(f.all, below)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.put("log_json_path.json", f.read("log_json_path.json"))
	return f
}

func (f *folder) read(name string) []byte {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.from, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// put writes a file beside its place and moves it there.
func (f *folder) put(name string, text []byte) {
	f.t.Helper()
	path := filepath.Join(f.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	hidden := filepath.Join(filepath.Dir(path), ".part")
	if err := os.WriteFile(hidden, text, 0o644); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(hidden, path); err != nil {
		f.t.Fatal(err)
	}
}

// land delivers objects of the sample.
func (f *folder) land(names ...string) {
	f.t.Helper()
	for _, name := range names {
		f.put(name, f.read(name))
	}
}

// flags name the folder as the source.
func (f *folder) flags() []string {
	return []string{
		"--song-data", filepath.Join(f.root, "song_data"), "--log-data", filepath.Join(f.root, "log_data"),
		"--log-jsonpaths", filepath.Join(f.root, "log_json_path.json"),
	}
}

func one(t testing.TB, dsn, sql string) string {
	t.Helper()
	rows := dwhtest.Query(t, dsn, sql)
	if len(rows) != 1 || len(rows[0]) != 1 {
		t.Fatalf("%s: got %v, want one value", sql, rows)
	}
	return rows[0][0]
}

// awaitOne waits until a query gives a value.
func awaitOne(t testing.TB, dsn, sql, want string) {
	t.Helper()
	await(t, func() string {
		if got := one(t, dsn, sql); got != want {
			return fmt.Sprintf("%s: got %s, want %s", sql, got, want)
		}
		return ""
	})
}

const (
	countObjects = `SELECT count(*) FROM s_object WHERE outcome = 'loaded'`
	countPlays   = `SELECT count(*) FROM f_songplay`
	countEvents  = `SELECT count(*) FROM s_songplay_event`
)

// same compares the star with that of one plain run over the same objects, and with what staging
// gives.
func same(t *testing.T, dsn string, env []string, source []string) {
	t.Helper()
	dwh(t, env, 0, "verify")
	plain, plainEnv := migrated(t)
	dwh(t, append(plainEnv, awsOf(env)...), 0, append([]string{"run"}, source...)...)
	for _, table := range []string{
		"s_song", "s_songplay_event", "d_song", "d_artist", "d_user", "d_time", "f_songplay",
	} {
		if got, want := dwhtest.TableText(t, dsn, table, ""), dwhtest.TableText(t, plain, table, ""); got != want {
			t.Errorf("%s differs from that of a plain run: got %d bytes, want %d", table, len(got), len(want))
		}
	}
}

func awsOf(env []string) []string {
	var out []string
	for _, name := range env {
		if strings.HasPrefix(name, "AWS_") {
			out = append(out, name)
		}
	}
	return out
}
