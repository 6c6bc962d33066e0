package redshift_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/sample"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	dwhtest.ProgramMain(cli.Main) // servers are processes, which can be killed
	flag.Parse()
	dwhtest.Main(m)
}

// tables are what the program builds, with the columns that follow from the input.
var tables = map[string]string{
	"s_song":           "*",
	"s_songplay_event": "*",
	"s_name":           "*",
	"d_song":           "*",
	"d_artist":         "*",
	"d_user":           "*",
	"d_time":           "*",
	"f_songplay":       "*",
}

// program is dwh with the environment that it runs in.
type program struct {
	t   testing.TB
	env []string
	// failpoint is called at the named moments of a run; nil: not.
	failpoint func(name string)
}

// run runs a command line and returns its exit code and output.
func (p program) run(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	return p.runContext(p.t.Context(), args...)
}

func (p program) runContext(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	var out, diagnostics bytes.Buffer
	failpoint := p.failpoint
	if failpoint == nil {
		failpoint = func(string) {}
	}
	code = cli.MainWithFailpoints(
		ctx, append([]string{"dwh"}, args...), p.env, strings.NewReader(""), &out, &diagnostics,
		failpoint,
	)
	return code, out.String(), diagnostics.String()
}

// must runs a command line that has to end with the exit code 0, and returns both outputs.
func (p program) must(args ...string) (stdout, stderr string) {
	p.t.Helper()
	code, stdout, stderr := p.run(args...)
	if code != 0 {
		p.t.Fatalf("dwh %s: got exit code %d, want 0\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout, stderr
}

// on is dwh on a database.
func on(t testing.TB, dsn string, env ...string) program {
	t.Helper()
	// Nothing of the developer's own configuration is to be found.
	return program{t: t, env: append([]string{"HOME=" + t.TempDir(), "DATABASE_URL=" + dsn, "NO_COLOR=1"}, env...)}
}

// writeSample writes sample data and returns its folder.
func writeSample(t testing.TB, songs, events int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sample")
	if _, err := sample.Write(
		t.Context(), dir, sample.Options{Songs: songs, Events: events, Seed: 7, Late: true},
	); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sources are the flags for sample data at a place, a folder or a prefix of S3.
func sources(root string) []string {
	return []string{
		"--song-data", root + "/song_data", "--log-data", root + "/log_data", "--log-jsonpaths",
		root + "/log_json_path.json", "--names", root + "/names",
	}
}

// contents are the rows of every table in PostgreSQL's text form, sorted.
func contents(t testing.TB, dsn string) map[string][]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	out := map[string][]string{}
	for table, columns := range tables {
		results, err := conn.PgConn().Exec(t.Context(), "SELECT "+columns+" FROM "+table).ReadAll()
		if err != nil {
			t.Fatalf("read %s: %v", table, err)
		}
		rows := []string{}
		for _, values := range results[0].Rows {
			var row strings.Builder
			for _, value := range values {
				if value == nil {
					row.WriteString("|NULL")
				} else {
					fmt.Fprintf(&row, "|%q", value)
				}
			}
			rows = append(rows, row.String())
		}
		slices.Sort(rows)
		out[table] = rows
	}
	return out
}

// same fails the test for each table whose rows differ.
func same(t testing.TB, got, want map[string][]string) {
	t.Helper()
	for table := range tables {
		g, w := got[table], want[table]
		if slices.Equal(g, w) {
			continue
		}
		t.Errorf("%s: got %d rows, want %d", table, len(g), len(w))
		shown := 0
		for i := 0; i < max(len(g), len(w)) && shown < 3; i++ {
			var a, b string
			if i < len(g) {
				a = g[i]
			}
			if i < len(w) {
				b = w[i]
			}
			if a != b {
				t.Errorf("%s: row %d: got %s, want %s", table, i, a, b)
				shown++
			}
		}
	}
}

// onPostgres loads a folder with dwh on PostgreSQL and returns what comes of it.
func onPostgres(t testing.TB, folder string) map[string][]string {
	t.Helper()
	dsn := dwhtest.Database(t)
	on(t, dsn).must(append([]string{"run"}, sources(folder)...)...)
	return contents(t, dsn)
}

// write writes a file and the folders that it is in.
func write(t testing.TB, name string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, body, 0o644); err != nil {
		t.Fatal(err)
	}
}

// keys are the keys of a bucket under a prefix.
func keys(t testing.TB, bucket *dwhtest.S3Server, prefix string) []string {
	t.Helper()
	out, err := bucket.Client().ListObjectsV2(
		t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket.Bucket, Prefix: &prefix},
	)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, object := range out.Contents {
		names = append(names, *object.Key)
	}
	return names
}

// one is the only value of a query.
func one(t testing.TB, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return string(results[0].Rows[0][0])
}

// paste sends a statement as somebody does who pastes it into a client.
func paste(t testing.TB, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
