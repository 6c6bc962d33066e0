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

-- name_artist: rows of song without a group
SELECT COUNT(*)
FROM dwh_scratch.song__made_now AS r
WHERE r.artist_name IS NULL;

-- name_artist: the groups that a change touches
CREATE TABLE dwh_scratch.name_artist__touched AS
SELECT DISTINCT x.artist_name AS name
FROM dwh_scratch.song__made_now AS x
WHERE x.artist_name IS NOT NULL;

-- name_artist: count the values that are joined by
ANALYZE dwh_scratch.name_artist__touched (name);

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

-- name_artist: the rows of song to look at, as they are now
CREATE TABLE dwh_scratch.name_artist__song_now AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.name_artist__song_before AS r
UNION ALL
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__made_now AS r
INNER JOIN dwh_scratch.name_artist__touched AS v ON r.artist_name = v.name;

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

-- name_artist: the rows that are there no more
CREATE TABLE dwh_scratch.name_artist__removed AS
SELECT a.name, a.artist_id FROM dwh_scratch.name_artist__was AS a
EXCEPT
SELECT b.name, b.artist_id FROM dwh_scratch.name_artist__result AS b;

-- name_artist: the rows that are new
CREATE TABLE dwh_scratch.name_artist__added AS
SELECT a.name, a.artist_id FROM dwh_scratch.name_artist__result AS a
EXCEPT
SELECT b.name, b.artist_id FROM dwh_scratch.name_artist__was AS b;

-- name_artist: count the values that are joined by
ANALYZE dwh_scratch.name_artist__removed (name);

-- name_artist: count the values that are joined by
ANALYZE dwh_scratch.name_artist__added (name);

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
