-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

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

-- d_time: TRUE: nothing differs, and the rest is left out; dwh draws the seed of the hashes
SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM (SELECT COUNT(*) AS held, SUM(HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."start_time", r."hour", r."day", r."week", r."month", r."year", r."weekday"))), '1')) AS hashes FROM "public"."d_time" AS r) AS live CROSS JOIN (SELECT COUNT(*) AS held, SUM(HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."start_time", r."hour", r."day", r."week", r."month", r."year", r."weekday"))), '1')) AS hashes FROM (
SELECT CAST(made.start_time AS timestamp without time zone) AS start_time, CAST(made.hour AS integer) AS hour, CAST(made.day AS integer) AS day, CAST(made.week AS integer) AS week, CAST(made.month AS integer) AS month, CAST(made.year AS integer) AS year, CAST(made.weekday AS integer) AS weekday
FROM (
SELECT DISTINCT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday
FROM (
SELECT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday FROM dwh_scratch.d_time__now_raw AS p
) AS p
) AS made
) AS r) AS built;

-- d_time: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.d_time AS
SELECT CAST(made.start_time AS timestamp without time zone) AS start_time, CAST(made.hour AS integer) AS hour, CAST(made.day AS integer) AS day, CAST(made.week AS integer) AS week, CAST(made.month AS integer) AS month, CAST(made.year AS integer) AS year, CAST(made.weekday AS integer) AS weekday
FROM (
SELECT DISTINCT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday
FROM (
SELECT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday FROM dwh_scratch.d_time__now_raw AS p
) AS p
) AS made;

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

-- d_time: count the values of what was built
ANALYZE "dwh_scratch"."d_time";

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
