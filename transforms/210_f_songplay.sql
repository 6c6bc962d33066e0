-- f_songplay: one row per songplay.
-- reads:  s_songplay_event, s_song
-- writes: f_songplay

-- Blanks at the end of a page, a user, an artist or a song do not count. PostgreSQL does not count those of a BPCHAR, and compares one in half the time that RTRIM takes
-- (https://www.postgresql.org/docs/current/datatype-character.html).

-- Millions of plays, of which hardly one repeats, PostgreSQL groups twice as fast by sorting, though it expects the opposite.
/*postgres*/ SET LOCAL enable_hashagg = off /*redshift*/;

-- What tells the plays that this run has to recompute, and how many deliveries of each are new: integers alone, so that finding them is
-- cheap; a play of another user that shares them is recomputed too, and comes out as it was. Beside the new ones, a song that
-- arrives after its plays heals them: those of the same title and artist, and those of an artist whose smallest artist_id falls or first
-- appears. Such a play may stand here twice, once as new. Where nothing was built before, only what was delivered more than once needs to.
CREATE TABLE touched_play AS
SELECT
    fresh.session_id,
    fresh.item_in_session,
    fresh.ts,
    fresh.deliveries
FROM (
    SELECT
        event.session_id,
        event.item_in_session,
        event.ts,
        COUNT(*) AS deliveries
    FROM s_songplay_event AS event
    WHERE NOT event.processed
        AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
        AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
        AND event.session_id IS NOT NULL
        AND event.item_in_session IS NOT NULL
        AND event.ts BETWEEN -62135596800000 AND 253402300799999  -- years 1 to 9999, what a TIMESTAMP holds
    GROUP BY event.ts, event.session_id, event.item_in_session
) AS fresh
WHERE fresh.deliveries > 1
    OR EXISTS (SELECT 1 FROM f_songplay)
UNION ALL
SELECT
    healed.session_id,
    healed.item_in_session,
    healed.ts,
    0 AS deliveries
FROM (
    SELECT
        event.session_id,
        event.item_in_session,
        event.ts
    FROM (
        SELECT DISTINCT
            RTRIM(song.artist_name) AS artist,
            RTRIM(song.title) AS title
        FROM s_song AS song
        WHERE NOT song.processed
            AND RTRIM(song.song_id) <> ''
            AND RTRIM(song.artist_id) <> ''
    ) AS late
    INNER JOIN s_songplay_event AS event
        ON RTRIM(event.artist) = late.artist
        AND RTRIM(event.song) = late.title
        /*postgres*/ AND HASHBPCHAR(CAST(event.artist AS BPCHAR)) = HASHBPCHAR(CAST(late.artist AS BPCHAR)) AND HASHBPCHAR(CAST(event.song AS BPCHAR)) = HASHBPCHAR(CAST(late.title AS BPCHAR)) /*redshift*/
    WHERE event.processed
        AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
        AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
        AND event.session_id IS NOT NULL
        AND event.item_in_session IS NOT NULL
        AND event.ts BETWEEN -62135596800000 AND 253402300799999
    UNION
    SELECT
        event.session_id,
        event.item_in_session,
        event.ts
    FROM (
        SELECT
            arrived.artist,
            MIN(CASE WHEN song.processed THEN RTRIM(song.artist_id) END) AS before,
            MIN(RTRIM(song.artist_id)) AS after
        FROM (
            SELECT DISTINCT
                RTRIM(song.artist_name) AS artist
            FROM s_song AS song
            WHERE NOT song.processed
                AND RTRIM(song.artist_id) <> ''
        ) AS arrived
        INNER JOIN s_song AS song
            ON RTRIM(song.artist_name) = arrived.artist
        WHERE RTRIM(song.artist_id) <> ''
        GROUP BY arrived.artist
    ) AS lowest
    INNER JOIN s_songplay_event AS event
        ON RTRIM(event.artist) = lowest.artist
        /*postgres*/ AND HASHBPCHAR(CAST(event.artist AS BPCHAR)) = HASHBPCHAR(CAST(lowest.artist AS BPCHAR)) /*redshift*/
    WHERE (lowest.before IS NULL OR lowest.after < lowest.before)
        AND event.processed
        AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
        AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
        AND event.session_id IS NOT NULL
        AND event.item_in_session IS NOT NULL
        AND event.ts BETWEEN -62135596800000 AND 253402300799999
) AS healed;

/*postgres*/ SET LOCAL enable_hashagg = DEFAULT /*redshift*/;

/*postgres*/ ANALYZE touched_play /*redshift*/;

-- Their deliveries that are processed.
CREATE TABLE earlier_delivery AS
SELECT
    event.artist, event.auth, event.first_name, event.gender, event.item_in_session, event.last_name, event.length, event.level, event.location,
    event.method, event.page, event.registration, event.session_id, event.song, event.status, event.ts, event.user_agent, event.user_id, event.processed
FROM (
    SELECT DISTINCT
        play.session_id,
        play.item_in_session,
        play.ts
    FROM touched_play AS play
) AS touched
INNER JOIN s_songplay_event AS event
    ON event.session_id = touched.session_id
    AND event.item_in_session = touched.item_in_session
    AND event.ts = touched.ts
WHERE event.processed;

/*postgres*/ ANALYZE earlier_delivery /*redshift*/;

-- Every delivery of those plays, whether new or processed; all that is new stands here, so that the checks see what
-- a play was made from.
CREATE VIEW touched_s_songplay_event AS
SELECT
    event.artist, event.auth, event.first_name, event.gender, event.item_in_session, event.last_name, event.length, event.level, event.location,
    event.method, event.page, event.registration, event.session_id, event.song, event.status, event.ts, event.user_agent, event.user_id, event.processed
FROM s_songplay_event AS event
WHERE NOT event.processed
UNION ALL
SELECT
    earlier.artist, earlier.auth, earlier.first_name, earlier.gender, earlier.item_in_session, earlier.last_name, earlier.length, earlier.level, earlier.location,
    earlier.method, earlier.page, earlier.registration, earlier.session_id, earlier.song, earlier.status, earlier.ts, earlier.user_agent, earlier.user_id,
    earlier.processed
FROM earlier_delivery AS earlier;

-- Those with more than one delivery, by the same integers. Only these need a pick: ordering every play by all of its columns costs more
-- than all the rest.
CREATE TABLE repeated_play AS
SELECT
    touched.session_id,
    touched.item_in_session,
    touched.ts
FROM touched_play AS touched
WHERE touched.deliveries > 1
UNION
SELECT
    touched.session_id,
    touched.item_in_session,
    touched.ts
FROM touched_play AS touched
INNER JOIN earlier_delivery AS earlier
    ON earlier.session_id = touched.session_id
    AND earlier.item_in_session = touched.item_in_session
    AND earlier.ts = touched.ts
WHERE /*postgres*/ CAST(earlier.page AS BPCHAR) /*redshift RTRIM(earlier.page) */ = 'NextSong'
GROUP BY touched.session_id, touched.item_in_session, touched.ts, touched.deliveries
HAVING touched.deliveries + COUNT(*) > 1;

/*postgres*/ ANALYZE repeated_play /*redshift*/;

-- One delivery of each of those: among those with one id the first counts.
CREATE TABLE picked_play AS
SELECT
    pick.user_id,
    pick.session_id,
    pick.item_in_session,
    pick.ts,
    pick.artist,
    pick.song,
    pick.length,
    pick.level,
    pick.location,
    pick.user_agent
FROM (
    SELECT
        RTRIM(event.user_id) AS user_id,
        event.session_id,
        event.item_in_session,
        event.ts,
        RTRIM(event.artist) AS artist,
        RTRIM(event.song) AS song,
        event.length,
        RTRIM(event.level) AS level,
        RTRIM(event.location) AS location,
        RTRIM(event.user_agent) AS user_agent,
        ROW_NUMBER() OVER (
            PARTITION BY RTRIM(event.user_id), event.session_id, event.item_in_session, event.ts
            ORDER BY
                RTRIM(event.song),
                RTRIM(event.artist),
                event.length,
                RTRIM(event.level),
                RTRIM(event.location),
                RTRIM(event.user_agent),
                RTRIM(event.first_name),
                RTRIM(event.last_name),
                RTRIM(event.gender)
        ) AS place
    FROM repeated_play AS repeated
    INNER JOIN touched_s_songplay_event AS event
        ON event.session_id = repeated.session_id
        AND event.item_in_session = repeated.item_in_session
        AND event.ts = repeated.ts
    WHERE /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
        AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
) AS pick
WHERE pick.place = 1;

-- The artists whose songs are looked up: those who were played, and where nothing was built before, all.
CREATE TABLE played_artist AS
SELECT
    RTRIM(event.artist) AS artist
FROM touched_s_songplay_event AS event
WHERE /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
    AND EXISTS (SELECT 1 FROM f_songplay)
UNION
SELECT
    RTRIM(song.artist_name) AS artist
FROM s_song AS song
WHERE NOT EXISTS (SELECT 1 FROM f_songplay);

/*postgres*/ ANALYZE played_artist /*redshift*/;

-- Their songs that are staged.
CREATE TABLE played_song AS
SELECT
    played.artist,
    RTRIM(song.title) AS song,
    RTRIM(song.song_id) AS song_id,
    RTRIM(song.artist_id) AS artist_id
FROM played_artist AS played
INNER JOIN s_song AS song
    ON RTRIM(song.artist_name) = played.artist
WHERE RTRIM(song.artist_id) <> '';

-- The smallest artist_id of each that has one.
CREATE TABLE matched_artist AS
SELECT
    played.artist,
    MIN(played.artist_id) AS artist_id
FROM played_song AS played
GROUP BY played.artist;

/*postgres*/ ANALYZE matched_artist /*redshift*/;

-- Their titles. Nearly all are one song, whatever the length that was played; of those that are several, the title once more.
CREATE TABLE known_title AS
SELECT
    played.artist,
    played.song,
    MIN(played.song_id) AS song_id,
    MIN(played.artist_id) AS artist_id,
    CASE WHEN MIN(played.song_id) <> MAX(played.song_id) OR MIN(played.artist_id) <> MAX(played.artist_id) THEN played.song END AS shared
FROM played_song AS played
WHERE played.song_id <> ''
GROUP BY played.artist, played.song;

/*postgres*/ ANALYZE known_title (artist, song, shared) /*redshift*/;

-- These, and the lengths of them that were played.
CREATE TABLE shared_title AS
SELECT
    title.artist,
    title.song
FROM known_title AS title
WHERE title.shared IS NOT NULL;

/*postgres*/ ANALYZE shared_title /*redshift*/;

CREATE TABLE played_title AS
SELECT DISTINCT
    title.artist,
    title.song,
    event.length
FROM shared_title AS title
INNER JOIN touched_s_songplay_event AS event
    ON RTRIM(event.artist) = title.artist
    AND RTRIM(event.song) = title.song
WHERE /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong';

/*postgres*/ ANALYZE played_title /*redshift*/;

-- The song of each of those lengths: the nearest in duration.
CREATE TABLE nearest_song AS
SELECT
    pick.artist,
    pick.song,
    pick.length,
    pick.song_id,
    pick.artist_id
FROM (
    SELECT
        played.artist,
        played.song,
        played.length,
        RTRIM(song.song_id) AS song_id,
        RTRIM(song.artist_id) AS artist_id,
        ROW_NUMBER() OVER (
            PARTITION BY played.artist, played.song, played.length
            ORDER BY
                CASE WHEN played.length IS NULL THEN 0 ELSE ABS(song.duration - played.length) END,
                RTRIM(song.song_id),
                RTRIM(song.artist_id)
        ) AS place
    FROM played_title AS played
    INNER JOIN s_song AS song
        ON RTRIM(song.artist_name) = played.artist
        AND RTRIM(song.title) = played.song
    WHERE RTRIM(song.song_id) <> ''
        AND RTRIM(song.artist_id) <> ''
) AS pick
WHERE pick.place = 1;

/*postgres*/ ANALYZE nearest_song /*redshift*/;

-- The first branch of the union is by far the larger: no table holds it before it is what f_songplay will be.
CREATE TABLE touched_f_songplay AS
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(play.name, 'UTF8')), 'hex') /*redshift SHA2(play.name, 256) */ AS songplay_id,
    play.start_time,
    play.played_at,
    play.user_id,
    COALESCE(nearest.artist_id, title.artist_id, artist.artist_id) AS artist_id,
    COALESCE(nearest.song_id, title.song_id) AS song_id,
    -- PostgreSQL's RTRIM looks at a text from its start, which takes several times as long as seeing that it has no blank at its end; in the subquery, this would
    -- keep the planner from having several processes do it.
    /*postgres*/ CASE WHEN play.level LIKE '% ' THEN RTRIM(play.level) ELSE play.level END /*redshift play.level */ AS level,
    play.session_id,
    /*postgres*/ CASE WHEN play.location LIKE '% ' THEN RTRIM(play.location) ELSE play.location END /*redshift play.location */ AS location,
    /*postgres*/ CASE WHEN play.user_agent LIKE '% ' THEN RTRIM(play.user_agent) ELSE play.user_agent END /*redshift play.user_agent */ AS user_agent
FROM (
    SELECT
        /*postgres*/ CONCAT_WS('|', picked.user_id, picked.session_id, picked.item_in_session, picked.ts) /*redshift picked.user_id || '|' || CAST(picked.session_id AS VARCHAR(20)) || '|' || CAST(picked.item_in_session AS VARCHAR(11)) || '|' || CAST(picked.ts AS VARCHAR(20)) */ AS name,
        -- as in d_time; DATE_TRUNC of played_at would compute that twice
        TIMESTAMP 'epoch' + (picked.ts - MOD(MOD(picked.ts, 3600000) + 3600000, 3600000)) / 1000 * INTERVAL '1 second' AS start_time,
        -- whole seconds and the rest apart, so that every millisecond is exact
        TIMESTAMP 'epoch' + picked.ts / 1000 * INTERVAL '1 second' + MOD(picked.ts, 1000) * INTERVAL '0.001 second' AS played_at,
        picked.user_id,
        picked.session_id,
        picked.artist,
        picked.song,
        picked.length,
        picked.level,
        picked.location,
        picked.user_agent
    FROM (
        SELECT
            RTRIM(event.user_id) AS user_id,
            event.session_id,
            event.item_in_session,
            event.ts,
            /*postgres*/ CAST(event.artist AS BPCHAR) /*redshift RTRIM(event.artist) */ AS artist,
            /*postgres*/ CAST(event.song AS BPCHAR) /*redshift RTRIM(event.song) */ AS song,
            event.length,
            /*postgres*/ CAST(event.level AS TEXT) /*redshift RTRIM(event.level) */ AS level,
            /*postgres*/ CAST(event.location AS TEXT) /*redshift RTRIM(event.location) */ AS location,
            /*postgres*/ CAST(event.user_agent AS TEXT) /*redshift RTRIM(event.user_agent) */ AS user_agent
        FROM touched_s_songplay_event AS event
        LEFT JOIN picked_play AS again
            ON again.session_id = event.session_id
            AND again.item_in_session = event.item_in_session
            AND again.ts = event.ts
        WHERE again.ts IS NULL
            AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
            AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
            AND event.session_id IS NOT NULL
            AND event.item_in_session IS NOT NULL
            AND event.ts BETWEEN -62135596800000 AND 253402300799999
        UNION ALL
        SELECT
            once.user_id,
            once.session_id,
            once.item_in_session,
            once.ts,
            /*postgres*/ CAST(once.artist AS BPCHAR) /*redshift once.artist */ AS artist,
            /*postgres*/ CAST(once.song AS BPCHAR) /*redshift once.song */ AS song,
            once.length,
            once.level,
            once.location,
            once.user_agent
        FROM picked_play AS once
    ) AS picked
) AS play
LEFT JOIN known_title AS title
    ON /*postgres*/ CAST(title.artist AS BPCHAR) /*redshift title.artist */ = play.artist
    AND /*postgres*/ CAST(title.song AS BPCHAR) /*redshift title.song */ = play.song
-- by what is NULL of nearly every play, so that it is not looked up
LEFT JOIN nearest_song AS nearest
    ON nearest.song = title.shared
    AND nearest.artist = title.artist
    AND COALESCE(nearest.length, 0) = COALESCE(play.length, 0)
    AND CASE WHEN nearest.length IS NULL THEN 1 ELSE 0 END = CASE WHEN play.length IS NULL THEN 1 ELSE 0 END
LEFT JOIN matched_artist AS artist
    ON /*postgres*/ CAST(artist.artist AS BPCHAR) /*redshift artist.artist */ = play.artist;

-- Those that were here already, looked up once, and in the order of the key, so that each page of it is read once.
CREATE TABLE earlier_songplay AS
SELECT
    before.songplay_id,
    before.song_id,
    before.artist_id
FROM (
    SELECT touched.songplay_id
    FROM touched_f_songplay AS touched
    WHERE EXISTS (SELECT 1 FROM f_songplay)
    /*postgres*/ ORDER BY touched.songplay_id /*redshift*/
) AS touched
INNER JOIN f_songplay AS before
    ON before.songplay_id = touched.songplay_id;

/*postgres*/ ANALYZE earlier_songplay (songplay_id) /*redshift*/;

-- A SELECT is a count for the journal: plays that were here already and now know their song or artist.
SELECT
    COUNT(*) AS healed_songplays
FROM earlier_songplay AS before
INNER JOIN touched_f_songplay AS after
    ON after.songplay_id = before.songplay_id
WHERE (before.song_id IS NULL AND after.song_id IS NOT NULL)
    OR (before.artist_id IS NULL AND after.artist_id IS NOT NULL);

DELETE FROM f_songplay
USING earlier_songplay
WHERE f_songplay.songplay_id = earlier_songplay.songplay_id;

INSERT INTO f_songplay (
    songplay_id,
    start_time,
    played_at,
    user_id,
    artist_id,
    song_id,
    level,
    session_id,
    location,
    user_agent
)
SELECT
    touched.songplay_id,
    touched.start_time,
    touched.played_at,
    touched.user_id,
    touched.artist_id,
    touched.song_id,
    touched.level,
    touched.session_id,
    touched.location,
    touched.user_agent
FROM touched_f_songplay AS touched
/*postgres*/ ORDER BY touched.songplay_id /*redshift*/;  -- a key grows twice as fast in its own order
