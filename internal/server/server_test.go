package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/notify"
)

// What lands before, while and after a server looks is delivered once: the tables are those of one
// plain run.
func TestFolder(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f := newFolder(t, 60, 600)
	half := len(f.all) / 2
	f.land(f.all[:half]...)
	s := serve(t, env, f.flags()...)
	awaitOne(t, dsn, countObjects, strconv.Itoa(half))
	for _, name := range f.all[half:] {
		f.land(name)
	}
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)))
	// The same bytes again, as another version of the object: its events fold into the same
	// songplays.
	plays := one(t, dsn, countPlays)
	last := f.all[0]
	for _, name := range f.all {
		if strings.HasPrefix(name, "log_data") {
			last = name
		}
	}
	f.land(last)
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)+1))
	if got := one(t, dsn, countPlays); got != plays {
		t.Errorf("songplays after a repeated object: got %s, want %s", got, plays)
	}
	dwh(t, env, 0, "verify")

	code, body := s.get("/readyz")
	if code != http.StatusOK || !strings.Contains(body, `"phase":"working"`) {
		t.Errorf("/readyz: got %d, %s", code, body)
	}
	if code, _ := s.get("/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: got %d, want 200", code)
	}
	_, text := s.get("/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("/metrics: %v", err)
	}
	loaded := 0.0
	for _, metric := range families["dwh_objects_total"].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetValue() == "loaded" {
				loaded += metric.GetCounter().GetValue()
			}
		}
	}
	if loaded != float64(len(f.all)+1) {
		t.Errorf("dwh_objects_total loaded: got %v, want %d", loaded, len(f.all)+1)
	}
	for _, name := range []string{
		"dwh_lag_seconds", "dwh_step_duration_seconds", "dwh_pool_connections",
		"dwh_landed_to_committed_seconds", "dwh_phase",
	} {
		if families[name] == nil {
			t.Errorf("/metrics: got no %s", name)
		}
	}

	s.Stop()
	rows := dwhtest.Query(t, dsn, `SELECT outcome FROM dwh_run WHERE command = 'serve'`)
	if len(rows) != 1 || rows[0][0] != "done" {
		t.Errorf("journal: got %v, want one run that is done", rows)
	}
	rows = dwhtest.Query(t, dsn, `
		SELECT step, rows_in FROM dwh_step WHERE step IN ('check', 'publish') ORDER BY position`)
	if want := [][]string{{"check", dwhtest.Null}, {"publish", dwhtest.Null}}; !reflect.DeepEqual(rows, want) {
		t.Errorf("gate and publishing in the journal: got %v, want %v", rows, want)
	}
	if got := one(t, dsn, `SELECT holder FROM dwh_lease`); got != "" {
		t.Errorf("lease after the end: got %q, want none", got)
	}
	// Another server finds nothing to do.
	s = serve(t, env, f.flags()...)
	s.Says("working")
	f.land(f.all[0])
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)+2))
	s.Stop()
}

// The same from S3, with the store failing for a while.
func TestS3(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f := newFolder(t, 30, 300)
	store := dwhtest.S3(t)
	var down atomic.Bool
	endpoint := store.Proxy(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
	for _, text := range store.Env() {
		if !strings.HasPrefix(text, "AWS_ENDPOINT_URL_S3=") {
			env = append(env, text)
		}
	}
	env = append(env, "AWS_ENDPOINT_URL_S3="+endpoint, "AWS_MAX_ATTEMPTS=1")
	put := func(names []string) {
		for _, name := range names {
			store.Put(filepath.ToSlash(name), f.read(name))
		}
	}
	store.Put("log_json_path.json", f.read("log_json_path.json"))
	third := len(f.all) / 3
	put(f.all[:third])
	source := []string{
		"--song-data", store.URL("song_data/"), "--log-data", store.URL("log_data/"),
		"--log-jsonpaths", store.URL("log_json_path.json"),
	}
	s := serve(t, env, source...)
	awaitOne(t, dsn, countObjects, strconv.Itoa(third))
	down.Store(true)
	put(f.all[third : 2*third])
	s.Says("trying again")
	if code, body := s.get("/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz while S3 is down: got %d, %s, want 503", code, body)
	}
	down.Store(false)
	awaitOne(t, dsn, countObjects, strconv.Itoa(2*third))
	put(f.all[2*third:])
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)))
	s.Says("working again")
	if got := one(t, dsn, `SELECT count(*) FROM s_reject`) + one(
		t, dsn, `SELECT count(*) FROM s_object WHERE outcome <> 'loaded'`,
	); got != "00" {
		t.Errorf("rejects and objects given up after S3 failed: got %s, want none", got)
	}
	s.Stop()
	same(t, dsn, env, source)
}

// event is a line of a log object.
func event(user, level string, session int) string {
	return fmt.Sprintf(
		`{"artist":null,"auth":"Logged `+
			`In","firstName":"A","gender":"F","itemInSession":1,"lastName":"B","length":1.5,"level":%q,"location":"X","method":"PUT","page":"NextSong","registration":1540344794796.0,"sessionId":%d,"song":"S","status":200,"ts":1541105830796,"userAgent":"u","userId":%q}`+"\n",
		level, session, user,
	)
}

// An object that cannot be loaded, and one whose records fail a check, are found among others,
// given up and reported.
func TestPoisonedObjects(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f := newFolder(t, 0, 0)
	for i := range 12 {
		f.put(fmt.Sprintf("log_data/good%02d.json", i), []byte(event(strconv.Itoa(i), "free", i)))
	}
	f.put("log_data/bad.json", bytes.Repeat([]byte(`{"ts": "soon"}`+"\n"), 1001))
	f.put("log_data/odd.json", []byte(event("99", "platinum", 1)))
	f.put("log_data/torn.json.gz", []byte("\x1f\x8b\x08 this is no gzip"))
	// What is given up is told to a webhook.
	var mu sync.Mutex
	told := map[string]notify.Event{}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e notify.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		told[path.Base(e.Object)] = e
	}))
	defer hook.Close()
	s := serve(t, append([]string{"DWH_NOTIFY_WEBHOOK=" + hook.URL}, env...), f.flags()...)
	const given = `SELECT string_agg(regexp_replace(url, '.*/', ''), ' ' ORDER BY url) FROM ` +
		`s_object WHERE outcome = 'quarantined'`
	awaitOne(t, dsn, given, "bad.json odd.json torn.json.gz")
	awaitOne(t, dsn, countPlays, "12")
	s.Says("f-songplay-level")
	awaitOne(t, dsn, `SELECT count(*) FROM s_reject WHERE line = 0 AND reason LIKE 'quarantined: %'`, "3")
	dwhtest.Await(t, func() string {
		mu.Lock()
		defer mu.Unlock()
		for _, name := range []string{"bad.json", "odd.json"} {
			if e := told[name]; e.Kind != notify.Quarantined || e.Error == "" || e.Command != "serve" ||
				name == "odd.json" && !strings.Contains(e.Error, "f-songplay-level") {
				return fmt.Sprintf("of %s the webhook was told %+v", name, e)
			}
		}
		return ""
	})
	s.Says("the object is compressed with GZIP: add GZIP to the COPY")
	s.Says(`or after "dwh reject retry file://`)
	// The overview counts each object once, however often it was tried, and the tries apart.
	dwhtest.Await(t, func() string {
		_, body := s.get("/")
		for _, want := range []string{
			`<td class="number">15</td></tr>`, "<span>3 quarantined</span>", ", 3 quarantined.",
		} {
			if !strings.Contains(body, want) {
				return "the overview does not hold " + want
			}
		}
		if strings.Contains(body, ", 0 retries") {
			return "the overview does not count the retries"
		}
		return ""
	})
	if got := one(t, dsn, `SELECT count(*) FROM s_reject WHERE line > 0 AND url LIKE '%bad.json'`); got != "1000" {
		t.Errorf("rejects of the object: got %s, want 1000", got)
	}
	// It is left alone while it is the same, by the next server and by a plain run too.
	f.put("log_data/good99.json", []byte(event("98", "paid", 98)))
	awaitOne(t, dsn, countPlays, "13")
	// A corrected version of what this server gave up is told when it is loaded.
	f.put("log_data/odd.json", []byte(event("99", "paid", 1)))
	awaitOne(t, dsn, countPlays, "14")
	dwhtest.Await(t, func() string {
		mu.Lock()
		defer mu.Unlock()
		if e := told["odd.json"]; e.Kind != notify.Recovered {
			return fmt.Sprintf("of odd.json the webhook was told %+v", e)
		}
		return ""
	})
	s.Says("loaded at last: ")
	s.Stop()
	// Of torn.json.gz, which the COPY does not say to be compressed, nothing was loaded.
	if got := one(t, dsn, `SELECT count(*) FROM s_songplay_event WHERE NOT processed`); got != "0" {
		t.Errorf("staged and not processed: got %s rows, want none", got)
	}
	dwh(t, env, 0, "verify")
	s = serve(t, env, f.flags()...)
	f.put("log_data/bad.json", []byte(event("97", "free", 97)))
	awaitOne(t, dsn, countPlays, "15")
	awaitOne(t, dsn, `SELECT count(*) FROM s_reject WHERE url LIKE '%bad.json'`, "0")
	s.Stop()
}

// A database that breaks its connections loses nothing.
func TestDatabaseCut(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	proxy := dwhtest.CutProxy(t, dsn)
	f := newFolder(t, 20, 400)
	s := serve(t, []string{"DATABASE_URL=" + proxy.DSN()}, f.flags()...)
	for i, name := range f.all {
		f.land(name)
		if i%9 == 0 {
			proxy.CutAfter(int64(500 + 700*i))
		}
	}
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)))
	proxy.Cut()
	f.put("log_data/after.json", []byte(event("1", "free", 7)))
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)+1))
	s.Stop()
	if proxy.Cuts() == 0 {
		t.Error("the connections were never cut")
	}
	same(t, dsn, env, f.flags())
}

// The private server is started again after it was killed, and not after it was stopped.
func TestPrivateServer(t *testing.T) {
	t.Parallel()
	env := []string{"DWH_DATA_DIR=" + dwhtest.DataDir(t)}
	dwh(t, env, 0, "migrate", "up")
	url := strings.TrimSpace(dwh(t, env, 0, "local", "url"))
	status := func() (status localpg.Status) {
		shown := dwhtest.RunProgram(t, env, 0, "local", "status", "--json").Stdout()
		if err := json.Unmarshal([]byte(shown), &status); err != nil {
			t.Fatal(err)
		}
		return status
	}
	f := newFolder(t, 10, 200)
	s := serve(t, env, f.flags()...)
	half := len(f.all) / 2
	f.land(f.all[:half]...)
	awaitOne(t, url, countObjects, strconv.Itoa(half))
	if err := syscall.Kill(status().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	f.land(f.all[half:]...)
	s.Says("it is started again")
	awaitOne(t, url, countObjects, strconv.Itoa(len(f.all)))
	s.Says("working again")

	before := strings.Count(s.Output(), "trying again")
	dwh(t, env, 0, "local", "stop")
	await(t, func() string {
		if strings.Count(s.Output(), "trying again") == before {
			return "the server does not tell that the database is gone"
		}
		return ""
	})
	if status().Running {
		t.Error("got the private server running, want it down: it was stopped")
	}
	dwh(t, env, 0, "local", "start")
	f.put("log_data/after.json", []byte(event("1", "free", 7)))
	awaitOne(t, url, countObjects, strconv.Itoa(len(f.all)+1))
	s.Stop()
	same(t, url, env, f.flags())
}

// One server works, the other stands by, and takes over when the first is killed.
func TestTakeover(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f := newFolder(t, 10, 200)
	first := serve(t, env, f.flags()...)
	first.Says("working")
	// that the first one works may not be seen for a while
	second := serve(t, env, append(f.flags(), "--lease", "5s")...)
	second.Says("standing by")
	if code, body := second.get("/readyz"); code != http.StatusOK || !strings.Contains(body, "standby") {
		t.Errorf("/readyz of the standby: got %d, %s", code, body)
	}
	half := len(f.all) / 2
	f.land(f.all[:half]...)
	awaitOne(t, dsn, countObjects, strconv.Itoa(half))
	f.land(f.all[half:]...)
	first.Signal(syscall.SIGKILL)
	second.Says("working")
	awaitOne(t, dsn, countObjects, strconv.Itoa(len(f.all)))
	// The one that ends in order hands over without a wait.
	third := serve(t, env, f.flags()...)
	third.Says("standing by")
	second.Stop()
	third.Says("working")
	third.Stop()
	same(t, dsn, env, f.flags())
}

// block keeps a batch from staging what it has read, until the function it returns is called. The
// writers' lock would not do: a later look at an object that is loaded already waits for that too.
func block(t *testing.T, dsn string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `BEGIN; LOCK TABLE s_songplay_event IN EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.Exec(t.Context(), `ROLLBACK`); err != nil {
			t.Fatal(err)
		}
	}
}

// blocked counts the batches that block holds up.
const blocked = `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = ` +
	`to_regclass('s_songplay_event') AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// SIGTERM lets the batch at hand end; a deadline, or a second signal, breaks it off and leaves
// nothing of it.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		flags   []string
		again   bool // a second signal
		release bool // the batch may end
		code    int
		plays   string
	}{
		{name: "finished", release: true, code: 0, plays: "1"},
		{name: "deadline", flags: []string{"--shutdown-timeout", "200ms"}, code: 130, plays: "0"},
		{name: "second signal", again: true, code: 130, plays: "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dsn, env := migrated(t)
			f := newFolder(t, 0, 0)
			s := serve(t, env, append(f.flags(), c.flags...)...)
			s.Says("working")
			f.put("log_data/a.json", []byte(event("1", "free", 1)))
			awaitOne(t, dsn, countPlays, "1")
			// The first batch ends with the indexes of staging, which the block would hold up too.
			awaitOne(t, dsn, `SELECT count(*) FROM pg_indexes WHERE tablename = 's_songplay_event'`, "4")
			dwhtest.Query(t, dsn, `DELETE FROM f_songplay`)
			release := block(t, dsn)
			f.put("log_data/b.json", []byte(event("2", "free", 2)))
			awaitOne(t, dsn, blocked, "1")
			s.Signal(syscall.SIGTERM)
			s.Says("stopping")
			if c.again {
				s.Signal(syscall.SIGTERM)
			}
			if c.release {
				release()
			}
			if got := s.Wait(); got != c.code {
				t.Errorf("exit code: got %d, want %d", got, c.code)
			}
			if !c.release {
				// The server has cancelled what it waited for: nobody else finds the lock taken.
				awaitOne(t, dsn, blocked, "0")
				dwhtest.Query(t, dsn, `BEGIN; LOCK TABLE dwh_lock NOWAIT; COMMIT`)
				release()
			}
			if got := one(t, dsn, countPlays); got != c.plays {
				t.Errorf("songplays: got %s, want %s", got, c.plays)
			}
		})
	}
}

// What no patience helps against stops the server, with the words what to do.
func TestStops(t *testing.T) {
	t.Parallel()
	f := newFolder(t, 0, 0)
	refused := func(t *testing.T, env []string, want int, words []string, args ...string) {
		t.Helper()
		said := dwh(t, env, want, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
		for _, word := range words {
			if !strings.Contains(said, word) {
				t.Errorf("got %q, want %q in it", said, word)
			}
		}
	}
	t.Run("pending", func(t *testing.T) {
		t.Parallel()
		env := []string{"DATABASE_URL=" + dwhtest.Database(t)}
		refused(t, env, 1, []string{"migrations are pending", `run "dwh migrate up"`}, f.flags()...)
	})
	t.Run("stale", func(t *testing.T) {
		t.Parallel()
		dsn, env := migrated(t)
		dwhtest.Query(
			t, dsn,
			`INSERT INTO dwh_stale (subject, reason, since) VALUES ('f_songplay', 'made again', now())`,
		)
		refused(t, env, 1, []string{"replay needed", `run "dwh transform --replay", then start`}, f.flags()...)
	})
	t.Run("while it runs", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ name, sql, words string }{
			{
				"stale",
				`INSERT INTO dwh_stale (subject, reason, since) VALUES ('f_songplay', 'made again', now())`,
				"dwh transform --replay",
			},
			{"pending", `DELETE FROM goose_db_version WHERE version_id = 5`, `run "dwh migrate up"`},
		} {
			dsn, env := migrated(t)
			g := newFolder(t, 0, 0)
			s := serve(t, env, g.flags()...)
			s.Says("working")
			dwhtest.Query(t, dsn, c.sql)
			g.put("log_data/a.json", []byte(event("1", "free", 1)))
			if got := s.Wait(); got != 1 || !strings.Contains(s.Output(), c.words) {
				t.Errorf("%s: got exit code %d, %s, want 1 and %q", c.name, got, s.Output(), c.words)
			}
			if got := one(t, dsn, countEvents); got != "0" {
				t.Errorf("%s: got %s events staged, want none", c.name, got)
			}
		}
	})
	t.Run("usage", func(t *testing.T) {
		t.Parallel()
		_, env := migrated(t)
		refused(t, env, 2, []string{"no token", "DWH_TOKEN", "unix:"}, append(f.flags(), "--listen", "0.0.0.0:0")...)
		refused(t, env, 2, []string{"--batch-bytes"}, append(f.flags(), "--batch-bytes", "many")...)
		refused(t, env, 2, []string{"song_data, log_data and log_jsonpaths are not given"})
		refused(t, env, 2, []string{"the sources log_data and log_jsonpaths are not given"}, "--song-data", f.root)
		absent := filepath.Join(f.root, "absent")
		refused(
			t, env, 1, []string{"does not exist"}, "--song-data", absent, "--log-data", absent,
			"--log-jsonpaths", absent,
		)
	})
}

// A server on a unix socket answers its owner, and takes its socket along.
func TestSocket(t *testing.T) {
	t.Parallel()
	_, env := migrated(t)
	f := newFolder(t, 0, 0)
	path := filepath.Join(f.root, "dwh.sock")
	s := start(t, env, append([]string{"serve", "--listen", "unix:" + path}, f.flags()...)...)
	s.Says("working")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: got %v, %v, want mode 0600", info, err)
	}
	s.Stop()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("socket after the end: got %v, want none", err)
	}
}

// What a batch refused shows with the batch, and not an hour later with the full check.
func TestWarningsFollowBatches(t *testing.T) {
	t.Parallel()
	dsn, env := migrated(t)
	f := newFolder(t, 0, 0)
	f.put("log_data/good.json", []byte(event("1", "free", 1)))
	s := serve(t, env, f.flags()...)
	awaitOne(t, dsn, countPlays, "1")
	const ok, warn = `<li class="check ok" data-key="rejects-in-last-load">`,
		`<li class="check warn" data-key="rejects-in-last-load">`
	shows := func(want string) {
		t.Helper()
		dwhtest.Await(t, func() string {
			if _, body := s.get("/"); strings.Contains(body, want) {
				return ""
			}
			return "the overview does not hold " + want
		})
	}
	shows(ok)
	f.put("log_data/mixed.json", []byte(event("2", "free", 2)+"{\"ts\": \"soon\"}\n{\"ts\": \"later\"}\n"))
	awaitOne(t, dsn, countPlays, "2")
	shows(warn)
	shows(`<span class="badge">2<span class="badge-words"> in the last load</span></span>`)
	s.Stop()
}
