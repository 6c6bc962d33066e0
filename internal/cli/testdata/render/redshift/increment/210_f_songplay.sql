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

-- count its rows
SELECT COUNT(*) FROM dwh_scratch.run__s_name_added;

-- the new rows of s_song
CREATE TABLE dwh_scratch.run__s_song_added AS
SELECT s.song_id, s.title, s.artist_id, s.artist_name, s.artist_location, s.artist_latitude, s.artist_longitude, s.duration, s.num_songs, s.year
FROM public.s_song AS s
WHERE NOT s.processed;

-- count its rows
SELECT COUNT(*) FROM dwh_scratch.run__s_song_added;

-- the new rows of s_songplay_event
CREATE TABLE dwh_scratch.run__s_songplay_event_added AS
SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id
FROM public.s_songplay_event AS s
WHERE NOT s.processed;

-- count its rows
SELECT COUNT(*) FROM dwh_scratch.run__s_songplay_event_added;

-- song: the rows that these make, as they are now
CREATE TABLE dwh_scratch.song__made_now AS
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
FROM dwh_scratch.run__s_song_added AS s_song;

-- song: count its rows
SELECT COUNT(*) FROM dwh_scratch.song__made_now;

-- songplay: rows of s_songplay_event without a group
SELECT COUNT(*)
FROM dwh_scratch.run__s_songplay_event_added AS r
WHERE r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: the groups that a change touches
CREATE TABLE dwh_scratch.songplay__touched AS
SELECT DISTINCT x.ts, x.session_id, x.item_in_session
FROM dwh_scratch.run__s_songplay_event_added AS x
WHERE x.ts IS NOT NULL AND x.session_id IS NOT NULL AND x.item_in_session IS NOT NULL;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__touched;

-- songplay: the rows of s_songplay_event to look at, as they were before this run
CREATE TABLE dwh_scratch.songplay__s_songplay_event_before AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__s_songplay_event_before;

-- songplay: the rows of s_songplay_event to look at, as they are now
CREATE TABLE dwh_scratch.songplay__s_songplay_event_now AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM dwh_scratch.songplay__s_songplay_event_before AS r
UNION ALL
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM dwh_scratch.run__s_songplay_event_added AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__s_songplay_event_now;

-- songplay: the rows of these groups, before pick
CREATE TABLE dwh_scratch.songplay__unpicked AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM (
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
    FROM dwh_scratch.songplay__s_songplay_event_now AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__unpicked;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__unpicked AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

-- songplay: the rows of these groups as they are now
CREATE TABLE dwh_scratch.songplay__result AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender, p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id) AS dwh_place
    FROM (
SELECT u.songplay_id, u.start_time, u.played_at, u.user_id, u.session_id, u.item_in_session, u.ts, u.song, u.artist, u.length, u.level, u.location, u.user_agent, u.first_name, u.last_name, u.gender
FROM dwh_scratch.songplay__unpicked AS u
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__result;

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__result AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: the rows of these groups as they were
CREATE TABLE dwh_scratch.songplay__was AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender, p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id) AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM (
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

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__was;

-- songplay: the rows that are there no more
CREATE TABLE dwh_scratch.songplay__removed AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.session_id, a.item_in_session, a.ts, a.song, a.artist, a.length, a.level, a.location, a.user_agent, a.first_name, a.last_name, a.gender FROM dwh_scratch.songplay__was AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.session_id, b.item_in_session, b.ts, b.song, b.artist, b.length, b.level, b.location, b.user_agent, b.first_name, b.last_name, b.gender FROM dwh_scratch.songplay__result AS b;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__removed;

-- songplay: the rows that are new
CREATE TABLE dwh_scratch.songplay__added AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.session_id, a.item_in_session, a.ts, a.song, a.artist, a.length, a.level, a.location, a.user_agent, a.first_name, a.last_name, a.gender FROM dwh_scratch.songplay__result AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.session_id, b.item_in_session, b.ts, b.song, b.artist, b.length, b.level, b.location, b.user_agent, b.first_name, b.last_name, b.gender FROM dwh_scratch.songplay__was AS b;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__added;

-- name_artist: rows of song without a group
SELECT COUNT(*)
FROM dwh_scratch.song__made_now AS r
WHERE r.artist_name IS NULL;

-- name_artist: the groups that a change touches
CREATE TABLE dwh_scratch.name_artist__touched AS
SELECT DISTINCT x.artist_name AS name
FROM dwh_scratch.song__made_now AS x
WHERE x.artist_name IS NOT NULL;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__touched;

-- song: its SELECT over the rows as they were before this run
CREATE VIEW dwh_scratch.song__before_raw AS
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
FROM (SELECT s.song_id, s.title, s.artist_id, s.artist_name, s.artist_location, s.artist_latitude, s.artist_longitude, s.duration, s.num_songs, s.year FROM public.s_song AS s WHERE s.processed) AS s_song;

-- name_artist: the rows of song to look at, as they were before this run
CREATE TABLE dwh_scratch.name_artist__song_before AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__before_raw AS r
INNER JOIN dwh_scratch.name_artist__touched AS v ON r.artist_name = v.name;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__song_before;

-- name_artist: the rows of song to look at, as they are now
CREATE TABLE dwh_scratch.name_artist__song_now AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.name_artist__song_before AS r
UNION ALL
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__made_now AS r
INNER JOIN dwh_scratch.name_artist__touched AS v ON r.artist_name = v.name;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__song_now;

-- name_artist: the rows of these groups as they are now
CREATE TABLE dwh_scratch.name_artist__result AS
SELECT DISTINCT p.name, p.artist_id
FROM (
SELECT r.name, r.artist_id
FROM (
SELECT
    artist_name AS name,
    MIN(artist_id) AS artist_id
FROM dwh_scratch.name_artist__song_now AS song
WHERE artist_name IS NOT NULL
    AND artist_id <> ''
GROUP BY artist_name
) AS r
INNER JOIN dwh_scratch.name_artist__touched AS v ON r.name = v.name
) AS p;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__result;

-- name_artist: every row has its key, and each key one row
SELECT COUNT(CASE WHEN c.name IS NULL THEN 1 END), COUNT(CASE WHEN c.dwh_copies > 1 THEN 1 END)
FROM (
    SELECT r.name, COUNT(*) AS dwh_copies
    FROM dwh_scratch.name_artist__result AS r
    GROUP BY r.name
) AS c;

-- name_artist: the rows of these groups as they were
CREATE TABLE dwh_scratch.name_artist__was AS
SELECT DISTINCT p.name, p.artist_id
FROM (
SELECT r.name, r.artist_id
FROM (
SELECT
    artist_name AS name,
    MIN(artist_id) AS artist_id
FROM dwh_scratch.name_artist__song_before AS song
WHERE artist_name IS NOT NULL
    AND artist_id <> ''
GROUP BY artist_name
) AS r
INNER JOIN dwh_scratch.name_artist__touched AS v ON r.name = v.name
) AS p;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__was;

-- name_artist: the rows that are there no more
CREATE TABLE dwh_scratch.name_artist__removed AS
SELECT a.name, a.artist_id FROM dwh_scratch.name_artist__was AS a
EXCEPT
SELECT b.name, b.artist_id FROM dwh_scratch.name_artist__result AS b;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__removed;

-- name_artist: the rows that are new
CREATE TABLE dwh_scratch.name_artist__added AS
SELECT a.name, a.artist_id FROM dwh_scratch.name_artist__result AS a
EXCEPT
SELECT b.name, b.artist_id FROM dwh_scratch.name_artist__was AS b;

-- name_artist: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_artist__added;

-- f_songplay: what changed in song
CREATE TABLE dwh_scratch.f_songplay__song_changed AS
SELECT DISTINCT x.title, x.artist_name
FROM dwh_scratch.song__made_now AS x
WHERE x.title IS NOT NULL AND x.artist_name IS NOT NULL;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__song_changed;

-- songplay: its SELECT over the rows as they were before this run
CREATE VIEW dwh_scratch.songplay__before_raw AS
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
    FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;

-- f_songplay: what changed in name_artist
CREATE TABLE dwh_scratch.f_songplay__name_artist_changed AS
SELECT x.name
FROM dwh_scratch.name_artist__removed AS x
WHERE x.name IS NOT NULL
UNION
SELECT x.name
FROM dwh_scratch.name_artist__added AS x
WHERE x.name IS NOT NULL;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__name_artist_changed;

-- f_songplay: where songplay matches what changed
CREATE TABLE dwh_scratch.f_songplay__songplay_matched AS
SELECT x.ts, x.session_id, x.item_in_session
FROM (
SELECT r.ts, r.session_id, r.item_in_session
FROM dwh_scratch.songplay__before_raw AS r
INNER JOIN dwh_scratch.f_songplay__song_changed AS v ON r.song = v.title AND r.artist = v.artist_name
) AS x
WHERE x.ts IS NOT NULL AND x.session_id IS NOT NULL AND x.item_in_session IS NOT NULL
UNION
SELECT x.ts, x.session_id, x.item_in_session
FROM (
SELECT r.ts, r.session_id, r.item_in_session
FROM dwh_scratch.songplay__before_raw AS r
INNER JOIN dwh_scratch.f_songplay__name_artist_changed AS v ON r.artist = v.name
) AS x
WHERE x.ts IS NOT NULL AND x.session_id IS NOT NULL AND x.item_in_session IS NOT NULL;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__songplay_matched;

-- f_songplay: the rows of s_songplay_event to look at, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__s_songplay_event_before AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS r
INNER JOIN dwh_scratch.f_songplay__songplay_matched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__s_songplay_event_before;

-- f_songplay: the rows of songplay to look at, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__songplay_before AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender, p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id) AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM (
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
    FROM dwh_scratch.f_songplay__s_songplay_event_before AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.f_songplay__songplay_matched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__songplay_before;

-- f_songplay: the rows of songplay to look at, as they are now
CREATE TABLE dwh_scratch.f_songplay__songplay_now AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender FROM dwh_scratch.f_songplay__songplay_before AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.songplay__removed AS l WHERE l.songplay_id = r.songplay_id)
UNION ALL
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM dwh_scratch.songplay__added AS r
INNER JOIN dwh_scratch.f_songplay__songplay_matched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__songplay_now;

-- f_songplay: the rows of songplay to look at, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__songplay_before_2 AS
SELECT x.songplay_id, x.start_time, x.played_at, x.user_id, x.session_id, x.item_in_session, x.ts, x.song, x.artist, x.length, x.level, x.location, x.user_agent, x.first_name, x.last_name, x.gender
FROM dwh_scratch.songplay__removed AS x
UNION
SELECT x.songplay_id, x.start_time, x.played_at, x.user_id, x.session_id, x.item_in_session, x.ts, x.song, x.artist, x.length, x.level, x.location, x.user_agent, x.first_name, x.last_name, x.gender
FROM dwh_scratch.f_songplay__songplay_before AS x;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__songplay_before_2;

-- f_songplay: the rows of songplay to look at, as they are now
CREATE TABLE dwh_scratch.f_songplay__songplay_now_2 AS
SELECT x.songplay_id, x.start_time, x.played_at, x.user_id, x.session_id, x.item_in_session, x.ts, x.song, x.artist, x.length, x.level, x.location, x.user_agent, x.first_name, x.last_name, x.gender
FROM dwh_scratch.songplay__added AS x
UNION
SELECT x.songplay_id, x.start_time, x.played_at, x.user_id, x.session_id, x.item_in_session, x.ts, x.song, x.artist, x.length, x.level, x.location, x.user_agent, x.first_name, x.last_name, x.gender
FROM dwh_scratch.f_songplay__songplay_now AS x;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__songplay_now_2;

-- f_songplay: what the rows to compute look up in song
CREATE TABLE dwh_scratch.f_songplay__song_wanted AS
SELECT x.song AS title, x.artist AS artist_name
FROM dwh_scratch.f_songplay__songplay_now_2 AS x
WHERE x.song IS NOT NULL AND x.artist IS NOT NULL
UNION
SELECT x.song AS title, x.artist AS artist_name
FROM dwh_scratch.f_songplay__songplay_before_2 AS x
WHERE x.song IS NOT NULL AND x.artist IS NOT NULL;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__song_wanted;

-- f_songplay: the rows of song to look at, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__song_before AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__before_raw AS r
INNER JOIN dwh_scratch.f_songplay__song_wanted AS v ON r.title = v.title AND r.artist_name = v.artist_name;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__song_before;

-- f_songplay: the rows of song to look at, as they are now
CREATE TABLE dwh_scratch.f_songplay__song_now AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.f_songplay__song_before AS r
UNION ALL
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__made_now AS r
INNER JOIN dwh_scratch.f_songplay__song_wanted AS v ON r.title = v.title AND r.artist_name = v.artist_name;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__song_now;

-- f_songplay: what the rows to compute look up in name_artist
CREATE TABLE dwh_scratch.f_songplay__name_artist_wanted AS
SELECT x.artist AS name
FROM dwh_scratch.f_songplay__songplay_now_2 AS x
WHERE x.artist IS NOT NULL
UNION
SELECT x.artist AS name
FROM dwh_scratch.f_songplay__songplay_before_2 AS x
WHERE x.artist IS NOT NULL;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__name_artist_wanted;

-- f_songplay: the rows of song to look at, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__song_before_2 AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__before_raw AS r
INNER JOIN dwh_scratch.f_songplay__name_artist_wanted AS v ON r.artist_name = v.name;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__song_before_2;

-- f_songplay: the rows of name_artist to look at, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__name_artist_before AS
SELECT DISTINCT p.name, p.artist_id
FROM (
SELECT r.name, r.artist_id
FROM (
SELECT
    artist_name AS name,
    MIN(artist_id) AS artist_id
FROM dwh_scratch.f_songplay__song_before_2 AS song
WHERE artist_name IS NOT NULL
    AND artist_id <> ''
GROUP BY artist_name
) AS r
INNER JOIN dwh_scratch.f_songplay__name_artist_wanted AS v ON r.name = v.name
) AS p;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__name_artist_before;

-- f_songplay: the rows of name_artist to look at, as they are now
CREATE TABLE dwh_scratch.f_songplay__name_artist_now AS
SELECT r.name, r.artist_id FROM dwh_scratch.f_songplay__name_artist_before AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.name_artist__removed AS l WHERE l.name = r.name)
UNION ALL
SELECT r.name, r.artist_id
FROM dwh_scratch.name_artist__added AS r
INNER JOIN dwh_scratch.f_songplay__name_artist_wanted AS v ON r.name = v.name;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__name_artist_now;

-- f_songplay: the rows that these make, as they were before this run
CREATE TABLE dwh_scratch.f_songplay__made_before AS
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
FROM dwh_scratch.f_songplay__songplay_before_2 AS play
LEFT JOIN dwh_scratch.f_songplay__song_before AS song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN dwh_scratch.f_songplay__name_artist_before AS by_name
    ON by_name.name = play.artist
) AS q;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__made_before;

-- f_songplay: the rows that these make, as they are now
CREATE TABLE dwh_scratch.f_songplay__made_now AS
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
FROM dwh_scratch.f_songplay__songplay_now_2 AS play
LEFT JOIN dwh_scratch.f_songplay__song_now AS song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN dwh_scratch.f_songplay__name_artist_now AS by_name
    ON by_name.name = play.artist
) AS q;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__made_now;

-- f_songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.f_songplay__made_now AS r
WHERE r.songplay_id IS NULL;

-- f_songplay: the rows that are made no more
CREATE TABLE dwh_scratch.f_songplay__gone AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.artist_id, a.song_id, a.level, a.session_id, a.location, a.user_agent, a.distance FROM dwh_scratch.f_songplay__made_before AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.artist_id, b.song_id, b.level, b.session_id, b.location, b.user_agent, b.distance FROM dwh_scratch.f_songplay__made_now AS b;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__gone;

-- f_songplay: the rows that are made now
CREATE TABLE dwh_scratch.f_songplay__fresh AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.artist_id, a.song_id, a.level, a.session_id, a.location, a.user_agent, a.distance FROM dwh_scratch.f_songplay__made_now AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.artist_id, b.song_id, b.level, b.session_id, b.location, b.user_agent, b.distance FROM dwh_scratch.f_songplay__made_before AS b;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__fresh;

-- f_songplay: the keys that a change touches
CREATE TABLE dwh_scratch.f_songplay__touched AS
SELECT x.songplay_id
FROM dwh_scratch.f_songplay__gone AS x
WHERE x.songplay_id IS NOT NULL
UNION
SELECT x.songplay_id
FROM dwh_scratch.f_songplay__fresh AS x
WHERE x.songplay_id IS NOT NULL;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__touched;

-- f_songplay: the rows of these keys as they are now
CREATE TABLE dwh_scratch.f_songplay__result AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.artist_id, w.song_id, w.level, w.session_id, w.location, w.user_agent, w.distance
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.distance, p.song_id, p.artist_id, p.start_time, p.played_at, p.user_id, p.level, p.session_id, p.location, p.user_agent) AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.artist_id, r.song_id, r.level, r.session_id, r.location, r.user_agent, r.distance
FROM dwh_scratch.f_songplay__made_now AS r
INNER JOIN dwh_scratch.f_songplay__touched AS v ON r.songplay_id = v.songplay_id
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__result;

-- f_songplay: what is stored of them
CREATE TABLE dwh_scratch.f_songplay__stored AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.artist_id, r.song_id, r.level, r.session_id, r.location, r.user_agent
FROM public.f_songplay AS r
INNER JOIN dwh_scratch.f_songplay__touched AS v ON r.songplay_id = v.songplay_id;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__stored;

-- f_songplay: the rows to take out
CREATE TABLE dwh_scratch.f_songplay__removed AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.artist_id, a.song_id, a.level, a.session_id, a.location, a.user_agent FROM dwh_scratch.f_songplay__stored AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.artist_id, b.song_id, b.level, b.session_id, b.location, b.user_agent FROM dwh_scratch.f_songplay__result AS b;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__removed;

-- f_songplay: the rows to put in
CREATE TABLE dwh_scratch.f_songplay__added AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.artist_id, a.song_id, a.level, a.session_id, a.location, a.user_agent FROM dwh_scratch.f_songplay__result AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.artist_id, b.song_id, b.level, b.session_id, b.location, b.user_agent FROM dwh_scratch.f_songplay__stored AS b;

-- f_songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.f_songplay__added;

-- f_songplay: every text fits its column
SELECT COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.songplay_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.user_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.artist_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.song_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.level)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.location)) > 1024 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.user_agent)) > 4096 THEN 1 END)
FROM dwh_scratch.f_songplay__added AS r;

-- f_songplay: take out what changed or went away
DELETE FROM public.f_songplay USING dwh_scratch.f_songplay__removed AS x WHERE public.f_songplay.songplay_id = x.songplay_id;

-- f_songplay: put in what is new
INSERT INTO public.f_songplay (songplay_id, start_time, played_at, user_id, artist_id, song_id, level, session_id, location, user_agent)
SELECT x.songplay_id, x.start_time, x.played_at, x.user_id, x.artist_id, x.song_id, x.level, x.session_id, x.location, x.user_agent
FROM dwh_scratch.f_songplay__added AS x;

-- f_songplay: count what changed and what was healed
SELECT COUNT(*), COUNT(CASE WHEN (o.songplay_id IS NULL OR o.songplay_id = w.songplay_id) AND (o.start_time IS NULL OR o.start_time = w.start_time) AND (o.played_at IS NULL OR o.played_at = w.played_at) AND (o.user_id IS NULL OR o.user_id = w.user_id) AND (o.artist_id IS NULL OR o.artist_id = w.artist_id) AND (o.song_id IS NULL OR o.song_id = w.song_id) AND (o.level IS NULL OR o.level = w.level) AND (o.session_id IS NULL OR o.session_id = w.session_id) AND (o.location IS NULL OR o.location = w.location) AND (o.user_agent IS NULL OR o.user_agent = w.user_agent) THEN 1 END)
FROM dwh_scratch.f_songplay__removed AS o
INNER JOIN dwh_scratch.f_songplay__added AS w ON o.songplay_id = w.songplay_id;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
