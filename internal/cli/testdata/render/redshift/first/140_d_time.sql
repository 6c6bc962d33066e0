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

-- d_time: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.d_time__now_raw AS
SELECT CAST(q.start_time AS timestamp without time zone) AS start_time, CAST(q.hour AS integer) AS hour, CAST(q.day AS integer) AS day, CAST(q.week AS integer) AS week, CAST(q.month AS integer) AS month, CAST(q.year AS integer) AS year, CAST(q.weekday AS integer) AS weekday
FROM (
SELECT
    start_time,
    CAST(EXTRACT(hour FROM start_time) AS INTEGER) AS hour,
    CAST(EXTRACT(day FROM start_time) AS INTEGER) AS day,
    CAST(EXTRACT(week FROM start_time) AS INTEGER) AS week,
    CAST(EXTRACT(month FROM start_time) AS INTEGER) AS month,
    CAST(EXTRACT(year FROM start_time) AS INTEGER) AS year,
    (CAST(EXTRACT(dow FROM start_time) AS INTEGER) + 6) % 7 AS weekday
FROM dwh_scratch.songplay__all AS songplay
GROUP BY start_time
) AS q;

-- d_time: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.d_time AS
SELECT CAST(made.start_time AS timestamp without time zone) AS start_time, CAST(made.hour AS integer) AS hour, CAST(made.day AS integer) AS day, CAST(made.week AS integer) AS week, CAST(made.month AS integer) AS month, CAST(made.year AS integer) AS year, CAST(made.weekday AS integer) AS weekday
FROM (
SELECT DISTINCT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday
FROM (
SELECT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday FROM dwh_scratch.d_time__now_raw AS p
) AS p
) AS made;

-- d_time: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_time;

-- d_time: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.d_time AS r
WHERE r.start_time IS NULL OR r.hour IS NULL OR r.day IS NULL OR r.week IS NULL OR r.month IS NULL OR r.year IS NULL OR r.weekday IS NULL;

-- d_time: every row has its key, and each key one row
SELECT COUNT(CASE WHEN c.start_time IS NULL THEN 1 END), COUNT(CASE WHEN c.dwh_copies > 1 THEN 1 END)
FROM (
    SELECT r.start_time, COUNT(*) AS dwh_copies
    FROM dwh_scratch.d_time AS r
    GROUP BY r.start_time
) AS c;

-- d_time: the keys whose rows differ from those that readers see
CREATE TABLE "dwh_scratch"."difference_d_time" AS SELECT different."start_time", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (SELECT side."start_time", side."hour", side."day", side."week", side."month", side."year", side."weekday", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (SELECT live."start_time", live."hour", live."day", live."week", live."month", live."year", live."weekday", 1 AS dwh_live, 0 AS dwh_built FROM "public"."d_time" AS live UNION ALL SELECT built."start_time", built."hour", built."day", built."week", built."month", built."year", built."weekday", 0 AS dwh_live, 1 AS dwh_built FROM "dwh_scratch"."d_time" AS built) AS side GROUP BY side."start_time", side."hour", side."day", side."week", side."month", side."year", side."weekday" HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)) AS different GROUP BY different."start_time";

-- d_time: how many are new, changed and gone
SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM "dwh_scratch"."difference_d_time";

-- d_time: take out what differs
DELETE FROM "public"."d_time" USING "dwh_scratch"."difference_d_time" WHERE "public"."d_time"."start_time" = "dwh_scratch"."difference_d_time"."start_time";

-- d_time: put in what was built instead
INSERT INTO "public"."d_time" ("start_time", "hour", "day", "week", "month", "year", "weekday") SELECT built."start_time", built."hour", built."day", built."week", built."month", built."year", built."weekday" FROM "dwh_scratch"."difference_d_time" AS different INNER JOIN "dwh_scratch"."d_time" AS built ON built."start_time" = different."start_time";

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
