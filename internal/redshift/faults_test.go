package redshift_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/redshiftstandin"
)

const jsonPaths = `{"jsonpaths": ["$['artist']", "$['auth']", "$['firstName']", "$['gender']", "$['itemInSession']", "$['lastName']", "$['length']", "$['level']",
"$['location']", "$['method']", "$['page']", "$['registration']", "$['sessionId']", "$['song']", "$['status']", "$['ts']", "$['userAgent']", "$['userId']"]}`

// event is one line of a log object.
func event(user string, session, item int, ts string) string {
	return fmt.Sprintf(
		`{"artist":"Café \\ 'n","auth":"Logged `+
			`In","firstName":"Ann","gender":"F","itemInSession":%d,"lastName":"Lee","length":200.5,"level":"free",`+
			`"location":"Here","method":"PUT","page":"NextSong","registration":1540919166796.0,"sessionId":%d,"song":"Song","status":200,"ts":%s,"userAgent":"ua","userId":"%s"}`+"\n",
		item, session, ts, user,
	)
}

// native is a stand-in with a bucket, and dwh that has it copy from there.
type native struct {
	program
	server *redshiftstandin.Server
	bucket *dwhtest.S3Server
	args   []string
}

func newNative(t *testing.T, o redshiftstandin.Options, env ...string) *native {
	t.Helper()
	bucket := dwhtest.S3(t)
	bucket.Setenv(t)
	o.S3 = bucket.Client()
	server := redshiftstandin.Start(t, o)
	bucket.Put("paths.json", []byte(jsonPaths))
	settings := append(bucket.Env(), "DWH_LOAD_METHOD=copy", "DWH_WORK_PREFIX="+bucket.URL("work"), noSongs(t))
	return &native{
		program: on(t, server.DSN, append(settings, env...)...),
		server:  server, bucket: bucket,
		args: []string{"run", "--log-data", bucket.URL("log"), "--log-jsonpaths", bucket.URL("paths.json")},
	}
}

// noSongs names an empty folder as the source of the songs.
func noSongs(t testing.TB) string { return "DWH_SONG_DATA=" + t.TempDir() }

func (n *native) one(sql string) string {
	n.t.Helper()
	return one(n.t, n.server.Backing, sql)
}

// want fails the test when a query's value is another.
func (n *native) want(sql, want string) {
	n.t.Helper()
	if got := n.one(sql); got != want {
		n.t.Errorf("%s: got %s, want %s", sql, got, want)
	}
}

// Error 1023 ends a transaction, and the whole of it is run again; the journal counts.
func TestConflictsAreRetried(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{Isolation: redshiftstandin.Serializable})
	for i := range 3 {
		n.bucket.Put(
			fmt.Sprintf("log/%d.json", i),
			[]byte(event("1", i, 0, "1541000000000")+event("2", i, 1, "1541000001000")),
		)
	}
	// at goose's own table and at the first migrations, at a statement and at COMMIT
	for conflicts := range 4 {
		fresh := redshiftstandin.Start(t, redshiftstandin.Options{})
		fresh.Raise1023(conflicts + 1)
		on(t, fresh.DSN).must("migrate", "up")
		if got := one(t, fresh.Backing, "SELECT COUNT(*) FROM s_song"); got != "0" {
			t.Errorf("after %d conflicts: got %s songs, want an empty table", conflicts+1, got)
		}
	}
	n.must("migrate", "up")
	n.server.Raise1023(4)
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM f_songplay", "6")
	n.want("SELECT COUNT(*) FROM s_songplay_event", "6")
	n.want("SELECT COUNT(*) FROM s_object", "3")
	if retries, _ := strconv.Atoi(n.one("SELECT SUM(retries) FROM dwh_run")); retries < 3 {
		t.Errorf("got %d retries in the journal, want those of 4 conflicts", retries)
	}
	if left := keys(t, n.bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
	n.must("verify")
}

// The conflict without a number is retried as error 1023 is.
func TestConflictsWithoutNumber(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	n.must("migrate", "up")
	n.server.Raise(redshiftstandin.Concurrent, 4)
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM f_songplay", "1")
	if retries, _ := strconv.Atoi(n.one("SELECT SUM(retries) FROM dwh_run")); retries != 4 {
		t.Errorf("got %d retries in the journal, want 4", retries)
	}
}

// The journal's own statements are retried. A run whose data are committed ends with exit code 0
// even when the journal cannot be written.
func TestJournalConflicts(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.must("migrate", "up")
	for i, c := range []struct {
		conflict  redshiftstandin.Conflict
		conflicts int
		outcome   string
	}{
		{redshiftstandin.Serialization, 5, "done"}, {redshiftstandin.Concurrent, 5, "done"},
		{redshiftstandin.Concurrent, 1000, "running"},
	} {
		n.bucket.Put(fmt.Sprintf("log/%d.json", i), []byte(event("1", i, 0, "1541000000000")))
		n.failpoint = func(name string) {
			if name == "transform.committed" {
				n.server.RaiseAlone(c.conflict, c.conflicts)
			}
		}
		code, stdout, stderr := n.run(n.args...)
		n.failpoint = nil
		n.server.RaiseAlone(c.conflict, 0)
		if code != 0 {
			t.Errorf("%d conflicts: got exit code %d, want 0\n%s%s", c.conflicts, code, stdout, stderr)
		}
		if told := strings.Contains(stderr, "the journal could not be written"); told != (c.outcome != "done") {
			t.Errorf("%d conflicts: got a warning: %v\n%s", c.conflicts, told, stderr)
		}
		n.want("SELECT COUNT(*) FROM f_songplay", fmt.Sprint(i+1))
		n.want("SELECT outcome FROM dwh_run ORDER BY started_at DESC LIMIT 1", c.outcome)
	}
	// The first statements of a run, and marks of staleness.
	n.server.RaiseAlone(redshiftstandin.Concurrent, 3)
	n.must("migrate", "redo", "--drop-staged-rows")
	n.server.RaiseAlone(redshiftstandin.Serialization, 3)
	n.must(n.args...)
}

// Refused records stand in s_reject with their texts, on Serverless too, where no view has them.
func TestRejects(t *testing.T) {
	for _, serverless := range []bool{false, true} {
		t.Run(fmt.Sprintf("serverless=%v", serverless), func(t *testing.T) {
			n := newNative(t, redshiftstandin.Options{Serverless: serverless})
			bad := strings.TrimSpace(event("1", 1, 1, `"soon"`))
			n.bucket.Put(
				"log/a.json",
				[]byte(event("1", 1, 0, "1541000000000")+bad+"\n"+event("1", 1, 2, "1541000002000")),
			)
			n.bucket.Put("log/b.json", []byte(event("2", 2, 0, "1541000000000")))
			_, stderr := n.must(n.args...)
			if !strings.Contains(stderr, "1 record refused") || !strings.Contains(stderr, "a.json:2: column ts:") {
				t.Errorf("got\n%s\nwant a warning that names object, line and column", stderr)
			}
			n.want("SELECT COUNT(*) FROM s_songplay_event", "3")
			n.want("SELECT raw_text FROM s_reject", bad)
			n.want("SELECT line || column_name || outcome FROM s_reject", "2tsloaded")
			n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%a.json'", "2/1")
			n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%b.json'", "1/0")
		})
	}
}

// At MAXERROR nothing of the batch is loaded, and what was refused is told.
func TestMaxError(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.bucket.Put("log/a.json", []byte(strings.Repeat(event("1", 1, 0, `"soon"`), 1100)))
	n.bucket.Put("log/b.json", []byte(event("2", 2, 0, "1541000000000")))
	code, _, stderr := n.run(n.args...)
	if code != 1 || !strings.Contains(stderr, "MAXERROR") {
		t.Errorf("got exit code %d and\n%s\nwant 1 and MAXERROR", code, stderr)
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "0")
	n.want("SELECT COUNT(*) FROM s_object", "0")
	n.want("SELECT COUNT(*) FROM s_reject WHERE outcome = 'failed'", "1000")
	if left := keys(t, n.bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM f_songplay", "2")
	n.want("SELECT COUNT(*) FROM s_reject", "0")
}

// What Redshift's views do not show at the commit is filled in by the next run.
func TestLateCounts(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.must("migrate", "up")
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")+event("1", 1, 1, `"soon"`)))
	n.bucket.Put("log/b.json", []byte(event("2", 2, 0, "1541000000000")))
	if err := n.server.HideLoads(true); err != nil {
		t.Fatal(err)
	}
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_songplay_event", "2")
	n.want("SELECT COUNT(*) FROM s_object WHERE rows IS NULL AND rejects IS NULL", "2")
	n.want("SELECT COUNT(*) FROM s_reject", "0")
	n.must(n.args...) // still nothing
	n.want("SELECT COUNT(*) FROM s_object WHERE rows IS NULL", "2")
	if err := n.server.HideLoads(false); err != nil {
		t.Fatal(err)
	}
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_songplay_event", "2")
	n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%a.json'", "1/1")
	n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%b.json'", "1/0")
	n.want("SELECT line || column_name || outcome FROM s_reject", "2tsloaded")
	n.want(
		"SELECT COUNT(*) FROM s_reject AS r INNER JOIN s_object AS o ON o.load_id = r.load_id AND o.url = r.url",
		"1",
	)
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_reject", "1")
}

// pretty is an event over several lines.
func pretty(user string, session, item int, ts string) string {
	return strings.ReplaceAll(event(user, session, item, ts), `,"`, ",\n  \"")
}

// Where the views count lines that are no records, nobody knows the rows of an object. What was
// refused is known, and written with the load.
func TestLinesThatAreNoRecords(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late=%v", late), func(t *testing.T) {
			n := newNative(t, redshiftstandin.Options{})
			n.must("migrate", "up")
			n.bucket.Put("log/a.json", []byte(pretty("1", 1, 0, "1541000000000")+pretty("1", 1, 1, `"soon"`)))
			n.bucket.Put(
				"log/b.json",
				[]byte(strings.TrimSpace(event("2", 2, 0, "1541000000000"))+event("2", 2, 1, "1541000001000")),
			)
			if err := n.server.HideLoads(late); err != nil {
				t.Fatal(err)
			}
			n.must(n.args...)
			if late {
				n.want("SELECT COUNT(*) FROM s_reject", "0")
				n.want("SELECT COUNT(*) FROM s_object WHERE rows IS NULL AND rejects IS NULL", "2")
				if err := n.server.HideLoads(false); err != nil {
					t.Fatal(err)
				}
				n.must(n.args...)
			}
			for range 2 {
				n.want("SELECT COUNT(*) FROM s_songplay_event", "3")
				n.want("SELECT COUNT(*) FROM s_object WHERE rows IS NULL", "2")
				n.want("SELECT rejects FROM s_object WHERE url LIKE '%a.json'", "1")
				n.want("SELECT rejects FROM s_object WHERE url LIKE '%b.json'", "0")
				n.want("SELECT column_name || outcome FROM s_reject", "tsloaded")
				n.must(n.args...)
			}
			// One object alone holds the rows of its COPY.
			n.bucket.Put("log/c.json", []byte(pretty("3", 3, 0, "1541000000000")+pretty("3", 3, 1, "1541000001000")))
			n.must(n.args...)
			n.want("SELECT rows || '/' || rejects FROM s_object WHERE url LIKE '%c.json'", "2/0")
		})
	}
}

// The load views show what a failed COPY refused some time after the error: it is waited for.
func TestLateErrors(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.must("migrate", "up")
	n.bucket.Put("log/a.json", []byte(strings.Repeat(event("1", 1, 0, `"soon"`), 1100)))
	if err := n.server.HideLoads(true); err != nil {
		t.Fatal(err)
	}
	shown := make(chan error, 1)
	time.AfterFunc(3*time.Second, func() { shown <- n.server.HideLoads(false) })
	code, _, stderr := n.run(n.args...)
	if code != 1 || !strings.Contains(stderr, "MAXERROR") {
		t.Errorf("got exit code %d and\n%s\nwant 1 and MAXERROR", code, stderr)
	}
	n.want("SELECT COUNT(*) FROM s_reject WHERE outcome = 'failed'", "1000")
	if err := <-shown; err != nil {
		t.Error(err)
	}
}

// An object that is replaced between listing and COPY is loaded as Redshift read it, and not again.
func TestReplacedObject(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	n.failpoint = func(name string) {
		if name == "load.begun" {
			n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")+event("1", 1, 1, "1541000001000")))
		}
	}
	n.must(n.args...)
	n.failpoint = nil
	n.want("SELECT COUNT(*) FROM s_songplay_event", "2")
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_songplay_event", "2")
	n.want("SELECT COUNT(*) FROM s_object", "1")
}

// An object that has gone by the time of the COPY is left out and told; the others are loaded.
func TestObjectGone(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	n.bucket.Put("log/b.json", []byte(event("2", 2, 0, "1541000000000")))
	n.failpoint = func(name string) {
		if name == "load.begun" {
			n.bucket.Delete("log/a.json")
		}
	}
	code, stdout, stderr := n.run(n.args...)
	n.failpoint = nil
	if code != 0 || !strings.Contains(stderr, "a.json cannot be read; the next run tries it again") {
		t.Errorf("got exit code %d and\n%s%s\nwant 0 and a warning about a.json", code, stdout, stderr)
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "1")
	n.want("SELECT COUNT(*) FROM s_object", "1")
	n.must(n.args...)
	n.want("SELECT COUNT(*) FROM s_songplay_event", "1")
}

// Whatever breaks off and where, nothing is lost and nothing twice.
func TestBrokenRuns(t *testing.T) {
	for _, moment := range []string{
		"load.begun", "load.copied", "load.recorded", "load.committed", "transform.built",
		"transform.flagged", "transform.committed",
	} {
		for _, how := range []string{"connection", "interrupt"} {
			if how == "interrupt" && moment != "load.copied" && moment != "transform.built" {
				continue // the property test interrupts everywhere
			}
			t.Run(moment+"/"+how, func(t *testing.T) {
				n := newNative(t, redshiftstandin.Options{}, "DWH_LOAD_BATCH_OBJECTS=2")
				for i := range 5 {
					n.bucket.Put(fmt.Sprintf("log/%d.json", i), []byte(event("1", i, 0, "1541000000000")))
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				reached := false
				n.failpoint = func(name string) {
					if name != moment || reached {
						return
					}
					reached = true
					if how == "interrupt" {
						cancel()
						return
					}
					conn, err := pgx.Connect(context.WithoutCancel(t.Context()), n.server.Backing)
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close(context.WithoutCancel(t.Context()))
					// The stand-in's own connection has done its work by then, or is idle.
					if _, err := conn.Exec(
						t.Context(),
						"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "+
							"current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'",
					); err != nil {
						t.Error(err)
					}
				}
				code, _, stderr := n.runContext(ctx, n.args...)
				if !reached || code == 0 && !strings.HasSuffix(moment, "committed") {
					t.Errorf("got exit code %d, reached %v, want a failure at %s\n%s", code, reached, moment, stderr)
				}
				n.failpoint = nil
				n.must(n.args...)
				n.want("SELECT COUNT(*) FROM s_songplay_event", "5")
				n.want("SELECT COUNT(*) FROM s_object", "5")
				n.want("SELECT COUNT(*) FROM f_songplay", "5")
				n.must("verify")
				if left := keys(t, n.bucket, "work"); len(left) > 0 {
					t.Errorf("got %q left under the work prefix, want nothing", left)
				}
			})
		}
	}
}

// S3 without a place for the manifest is a usage error, before anything runs.
func TestWorkPrefixIsRequired(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{}, "DWH_WORK_PREFIX=")
	n.must("migrate", "up")
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	code, _, stderr := n.run(n.args...)
	if code != 2 || !strings.Contains(stderr, "--work-prefix") {
		t.Errorf("got exit code %d and\n%s\nwant 2 and --work-prefix", code, stderr)
	}
}

// Another S3 server than AWS's is read by dwh, unless the user says that Redshift reaches it.
func TestOtherS3ServerGoesByInsert(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{}, "DWH_LOAD_METHOD=", "DWH_WORK_PREFIX=")
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	_, stderr := n.must(n.args...)
	if !strings.Contains(stderr, "by INSERTs: Redshift reads only from AWS") {
		t.Errorf("got\n%s\nwant why INSERTs", stderr)
	}
	n.want("SELECT COUNT(*) FROM f_songplay", "1")
	n.want("SELECT artist FROM s_songplay_event", `Café \ 'n`)
}

// A second writer learns that it is the second.
func TestSecondWriter(t *testing.T) {
	t.Parallel()
	server := redshiftstandin.Start(t, redshiftstandin.Options{})
	dwh := on(t, server.DSN)
	dwh.must("migrate", "up")
	conn, err := pgx.Connect(t.Context(), server.Backing)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE dwh_lock"); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := dwh.run("transform", "--replay")
	if code != 1 || !strings.Contains(stderr, "another dwh is writing") {
		t.Errorf("got exit code %d and\n%s\nwant 1 and that another dwh is writing", code, stderr)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	dwh.must("transform", "--replay")
}

// The doctor has Redshift read the source, and loads nothing.
func TestDoctor(t *testing.T) {
	n := newNative(t, redshiftstandin.Options{})
	n.must("migrate", "up")
	n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
	args := append([]string{"doctor"}, n.args[1:]...)
	stdout, _ := n.must(args...)
	for _, want := range []string{"Snapshot Isolation; conflicting transactions are retried",
		"Redshift reads the source and the work prefix"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("got\n%s\nwant %q in it", stdout, want)
		}
	}
	n.want("SELECT COUNT(*) FROM s_songplay_event", "0")
	if left := keys(t, n.bucket, "work"); len(left) > 0 {
		t.Errorf("got %q left under the work prefix, want nothing", left)
	}
	n.env = append(n.env, "DWH_WORK_PREFIX=")
	if code, stdout, _ := n.run(args...); code != 1 || !strings.Contains(stdout, "--work-prefix") {
		t.Errorf("got exit code %d and\n%s\nwant 1 and --work-prefix", code, stdout)
	}
}

// Of a compressed object, or one in UTF-16, Redshift says that it is no JSON. dwh says what it is,
// and loads it once it is mended.
func TestWrongForm(t *testing.T) {
	for _, env := range []string{"DWH_LOAD_COMPACT=false", "DWH_LOAD_COMPACT=true"} {
		t.Run(env, func(t *testing.T) {
			n := newNative(t, redshiftstandin.Options{}, env)
			var zipped bytes.Buffer
			w := gzip.NewWriter(&zipped)
			if _, err := w.Write([]byte(event("1", 1, 0, "1541000000000"))); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			wide := []byte("\xff\xfe")
			for _, c := range event("3", 3, 0, "1541000000000") {
				wide = binary.LittleEndian.AppendUint16(wide, uint16(c))
			}
			n.bucket.Put("log/a.json", zipped.Bytes())
			n.bucket.Put("log/b.json", []byte(event("2", 2, 0, "1541000000000")))
			n.bucket.Put("log/c.json", wide)
			_, stderr := n.must(n.args...)
			for _, want := range []string{"the object is compressed with GZIP: add GZIP to the COPY", "the object " +
				"is in UTF-16"} {
				if !strings.Contains(stderr, want) {
					t.Errorf("got\n%s\nwant %q", stderr, want)
				}
			}
			n.want("SELECT COUNT(*) FROM s_songplay_event", "1")
			n.want("SELECT COUNT(*) || '/' || COUNT(DISTINCT url) || '/' || MAX(line) FROM s_reject", "2/2/0")
			n.want("SELECT COUNT(*) FROM s_object WHERE url LIKE '%/log/%'", "1")
			n.bucket.Put("log/a.json", []byte(event("1", 1, 0, "1541000000000")))
			n.bucket.Put("log/c.json", []byte(event("3", 3, 0, "1541000000000")))
			n.must(n.args...)
			n.want("SELECT COUNT(*) FROM s_songplay_event", "3")
			n.want("SELECT COUNT(*) FROM s_object WHERE url LIKE '%/log/%'", "3")
			n.want("SELECT COUNT(*) FROM s_reject", "0")
		})
	}
}
