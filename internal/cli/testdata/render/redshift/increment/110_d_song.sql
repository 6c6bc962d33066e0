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

-- d_song: the rows that these make, as they are now
CREATE TABLE dwh_scratch.d_song__made_now AS
SELECT q.song_id, q.title, q.artist_id, CAST(q.year AS integer) AS year, CAST(q.duration AS double precision) AS duration
FROM (
SELECT
    song_id,
    title,
    artist_id,
    year,
    duration
FROM dwh_scratch.song__made_now AS song
WHERE song_id <> ''
) AS q;

-- d_song: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_song__made_now;

-- d_song: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.d_song__made_now AS r
WHERE r.song_id IS NULL;

-- d_song: the keys that a change touches
CREATE TABLE dwh_scratch.d_song__touched AS
SELECT DISTINCT x.song_id
FROM dwh_scratch.d_song__made_now AS x
WHERE x.song_id IS NOT NULL;

-- d_song: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_song__touched;

-- d_song: the rows of these keys as they are now
CREATE TABLE dwh_scratch.d_song__result AS
SELECT w.song_id, w.title, w.artist_id, w.year, w.duration
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.song_id ORDER BY p.year DESC NULLS LAST, p.duration DESC NULLS LAST, p.title, p.artist_id) AS dwh_place
    FROM (
SELECT r.song_id, r.title, r.artist_id, r.year, r.duration
FROM public.d_song AS r
INNER JOIN dwh_scratch.d_song__touched AS v ON r.song_id = v.song_id
UNION ALL
SELECT r.song_id, r.title, r.artist_id, r.year, r.duration
FROM dwh_scratch.d_song__made_now AS r
INNER JOIN dwh_scratch.d_song__touched AS v ON r.song_id = v.song_id
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_song: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_song__result;

-- d_song: what is stored of them
CREATE TABLE dwh_scratch.d_song__stored AS
SELECT r.song_id, r.title, r.artist_id, r.year, r.duration
FROM public.d_song AS r
INNER JOIN dwh_scratch.d_song__touched AS v ON r.song_id = v.song_id;

-- d_song: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_song__stored;

-- d_song: the rows to take out
CREATE TABLE dwh_scratch.d_song__removed AS
SELECT a.song_id, a.title, a.artist_id, a.year, a.duration FROM dwh_scratch.d_song__stored AS a
EXCEPT
SELECT b.song_id, b.title, b.artist_id, b.year, b.duration FROM dwh_scratch.d_song__result AS b;

-- d_song: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_song__removed;

-- d_song: the rows to put in
CREATE TABLE dwh_scratch.d_song__added AS
SELECT a.song_id, a.title, a.artist_id, a.year, a.duration FROM dwh_scratch.d_song__result AS a
EXCEPT
SELECT b.song_id, b.title, b.artist_id, b.year, b.duration FROM dwh_scratch.d_song__stored AS b;

-- d_song: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_song__added;

-- d_song: every text fits its column
SELECT COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.song_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.title)) > 1024 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.artist_id)) > 64 THEN 1 END)
FROM dwh_scratch.d_song__added AS r;

-- d_song: take out what changed or went away
DELETE FROM public.d_song USING dwh_scratch.d_song__removed AS x WHERE public.d_song.song_id = x.song_id;

-- d_song: put in what is new
INSERT INTO public.d_song (song_id, title, artist_id, year, duration)
SELECT x.song_id, x.title, x.artist_id, x.year, x.duration
FROM dwh_scratch.d_song__added AS x;

-- d_song: count what changed and what was healed
SELECT COUNT(*), COUNT(CASE WHEN (o.song_id IS NULL OR o.song_id = w.song_id) AND (o.title IS NULL OR o.title = w.title) AND (o.artist_id IS NULL OR o.artist_id = w.artist_id) AND (o.year IS NULL OR o.year = w.year) AND (o.duration IS NULL OR o.duration = w.duration) THEN 1 END)
FROM dwh_scratch.d_song__removed AS o
INNER JOIN dwh_scratch.d_song__added AS w ON o.song_id = w.song_id;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
