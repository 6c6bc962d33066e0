-- name: DSongUnique :many
-- d_song holds a song_id once.
SELECT
    song.song_id,
    COUNT(*) AS copies
FROM d_song AS song
GROUP BY song.song_id
HAVING COUNT(*) > 1
ORDER BY song.song_id;

-- name: DArtistUnique :many
-- d_artist holds an artist_id once.
SELECT
    artist.artist_id,
    COUNT(*) AS copies
FROM d_artist AS artist
GROUP BY artist.artist_id
HAVING COUNT(*) > 1
ORDER BY artist.artist_id;

-- name: DUserUnique :many
-- d_user holds a user_id once.
SELECT
    listener.user_id,
    COUNT(*) AS copies
FROM d_user AS listener
GROUP BY listener.user_id
HAVING COUNT(*) > 1
ORDER BY listener.user_id;

-- name: DTimeUnique :many
-- d_time holds an hour once.
SELECT
    d_time.start_time,
    COUNT(*) AS copies
FROM d_time
GROUP BY d_time.start_time
HAVING COUNT(*) > 1
ORDER BY d_time.start_time;

-- name: FSongplayUnique :many
-- f_songplay holds a songplay_id once.
SELECT
    play.songplay_id,
    COUNT(*) AS copies
FROM f_songplay AS play
GROUP BY play.songplay_id
HAVING COUNT(*) > 1
ORDER BY play.songplay_id;

-- name: DSongKeyPresent :many
-- d_song has no row without a key.
SELECT
    song.song_id,
    song.title
FROM d_song AS song
WHERE song.song_id IS NULL
    OR song.song_id = ''
ORDER BY song.title;

-- name: DArtistKeyPresent :many
-- d_artist has no row without a key.
SELECT
    artist.artist_id,
    artist.name
FROM d_artist AS artist
WHERE artist.artist_id IS NULL
    OR artist.artist_id = ''
ORDER BY artist.name;

-- name: DUserKeyPresent :many
-- d_user has no row without a key.
SELECT
    listener.user_id,
    listener.first_name,
    listener.last_name
FROM d_user AS listener
WHERE listener.user_id IS NULL
    OR listener.user_id = ''
ORDER BY listener.last_name, listener.first_name;

-- name: DTimeKeyPresent :many
-- d_time has no row without a key.
SELECT
    d_time.start_time,
    d_time.hour
FROM d_time
WHERE d_time.start_time IS NULL
ORDER BY d_time.hour;

-- name: FSongplayKeyPresent :many
-- f_songplay has no row without its own key, its user's or its time's.
SELECT
    play.songplay_id,
    play.user_id,
    play.start_time,
    play.played_at,
    play.session_id
FROM f_songplay AS play
WHERE play.songplay_id IS NULL
    OR play.songplay_id = ''
    OR play.user_id IS NULL
    OR play.user_id = ''
    OR play.start_time IS NULL
    OR play.played_at IS NULL
    OR play.session_id IS NULL
ORDER BY play.songplay_id;

-- name: FSongplayUserExists :many
-- Every user_id of f_songplay stands in d_user.
SELECT
    play.user_id,
    COUNT(*) OVER (PARTITION BY play.user_id) AS songplays,
    play.songplay_id
FROM f_songplay AS play
LEFT JOIN d_user AS listener
    ON listener.user_id = play.user_id
WHERE listener.user_id IS NULL
ORDER BY play.user_id, play.songplay_id;

-- name: FSongplayTimeExists :many
-- Every start_time of f_songplay stands in d_time.
SELECT
    play.start_time,
    COUNT(*) OVER (PARTITION BY play.start_time) AS songplays,
    play.songplay_id
FROM f_songplay AS play
LEFT JOIN d_time
    ON d_time.start_time = play.start_time
WHERE d_time.start_time IS NULL
ORDER BY play.start_time, play.songplay_id;

-- name: FSongplaySongExists :many
-- Every song_id of f_songplay stands in d_song.
SELECT
    play.song_id,
    COUNT(*) OVER (PARTITION BY play.song_id) AS songplays,
    play.songplay_id
FROM f_songplay AS play
LEFT JOIN d_song AS song
    ON song.song_id = play.song_id
WHERE play.song_id IS NOT NULL
    AND song.song_id IS NULL
ORDER BY play.song_id, play.songplay_id;

-- name: FSongplayArtistExists :many
-- Every artist_id of f_songplay stands in d_artist.
SELECT
    play.artist_id,
    COUNT(*) OVER (PARTITION BY play.artist_id) AS songplays,
    play.songplay_id
FROM f_songplay AS play
LEFT JOIN d_artist AS artist
    ON artist.artist_id = play.artist_id
WHERE play.artist_id IS NOT NULL
    AND artist.artist_id IS NULL
ORDER BY play.artist_id, play.songplay_id;

-- name: SongplaysComplete :many
-- Every songplay in staging is a row of f_songplay, and the other way round.
WITH doubtful AS (
    -- all but one play, however often it was delivered, and one row. Asked this way, a planner expects few.
    SELECT
        counted.user_id,
        counted.session_id,
        counted.played_at
    FROM (
        SELECT
            RTRIM(staged.user_id) AS user_id,
            staged.session_id,
            TIMESTAMP 'epoch' + staged.ts / 1000 * INTERVAL '1 second' + MOD(staged.ts, 1000) * INTERVAL '0.001 second' AS played_at,
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
    HAVING CASE WHEN SUM(counted.held) = 1 AND MIN(counted.item_in_session) = MAX(counted.item_in_session) THEN 0 ELSE 1 END = 1
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
            AND TIMESTAMP 'epoch' + staged.ts / 1000 * INTERVAL '1 second' + MOD(staged.ts, 1000) * INTERVAL '0.001 second' = doubtful.played_at
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

-- name: StagedUnprocessed :many
-- Nothing staged is left unprocessed.
SELECT
    waiting.table_name,
    waiting.unprocessed
FROM (
    SELECT 's_song' AS table_name, COUNT(*) AS unprocessed FROM s_song AS song WHERE NOT song.processed
    UNION ALL
    SELECT 's_songplay_event' AS table_name, COUNT(*) AS unprocessed FROM s_songplay_event AS event WHERE NOT event.processed
    UNION ALL
    SELECT 's_name' AS table_name, COUNT(*) AS unprocessed FROM s_name AS name WHERE NOT name.processed
) AS waiting
WHERE waiting.unprocessed > 0
ORDER BY waiting.table_name;

-- name: FSongplayLevelDomain :many
-- A level in f_songplay is free or paid, or unknown.
SELECT
    play.level,
    COUNT(*) OVER (PARTITION BY play.level) AS songplays,
    play.songplay_id
FROM f_songplay AS play
WHERE play.level NOT IN ('free', 'paid')
ORDER BY play.level, play.songplay_id;

-- name: DUserLevelDomain :many
-- A level in d_user is free or paid, or unknown.
SELECT
    listener.user_id,
    listener.level
FROM d_user AS listener
WHERE listener.level NOT IN ('free', 'paid')
ORDER BY listener.user_id;

-- name: DUserGenderDomain :many
-- A gender in d_user is F or M, or unknown.
SELECT
    listener.user_id,
    listener.gender
FROM d_user AS listener
WHERE listener.gender NOT IN ('F', 'M')
ORDER BY listener.user_id;

-- name: SongplayIDHash :many
-- A songplay_id is 64 digits long, in lower case. Asked this way, a planner expects few violations, and does not read the table in the order of its key.
SELECT
    play.songplay_id,
    LENGTH(play.songplay_id) AS digits
FROM f_songplay AS play
WHERE CASE WHEN LENGTH(play.songplay_id) = 64 AND LOWER(play.songplay_id) = play.songplay_id THEN 0 ELSE 1 END = 1
ORDER BY play.songplay_id;

-- name: FSongplaySuspects :one
-- How many rows of f_songplay may break one of the rules that a row shows by itself: where there are none, one look at the table has made FSongplayKeyPresent,
-- FSongplayUserExists, FSongplayTimeExists, FSongplaySongExists, FSongplayArtistExists, FSongplayLevelDomain and SongplayIDHash.
SELECT
    COUNT(*) AS plays,
    CAST(COALESCE(SUM(
        CASE
            WHEN listener.user_id <> ''
                AND d_time.start_time IS NOT NULL
                AND (play.song_id IS NULL OR song.song_id IS NOT NULL)
                AND (play.artist_id IS NULL OR artist.artist_id IS NOT NULL)
                AND (play.level IS NULL OR play.level IN ('free', 'paid'))
                AND play.played_at IS NOT NULL
                AND play.session_id IS NOT NULL
                AND LENGTH(play.songplay_id) = 64
                AND LOWER(play.songplay_id) = play.songplay_id
            THEN 0
            ELSE 1
        END
    ), 0) AS BIGINT) AS suspects
FROM f_songplay AS play
LEFT JOIN d_user AS listener
    ON listener.user_id = play.user_id
LEFT JOIN d_time
    ON d_time.start_time = play.start_time
LEFT JOIN d_song AS song
    ON song.song_id = play.song_id
LEFT JOIN d_artist AS artist
    ON artist.artist_id = play.artist_id;

-- name: EventsWithoutKey :many
-- NextSong events that lack a user, a session, an item or a usable time; they are staged, and no songplays.
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
            WHEN event.user_id IS NULL OR event.user_id < '!' AND RTRIM(event.user_id) = '' THEN 'user_id'  -- a blank comes before !
            WHEN event.session_id IS NULL THEN 'session_id'
            WHEN event.item_in_session IS NULL THEN 'item_in_session'
            WHEN event.ts IS NULL THEN 'ts'
            WHEN event.ts NOT BETWEEN -62135596800000 AND 253402300799999 THEN 'ts between the years 1 and 9999'
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
-- The share of plays that know their song is not below the threshold.
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
    AND CAST(share.matched AS DOUBLE PRECISION) / share.songplays < CAST(sqlc.arg(threshold) AS DOUBLE PRECISION);

-- name: RejectsInLastLoad :many
-- The last load refused no record.
SELECT
    reject.table_name,
    reject.url,
    reject.line,
    reject.column_name,
    reject.reason
FROM s_reject AS reject
INNER JOIN (
    SELECT MAX(latest.load_id) AS load_id
    FROM (
        SELECT s_object.load_id FROM s_object
        UNION ALL
        SELECT s_reject.load_id FROM s_reject
    ) AS latest
) AS last_load
    ON last_load.load_id = reject.load_id
ORDER BY reject.table_name, reject.url, reject.line, reject.column_name, reject.reason;

-- name: Freshness :many
-- The newest songplay is not older than the maximum age; off unless one is configured.
SELECT
    newest.played_at
FROM (
    SELECT MAX(play.played_at) AS played_at
    FROM f_songplay AS play
) AS newest
WHERE newest.played_at < CAST(sqlc.arg(oldest) AS TIMESTAMP);
