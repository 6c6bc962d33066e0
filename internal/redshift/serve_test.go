package redshift_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

// serving is a stand-in with a bucket and the schema, for servers that have it copy from there.
type serving struct {
	*native
	env []string
}

func newServing(t *testing.T, o redshiftstandin.Options) *serving {
	t.Helper()
	n := newNative(t, o)
	n.must("migrate", "up")
	return &serving{native: n, env: append(n.bucket.Env(), "DATABASE_URL="+n.server.DSN, "DWH_LOAD_METHOD=copy",
		"DWH_WORK_PREFIX="+n.bucket.URL("work"), noSongs(t))}
}

// serve starts a server; what is left out of args is a listing of log/.
func (s *serving) serve(args ...string) *dwhtest.Program {
	s.t.Helper()
	if len(args) == 0 {
		args = []string{"--log-data", s.bucket.URL("log/"), "--log-jsonpaths", s.bucket.URL("paths.json")}
	}
	p := dwhtest.StartProgram(s.t, s.env, append([]string{
		"serve", "--listen", "127.0.0.1:0", "--batch-age", "30ms", "--poll", "50ms", "--sweep",
		"1s", "--lease", "1s", "--tries", "2",
		"--shutdown-timeout", dwhtest.Patience.String(),
	}, args...)...)
	return p
}

// await waits until a query gives a value.
func (s *serving) await(sql, want string) {
	s.t.Helper()
	dwhtest.Await(s.t, func() string {
		if got := s.one(sql); got != want {
			return fmt.Sprintf("%s: got %s, want %s", sql, got, want)
		}
		return ""
	})
}

const loaded = "SELECT COUNT(*) FROM s_object WHERE outcome = 'loaded'"

// What lands before and while a server looks is delivered once, by Redshift's own COPY of
// manifests: the tables are PostgreSQL's.
func TestServe(t *testing.T) {
	folder := writeSample(t, 30, 300)
	s := newServing(t, redshiftstandin.Options{WithTLS: true})
	var names []string
	for _, part := range []string{"song_data", "log_data", "names"} {
		err := filepath.WalkDir(filepath.Join(folder, part), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				below, _ := filepath.Rel(folder, path)
				names = append(names, filepath.ToSlash(below))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(names []string) {
		for _, name := range names {
			body, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			s.bucket.Put(name, body)
		}
	}
	put([]string{"log_json_path.json"})
	half := len(names) / 2
	put(names[:half])
	root := s.bucket.URL("")
	p := s.serve(
		"--song-data", root+"song_data/", "--log-data", root+"log_data/", "--log-jsonpaths",
		root+"log_json_path.json", "--names", root+"names/",
	)
	s.await(loaded, strconv.Itoa(half))
	put(names[half:])
	s.await(loaded, strconv.Itoa(len(names)))
	p.Stop()
	same(t, contents(t, s.server.Backing), onPostgres(t, folder))
	s.want("SELECT COUNT(*) FROM s_object WHERE rejects IS NULL", "0")
	s.want("SELECT outcome FROM dwh_run WHERE command = 'serve'", "done")
	s.want("SELECT holder FROM dwh_lease", "")
	for _, statement := range s.server.Statements() {
		if strings.HasPrefix(strings.TrimSpace(statement), "COPY") && !strings.Contains(statement, "MANIFEST") {
			t.Errorf("got %.200s, want COPYs of manifests alone", statement)
		}
	}
	if left := keys(t, s.bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
	s.must("verify")
}

// A standby takes over from a server that is killed, and nothing is delivered twice.
func TestServeTakeover(t *testing.T) {
	s := newServing(t, redshiftstandin.Options{Isolation: redshiftstandin.Serializable})
	first := s.serve()
	first.Says("working")
	second := s.serve()
	second.Says("standing by")
	s.bucket.Put("log/0.json", []byte(event("1", 0, 0, "1541000000000")))
	s.await(loaded, "1")
	for i := range 20 {
		s.bucket.Put(fmt.Sprintf("log/%d.json", i+1), []byte(event("1", i+1, 0, "1541000000000")))
		if i == 10 {
			first.Signal(syscall.SIGKILL)
		}
	}
	second.Says("working")
	s.await(loaded, "21")
	s.want("SELECT COUNT(*) FROM s_songplay_event", "21")
	s.want("SELECT COUNT(*) FROM f_songplay", "21")
	second.Stop()
	s.must("verify")
}

// Conflicts of transactions, error 1023, are retried without a word to the objects.
func TestServeConflicts(t *testing.T) {
	s := newServing(t, redshiftstandin.Options{Isolation: redshiftstandin.Serializable})
	p := s.serve()
	p.Says("working")
	for i := range 3 {
		s.server.Raise1023(2)
		s.bucket.Put(fmt.Sprintf("log/%d.json", i), []byte(event("1", i, 0, "1541000000000")))
		s.await(loaded, strconv.Itoa(i+1))
	}
	p.Stop()
	s.want("SELECT COUNT(*) FROM f_songplay", "3")
	s.want("SELECT COUNT(*) FROM s_object WHERE outcome <> 'loaded'", "0")
}

// An object that cannot be loaded, and one whose records fail a check, are found among others and
// given up; tried again, they load once they are right.
func TestServePoison(t *testing.T) {
	s := newServing(t, redshiftstandin.Options{})
	for i := range 6 {
		s.bucket.Put(fmt.Sprintf("log/good%d.json", i), []byte(event(strconv.Itoa(i), i, 0, "1541000000000")))
	}
	s.bucket.Put("log/bad.json", []byte(strings.Repeat(`{"ts": "soon"}`+"\n", 1001)))
	s.bucket.Put(
		"log/odd.json",
		[]byte(strings.Replace(event("99", 99, 0, "1541000000000"), `"free"`, `"platinum"`, 1)),
	)
	p := s.serve()
	s.await(
		"SELECT STRING_AGG(SUBSTRING(url FROM '[a-z]*.json$'), ' ' ORDER BY url) FROM s_object "+
			"WHERE outcome = 'quarantined'",
		"bad.json odd.json",
	)
	s.await("SELECT COUNT(*) FROM f_songplay", "6")
	s.want("SELECT COUNT(*) FROM s_reject WHERE line = 0 AND reason LIKE 'quarantined: %'", "2")
	p.Says("f-songplay-level")
	s.bucket.Put("log/bad.json", []byte(event("97", 97, 0, "1541000000000")))
	s.await("SELECT COUNT(*) FROM f_songplay", "7")
	p.Stop()
	s.want("SELECT COUNT(*) FROM s_reject WHERE url LIKE '%bad.json'", "0")
	// An object that was given up is tried again on request, as it is: the rule may be another one
	// now.
	if stdout, _ := s.must("reject", "retry", s.bucket.URL("log/odd.json")); !strings.Contains(
		stdout, "odd.json again for s_songplay_event; it was quarantined",
	) {
		t.Errorf("got %q, want that the object is tried again", stdout)
	}
	again := s.serve()
	s.await("SELECT COUNT(*) FROM s_object WHERE outcome = 'quarantined' AND url LIKE '%odd.json'", "1")
	again.Stop()
	s.must("verify")
}

// What no patience helps against stops the server, with the words what to do.
func TestServeStops(t *testing.T) {
	for _, c := range []struct{ name, sql, words string }{
		{
			"stale",
			"INSERT INTO dwh_stale (subject, reason, since) VALUES ('f_songplay', 'made again', now())",
			"dwh transform --replay",
		},
		{"pending", "DELETE FROM goose_db_version WHERE version_id = 5", `run "dwh migrate up"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServing(t, redshiftstandin.Options{})
			p := s.serve()
			p.Says("working")
			conn, err := pgx.Connect(t.Context(), s.server.Backing)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), c.sql); err != nil {
				t.Fatal(err)
			}
			s.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
			if got := p.Wait(); got != 1 || !strings.Contains(p.Output(), c.words) {
				t.Errorf("got exit code %d, %s, want 1 and %q", got, p.Output(), c.words)
			}
			s.want("SELECT COUNT(*) FROM s_songplay_event", "0")
			again := s.serve()
			if got := again.Wait(); got != 1 || !strings.Contains(again.Output(), c.words) {
				t.Errorf("started again: got exit code %d, %s, want 1 and %q", got, again.Output(), c.words)
			}
		})
	}
}
