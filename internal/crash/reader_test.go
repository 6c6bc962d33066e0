package crash_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// starDigest tells the whole star in one line.
func starDigest() string {
	var parts []string
	for _, name := range starTables {
		parts = append(
			parts,
			"(SELECT '"+name+
				" ' || count(*) || ' ' || coalesce(md5(string_agg(row::text, '|' ORDER BY "+
				"row::text)), '') FROM "+name+" AS row)",
		)
	}
	return "SELECT " + strings.Join(parts, " || ', ' || ")
}

// dangling counts the keys of the fact that lead nowhere.
const dangling = `
	SELECT count(*) FROM f_songplay AS play
	LEFT JOIN d_time AS hour ON hour.start_time = play.start_time
	LEFT JOIN d_user AS listener ON listener.user_id = play.user_id
	LEFT JOIN d_song AS song ON song.song_id = play.song_id
	LEFT JOIN d_artist AS artist ON artist.artist_id = play.artist_id
	WHERE hour.start_time IS NULL OR listener.user_id IS NULL
		OR (play.song_id IS NOT NULL AND song.song_id IS NULL) OR (play.artist_id IS NOT NULL AND artist.artist_id IS NULL)`

// reading is what a reader found.
type reading struct {
	seen     map[string]int // digests
	dangling map[string]int // digests with keys that lead nowhere
	rounds   int
	longest  time.Duration // of a query
}

// readOn reads the star in one snapshot after another until stop is closed.
func readOn(ctx context.Context, dsn string, stop <-chan struct{}) (reading, error) {
	out := reading{seen: map[string]int{}, dangling: map[string]int{}}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return out, err
	}
	defer conn.Close(ctx)
	// No reader is blocked longer than this: one that waits longer for anybody's lock fails.
	if _, err := conn.Exec(ctx, "SET lock_timeout = '50ms'"); err != nil {
		return out, err
	}
	timed := func(work func() error) error {
		started := time.Now()
		err := work()
		out.longest = max(out.longest, time.Since(started))
		return err
	}
	for {
		select {
		case <-stop:
			return out, nil
		default:
		}
		var digest string
		var lost int
		err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{
			IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly,
		}, func(tx pgx.Tx) error {
			if err := timed(func() error { return tx.QueryRow(ctx, dangling).Scan(&lost) }); err != nil {
				return err
			}
			return timed(func() error { return tx.QueryRow(ctx, starDigest()).Scan(&digest) })
		})
		if err != nil {
			return out, err
		}
		out.rounds++
		out.seen[digest]++
		if lost > 0 {
			out.dangling[digest]++
		}
	}
}

// readers has readers look on while a warehouse is loaded, transformed, damaged and replayed. They
// see only states that were committed, wait for no lock longer than 50 ms, and how long their
// queries took is printed.
func (w *world) readers(t *testing.T) {
	dsn := w.database(t, "half")
	f := func(query string) string { return dwhtest.Query(t, dsn, query)[0][0] }

	// With nobody else about, for comparison.
	stop := make(chan struct{})
	var calm reading
	var group errgroup.Group
	group.Go(func() (err error) { calm, err = readOn(t.Context(), dsn, stop); return err })
	time.Sleep(200 * time.Millisecond)
	close(stop)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}

	committed := map[string]string{f(starDigest()): "the first stage"}
	damaged := map[string]bool{}
	stop = make(chan struct{})
	readers := make([]reading, 2)
	group = errgroup.Group{}
	for i := range readers {
		group.Go(func() (err error) { readers[i], err = readOn(t.Context(), dsn, stop); return err })
	}
	// A reader that began before keeps what it has.
	early, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close(t.Context())
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE plays CURSOR FOR SELECT songplay_id " +
		"FROM f_songplay; FETCH 1 FROM plays"
	if _, err := early.Exec(t.Context(), begin); err != nil {
		t.Fatal(err)
	}
	plays := f("SELECT count(*) FROM f_songplay")

	step := func(what string, args ...string) {
		if err := succeed(t, call{dsn: dsn, home: w.home, args: args}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		committed[f(starDigest())] = what
	}
	step("the second stage", w.loadRun()...)
	for round := range 2 + dwhtest.Rounds(t, 1) {
		dwhtest.Query(t, dsn, "BEGIN;"+damage+"; COMMIT")
		digest := f(starDigest())
		committed[digest], damaged[digest] = fmt.Sprintf("damage %d", round), true
		step(fmt.Sprintf("replay %d", round), "transform", "--replay")
		// Rows that wait again: an incremental run recomputes their keys, and ends where it began.
		dwhtest.Query(
			t, dsn,
			"UPDATE s_songplay_event SET processed = FALSE WHERE item_in_session % 3 = 1; UPDATE "+
				"s_song SET processed = FALSE",
		)
		step(fmt.Sprintf("transform %d", round), w.loadRun()...)
	}
	close(stop)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	rest, err := early.Exec(t.Context(), "FETCH ALL FROM plays")
	if err != nil {
		t.Errorf("the early reader: %v", err)
	}
	if got := fmt.Sprint(rest.RowsAffected() + 1); got != plays {
		t.Errorf("the early reader: got %s songplays, want %s", got, plays)
	}
	for i, r := range readers {
		for digest, times := range r.seen {
			if committed[digest] == "" {
				t.Errorf("reader %d saw %d times a state that nobody committed: %s", i, times, digest)
			}
			if r.dangling[digest] > 0 && !damaged[digest] {
				t.Errorf("reader %d saw keys that lead nowhere in %s", i, committed[digest])
			}
		}
		t.Logf(
			"reader %d: %d snapshots of %d states in %d committed ones, the longest query took "+
				"%s (with nobody else about: %s)",
			i, r.rounds, len(r.seen), len(committed), r.longest.Round(100*time.Microsecond),
			calm.longest.Round(100*time.Microsecond),
		)
	}
}
