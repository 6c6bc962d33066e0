-- name: SongplaysComplete :many
-- f_songplay has one row for each songplay in staging, and no other rows.
WITH doubtful AS (
    -- All but a play with one row, however often it was delivered. By the CASE a planner expects
    -- few.
    SELECT
        counted.user_id,
        counted.session_id,
        counted.played_at
    FROM (
        SELECT
            RTRIM(staged.user_id) AS user_id,
            staged.session_id,
            CAST(TIMESTAMP 'epoch' + staged.ts / 1000 * INTERVAL '1 second'
                + MOD(staged.ts, 1000) * INTERVAL '0.001 second' AS TIMESTAMP) AS played_at,
            staged.item_in_session,
            0 AS held
        FROM s_songplay_event AS staged
        WHERE RTRIM(staged.page) = 'NextSong'
            AND RTRIM(staged.user_id) <> ''
            AND staged.session_id IS NOT NULL
            AND staged.item_in_session IS NOT NULL
            AND staged.ts BETWEEN -62135596800000 AND 253402300799999
        UNION ALL
        SELECT
            play.user_id,
            play.session_id,
            play.played_at,
            CAST(NULL AS INTEGER) AS item_in_session,
            1 AS held
        FROM f_songplay AS play
    ) AS counted
    GROUP BY counted.played_at, counted.session_id, counted.user_id
    HAVING CASE WHEN SUM(counted.held) = 1
        AND MIN(counted.item_in_session) = MAX(counted.item_in_session) THEN 0 ELSE 1 END = 1
)
SELECT
    counted.user_id,
    counted.session_id,
    counted.played_at,
    CAST(SUM(counted.staged) AS BIGINT) AS staged,
    CAST(SUM(counted.held) AS BIGINT) AS held
FROM (
    SELECT
        event.user_id,
        event.session_id,
        event.played_at,
        1 AS staged,
        0 AS held
    FROM (
        SELECT DISTINCT
            doubtful.user_id,
            doubtful.session_id,
            doubtful.played_at,
            staged.item_in_session
        FROM doubtful
        INNER JOIN s_songplay_event AS staged
            ON RTRIM(staged.user_id) = doubtful.user_id
            AND staged.session_id = doubtful.session_id
            AND TIMESTAMP 'epoch' + staged.ts / 1000 * INTERVAL '1 second'
                + MOD(staged.ts, 1000) * INTERVAL '0.001 second' = doubtful.played_at
        WHERE RTRIM(staged.page) = 'NextSong'
            AND staged.item_in_session IS NOT NULL
            AND staged.ts BETWEEN -62135596800000 AND 253402300799999
    ) AS event
    UNION ALL
    SELECT
        doubtful.user_id,
        doubtful.session_id,
        doubtful.played_at,
        0 AS staged,
        1 AS held
    FROM doubtful
    INNER JOIN f_songplay AS play
        ON play.user_id = doubtful.user_id
        AND play.session_id = doubtful.session_id
        AND play.played_at = doubtful.played_at
) AS counted
GROUP BY counted.user_id, counted.session_id, counted.played_at
HAVING SUM(counted.staged) <> SUM(counted.held)
ORDER BY counted.user_id, counted.session_id, counted.played_at;

-- name: FSongplayLevelDomain :many
-- Every level in f_songplay is free, paid or NULL.
SELECT
    play.level,
    COUNT(*) OVER (PARTITION BY play.level) AS songplays,
    play.songplay_id
FROM f_songplay AS play
WHERE play.level NOT IN ('free', 'paid')
ORDER BY play.level, play.songplay_id;

-- name: DUserLevelDomain :many
-- Every level in d_user is free, paid or NULL.
SELECT
    listener.user_id,
    listener.level
FROM d_user AS listener
WHERE listener.level NOT IN ('free', 'paid')
ORDER BY listener.user_id;

-- name: DUserGenderDomain :many
-- Every gender in d_user is F, M or NULL.
SELECT
    listener.user_id,
    listener.gender
FROM d_user AS listener
WHERE listener.gender NOT IN ('F', 'M')
ORDER BY listener.user_id;

-- name: SongplayIDHash :many
-- Every songplay_id has 64 lower-case hex digits. The CASE makes the planner expect few violations,
-- so it does not read the table in the order of the key.
SELECT
    play.songplay_id,
    LENGTH(play.songplay_id) AS digits
FROM f_songplay AS play
WHERE CASE WHEN LENGTH(play.songplay_id) = 64 AND LOWER(play.songplay_id) = play.songplay_id THEN 0
    ELSE 1 END = 1
ORDER BY play.songplay_id;

-- name: EventsWithoutKey :many
-- NextSong events without a user, session, item or valid time. They are staged, but they are not
-- songplays.
SELECT
    incomplete.lacks,
    incomplete.user_id,
    incomplete.session_id,
    incomplete.item_in_session,
    incomplete.ts,
    incomplete.artist,
    incomplete.song
FROM (
    SELECT
        CASE
            -- a blank comes before !
            WHEN event.user_id IS NULL OR event.user_id < '!' AND RTRIM(event.user_id) = ''
                THEN 'user_id'
            WHEN event.session_id IS NULL THEN 'session_id'
            WHEN event.item_in_session IS NULL THEN 'item_in_session'
            WHEN event.ts IS NULL THEN 'ts'
            WHEN event.ts NOT BETWEEN -62135596800000 AND 253402300799999
                THEN 'ts between the years 1 and 9999'
        END AS lacks,
        event.user_id,
        event.session_id,
        event.item_in_session,
        event.ts,
        event.artist,
        event.song
    FROM s_songplay_event AS event
    WHERE event.page = 'NextSong'
        OR RTRIM(event.page) = 'NextSong'  -- trimming takes longer than all the rest
) AS incomplete
WHERE incomplete.lacks IS NOT NULL
ORDER BY
    incomplete.lacks,
    incomplete.user_id,
    incomplete.session_id,
    incomplete.item_in_session,
    incomplete.ts,
    incomplete.artist,
    incomplete.song;

-- name: MatchedShare :many
-- The share of plays that are matched to a song is not below the threshold.
SELECT
    share.songplays,
    share.matched,
    CAST(share.matched AS DOUBLE PRECISION) / share.songplays AS matched_share
FROM (
    SELECT
        COUNT(*) AS songplays,
        COUNT(play.song_id) AS matched
    FROM f_songplay AS play
) AS share
WHERE share.songplays > 0
    AND CAST(share.matched AS DOUBLE PRECISION) / share.songplays
        < CAST(sqlc.arg(threshold) AS DOUBLE PRECISION);

-- name: Freshness :many
-- The newest songplay is not older than the maximum age. Without a maximum age the check is off.
SELECT
    newest.played_at
FROM (
    SELECT MAX(play.played_at) AS played_at
    FROM f_songplay AS play
) AS newest
WHERE newest.played_at < CAST(sqlc.arg(oldest) AS TIMESTAMP);

-- name: SongplayPrecheck :one
-- One pass over f_songplay for several checks (PostgreSQL). songplays-complete compares plays and
-- hash_sum with StagedSongplayPrecheck. matched-share divides matched by plays. wrong_levels and
-- wrong_ids count the violations of f-songplay-level and songplay-id-hash. hash_sum adds 64-bit
-- hashes of each play's user, session and time. The hash of an integer first folds it to 32 bits,
-- so 1 and 2^32 give the same hash. Therefore a session is also hashed as a DOUBLE PRECISION, and a
-- time also by its second.
SELECT
    COUNT(*) AS plays,
    COUNT(play.song_id) AS matched,
    COUNT(CASE WHEN play.level NOT IN ('free', 'paid') THEN 1 END) AS wrong_levels,
    COUNT(CASE WHEN LENGTH(play.songplay_id) = 64 AND LOWER(play.songplay_id) = play.songplay_id
        THEN NULL ELSE 1 END) AS wrong_ids,
    CAST(COALESCE(SUM(HASHTEXTEXTENDED(play.user_id,
        HASHINT8EXTENDED(play.session_id,
        HASHFLOAT8EXTENDED(CAST(play.session_id AS DOUBLE PRECISION),
        TIMESTAMP_HASH_EXTENDED(play.played_at,
        TIMESTAMP_HASH_EXTENDED(DATE_TRUNC('second', play.played_at), 0)))))),
            0) AS VARCHAR(64)) AS hash_sum
FROM f_songplay AS play;

-- name: StagedSongplayPrecheck :one
-- The same numbers for staging (PostgreSQL). A play that was delivered several times counts once.
-- incomplete is 0 if events-without-key has no violation. A time is in microseconds since the year
-- 2000. Before 1970 the second is rounded the other way: the sums then differ although the plays
-- are equal, and the check itself decides. The query sorts two integers of each NextSong event.
SELECT
    COUNT(play.hash) AS plays,
    CAST(COALESCE(SUM(play.hash), 0) AS VARCHAR(64)) AS hash_sum,
    COUNT(*) - COUNT(play.hash) AS incomplete
FROM (
    SELECT DISTINCT
        CASE
            WHEN (event.user_id >= '!' OR RTRIM(event.user_id) <> '')  -- a blank comes before !
                AND event.item_in_session IS NOT NULL
                AND event.ts BETWEEN -62135596800000 AND 253402300799999
            THEN HASHBPCHAREXTENDED(event.user_id,
                HASHINT8EXTENDED(event.session_id,
                HASHFLOAT8EXTENDED(CAST(event.session_id AS DOUBLE PRECISION),
                HASHINT8EXTENDED(event.ts * 1000 - 946684800000000,
                HASHINT8EXTENDED(event.ts / 1000 * 1000000 - 946684800000000, 0)))))
        END AS hash,
        event.item_in_session
    FROM s_songplay_event AS event
    WHERE event.page = 'NextSong'
        OR RTRIM(event.page) = 'NextSong'
) AS play;
