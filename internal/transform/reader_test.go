package transform_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/transforms"
)

// playsOfUser is how many plays a delivery has, all of one user.
const playsOfUser = 7

// whole is one statement, and so one snapshot, that tells what a state of the star would break if
// it were half-built: users with another number of plays, plays without their keys, and titles and
// names that two versions of the transforms wrote.
const whole = `
	SELECT
		(SELECT COUNT(*) FROM (SELECT play.user_id FROM f_songplay AS play GROUP BY play.user_id HAVING COUNT(*) <> 7) AS torn),
		(SELECT COUNT(*) FROM f_songplay AS play LEFT JOIN d_user ON d_user.user_id = play.user_id WHERE d_user.user_id IS NULL),
		(SELECT COUNT(*) FROM f_songplay AS play LEFT JOIN d_time ON d_time.start_time = play.start_time WHERE d_time.start_time IS NULL),
		(SELECT COUNT(*) FROM f_songplay AS play LEFT JOIN d_song ON d_song.song_id = play.song_id WHERE d_song.song_id IS NULL),
		(SELECT COUNT(*) FROM d_song INNER JOIN d_artist ON d_artist.artist_id = d_song.artist_id
			WHERE (d_song.title = UPPER(d_song.title)) <> (d_artist.name = UPPER(d_artist.name))),
		(SELECT COUNT(*) FROM f_songplay)`

// TestReadersSeeWholeStates reads in a loop while runs and replays that rewrite tables go on.
func TestReadersSeeWholeStates(t *testing.T) {
	t.Parallel()
	w := newWarehouse(t)
	s := newSource(t, t.TempDir())
	s.object("song_data/A/1.json", star.Staging{Songs: []star.Song{song("S1", "A1")}}, "lines")
	w.run(s.vars())
	loud := transformed(t, map[string][2]string{
		"110_d_song.sql":   {"    title,", "    UPPER(title) AS title,"},
		"120_d_artist.sql": {"    song.artist_name AS name,", "    UPPER(song.artist_name) AS name,"},
	})
	done := make(chan struct{})
	var longest time.Duration
	var reads, plays int64
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error {
		conn, err := pgx.Connect(ctx, w.dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		for {
			started := time.Now()
			var users, listeners, hours, songs, mixed int64
			if err := conn.QueryRow(ctx, whole).Scan(&users, &listeners, &hours, &songs, &mixed, &plays); err != nil {
				return err
			}
			longest = max(longest, time.Since(started))
			reads++
			if users+listeners+hours+songs+mixed > 0 {
				return fmt.Errorf(
					"a torn state: %d users with other plays, %d plays without user, %d without "+
						"hour, %d without song, %d mixed versions",
					users, listeners, hours, songs, mixed,
				)
			}
			select {
			case <-done:
				return nil
			default:
			}
		}
	})
	group.Go(func() error {
		defer close(done)
		for i := range dwhtest.Rounds(t, 12) {
			var plays []star.Event
			for item := range int64(playsOfUser) {
				plays = append(plays, play(fmt.Sprint(100+i), item+int64(i)*3600))
			}
			s.object(fmt.Sprintf("log_data/%d.json", 100+i), star.Staging{Events: plays}, "lines")
			text := func(o *transform.Options) {
				if i%3 == 0 {
					o.Steps = loud
				}
			}
			// The changed text makes the run a replay, in this round and in the next.
			if _, err := w.runner(s.vars(), text).Run(ctx, "test", nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d reads of up to %d plays, the slowest took %s", reads, plays, longest.Round(10*time.Microsecond))
}

// transformed are the project's transforms with texts replaced.
func transformed(t *testing.T, replace map[string][2]string) []transform.Step {
	t.Helper()
	out := fstest.MapFS{}
	for _, step := range steps(t) {
		name := step.Name + ".sql"
		body, err := transforms.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if texts, ok := replace[name]; ok {
			after := strings.Replace(string(body), texts[0], texts[1], 1)
			if after == string(body) {
				t.Fatalf("%s does not hold %q", name, texts[0])
			}
			body = []byte(after)
		}
		out[name] = &fstest.MapFile{Data: body}
	}
	return read(t, out)
}

// withFile are the project's transforms with a file more.
func withFile(t *testing.T, name, text string) []transform.Step {
	t.Helper()
	out := fstest.MapFS{name: &fstest.MapFile{Data: []byte(text)}}
	for _, step := range steps(t) {
		out[step.Name+".sql"] = &fstest.MapFile{Data: []byte(step.File.Text())}
	}
	return read(t, out)
}

func read(t *testing.T, files fstest.MapFS) []transform.Step {
	t.Helper()
	all, err := transform.Steps(files, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
