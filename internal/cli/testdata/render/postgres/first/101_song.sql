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

-- song: count the values that are joined by
ANALYZE dwh_scratch.song__all (artist_name, artist_id, title);

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
