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

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
