package transform_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// TestDeliveriesEndInOneStar delivers songs, events and names in any split and order, with repeats,
// incremental runs, partial runs and replays between them: what the star holds is a function of the
// set of records.
func TestDeliveriesEndInOneStar(t *testing.T) {
	t.Parallel()
	setRounds(t)
	shared := newWarehouse(t)
	rapid.Check(t, func(r *rapid.T) {
		w := shared.with(r)
		w.empty()
		var staged star.Staging
		var history []string
		for range rapid.IntRange(1, 8).Draw(r, "operations") {
			switch operation := rapid.SampledFrom(
				[]string{"songs", "events", "names", "run", "all", "replay", "only", "events", "songs", "erase"},
			).Draw(r, "operation"); operation {
			case "songs", "events", "names", "all":
				var batch star.Staging
				if operation == "songs" || operation == "all" {
					batch.Songs = repeated(r, "songs", staged.Songs, 6, anySong)
				}
				if operation == "events" || operation == "all" {
					batch.Events = repeated(r, "events", staged.Events, 8, anyEvent)
				}
				if operation == "names" || operation == "all" {
					batch.Names = repeated(r, "names", staged.Names, 4, anyName)
				}
				sql := insert(batch)
				history = append(history, sql)
				w.exec(sql)
				staged.Songs = append(staged.Songs, batch.Songs...)
				staged.Events = append(staged.Events, batch.Events...)
				staged.Names = append(staged.Names, batch.Names...)
				// A run between any two deliveries.
				if rapid.Bool().Draw(r, "run") {
					w.run(nil)
					history = append(history, "-- run")
				}
			case "run":
				w.run(nil)
				history = append(history, "-- run")
				w.star(staged, history)
			case "replay":
				rows := rapid.SampledFrom([]int64{0, 1}).Draw(r, "parallel rows")
				w.replay(func(o *transform.Options) { o.ParallelRows = rows })
				history = append(history, "-- replay")
				w.star(staged, history)
			case "erase":
				if what := w.erase(r, &staged); what != "" {
					history = append(history, "-- erase "+what)
					w.star(staged, history)
				}
			case "only":
				number := rapid.SampledFrom([]string{"110", "120", "130", "140", "210"}).Draw(r, "only")
				history = append(history, "-- only "+number)
				_, err := w.runner(nil).Run(r.Context(), "test", []string{number})
				var failed *check.FailedError
				// plays without their users, songs or hours: the gate is right
				if err != nil && !errors.As(err, &failed) {
					r.Fatalf("run only %s: %v", number, err)
				}
			}
		}
		w.run(nil)
		w.star(staged, history)
		w.consistent(history)
	})
}

// erase erases a staged user or song, whose staged rows it takes out of staged too; "" is none.
func (w *warehouse) erase(r *rapid.T, staged *star.Staging) string {
	w.t.Helper()
	var users, songs []string
	for _, e := range staged.Events {
		if e.UserID != nil && strings.TrimRight(*e.UserID, " ") != "" {
			users = append(users, *e.UserID)
		}
	}
	for _, s := range staged.Songs {
		if s.SongID != nil && strings.TrimRight(*s.SongID, " ") != "" {
			songs = append(songs, *s.SongID)
		}
	}
	if len(users)+len(songs) == 0 {
		return ""
	}
	i := rapid.IntRange(0, len(users)+len(songs)-1).Draw(r, "erased")
	same := func(id *string, erased string) bool {
		return id != nil && strings.TrimRight(*id, " ") == strings.TrimRight(erased, " ")
	}
	chosen := transform.Selected{Table: "s_song"}
	if i < len(users) {
		chosen = transform.Selected{
			Table:   "s_songplay_event",
			Matches: []transform.Match{{Column: "user_id", Value: users[i]}},
		}
		staged.Events = slices.DeleteFunc(staged.Events, func(e star.Event) bool { return same(e.UserID, users[i]) })
	} else {
		erased := songs[i-len(users)]
		chosen.Matches = []transform.Match{{Column: "song_id", Value: erased}}
		staged.Songs = slices.DeleteFunc(staged.Songs, func(s star.Song) bool { return same(s.SongID, erased) })
	}
	if _, err := w.runner(nil).Delete(
		r.Context(), "test", transform.Selection{Of: []transform.Selected{chosen}},
	); err != nil {
		r.Fatalf("erase %+v: %v", chosen, err)
	}
	return fmt.Sprintf("%+v", chosen)
}

// TestOrderDoesNotMatter puts the same records in two orders into one run and into one run each.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	setRounds(t)
	shared := newWarehouse(t)
	rapid.Check(t, func(r *rapid.T) {
		w := shared.with(r)
		w.empty()
		var deliveries []star.Staging
		for _, s := range repeated(r, "songs", nil, 5, anySong) {
			deliveries = append(deliveries, star.Staging{Songs: []star.Song{s}})
		}
		for _, e := range repeated(r, "events", nil, 5, anyEvent) {
			deliveries = append(deliveries, star.Staging{Events: []star.Event{e}})
		}
		for _, n := range repeated(r, "names", nil, 2, anyName) {
			deliveries = append(deliveries, star.Staging{Names: []star.Name{n}})
		}
		var staged star.Staging
		var history []string
		for _, staging := range rapid.Permutation(deliveries).Draw(r, "order") {
			history = append(history, insert(staging), "-- run")
			w.exec(insert(staging))
			w.run(nil)
			staged.Songs, staged.Events, staged.Names = append(staged.Songs, staging.Songs...), append(
				staged.Events, staging.Events...,
			), append(staged.Names, staging.Names...)
		}
		w.star(staged, history)
		w.consistent(history)
	})
}

// setRounds makes rapid.Check repeat as often as DWH_TEST_ROUNDS says.
func setRounds(t *testing.T) {
	t.Helper()
	roundsOnce.Do(func() {
		if err := flag.Set("rapid.checks", strconv.Itoa(dwhtest.Rounds(t, 8))); err != nil {
			t.Fatal(err)
		}
	})
}

var roundsOnce sync.Once

// replay makes one replay that has to succeed.
func (w *warehouse) replay(change ...func(*transform.Options)) transform.Result {
	w.t.Helper()
	result, err := w.runner(nil, change...).Replay(w.t.Context(), "test")
	if err != nil {
		w.t.Fatalf("replay: %v", err)
	}
	return result
}

// consistent fails when a replay would change something or a check of error severity fails.
func (w *warehouse) consistent(history []string) {
	w.t.Helper()
	compared, err := w.runner(nil).Compare(w.t.Context())
	if err != nil {
		w.t.Fatalf("compare: %v", err)
	}
	if compared.Changed() {
		w.t.Fatalf("live and rebuilt tables differ: %+v\nafter\n%s", compared.Differences, strings.Join(history, ";\n"))
	}
	results, err := w.runner(nil).Check(w.t.Context(), "", nil)
	if err != nil {
		w.t.Fatalf("check: %v", err)
	}
	if err := check.Failed(results, false); err != nil {
		w.t.Fatalf("%v\nafter\n%s", err, strings.Join(history, ";\n"))
	}
}
