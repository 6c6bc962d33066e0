package check

import (
	"context"
	"math/big"
	"strings"

	"github.com/sparkify/dwh/internal/dwhdb"
)

// The texts below are PostgreSQL's alone. On Redshift SongplaysComplete is made.

// stagedHash is 64 bits of a staged play's user, session and moment in seconds, NULL where one of them is, and heldHash the same of a row of f_songplay. HASHINT8EXTENDED
// folds its argument to 32 bits, the same for 1 and 2^32, so that a session is hashed as a number of 53 bits as well. Far from today the moments are rounded: the
// two may differ then, and the check is made.
const (
	stagedHash = `HASHBPCHAREXTENDED(CAST(event.user_id AS BPCHAR), HASHINT8EXTENDED(event.session_id, HASHFLOAT8EXTENDED(CAST(event.session_id AS DOUBLE PRECISION), HASHFLOAT8EXTENDED(CAST(event.ts AS DOUBLE PRECISION) / 1000, 0))))`
	heldHash   = `HASHTEXTEXTENDED(play.user_id, HASHINT8EXTENDED(play.session_id, HASHFLOAT8EXTENDED(CAST(play.session_id AS DOUBLE PRECISION), HASHFLOAT8EXTENDED(DATE_PART('epoch', play.played_at), 0))))`
)

// narrowHeld is the look at the rows of f_songplay.
var narrowHeld = &look{dwhdb.FSongplaySuspects}

// held sees what alike compares as well, and what enough counts.
var held = &look{strings.Replace(dwhdb.FSongplaySuspects, "COUNT(*) AS plays", "COUNT(*) AS plays, COUNT(play.song_id) AS matched, CAST(SUM("+heldHash+") AS TEXT) AS sum", 1)}

// bareHeld sees just that.
var bareHeld = &look{`SELECT COUNT(*) AS plays, CAST(SUM(` + heldHash + `) AS TEXT) AS sum FROM f_songplay AS play`}

// staged sees it of staging, each play once, however often it was delivered, and how many kinds of NextSong events there are that lack what makes them plays; only that
// there are any says something. It sorts two integers of each NextSong event for that.
var staged = &look{`
SELECT COUNT(play.hash) AS plays, CAST(SUM(play.hash) AS TEXT) AS sum, COUNT(*) - COUNT(play.hash) AS incomplete
FROM (
    SELECT DISTINCT
        CASE
            WHEN CAST(event.user_id AS BPCHAR) <> ''
                AND event.item_in_session IS NOT NULL
                AND event.ts BETWEEN -62135596800000 AND 253402300799999
            THEN ` + stagedHash + `
        END AS hash,
        event.item_in_session
    FROM s_songplay_event AS event
    WHERE CAST(event.page AS BPCHAR) = 'NextSong'
) AS play`}

// alike compares the plays of staging with f_songplay: they are as many, and the sums of their hashes are the same. SongplaysComplete sorts the plays of both
// tables together, which takes three times as long. That they differ all the same has a chance of one in 2^64.
func alike() *Screen {
	return &Screen{From: 1, Whole: true, postgres: true, texts: []string{staged.sql, bareHeld.sql}, clean: func(ctx context.Context, s *Sight, _ bool, _ Settings) (bool, error) {
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
		return wants["plays"].Cmp(has["plays"]) == 0 && wants["sum"].Cmp(has["sum"]) == 0, nil
	}}
}

// keyed tells whether every NextSong event names what it has to.
func keyed() *Screen {
	return seen(staged, func(seen map[string]*big.Int, _ Settings) bool { return seen["incomplete"].Sign() == 0 })
}
