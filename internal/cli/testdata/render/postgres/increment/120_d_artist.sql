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

-- d_artist: rows of song without a group
SELECT COUNT(*)
FROM dwh_scratch.song__made_now AS r
WHERE r.artist_id IS NULL;

-- d_artist: the groups that a change touches
CREATE TABLE dwh_scratch.d_artist__touched AS
SELECT DISTINCT x.artist_id
FROM dwh_scratch.song__made_now AS x
WHERE x.artist_id IS NOT NULL;

-- d_artist: count the values that are joined by
ANALYZE dwh_scratch.d_artist__touched (artist_id);

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

-- d_artist: the rows of song to look at, as they were before this run
CREATE TABLE dwh_scratch.d_artist__song_before AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__before_raw AS r
INNER JOIN dwh_scratch.d_artist__touched AS v ON r.artist_id = v.artist_id;

-- d_artist: the rows of song to look at, as they are now
CREATE TABLE dwh_scratch.d_artist__song_now AS
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.d_artist__song_before AS r
UNION ALL
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year
FROM dwh_scratch.song__made_now AS r
INNER JOIN dwh_scratch.d_artist__touched AS v ON r.artist_id = v.artist_id;

-- d_artist: the rows of these groups as they are now
CREATE TABLE dwh_scratch.d_artist__result AS
SELECT w.artist_id, w.name, w.location, w.latitude, w.longitude, w.has_name, w.songs_with_name, w.name_length, w.has_latitude, w.has_location, w.song_id
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.artist_id ORDER BY p.has_name DESC NULLS LAST, p.songs_with_name DESC NULLS LAST, p.name_length, p.name COLLATE "C", p.has_latitude DESC NULLS LAST, p.has_location DESC NULLS LAST, p.song_id COLLATE "C", p.location COLLATE "C", p.latitude, p.longitude) AS dwh_place
    FROM (
SELECT r.artist_id, r.name, r.location, r.latitude, r.longitude, r.has_name, r.songs_with_name, r.name_length, r.has_latitude, r.has_location, r.song_id
FROM (
SELECT q.artist_id, q.name, CASE WHEN CHAR_LENGTH(q.location) > 1024 THEN RTRIM(q.location) ELSE q.location END AS location, CAST(q.latitude AS double precision) AS latitude, CAST(q.longitude AS double precision) AS longitude, q.has_name, q.songs_with_name, q.name_length, q.has_latitude, q.has_location, q.song_id
FROM (
SELECT
    song.artist_id,
    song.artist_name AS name,
    song.location,
    song.latitude,
    song.longitude,
    CASE WHEN song.artist_name <> '' THEN 1 ELSE 0 END AS has_name,
    COALESCE(spelling.songs, 0) AS songs_with_name,
    LENGTH(song.artist_name) AS name_length,
    CASE WHEN song.latitude IS NULL THEN 0 ELSE 1 END AS has_latitude,
    CASE WHEN song.location IS NULL THEN 0 ELSE 1 END AS has_location,
    song.song_id
FROM dwh_scratch.d_artist__song_now AS song
LEFT JOIN (
    SELECT
        artist_id,
        artist_name,
        COUNT(DISTINCT NULLIF(song_id, '')) AS songs
    FROM dwh_scratch.d_artist__song_now AS song
    WHERE artist_name <> ''
    GROUP BY artist_id, artist_name
) AS spelling
    ON spelling.artist_id = song.artist_id
    AND spelling.artist_name = song.artist_name
WHERE song.artist_id <> ''
) AS q
) AS r
INNER JOIN dwh_scratch.d_artist__touched AS v ON r.artist_id = v.artist_id
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_artist: what is stored of them
CREATE TABLE dwh_scratch.d_artist__stored AS
SELECT r.artist_id, r.name, r.location, r.latitude, r.longitude
FROM public.d_artist AS r
INNER JOIN dwh_scratch.d_artist__touched AS v ON r.artist_id = v.artist_id;

-- d_artist: the rows to take out
CREATE TABLE dwh_scratch.d_artist__removed AS
SELECT a.artist_id, a.name, a.location, a.latitude, a.longitude FROM dwh_scratch.d_artist__stored AS a
EXCEPT
SELECT b.artist_id, b.name, b.location, b.latitude, b.longitude FROM dwh_scratch.d_artist__result AS b;

-- d_artist: the rows to put in
CREATE TABLE dwh_scratch.d_artist__added AS
SELECT a.artist_id, a.name, a.location, a.latitude, a.longitude FROM dwh_scratch.d_artist__result AS a
EXCEPT
SELECT b.artist_id, b.name, b.location, b.latitude, b.longitude FROM dwh_scratch.d_artist__stored AS b;

-- d_artist: every text fits its column
SELECT COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.artist_id)) > 64 THEN 1 END), COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.name)) > 1024 THEN 1 END), COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.location)) > 1024 THEN 1 END)
FROM dwh_scratch.d_artist__added AS r;

-- d_artist: count the values that are joined by
ANALYZE dwh_scratch.d_artist__removed (artist_id);

-- d_artist: take out what changed or went away
DELETE FROM public.d_artist USING dwh_scratch.d_artist__removed AS x WHERE public.d_artist.artist_id = x.artist_id;

-- d_artist: put in what is new
INSERT INTO public.d_artist (artist_id, name, location, latitude, longitude)
SELECT x.artist_id, x.name, x.location, x.latitude, x.longitude
FROM dwh_scratch.d_artist__added AS x
ORDER BY x.artist_id;

-- d_artist: count what changed and what was healed
SELECT COUNT(*), COUNT(CASE WHEN (o.artist_id IS NULL OR o.artist_id = w.artist_id) AND (o.name IS NULL OR o.name = w.name) AND (o.location IS NULL OR o.location = w.location) AND (o.latitude IS NULL OR o.latitude = w.latitude) AND (o.longitude IS NULL OR o.longitude = w.longitude) THEN 1 END)
FROM dwh_scratch.d_artist__removed AS o
INNER JOIN dwh_scratch.d_artist__added AS w ON o.artist_id = w.artist_id;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
