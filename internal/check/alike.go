package check

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/query"
)

// The texts below are PostgreSQL's alone: Redshift plans SongplaysComplete well enough.

// playFilter is what makes an event a songplay.
const playFilter = `CAST(event.page AS BPCHAR) = 'NextSong'
    AND CAST(event.user_id AS BPCHAR) <> ''
    AND event.session_id IS NOT NULL
    AND event.item_in_session IS NOT NULL
    AND event.ts BETWEEN -62135596800000 AND 253402300799999`

// stagedHash is 64 bits of a staged play's user, session and moment, and heldHash the same of a row of f_songplay. Far from today stagedHash's moment is
// rounded: the two differ then, and the check is made.
const (
	stagedHash = `HASHBPCHAREXTENDED(CAST(event.user_id AS BPCHAR), HASHINT8EXTENDED(event.session_id, TIMESTAMP_HASH_EXTENDED(TIMESTAMP 'epoch' + event.ts * INTERVAL '0.001 second', 0)))`
	heldHash   = `HASHTEXTEXTENDED(held.user_id, HASHINT8EXTENDED(held.session_id, TIMESTAMP_HASH_EXTENDED(held.played_at, 0)))`
)

// samePlay joins a play of the parameters with its deliveries.
const samePlay = `event.ts = play.ts AND event.session_id = play.session_id AND event.item_in_session = play.item_in_session`

// repeatedDeliveries finds the plays that may have been delivered more than once, by integers alone: they group faster.
const repeatedDeliveries = `
SELECT event.ts, event.session_id, event.item_in_session
FROM s_songplay_event AS event
WHERE ` + playFilter + `
GROUP BY event.ts, event.session_id, event.item_in_session
HAVING COUNT(*) > 1`

// songplaysAlike compares staging, without what came again of the plays in its parameters, with f_songplay.
const songplaysAlike = `
WITH play AS (
    SELECT UNNEST(CAST($1 AS BIGINT[])) AS ts, UNNEST(CAST($2 AS BIGINT[])) AS session_id, UNNEST(CAST($3 AS INTEGER[])) AS item_in_session
)
SELECT
    staged.plays - again.plays = held.plays
    AND COALESCE(staged.sum, 0) - COALESCE(again.sum, 0) = COALESCE(held.sum, 0)
FROM (
    SELECT COUNT(*) AS plays, SUM(` + stagedHash + `) AS sum
    FROM s_songplay_event AS event
    WHERE ` + playFilter + `
) AS staged
CROSS JOIN (
    SELECT
        COALESCE(SUM(event.deliveries - 1), 0) AS plays,
        SUM((event.deliveries - 1) * CAST(` + stagedHash + ` AS NUMERIC)) AS sum
    FROM (
        SELECT RTRIM(event.user_id) AS user_id, event.ts, event.session_id, event.item_in_session, COUNT(*) AS deliveries
        FROM (
            -- apart, so that either is found by its index
            SELECT event.user_id, event.ts, event.session_id, event.item_in_session
            FROM play
            INNER JOIN s_songplay_event AS event
                ON ` + samePlay + `
            WHERE event.processed AND ` + playFilter + `
            UNION ALL
            SELECT event.user_id, event.ts, event.session_id, event.item_in_session
            FROM play
            INNER JOIN s_songplay_event AS event
                ON ` + samePlay + `
            WHERE NOT event.processed AND ` + playFilter + `
        ) AS event
        GROUP BY RTRIM(event.user_id), event.ts, event.session_id, event.item_in_session
    ) AS event
) AS again
CROSS JOIN (
    SELECT COUNT(*) AS plays, SUM(` + heldHash + `) AS sum
    FROM f_songplay AS held
) AS held`

// repeatedPlays is how many plays with more than one delivery alike looks at. More of them are for SongplaysComplete.
const repeatedPlays = 20_000

// alike compares sums of hashes, and sorts integers, where SongplaysComplete sorts the plays of staging and of f_songplay together, which takes twice as
// long. That two tables differ and have the same sum has a chance of one in 2^64.
func alike() *Screen {
	return &Screen{From: 1, Whole: true, postgres: true, texts: []string{repeatedDeliveries, songplaysAlike}, clean: func(ctx context.Context, db query.Querier) (bool, error) {
		rows, err := db.Query(ctx, repeatedDeliveries)
		if err != nil {
			return false, err
		}
		var moments, sessions []int64
		var items []int32
		var moment, session int64
		var item int32
		_, err = pgx.ForEachRow(rows, []any{&moment, &session, &item}, func() error {
			if len(items) <= repeatedPlays {
				moments, sessions, items = append(moments, moment), append(sessions, session), append(items, item)
			}
			return nil
		})
		if err != nil || len(items) > repeatedPlays {
			return false, err
		}
		if rows, err = db.Query(ctx, songplaysAlike, moments, sessions, items); err != nil {
			return false, err
		}
		return pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	}}
}
