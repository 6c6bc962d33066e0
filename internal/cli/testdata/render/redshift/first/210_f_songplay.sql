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

-- song: count its rows
SELECT COUNT(*) FROM dwh_scratch.song__all;

-- songplay: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.songplay__now_raw AS
SELECT

               SHA2(id, 256)    AS songplay_id,
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

-- songplay: its rows, once for all that read it
CREATE TABLE dwh_scratch.songplay__all AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender, p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id) AS dwh_place
    FROM (
SELECT p.songplay_id, p.start_time, p.played_at, p.user_id, p.session_id, p.item_in_session, p.ts, p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender FROM dwh_scratch.songplay__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__all;

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__all AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__now_raw AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

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

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__all;

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

-- f_songplay: every text fits its column
SELECT COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.songplay_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.user_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.artist_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.song_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.level)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.location)) > 1024 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.user_agent)) > 4096 THEN 1 END)
FROM (
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.artist_id, w.song_id, w.level, w.session_id, w.location, w.user_agent, w.distance
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.distance, p.song_id, p.artist_id, p.start_time, p.played_at, p.user_id, p.level, p.session_id, p.location, p.user_agent) AS dwh_place
    FROM (
SELECT p.songplay_id, p.start_time, p.played_at, p.user_id, p.artist_id, p.song_id, p.level, p.session_id, p.location, p.user_agent, p.distance FROM dwh_scratch.f_songplay__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS r;

-- f_songplay: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.f_songplay AS
SELECT CAST(made.songplay_id AS character varying(64)) AS songplay_id, CAST(made.start_time AS timestamp without time zone) AS start_time, CAST(made.played_at AS timestamp without time zone) AS played_at, CAST(made.user_id AS character varying(64)) AS user_id, CAST(made.artist_id AS character varying(64)) AS artist_id, CAST(made.song_id AS character varying(64)) AS song_id, CAST(made.level AS character varying(64)) AS level, CAST(made.session_id AS bigint) AS session_id, CAST(made.location AS character varying(1024)) AS location, CAST(made.user_agent AS character varying(4096)) AS user_agent
FROM (
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.artist_id, w.song_id, w.level, w.session_id, w.location, w.user_agent, w.distance
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.distance, p.song_id, p.artist_id, p.start_time, p.played_at, p.user_id, p.level, p.session_id, p.location, p.user_agent) AS dwh_place
    FROM (
SELECT p.songplay_id, p.start_time, p.played_at, p.user_id, p.artist_id, p.song_id, p.level, p.session_id, p.location, p.user_agent, p.distance FROM dwh_scratch.f_songplay__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS made;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay;

-- f_songplay: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.f_songplay AS r
WHERE r.songplay_id IS NULL OR r.start_time IS NULL OR r.played_at IS NULL OR r.user_id IS NULL OR r.session_id IS NULL;

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
