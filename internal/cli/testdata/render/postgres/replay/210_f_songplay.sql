-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

-- song: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.song__now_raw AS
SELECT
    RTRIM(song_id) AS song_id,
    RTRIM(title) AS title,
    RTRIM(artist_id) AS artist_id,
    RTRIM(artist_name) AS artist_name,
    CASE
        WHEN TRIM(artist_location) NOT LIKE '<%' THEN NULLIF(TRIM(artist_location), '')
    END AS location,
    artist_latitude AS latitude,
    artist_longitude AS longitude,
    duration,
    NULLIF(year, 0) AS year
FROM public.s_song AS s_song;

-- song: its rows, once for all that read it
CREATE TABLE dwh_scratch.song__all AS
SELECT p.song_id, p.title, p.artist_id, p.artist_name, p.location, p.latitude, p.longitude, p.duration, p.year FROM dwh_scratch.song__now_raw AS p;

-- song: count the values that are joined by
ANALYZE dwh_scratch.song__all (artist_name, artist_id, title);

-- songplay: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.songplay__now_raw AS
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(id, 'UTF8')), 'hex')
    /*redshift SHA2(id, 256) */ AS songplay_id,
    DATE_TRUNC('hour', played_at) AS start_time,
    played_at,
    user_id,
    session_id,
    item_in_session,
    ts,
    song,
    artist,
    length,
    level,
    location,
    user_agent,
    first_name,
    last_name,
    gender
FROM (
    SELECT
        RTRIM(user_id)
            || '|' || CAST(session_id AS VARCHAR(20))
            || '|' || CAST(item_in_session AS VARCHAR(11))
            || '|' || CAST(ts AS VARCHAR(20)) AS id,
        -- Seconds and milliseconds are added separately: a fraction of a second would be rounded.
        TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second'
            + MOD(ts, 1000) * INTERVAL '0.001 second' AS played_at,
        RTRIM(user_id) AS user_id,
        session_id,
        item_in_session,
        ts,
        RTRIM(song) AS song,
        RTRIM(artist) AS artist,
        length,
        RTRIM(level) AS level,
        RTRIM(location) AS location,
        RTRIM(user_agent) AS user_agent,
        RTRIM(first_name) AS first_name,
        RTRIM(last_name) AS last_name,
        RTRIM(gender) AS gender
    FROM public.s_songplay_event AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;

-- songplay: hardly any rows share them: read all rows, and sort
SELECT SET_CONFIG('enable_hashagg', 'off', TRUE),
    SET_CONFIG('enable_indexscan', pages.ways, TRUE),
    SET_CONFIG('enable_indexonlyscan', pages.ways, TRUE)
FROM (
    SELECT CASE WHEN relpages = 0 OR relallvisible < 0.9 * relpages THEN 'off' END AS ways
    FROM pg_catalog.pg_class
    WHERE oid = CAST('public.s_songplay_event' AS regclass)
) AS pages;

-- songplay: what several rows of s_songplay_event share
CREATE TABLE dwh_scratch.songplay__s_songplay_event_repeated AS
SELECT r.ts, r.session_id, r.item_in_session
FROM public.s_songplay_event AS r
WHERE r.ts IS NOT NULL AND r.session_id IS NOT NULL AND r.item_in_session IS NOT NULL
GROUP BY r.ts, r.session_id, r.item_in_session
HAVING COUNT(*) > 1;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__s_songplay_event_repeated (ts, session_id, item_in_session);

-- songplay: back to what the server prefers
SELECT SET_CONFIG('enable_hashagg', NULL, TRUE),
    SET_CONFIG('enable_indexscan', NULL, TRUE),
    SET_CONFIG('enable_indexonlyscan', NULL, TRUE);

-- songplay: the rows that compete, before pick
CREATE TABLE dwh_scratch.songplay__rivals AS
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(id, 'UTF8')), 'hex')
    /*redshift SHA2(id, 256) */ AS songplay_id,
    DATE_TRUNC('hour', played_at) AS start_time,
    played_at,
    user_id,
    session_id,
    item_in_session,
    ts,
    song,
    artist,
    length,
    level,
    location,
    user_agent,
    first_name,
    last_name,
    gender
FROM (
    SELECT
        RTRIM(user_id)
            || '|' || CAST(session_id AS VARCHAR(20))
            || '|' || CAST(item_in_session AS VARCHAR(11))
            || '|' || CAST(ts AS VARCHAR(20)) AS id,
        -- Seconds and milliseconds are added separately: a fraction of a second would be rounded.
        TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second'
            + MOD(ts, 1000) * INTERVAL '0.001 second' AS played_at,
        RTRIM(user_id) AS user_id,
        session_id,
        item_in_session,
        ts,
        RTRIM(song) AS song,
        RTRIM(artist) AS artist,
        length,
        RTRIM(level) AS level,
        RTRIM(location) AS location,
        RTRIM(user_agent) AS user_agent,
        RTRIM(first_name) AS first_name,
        RTRIM(last_name) AS last_name,
        RTRIM(gender) AS gender
    FROM (
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM public.s_songplay_event AS r WHERE EXISTS (SELECT 1 FROM dwh_scratch.songplay__s_songplay_event_repeated AS v WHERE v.ts = r.ts AND v.session_id = r.session_id AND v.item_in_session = r.item_in_session)
) AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__rivals AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

-- songplay: the rows of keys for which several compete
CREATE TABLE dwh_scratch.songplay__ranked AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT u.songplay_id, u.start_time, u.played_at, u.user_id, u.session_id, u.item_in_session, u.ts, u.song, u.artist, u.length, u.level, u.location, u.user_agent, u.first_name, u.last_name, u.gender FROM dwh_scratch.songplay__rivals AS u
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: its rows, once for all that read it
CREATE TABLE dwh_scratch.songplay__all AS
SELECT o.songplay_id, o.start_time, o.played_at, o.user_id, o.session_id, o.item_in_session, o.ts, o.song, o.artist, o.length, o.level, o.location, o.user_agent, o.first_name, o.last_name, o.gender
FROM (
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(id, 'UTF8')), 'hex')
    /*redshift SHA2(id, 256) */ AS songplay_id,
    DATE_TRUNC('hour', played_at) AS start_time,
    played_at,
    user_id,
    session_id,
    item_in_session,
    ts,
    song,
    artist,
    length,
    level,
    location,
    user_agent,
    first_name,
    last_name,
    gender
FROM (
    SELECT
        RTRIM(user_id)
            || '|' || CAST(session_id AS VARCHAR(20))
            || '|' || CAST(item_in_session AS VARCHAR(11))
            || '|' || CAST(ts AS VARCHAR(20)) AS id,
        -- Seconds and milliseconds are added separately: a fraction of a second would be rounded.
        TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second'
            + MOD(ts, 1000) * INTERVAL '0.001 second' AS played_at,
        RTRIM(user_id) AS user_id,
        session_id,
        item_in_session,
        ts,
        RTRIM(song) AS song,
        RTRIM(artist) AS artist,
        length,
        RTRIM(level) AS level,
        RTRIM(location) AS location,
        RTRIM(user_agent) AS user_agent,
        RTRIM(first_name) AS first_name,
        RTRIM(last_name) AS last_name,
        RTRIM(gender) AS gender
    FROM (
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM public.s_songplay_event AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.songplay__s_songplay_event_repeated AS v WHERE v.ts = r.ts AND v.session_id = r.session_id AND v.item_in_session = r.item_in_session)
) AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS o
UNION ALL
SELECT k.songplay_id, k.start_time, k.played_at, k.user_id, k.session_id, k.item_in_session, k.ts, k.song, k.artist, k.length, k.level, k.location, k.user_agent, k.first_name, k.last_name, k.gender FROM dwh_scratch.songplay__ranked AS k;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__all (first_name, song, artist);

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__all AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- name_artist: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.name_artist__now_raw AS
SELECT
    artist_name AS name,
    MIN(artist_id) AS artist_id
FROM dwh_scratch.song__all AS song
WHERE artist_name IS NOT NULL
    AND artist_id <> ''
GROUP BY artist_name;

-- name_artist: its rows, once for all that read it
CREATE TABLE dwh_scratch.name_artist__all AS
SELECT DISTINCT p.name, p.artist_id
FROM (
SELECT p.name, p.artist_id FROM dwh_scratch.name_artist__now_raw AS p
) AS p;

-- name_artist: count the values that are joined by
ANALYZE dwh_scratch.name_artist__all (name);

-- name_artist: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.name_artist__all AS r
WHERE r.name IS NULL OR r.name IS NULL;

-- name_artist: every row has its key, and each key one row
SELECT COUNT(CASE WHEN c.name IS NULL THEN 1 END), COUNT(CASE WHEN c.dwh_copies > 1 THEN 1 END)
FROM (
    SELECT r.name, COUNT(*) AS dwh_copies
    FROM dwh_scratch.name_artist__all AS r
    GROUP BY r.name
) AS c;

-- f_songplay: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.f_songplay__now_raw AS
SELECT q.songplay_id, CAST(q.start_time AS timestamp without time zone) AS start_time, CAST(q.played_at AS timestamp without time zone) AS played_at, q.user_id, q.artist_id, q.song_id, q.level, CAST(q.session_id AS bigint) AS session_id, q.location, q.user_agent, q.distance
FROM (
SELECT
    play.songplay_id,
    play.start_time,
    play.played_at,
    play.user_id,
    COALESCE(song.artist_id, by_name.artist_id) AS artist_id,
    song.song_id,
    play.level,
    play.session_id,
    play.location,
    play.user_agent,
    ABS(song.duration - play.length) AS distance
FROM dwh_scratch.songplay__all AS play
LEFT JOIN dwh_scratch.song__all AS song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN dwh_scratch.name_artist__all AS by_name
    ON by_name.name = play.artist
) AS q;

-- f_songplay: hardly any rows share them: read all rows, and sort
SELECT SET_CONFIG('enable_hashagg', 'off', TRUE),
    SET_CONFIG('enable_indexscan', 'off', TRUE),
    SET_CONFIG('enable_indexonlyscan', 'off', TRUE);

-- f_songplay: what several rows of song share
CREATE TABLE dwh_scratch.f_songplay__song_repeated AS
SELECT r.title, r.artist_name
FROM dwh_scratch.song__all AS r
WHERE r.title IS NOT NULL AND r.artist_name IS NOT NULL
GROUP BY r.title, r.artist_name
HAVING COUNT(*) > 1;

-- f_songplay: count the values that are joined by
ANALYZE dwh_scratch.f_songplay__song_repeated (title, artist_name);

-- f_songplay: back to what the server prefers
SELECT SET_CONFIG('enable_hashagg', NULL, TRUE),
    SET_CONFIG('enable_indexscan', NULL, TRUE),
    SET_CONFIG('enable_indexonlyscan', NULL, TRUE);

-- f_songplay: the rows of keys for which several compete
CREATE TABLE dwh_scratch.f_songplay__ranked AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.artist_id, w.song_id, w.level, w.session_id, w.location, w.user_agent, w.distance
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.distance, p.song_id COLLATE "C", p.artist_id COLLATE "C", p.start_time, p.played_at, p.user_id COLLATE "C", p.level COLLATE "C", p.session_id, p.location COLLATE "C", p.user_agent COLLATE "C") AS dwh_place
    FROM (
SELECT q.songplay_id, CAST(q.start_time AS timestamp without time zone) AS start_time, CAST(q.played_at AS timestamp without time zone) AS played_at, q.user_id, q.artist_id, q.song_id, q.level, CAST(q.session_id AS bigint) AS session_id, q.location, q.user_agent, q.distance
FROM (
SELECT
    play.songplay_id,
    play.start_time,
    play.played_at,
    play.user_id,
    COALESCE(song.artist_id, by_name.artist_id) AS artist_id,
    song.song_id,
    play.level,
    play.session_id,
    play.location,
    play.user_agent,
    ABS(song.duration - play.length) AS distance
FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender FROM dwh_scratch.songplay__all AS r WHERE EXISTS (SELECT 1 FROM dwh_scratch.f_songplay__song_repeated AS v WHERE v.title = r.song AND v.artist_name = r.artist)
) AS play
LEFT JOIN dwh_scratch.song__all AS song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN dwh_scratch.name_artist__all AS by_name
    ON by_name.name = play.artist
) AS q
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- f_songplay: TRUE: nothing differs, and the rest is left out; dwh draws the seed of the hashes
SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."user_agent", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."location", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."level", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."song_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."artist_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."user_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."songplay_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."start_time", r."played_at", r."session_id"))), '1'))))))))) AS hashes FROM "public"."f_songplay" AS r) AS live CROSS JOIN (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."user_agent", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."location", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."level", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."song_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."artist_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."user_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."songplay_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."start_time", r."played_at", r."session_id"))), '1'))))))))) AS hashes FROM (
SELECT CAST(pg_catalog."varchar"(CAST(made.songplay_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS songplay_id, CAST(made.start_time AS timestamp without time zone) AS start_time, CAST(made.played_at AS timestamp without time zone) AS played_at, CAST(pg_catalog."varchar"(CAST(made.user_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS user_id, CAST(pg_catalog."varchar"(CAST(made.artist_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS artist_id, CAST(pg_catalog."varchar"(CAST(made.song_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS song_id, CAST(pg_catalog."varchar"(CAST(made.level AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS level, CAST(made.session_id AS bigint) AS session_id, CAST(pg_catalog."varchar"(CAST(made.location AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS location, CAST(pg_catalog."varchar"(CAST(made.user_agent AS VARCHAR), 4100, FALSE) AS character varying(4096)) COLLATE "C" AS user_agent
FROM (
SELECT o.songplay_id, o.start_time, o.played_at, o.user_id, o.artist_id, o.song_id, o.level, o.session_id, o.location, o.user_agent, o.distance
FROM (
SELECT q.songplay_id, CAST(q.start_time AS timestamp without time zone) AS start_time, CAST(q.played_at AS timestamp without time zone) AS played_at, q.user_id, q.artist_id, q.song_id, q.level, CAST(q.session_id AS bigint) AS session_id, q.location, q.user_agent, q.distance
FROM (
SELECT
    play.songplay_id,
    play.start_time,
    play.played_at,
    play.user_id,
    COALESCE(song.artist_id, by_name.artist_id) AS artist_id,
    song.song_id,
    play.level,
    play.session_id,
    play.location,
    play.user_agent,
    ABS(song.duration - play.length) AS distance
FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender FROM dwh_scratch.songplay__all AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.f_songplay__song_repeated AS v WHERE v.title = r.song AND v.artist_name = r.artist)
) AS play
LEFT JOIN dwh_scratch.song__all AS song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN dwh_scratch.name_artist__all AS by_name
    ON by_name.name = play.artist
) AS q
) AS o
UNION ALL
SELECT k.songplay_id, k.start_time, k.played_at, k.user_id, k.artist_id, k.song_id, k.level, k.session_id, k.location, k.user_agent, k.distance FROM dwh_scratch.f_songplay__ranked AS k
) AS made
) AS r) AS built;

-- f_songplay: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.f_songplay AS
SELECT CAST(pg_catalog."varchar"(CAST(made.songplay_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS songplay_id, CAST(made.start_time AS timestamp without time zone) AS start_time, CAST(made.played_at AS timestamp without time zone) AS played_at, CAST(pg_catalog."varchar"(CAST(made.user_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS user_id, CAST(pg_catalog."varchar"(CAST(made.artist_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS artist_id, CAST(pg_catalog."varchar"(CAST(made.song_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS song_id, CAST(pg_catalog."varchar"(CAST(made.level AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS level, CAST(made.session_id AS bigint) AS session_id, CAST(pg_catalog."varchar"(CAST(made.location AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS location, CAST(pg_catalog."varchar"(CAST(made.user_agent AS VARCHAR), 4100, FALSE) AS character varying(4096)) COLLATE "C" AS user_agent
FROM (
SELECT o.songplay_id, o.start_time, o.played_at, o.user_id, o.artist_id, o.song_id, o.level, o.session_id, o.location, o.user_agent, o.distance
FROM (
SELECT q.songplay_id, CAST(q.start_time AS timestamp without time zone) AS start_time, CAST(q.played_at AS timestamp without time zone) AS played_at, q.user_id, q.artist_id, q.song_id, q.level, CAST(q.session_id AS bigint) AS session_id, q.location, q.user_agent, q.distance
FROM (
SELECT
    play.songplay_id,
    play.start_time,
    play.played_at,
    play.user_id,
    COALESCE(song.artist_id, by_name.artist_id) AS artist_id,
    song.song_id,
    play.level,
    play.session_id,
    play.location,
    play.user_agent,
    ABS(song.duration - play.length) AS distance
FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender FROM dwh_scratch.songplay__all AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.f_songplay__song_repeated AS v WHERE v.title = r.song AND v.artist_name = r.artist)
) AS play
LEFT JOIN dwh_scratch.song__all AS song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN dwh_scratch.name_artist__all AS by_name
    ON by_name.name = play.artist
) AS q
) AS o
UNION ALL
SELECT k.songplay_id, k.start_time, k.played_at, k.user_id, k.artist_id, k.song_id, k.level, k.session_id, k.location, k.user_agent, k.distance FROM dwh_scratch.f_songplay__ranked AS k
) AS made;

-- f_songplay: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.f_songplay AS r
WHERE r.songplay_id IS NULL OR r.start_time IS NULL OR r.played_at IS NULL OR r.user_id IS NULL OR r.session_id IS NULL;

-- f_songplay: count the values of what was built
ANALYZE "dwh_scratch"."f_songplay";

-- f_songplay: the keys whose rows differ from those that readers see
CREATE TABLE "dwh_scratch"."difference_f_songplay" AS SELECT different."songplay_id", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (SELECT side."songplay_id", side."start_time", side."played_at", side."user_id", side."artist_id", side."song_id", side."level", side."session_id", side."location", side."user_agent", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (SELECT live."songplay_id", live."start_time", live."played_at", live."user_id", live."artist_id", live."song_id", live."level", live."session_id", live."location", live."user_agent", 1 AS dwh_live, 0 AS dwh_built FROM "public"."f_songplay" AS live UNION ALL SELECT built."songplay_id", built."start_time", built."played_at", built."user_id", built."artist_id", built."song_id", built."level", built."session_id", built."location", built."user_agent", 0 AS dwh_live, 1 AS dwh_built FROM "dwh_scratch"."f_songplay" AS built) AS side GROUP BY side."songplay_id", side."start_time", side."played_at", side."user_id", side."artist_id", side."song_id", side."level", side."session_id", side."location", side."user_agent" HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)) AS different GROUP BY different."songplay_id";

-- f_songplay: how many are new, changed and gone
SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM "dwh_scratch"."difference_f_songplay";

-- f_songplay: take out what differs
DELETE FROM "public"."f_songplay" USING "dwh_scratch"."difference_f_songplay" WHERE "public"."f_songplay"."songplay_id" = "dwh_scratch"."difference_f_songplay"."songplay_id";

-- f_songplay: put in what was built instead
INSERT INTO "public"."f_songplay" ("songplay_id", "start_time", "played_at", "user_id", "artist_id", "song_id", "level", "session_id", "location", "user_agent") SELECT built."songplay_id", built."start_time", built."played_at", built."user_id", built."artist_id", built."song_id", built."level", built."session_id", built."location", built."user_agent" FROM "dwh_scratch"."difference_f_songplay" AS different INNER JOIN "dwh_scratch"."f_songplay" AS built ON built."songplay_id" = different."songplay_id";

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
