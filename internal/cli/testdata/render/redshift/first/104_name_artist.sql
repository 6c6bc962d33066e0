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

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
