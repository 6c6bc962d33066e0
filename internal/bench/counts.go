package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// counts are the rows of a warehouse.
type counts struct {
	Songs, Events                           int64
	StarSongs, Artists, Users, Hours, Plays int64
	// staged events that are plays, repeated ones included
	Deliveries int64
}

// play is DESIGN's rule for a songplay, as far as it concerns rows alone.
const play = `RTRIM(page) = 'NextSong' AND RTRIM(user_id) <> '' AND session_id IS NOT NULL AND ` +
	`item_in_session IS NOT NULL AND ts IS NOT NULL`

// impliedSQL counts what the star of the staged rows has to hold, without dwh's own SQL.
const impliedSQL = `
WITH play AS MATERIALIZED (
	SELECT RTRIM(user_id) AS user_id, session_id, item_in_session, ts, COUNT(*) AS deliveries
	FROM s_songplay_event WHERE ` + play + ` GROUP BY 1, 2, 3, 4
)
SELECT
	(SELECT COUNT(*) FROM s_song) AS songs,
	(SELECT COUNT(*) FROM s_songplay_event) AS events,
	(SELECT COUNT(DISTINCT RTRIM(song_id)) FROM s_song WHERE RTRIM(song_id) <> '') AS star_songs,
	(SELECT COUNT(DISTINCT RTRIM(artist_id)) FROM s_song WHERE RTRIM(artist_id) <> '') AS artists,
	(SELECT COUNT(DISTINCT user_id) FROM play) AS users,
	(SELECT COUNT(DISTINCT FLOOR(ts / 3600000.0)) FROM play) AS hours,
	COUNT(*) AS plays,
	COALESCE(SUM(deliveries), 0)::BIGINT AS deliveries
FROM play`

// heldSQL counts what a schema's star holds.
const heldSQL = `
SELECT
	(SELECT COUNT(*) FROM s_song) AS songs,
	(SELECT COUNT(*) FROM s_songplay_event) AS events,
	(SELECT COUNT(*) FROM d_song) AS star_songs,
	(SELECT COUNT(*) FROM d_artist) AS artists,
	(SELECT COUNT(*) FROM d_user) AS users,
	(SELECT COUNT(*) FROM d_time) AS hours,
	(SELECT COUNT(*) FROM f_songplay) AS plays,
	0 AS deliveries`

func (l *lab) count(ctx context.Context, database, searchPath, sql string) (c counts, err error) {
	err = l.query(ctx, database, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT set_config('search_path', $1, FALSE)", searchPath); err != nil {
			return err
		}
		return conn.QueryRow(ctx, sql).Scan(
			&c.Songs, &c.Events, &c.StarSongs, &c.Artists, &c.Users, &c.Hours, &c.Plays,
			&c.Deliveries,
		)
	})
	return c, err
}

// implied are the counts that the base implies.
func (l *lab) implied(ctx context.Context) (counts, error) {
	if l.counts != (counts{}) {
		return l.counts, nil
	}
	if err := l.ensure(ctx, staged); err != nil {
		return counts{}, err
	}
	var err error
	l.counts, err = l.count(ctx, string(staged), "public", "SELECT * FROM bench.implied")
	return l.counts, err
}

// verify compares a warehouse with what it has to hold, and its flags.
func (l *lab) verify(ctx context.Context, database string, want counts) error {
	got, err := l.count(ctx, database, "public", heldSQL)
	if err != nil {
		return err
	}
	if err := differ("the star of "+database, got, want); err != nil {
		return err
	}
	var waiting int64
	err = l.query(ctx, database, func(conn *pgx.Conn) error {
		return conn.QueryRow(
			ctx,
			"SELECT (SELECT COUNT(*) FROM s_song WHERE NOT processed) + (SELECT COUNT(*) FROM "+
				"s_songplay_event WHERE NOT processed)",
		).Scan(&waiting)
	})
	if err == nil && waiting != 0 {
		err = &differenceError{fmt.Sprintf("%d staged rows of %s are not flagged", waiting, database)}
	}
	return err
}

// verifyImplied is verify against what the database's own staged rows imply.
func (l *lab) verifyImplied(ctx context.Context, database string) error {
	want, err := l.count(ctx, database, "public", impliedSQL)
	if err != nil {
		return err
	}
	return l.verify(ctx, database, want)
}

// verifyStaged compares the rows of both staging tables.
func (l *lab) verifyStaged(ctx context.Context, database string, songs, events int64) error {
	var gotSongs, gotEvents int64
	err := l.query(ctx, database, func(conn *pgx.Conn) error {
		return conn.QueryRow(
			ctx, "SELECT (SELECT COUNT(*) FROM s_song), (SELECT COUNT(*) FROM s_songplay_event)",
		).Scan(&gotSongs, &gotEvents)
	})
	if err == nil && (gotSongs != songs || gotEvents != events) {
		err = &differenceError{
			fmt.Sprintf(
				"%s holds %d songs and %d events, want %d and %d", database, gotSongs, gotEvents,
				songs, events,
			),
		}
	}
	return err
}

// differenceError says that the results of both sides, or a result and what it has to be, are not
// the same: a ratio of their times would mean nothing.
type differenceError struct{ what string }

func (e *differenceError) Error() string { return e.what }

// differ compares counts, save Deliveries.
func differ(what string, got, want counts) error {
	var words []string
	for _, part := range []struct {
		name      string
		got, want int64
	}{
		{"s_song", got.Songs, want.Songs},
		{"s_songplay_event", got.Events, want.Events},
		{"d_song", got.StarSongs, want.StarSongs},
		{"d_artist", got.Artists, want.Artists},
		{"d_user", got.Users, want.Users},
		{"d_time", got.Hours, want.Hours},
		{"f_songplay", got.Plays, want.Plays},
	} {
		if part.got != part.want {
			words = append(words, fmt.Sprintf("%s has %d rows, want %d", part.name, part.got, part.want))
		}
	}
	if len(words) == 0 {
		return nil
	}
	return &differenceError{what + ": " + strings.Join(words, ", ")}
}
