package crash_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// isQuery tells whether a message is a query that begins so, in upper or lower case.
func isQuery(m message, prefix string) bool {
	body := bytes.TrimSpace(m.body)
	return m.kind == 'Q' && len(body) >= len(prefix) && strings.EqualFold(string(body[:len(prefix)]), prefix)
}

// broken fails the test unless dwh ended as one does that lost its server: exit code 1, and what to
// do about it.
func broken(t *testing.T, ended outcome, want ...string) {
	t.Helper()
	if ended.code != 1 {
		t.Errorf("got %s, want exit code 1", ended)
	}
	for _, text := range want {
		if !strings.Contains(ended.stderr, text) {
			t.Errorf("got stderr %q, want %q in it", ended.stderr, text)
		}
	}
}

// connectionCut resets every connection to PostgreSQL: in the middle of a COPY, just before and
// just after a COMMIT, and at any message.
func (w *world) connectionCut(t *testing.T) {
	first, replay, migrate := w.job(t, "first run"), w.job(t, "replay"), w.job(t, "migrate up")
	const hint = "hint: the connection"

	type cut struct {
		name  string
		job   *job
		judge func() func(message) verdict
		ends  bool // the job cannot help noticing
	}
	// inCopy cuts at the n-th piece of rows that go to the table.
	inCopy := func(table string, n int) func() func(message) verdict {
		return func() func(message) verdict {
			rows, seen := copying{table: table}, 0
			return func(m message) verdict {
				if rows.of(m) {
					if seen++; seen == n {
						return cutAfter
					}
				}
				return pass
			}
		}
	}
	// atQuery cuts at the n-th query that begins so.
	atQuery := func(prefix string, n int, how verdict) func() func(message) verdict {
		return func() func(message) verdict {
			seen := 0
			return func(m message) verdict {
				if isQuery(m, prefix) {
					if seen++; seen == n {
						return how
					}
				}
				return pass
			}
		}
	}
	cuts := []cut{
		{"mid-COPY of songs", first, inCopy("s_song", 2), true},
		{"mid-COPY of events", first, inCopy("s_songplay_event", 2), true},
		{"before the ledger's rows", first, atQuery(`INSERT INTO "s_object"`, 1, cutBefore), true},
		{"after the ledger's rows", first, atQuery(`INSERT INTO "s_object"`, 1, cutAfter), true},
		{"before the first commit", first, atQuery("commit", 1, cutBefore), true},
		{"after the first commit", first, atQuery("commit", 1, cutAfter), true},
		{"before a replay's commit", replay, atQuery("commit", 1, cutBefore), true},
		{"after a replay's commit", replay, atQuery("commit", 1, cutAfter), true},
		{"between DELETE and INSERT of a replay", replay, atQuery("INSERT INTO", 1, cutBefore), true},
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), 2))
	for range dwhtest.Rounds(t, 1) {
		for _, j := range []*job{first, replay, migrate} {
			n, how := 1+random.IntN(j.messages), []verdict{cutBefore, cutAfter}[random.IntN(2)]
			cuts = append(cuts, cut{fmt.Sprintf(
				"%s, message %d of %d, %d", j.name, n, j.messages, how,
			), j, func() func(message) verdict {
				return func(m message) verdict {
					if m.n == n {
						return how
					}
					return pass
				}
			}, false})
		}
	}
	for _, c := range cuts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dsn := c.job.start(t)
			ended := call{
				dsn: newWire(t, dsn, c.judge()).dsn, home: w.home, args: c.job.args, env: c.job.env,
			}.run(t.Context())
			// What is cut while dwh says goodbye, or while the journal is written, need not end it.
			switch {
			case c.ends:
				broken(t, ended, hint)
			case ended.code != 0:
				broken(t, ended, "error: ")
			}
			c.job.settle(t, w, dsn, ended)
		})
	}
}

// serverGone cuts all connections at a failpoint and lets no new one through: not even the journal
// can be written.
func (w *world) serverGone(t *testing.T) {
	first, once := w.job(t, "first run"), w.job(t, "first run at once")
	for point, j := range map[string]*job{
		"load.recorded": first, "transform.built": first, "transform.checked": first,
		"load.copied": once, "first.checked": once,
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dsn := j.start(t)
			through := newWire(t, dsn, func(message) verdict { return pass })
			ended := call{dsn: through.dsn, home: w.home, args: j.args, env: j.env, failpoint: func(name string) {
				if name == point {
					through.Cut(true)
				}
			}}.run(t.Context())
			broken(t, ended, "hint: the connection")
			j.settle(t, w, dsn, ended)
		})
	}
}

// diskFull has the server run out of space (SQLSTATE 53100) at the end of a COPY, and in transforms
// and a replay.
func (w *world) diskFull(t *testing.T) {
	first, replay := w.job(t, "first run"), w.job(t, "replay")
	atCopy := func(n int) func(message) bool {
		return func(m message) bool {
			if m.kind == 'c' {
				n--
			}
			return m.kind == 'c' && n == 0
		}
	}
	atQuery := func(prefix string) func(message) bool {
		return func(m message) bool { return isQuery(m, prefix) }
	}
	for _, tt := range []struct {
		name string
		job  *job
		full func(message) bool
	}{
		{"COPY of songs", first, atCopy(1)},
		{"rows of a ledger", first, atQuery(`INSERT INTO "s_object"`)},
		{"COPY of events", first, atCopy(2)},
		{"a later COPY", first, atCopy(9)},
		{"transform", first, atQuery("-- f_songplay: all of its rows")},
		{"flags", first, atQuery("UPDATE")},
		{"replay built", replay, atQuery("-- d_user: all of its rows")},
		{"replay applied", replay, atQuery("DELETE FROM \"public\".\"f_songplay\"")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dsn := tt.job.start(t)
			var struck atomic.Bool
			through := newWire(t, dsn, func(m message) verdict {
				if !struck.Load() && tt.full(m) {
					struck.Store(true)
					return diskFull
				}
				return pass
			})
			ended := call{dsn: through.dsn, home: w.home, args: tt.job.args, env: tt.job.env}.run(t.Context())
			if !struck.Load() {
				t.Error("the statement did not come")
			}
			broken(t, ended, "No space left on device", "53100", "hint: the server's disk is full")
			tt.job.settle(t, w, dsn, ended)
			if got := dwhtest.Query(
				t, dsn,
				"SELECT count(*) FROM dwh_run WHERE outcome = 'failed' AND error LIKE '%No space left%'",
			)[0][0]; got != "1" {
				t.Errorf("journal: got %s runs that failed of it, want 1", got)
			}
		})
	}
}

// terminated has an administrator end dwh's sessions.
func (w *world) terminated(t *testing.T) {
	first, once, replay := w.job(t, "first run"), w.job(t, "first run at once"), w.job(t, "replay")
	for _, tt := range []struct {
		job   *job
		point string
	}{
		{first, "load.copied"}, {first, "transform.flagged"}, {once, "load.copied"},
		{replay, "replay.deleted.f_songplay"},
	} {
		t.Run(tt.point, func(t *testing.T) {
			t.Parallel()
			dsn := tt.job.start(t)
			struck := false
			ended := call{dsn: dsn, home: w.home, args: tt.job.args, env: tt.job.env, failpoint: func(name string) {
				if name == tt.point && !struck {
					struck = true
					dwhtest.Query(
						t, dsn,
						"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE "+
							"datname = current_database() AND application_name = 'dwh'",
					)
				}
			}}.run(t.Context())
			broken(t, ended, "hint: ")
			tt.job.settle(t, w, dsn, ended)
		})
	}
}

// TestFileGrows appends to a local file after it was listed, and while it is read.
func TestFileGrows(t *testing.T) {
	t.Parallel()
	const line = `{"artist":null,"auth":"Logged ` +
		`In","page":"Home","sessionId":77,"itemInSession":1,"ts":1541121934796,"userId":"7","level":"free"}` + "\n"
	for _, size := range []int{1000, 10 << 20} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			grown := filepath.Join(w.dir, "log_data", "2018", "11", "grows.json")
			var text strings.Builder
			for n := 0; text.Len() < size; n++ {
				text.WriteString(
					strings.Replace(line, `"itemInSession":1`, fmt.Sprintf(`"itemInSession":%d`, n%100), 1),
				)
			}
			if err := os.MkdirAll(filepath.Dir(grown), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(grown, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			grow := func() {
				f, err := os.OpenFile(grown, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = f.WriteString(strings.Replace(line, `"sessionId":77`, `"sessionId":78`, 1))
				if closeErr := f.Close(); err != nil || closeErr != nil {
					t.Error(err, closeErr)
				}
			}
			dsn := w.database(t, "migrated")
			c := call{dsn: dsn, home: w.home, args: w.loadRun(), env: []string{"DWH_LOAD_BUFFER_BYTES=1MiB"}}
			grew := false
			if size < 1<<20 {
				batches := 0
				c.failpoint = func(name string) {
					// Every object of a batch is listed when it begins; the last batch of events
					// has this one.
					if name == "load.begun" {
						batches++
					}
					if name == "load.begun" && !grew && batches == lastEventBatch(w) {
						grew = true
						grow()
					}
				}
			} else {
				// As soon as rows of it arrive. Then dwh still reads the file: its buffers hold 1
				// MiB, and those of the connection about 4 MiB.
				rows, bytesSeen := copying{table: "s_songplay_event"}, 0
				c.dsn = newWire(t, dsn, func(m message) verdict {
					if rows.of(m) && !grew {
						if bytesSeen += len(m.body); bytesSeen > 1<<20 {
							grew = true
							grow()
						}
					}
					return pass
				}).dsn
			}
			ended := c.run(t.Context())
			if !grew {
				t.Fatal("the file was not touched")
			}
			if ended.code != 0 || !strings.Contains(ended.stderr, "grows.json changed while dwh read it") {
				t.Errorf("got %s, want exit code 0 and a warning of the change", ended)
			}
			if got := dwhtest.Query(
				t, dsn,
				"SELECT (SELECT count(*) FROM s_object WHERE url LIKE '%grows.json'), (SELECT "+
					"count(*) FROM s_songplay_event WHERE session_id = 77)",
			)[0]; got[0] != "0" || got[1] != "0" {
				t.Errorf("got %s ledger rows and %s events of the file, want none", got[0], got[1])
			}
			plain := call{dsn: dsn, home: w.home, args: w.loadRun()}
			if err := succeed(t, plain); err != nil {
				t.Fatal(err)
			}
			undisturbed := w.database(t, "migrated")
			if err := succeed(t, call{dsn: undisturbed, home: w.home, args: w.loadRun()}); err != nil {
				t.Fatal(err)
			}
			same(t, "after the next run", snapshot(t, dsn), snapshot(t, undisturbed))
		})
	}
}

// lastEventBatch is the number of the batch that loads the last event object of a first run: songs
// come before events.
func lastEventBatch(w *world) int {
	batches := func(top string) int {
		n := 0
		_ = filepath.WalkDir(filepath.Join(w.dir, top), func(_ string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				n++
			}
			return err
		})
		return (n + batchObjects - 1) / batchObjects
	}
	return batches("song_data") + batches("log_data")
}
