package crash_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// job is a command that is to survive its own death.
type job struct {
	name  string
	start func(t *testing.T) string // makes a database and returns its DSN
	args  []string
	env   []string   // more than every dwh of these tests sees
	after [][]string // what an operator does next, whether the job was killed or not
	// ledger says that the ledger and staging agree all the way; after a deletion from staging they
	// do not.
	ledger bool
	// reference
	before, done, final state
	hits                []string      // failpoints in order
	messages            int           // sent to the server
	took                time.Duration // as a process
}

// job returns the job of that name.
func (w *world) job(t *testing.T, name string) *job {
	t.Helper()
	i := slices.IndexFunc(w.jobs, func(j *job) bool { return j.name == name })
	if i < 0 {
		t.Fatalf("there is no job %q", name)
	}
	return w.jobs[i]
}

// jobs are the commands that write.
func jobs(w *world) []*job {
	load := w.loadRun()
	transform := append([]string{"transform"}, w.source()...)
	favourite := dwhtest.Query(
		w.t, w.database(w.t, "full"),
		"SELECT mode() WITHIN GROUP (ORDER BY user_id), mode() WITHIN GROUP (ORDER BY song_id) FROM f_songplay",
	)[0]
	eraseUser := []string{"staging", "delete", "--user-id", favourite[0], "--yes"}
	eraseSong := []string{"staging", "delete", "--song-id", favourite[1], "--yes"}
	in := func(state string, sql ...string) func(*testing.T) string {
		return func(t *testing.T) string {
			dsn := w.database(t, state)
			for _, name := range sql {
				dwhtest.Query(t, dsn, name)
			}
			return dsn
		}
	}
	return []*job{
		{
			name: "migrate up", start: in("empty"), args: []string{"migrate", "up"},
			after: [][]string{load}, ledger: true,
		},
		{name: "first run", start: in("migrated"), args: load, after: [][]string{load}, ledger: true},
		{
			name: "first run at once", start: in("migrated"), args: load, env: []string{atOnce},
			after: [][]string{load}, ledger: true,
		},
		{
			name: "large first run at once", start: in("migrated"), args: load,
			env: []string{atOnce, large}, after: [][]string{load}, ledger: true,
		},
		{
			name: "large load alone", start: in("migrated"),
			args: append([]string{"transform", "--only", "010,020,030"}, w.source()...),
			env:  []string{atOnce, large}, after: [][]string{load}, ledger: true,
		},
		{name: "incremental transform", start: in("half"), args: transform, after: [][]string{load}, ledger: true},
		{
			name: "incremental transform at once", start: in("half"), args: transform,
			env: []string{atOnce}, after: [][]string{load}, ledger: true,
		},
		{
			name: "run that replays",
			start: in(
				"half",
				"INSERT INTO dwh_stale (subject, reason, since) VALUES ('d_song', 'as a test wants', now())",
			),
			args: load, after: [][]string{load}, ledger: true,
		},
		{
			name: "replay", start: in("full", damage), args: []string{"transform", "--replay"},
			after: [][]string{{"transform", "--replay"}, load}, ledger: true,
		},
		{
			name: "large replay", start: in("full", damage),
			args: []string{"transform", "--replay"}, env: []string{large},
			after: [][]string{{"transform", "--replay"}, load}, ledger: true,
		},
		{name: "staging delete", start: in("full"), args: eraseUser, after: [][]string{eraseUser, load}},
		{name: "staging delete song", start: in("full"), args: eraseSong, after: [][]string{eraseSong, load}},
		{
			name: "migrate up over rows",
			start: func(t *testing.T) string {
				dsn := w.database(t, "full")
				if err := succeed(
					t, call{dsn: dsn, home: w.home, args: []string{"migrate", "down-to", "3"}},
				); err != nil {
					t.Fatal(err)
				}
				return dsn
			},
			args: []string{"migrate", "up"}, after: [][]string{load}, ledger: true,
		},
		w.retryJob(),
	}
}

// damage is what replay repairs: in every table of the star a row too few, too many or different.
const damage = `
	DELETE FROM d_song WHERE song_id IN (SELECT song_id FROM d_song ORDER BY song_id LIMIT 5);
	UPDATE d_artist SET name = 'damaged' WHERE artist_id IN (SELECT artist_id FROM d_artist ORDER BY artist_id LIMIT 7);
	INSERT INTO d_artist (artist_id, name) VALUES ('NOBODY', 'nobody');
	UPDATE d_user SET level = 'damaged';
	DELETE FROM d_time WHERE hour = 12;
	INSERT INTO d_time VALUES ('1999-01-01 00:00:00', 0, 1, 53, 1, 1999, 4);
	UPDATE f_songplay SET song_id = NULL, artist_id = NULL WHERE song_id IS NOT NULL;
	DELETE FROM f_songplay WHERE songplay_id LIKE '0%'`

// learn does the job undisturbed and keeps what it should come to.
func (j *job) learn(t *testing.T, w *world) {
	t.Helper()
	dsn := j.start(t)
	j.before = snapshot(t, dsn)
	through := newWire(t, dsn, func(message) verdict { return pass })
	done := call{
		dsn: through.dsn, home: w.home, args: j.args, env: j.env,
		failpoint: func(name string) { j.hits = append(j.hits, name) },
	}.run(t.Context())
	if done.code != 0 {
		t.Fatalf("%s undisturbed: %s", j.name, done)
	}
	j.messages = through.messages()
	j.done = snapshot(t, dsn)
	whole(t, j.name+" undisturbed", j.done, j.before, j.done, j.ledger)
	j.recover(t, w, dsn)
	j.final = snapshot(t, dsn)

	child, err := call{dsn: j.start(t), home: w.home, args: j.args, env: j.env}.spawn("")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := child.wait()
	if err != nil || alone.code != 0 {
		t.Fatalf("%s as a process: %v, %s", j.name, err, alone)
	}
	j.took = alone.took
}

// recover does what an operator does next, and verifies.
func (j *job) recover(t *testing.T, w *world, dsn string) {
	t.Helper()
	for _, args := range append(slices.Clone(j.after), []string{"verify"}) {
		if err := succeed(t, call{dsn: dsn, home: w.home, args: args}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// settle checks what a broken job left behind, does what an operator does next, and compares with
// the undisturbed job.
func (j *job) settle(t *testing.T, w *world, dsn string, ended outcome) (lingered time.Duration) {
	t.Helper()
	whole(t, "at once", snapshot(t, dsn), j.before, j.done, j.ledger)
	lingered = awaitGone(t, dsn)
	whole(t, "when the server has noticed", snapshot(t, dsn), j.before, j.done, j.ledger)
	j.recover(t, w, dsn)
	same(t, "in the end", snapshot(t, dsn), j.final)
	if t.Failed() {
		t.Logf("%s: %s", j.name, ended)
	}
	return lingered
}

// kill is one death of a job.
type kill struct {
	job *job
	// One of these three says when.
	point   string // this failpoint, at its n-th hit
	message int    // in place of this message to the server
	after   time.Duration
	n       int
}

func (k kill) String() string {
	switch {
	case k.point != "":
		return fmt.Sprintf("%s/%s %d", k.job.name, k.point, k.n)
	case k.message > 0:
		return fmt.Sprintf("%s/message %d of %d", k.job.name, k.message, k.job.messages)
	}
	return fmt.Sprintf(
		"%s/after %s of %s", k.job.name, k.after.Round(time.Millisecond),
		k.job.took.Round(time.Millisecond),
	)
}

// do kills the job and reports whether it died of it.
func (k kill) do(t *testing.T, w *world) (killed bool, lingered time.Duration) {
	dsn := k.job.start(t)
	c := call{dsn: dsn, home: w.home, args: k.job.args, env: k.job.env}
	end := ""
	if k.point != "" {
		end = fmt.Sprintf("KILL %s %d", k.point, k.n)
	}
	var child *process
	begun := make(chan struct{}) // closed when child is set
	if k.message > 0 {
		c.dsn = newWire(t, dsn, func(m message) verdict {
			if m.n != k.message {
				return pass
			}
			<-begun
			if err := child.command.Process.Kill(); err != nil {
				t.Errorf("kill: %v", err)
			}
			return cutBefore
		}).dsn
	}
	child, err := c.spawn(end)
	if err != nil {
		t.Fatal(err)
	}
	close(begun)
	if k.after > 0 {
		// it may have ended already
		timer := time.AfterFunc(k.after, func() { _ = child.command.Process.Kill() })
		defer timer.Stop()
	}
	ended, err := child.wait()
	if err != nil {
		t.Fatal(err)
	}
	if ended.code != -1 && (k.point != "" || ended.code != 0) {
		t.Errorf("got %s, want it killed", ended)
	}
	return ended.code == -1, k.job.settle(t, w, dsn, ended)
}

// kills kills dwh with SIGKILL: at every named failpoint, in the middle of its talk with the
// server, and at any time.
func (w *world) kills(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	var kills []kill
	rounds := dwhtest.Rounds(t, 1)
	// At every name some job dies; with rounds enough, every job that comes by it.
	for pass := range 1 + rounds/10 {
		died := map[string]bool{}
		for _, i := range random.Perm(len(w.jobs)) {
			j := w.jobs[i]
			times := map[string]int{}
			for _, name := range j.hits {
				times[name]++
			}
			for name, n := range times {
				if pass > 0 || !died[name] {
					died[name] = true
					kills = append(kills, kill{job: j, point: name, n: 1 + random.IntN(n)})
				}
			}
		}
	}
	for round := range rounds {
		for i, j := range w.jobs {
			if (round+i)%2 == 0 {
				kills = append(kills, kill{job: j, message: 1 + random.IntN(j.messages)})
			} else {
				kills = append(
					kills,
					kill{job: j, after: time.Millisecond + time.Duration(random.Int64N(int64(j.took)))},
				)
			}
		}
	}

	var mu sync.Mutex
	deaths, longest := 0, time.Duration(0)
	started := time.Now()
	for _, k := range kills {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			killed, lingered := k.do(t, w)
			mu.Lock()
			defer mu.Unlock()
			if killed {
				deaths++
			}
			longest = max(longest, lingered)
		})
	}
	t.Cleanup(func() { // when all are done
		t.Logf(
			"%d of %d processes were killed in %s; the server noticed within %s", deaths,
			len(kills), time.Since(started).Round(time.Millisecond),
			longest.Round(time.Millisecond),
		)
	})
}

var failpointCall = regexp.MustCompile(`[fF]ailpoint\("([a-z._]+)"( \+ )?`)

// complete fails the test when the source names a failpoint that no job comes by.
func complete(t *testing.T, known map[string]bool) {
	t.Helper()
	var files []string
	for _, folder := range []string{"load", "migration", "publish", "transform"} {
		found, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range failpointCall.FindAllStringSubmatch(string(text), -1) {
			found++
			hit := known[match[1]]
			for name := range known {
				hit = hit || match[2] != "" && strings.HasPrefix(name, match[1])
			}
			if !hit {
				t.Errorf("%s: failpoint %s is hit by no job", filepath.Base(file), match[1])
			}
		}
	}
	if found == 0 {
		t.Errorf("got no failpoint in %q", files)
	}
}
