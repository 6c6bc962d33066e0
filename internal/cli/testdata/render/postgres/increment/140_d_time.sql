-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

-- the new rows of s_name
CREATE TABLE dwh_scratch.run__s_name_added AS
SELECT s.name, s.sex, s.births
FROM public.s_name AS s
WHERE NOT s.processed;

-- the new rows of s_song
CREATE TABLE dwh_scratch.run__s_song_added AS
SELECT s.song_id, s.title, s.artist_id, s.artist_name, s.artist_location, s.artist_latitude, s.artist_longitude, s.duration, s.num_songs, s.year
FROM public.s_song AS s
WHERE NOT s.processed;

-- the new rows of s_songplay_event
CREATE TABLE dwh_scratch.run__s_songplay_event_added AS
SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id
FROM public.s_songplay_event AS s
WHERE NOT s.processed;

-- count the values that are joined by
ANALYZE dwh_scratch.run__s_songplay_event_added (ts, session_id, item_in_session);

-- songplay: rows of s_songplay_event without a group
SELECT COUNT(*)
FROM dwh_scratch.run__s_songplay_event_added AS r
WHERE r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: the groups that a change touches
CREATE TABLE dwh_scratch.songplay__touched AS
SELECT DISTINCT x.ts, x.session_id, x.item_in_session
FROM dwh_scratch.run__s_songplay_event_added AS x
WHERE x.ts IS NOT NULL AND x.session_id IS NOT NULL AND x.item_in_session IS NOT NULL;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__touched (ts, session_id, item_in_session);

-- songplay: the rows of s_songplay_event to look at, as they were before this run
CREATE TABLE dwh_scratch.songplay__s_songplay_event_before AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: the rows of s_songplay_event to look at, as they are now
CREATE TABLE dwh_scratch.songplay__s_songplay_event_now AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM dwh_scratch.songplay__s_songplay_event_before AS r
UNION ALL
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM dwh_scratch.run__s_songplay_event_added AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: the rows of these groups, before pick
CREATE TABLE dwh_scratch.songplay__unpicked AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
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
    FROM dwh_scratch.songplay__s_songplay_event_now AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__unpicked AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

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

-- songplay: the rows of these groups as they are now
CREATE TABLE dwh_scratch.songplay__result AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT u.songplay_id, u.start_time, u.played_at, u.user_id, u.session_id, u.item_in_session, u.ts, u.song, u.artist, u.length, u.level, u.location, u.user_agent, u.first_name, u.last_name, u.gender
FROM dwh_scratch.songplay__unpicked AS u
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__result AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: the rows of these groups as they were
CREATE TABLE dwh_scratch.songplay__was AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
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
    FROM dwh_scratch.songplay__s_songplay_event_before AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: the rows that are there no more
CREATE TABLE dwh_scratch.songplay__removed AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.session_id, a.item_in_session, a.ts, a.song, a.artist, a.length, a.level, a.location, a.user_agent, a.first_name, a.last_name, a.gender FROM dwh_scratch.songplay__was AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.session_id, b.item_in_session, b.ts, b.song, b.artist, b.length, b.level, b.location, b.user_agent, b.first_name, b.last_name, b.gender FROM dwh_scratch.songplay__result AS b;

-- songplay: the rows that are new
CREATE TABLE dwh_scratch.songplay__added AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.session_id, a.item_in_session, a.ts, a.song, a.artist, a.length, a.level, a.location, a.user_agent, a.first_name, a.last_name, a.gender FROM dwh_scratch.songplay__result AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.session_id, b.item_in_session, b.ts, b.song, b.artist, b.length, b.level, b.location, b.user_agent, b.first_name, b.last_name, b.gender FROM dwh_scratch.songplay__was AS b;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__removed (first_name, song, artist);

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__added (first_name, song, artist);

-- d_time: the rows that these make, as they were before this run
CREATE TABLE dwh_scratch.d_time__made_before AS
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
FROM dwh_scratch.songplay__removed AS songplay
GROUP BY start_time
) AS q;

-- d_time: the rows that these make, as they are now
CREATE TABLE dwh_scratch.d_time__made_now AS
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
FROM dwh_scratch.songplay__added AS songplay
GROUP BY start_time
) AS q;

-- d_time: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.d_time__made_now AS r
WHERE r.start_time IS NULL;

-- d_time: the rows that are made no more
CREATE TABLE dwh_scratch.d_time__gone AS
SELECT a.start_time, a.hour, a.day, a.week, a.month, a.year, a.weekday FROM dwh_scratch.d_time__made_before AS a
EXCEPT
SELECT b.start_time, b.hour, b.day, b.week, b.month, b.year, b.weekday FROM dwh_scratch.d_time__made_now AS b;

-- d_time: the rows that are made now
CREATE TABLE dwh_scratch.d_time__fresh AS
SELECT a.start_time, a.hour, a.day, a.week, a.month, a.year, a.weekday FROM dwh_scratch.d_time__made_now AS a
EXCEPT
SELECT b.start_time, b.hour, b.day, b.week, b.month, b.year, b.weekday FROM dwh_scratch.d_time__made_before AS b;

-- d_time: the keys that a change touches
CREATE TABLE dwh_scratch.d_time__touched AS
SELECT x.start_time
FROM dwh_scratch.d_time__gone AS x
WHERE x.start_time IS NOT NULL
UNION
SELECT x.start_time
FROM dwh_scratch.d_time__fresh AS x
WHERE x.start_time IS NOT NULL;

-- d_time: count the values that are joined by
ANALYZE dwh_scratch.d_time__touched (start_time);

-- d_time: the keys whose stored row does not stand any more
CREATE TABLE dwh_scratch.d_time__lost AS
SELECT i.start_time FROM (
SELECT g.start_time, g.hour, g.day, g.week, g.month, g.year, g.weekday FROM dwh_scratch.d_time__gone AS g
INTERSECT
SELECT r.start_time, r.hour, r.day, r.week, r.month, r.year, r.weekday
FROM public.d_time AS r
INNER JOIN dwh_scratch.d_time__touched AS v ON r.start_time = v.start_time
) AS i;

-- d_time: count the values that are joined by
ANALYZE dwh_scratch.d_time__lost (start_time);

-- d_time: the keys whose stored row stands for all that lost to it
CREATE TABLE dwh_scratch.d_time__folded AS
SELECT a.start_time FROM dwh_scratch.d_time__touched AS a
EXCEPT
SELECT b.start_time FROM dwh_scratch.d_time__lost AS b;

-- d_time: the rows of these keys as they are now
CREATE TABLE dwh_scratch.d_time__result AS
SELECT DISTINCT p.start_time, p.hour, p.day, p.week, p.month, p.year, p.weekday
FROM (
SELECT r.start_time, r.hour, r.day, r.week, r.month, r.year, r.weekday
FROM public.d_time AS r
INNER JOIN dwh_scratch.d_time__folded AS v ON r.start_time = v.start_time
UNION ALL
SELECT r.start_time, r.hour, r.day, r.week, r.month, r.year, r.weekday
FROM dwh_scratch.d_time__fresh AS r
INNER JOIN dwh_scratch.d_time__folded AS v ON r.start_time = v.start_time
UNION ALL
SELECT r.start_time, r.hour, r.day, r.week, r.month, r.year, r.weekday
FROM (
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
FROM (
SELECT DISTINCT r.start_time
FROM dwh_scratch.songplay__now_raw AS r
INNER JOIN dwh_scratch.d_time__lost AS v ON r.start_time = v.start_time
) AS songplay
GROUP BY start_time
) AS q
) AS r
INNER JOIN dwh_scratch.d_time__lost AS v ON r.start_time = v.start_time
) AS p;

-- d_time: every row has its key, and each key one row
SELECT COUNT(CASE WHEN c.start_time IS NULL THEN 1 END), COUNT(CASE WHEN c.dwh_copies > 1 THEN 1 END)
FROM (
    SELECT r.start_time, COUNT(*) AS dwh_copies
    FROM dwh_scratch.d_time__result AS r
    GROUP BY r.start_time
) AS c;

-- d_time: what is stored of them
CREATE TABLE dwh_scratch.d_time__stored AS
SELECT r.start_time, r.hour, r.day, r.week, r.month, r.year, r.weekday
FROM public.d_time AS r
INNER JOIN dwh_scratch.d_time__touched AS v ON r.start_time = v.start_time;

-- d_time: the rows to take out
CREATE TABLE dwh_scratch.d_time__removed AS
SELECT a.start_time, a.hour, a.day, a.week, a.month, a.year, a.weekday FROM dwh_scratch.d_time__stored AS a
EXCEPT
SELECT b.start_time, b.hour, b.day, b.week, b.month, b.year, b.weekday FROM dwh_scratch.d_time__result AS b;

-- d_time: the rows to put in
CREATE TABLE dwh_scratch.d_time__added AS
SELECT a.start_time, a.hour, a.day, a.week, a.month, a.year, a.weekday FROM dwh_scratch.d_time__result AS a
EXCEPT
SELECT b.start_time, b.hour, b.day, b.week, b.month, b.year, b.weekday FROM dwh_scratch.d_time__stored AS b;

-- d_time: count the values that are joined by
ANALYZE dwh_scratch.d_time__removed (start_time);

-- d_time: take out what changed or went away
DELETE FROM public.d_time USING dwh_scratch.d_time__removed AS x WHERE public.d_time.start_time = x.start_time;

-- d_time: put in what is new
INSERT INTO public.d_time (start_time, hour, day, week, month, year, weekday)
SELECT x.start_time, x.hour, x.day, x.week, x.month, x.year, x.weekday
FROM dwh_scratch.d_time__added AS x
ORDER BY x.start_time;

-- d_time: count what changed and what was healed
SELECT COUNT(*), COUNT(CASE WHEN (o.start_time IS NULL OR o.start_time = w.start_time) AND (o.hour IS NULL OR o.hour = w.hour) AND (o.day IS NULL OR o.day = w.day) AND (o.week IS NULL OR o.week = w.week) AND (o.month IS NULL OR o.month = w.month) AND (o.year IS NULL OR o.year = w.year) AND (o.weekday IS NULL OR o.weekday = w.weekday) THEN 1 END)
FROM dwh_scratch.d_time__removed AS o
INNER JOIN dwh_scratch.d_time__added AS w ON o.start_time = w.start_time;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
