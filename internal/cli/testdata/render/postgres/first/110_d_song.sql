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

-- d_song: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.d_song__now_raw AS
SELECT q.song_id, q.title, q.artist_id, CAST(q.year AS integer) AS year, CAST(q.duration AS double precision) AS duration
FROM (
SELECT
    song_id,
    title,
    artist_id,
    year,
    duration
FROM dwh_scratch.song__all AS song
WHERE song_id <> ''
) AS q;

-- d_song: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.d_song AS
SELECT CAST(pg_catalog."varchar"(CAST(made.song_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS song_id, CAST(pg_catalog."varchar"(CAST(made.title AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS title, CAST(pg_catalog."varchar"(CAST(made.artist_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS artist_id, CAST(made.year AS integer) AS year, CAST(made.duration AS double precision) AS duration
FROM (
SELECT w.song_id, w.title, w.artist_id, w.year, w.duration
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.song_id ORDER BY p.year DESC NULLS LAST, p.duration DESC NULLS LAST, p.title COLLATE "C", p.artist_id COLLATE "C") AS dwh_place
    FROM (
SELECT p.song_id, p.title, p.artist_id, p.year, p.duration FROM dwh_scratch.d_song__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS made;

-- d_song: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.d_song AS r
WHERE r.song_id IS NULL;

-- d_song: fill its empty table
INSERT INTO "public"."d_song" ("song_id", "title", "artist_id", "year", "duration") SELECT made."song_id", made."title", made."artist_id", made."year", made."duration" FROM "dwh_scratch"."d_song" AS made ORDER BY made."song_id";

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
