package check

import (
	"context"
	"math/big"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/query"
)

// The texts below are PostgreSQL's alone. On Redshift SongplaysComplete is made.

// playFilter is what makes an event a songplay.
const playFilter = `CAST(event.page AS BPCHAR) = 'NextSong'
    AND CAST(event.user_id AS BPCHAR) <> ''
    AND event.session_id IS NOT NULL
    AND event.item_in_session IS NOT NULL
    AND event.ts BETWEEN -62135596800000 AND 253402300799999`

// stagedHash is 64 bits of a staged play's user, session and moment in seconds, and heldHash the same of a row of f_songplay. HASHINT8EXTENDED folds its
// argument to 32 bits, the same for 1 and 2^32, so that a session is hashed as a number of 53 bits as well. Far from today the moments are rounded: the two
// may differ then, and the check is made.
const (
	stagedHash = `HASHBPCHAREXTENDED(CAST(event.user_id AS BPCHAR), HASHINT8EXTENDED(event.session_id, HASHFLOAT8EXTENDED(CAST(event.session_id AS DOUBLE PRECISION), HASHFLOAT8EXTENDED(CAST(event.ts AS DOUBLE PRECISION) / 1000, 0))))`
	heldHash   = `HASHTEXTEXTENDED(play.user_id, HASHINT8EXTENDED(play.session_id, HASHFLOAT8EXTENDED(CAST(play.session_id AS DOUBLE PRECISION), HASHFLOAT8EXTENDED(DATE_PART('epoch', play.played_at), 0))))`
)

// samePlay joins a play of the parameters with its deliveries.
const samePlay = `event.ts = play.ts AND event.session_id = play.session_id AND event.item_in_session = play.item_in_session`

// narrowHeld is the look at the rows of f_songplay.
var narrowHeld = &look{dwhdb.FSongplaySuspects}

// held sees what alike compares as well, and what enough counts.
var held = &look{strings.Replace(dwhdb.FSongplaySuspects, "COUNT(*) AS plays", "COUNT(*) AS plays, COUNT(play.song_id) AS matched, CAST(SUM("+heldHash+") AS TEXT) AS sum", 1)}

// bareHeld sees just that.
var bareHeld = &look{`SELECT COUNT(*) AS plays, CAST(SUM(` + heldHash + `) AS TEXT) AS sum FROM f_songplay AS play`}

// staged sees it of staging.
var staged = &look{`
SELECT COUNT(*) AS plays, CAST(SUM(` + stagedHash + `) AS TEXT) AS sum
FROM s_songplay_event AS event
WHERE ` + playFilter}

// repeatedDeliveries finds the plays that may have been delivered more than once, by integers alone: they group faster.
const repeatedDeliveries = `
SELECT event.ts, event.session_id, event.item_in_session
FROM s_songplay_event AS event
WHERE ` + playFilter + `
GROUP BY event.ts, event.session_id, event.item_in_session
HAVING COUNT(*) > 1`

// surplus sees what came again of the plays in its parameters.
const surplus = `
WITH play AS (
    SELECT UNNEST(CAST($1 AS BIGINT[])) AS ts, UNNEST(CAST($2 AS BIGINT[])) AS session_id, UNNEST(CAST($3 AS INTEGER[])) AS item_in_session
)
SELECT
    CAST(SUM(event.deliveries - 1) AS BIGINT) AS plays,
    CAST(SUM((event.deliveries - 1) * CAST(` + stagedHash + ` AS NUMERIC)) AS TEXT) AS sum
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
) AS event`

// repeatedPlays is how many plays with more than one delivery alike looks at. More of them are for SongplaysComplete.
const repeatedPlays = 20_000

// alike compares staging, without what came again, with f_songplay: they have as many plays, and one sum of hashes. It sorts integers for that, where
// SongplaysComplete sorts the plays of both tables together, which takes twice as long. That they differ all the same has a chance of one in 2^64.
func alike() *Screen {
	return &Screen{From: 1, Whole: true, postgres: true, texts: []string{repeatedDeliveries, staged.sql, bareHeld.sql}, clean: func(ctx context.Context, s *Sight, _ bool, _ Settings) (bool, error) {
		inFact := bareHeld
		if s.seen[held] != nil {
			inFact = held
		}
		has, err := s.take(ctx, inFact)
		if err != nil {
			return false, err
		}
		wants, err := s.take(ctx, staged)
		if err != nil {
			return false, err
		}
		again, err := repeats(ctx, s.db)
		if err != nil || len(again.items) > repeatedPlays {
			return false, err
		}
		less, err := s.numbers(ctx, surplus, again.moments, again.sessions, again.items)
		if err != nil {
			return false, err
		}
		equal := func(name string) bool {
			return new(big.Int).Sub(wants[name], less[name]).Cmp(has[name]) == 0
		}
		return equal("plays") && equal("sum"), nil
	}}
}

// repeated are plays that were delivered more than once, or another user's with the same integers: all of them, or repeatedPlays and one.
type repeated struct {
	moments, sessions []int64 // s_songplay_event's ts and session_id
	items             []int32
}

func repeats(ctx context.Context, db query.Querier) (r repeated, err error) {
	rows, err := db.Query(ctx, repeatedDeliveries)
	if err != nil {
		return r, err
	}
	var moment, session int64
	var item int32
	_, err = pgx.ForEachRow(rows, []any{&moment, &session, &item}, func() error {
		if len(r.items) <= repeatedPlays {
			r.moments, r.sessions, r.items = append(r.moments, moment), append(r.sessions, session), append(r.items, item)
		}
		return nil
	})
	return r, err
}
