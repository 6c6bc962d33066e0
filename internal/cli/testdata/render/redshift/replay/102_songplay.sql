-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

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

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
