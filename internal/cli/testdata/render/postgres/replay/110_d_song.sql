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

-- d_song: TRUE: nothing differs, and the rest is left out; dwh draws the seed of the hashes
SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."artist_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."title", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."song_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."year", r."duration"))), '1'))))) AS hashes FROM "public"."d_song" AS r) AS live CROSS JOIN (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."artist_id", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."title", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."song_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."year", r."duration"))), '1'))))) AS hashes FROM (
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
) AS made
) AS r) AS built;

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

-- d_song: count the values of what was built
ANALYZE "dwh_scratch"."d_song";

-- d_song: the keys whose rows differ from those that readers see
CREATE TABLE "dwh_scratch"."difference_d_song" AS SELECT different."song_id", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (SELECT side."song_id", side."title", side."artist_id", side."year", side."duration", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (SELECT live."song_id", live."title", live."artist_id", live."year", live."duration", 1 AS dwh_live, 0 AS dwh_built FROM "public"."d_song" AS live UNION ALL SELECT built."song_id", built."title", built."artist_id", built."year", built."duration", 0 AS dwh_live, 1 AS dwh_built FROM "dwh_scratch"."d_song" AS built) AS side GROUP BY side."song_id", side."title", side."artist_id", side."year", side."duration" HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)) AS different GROUP BY different."song_id";

-- d_song: how many are new, changed and gone
SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM "dwh_scratch"."difference_d_song";

-- d_song: take out what differs
DELETE FROM "public"."d_song" USING "dwh_scratch"."difference_d_song" WHERE "public"."d_song"."song_id" = "dwh_scratch"."difference_d_song"."song_id";

-- d_song: put in what was built instead
INSERT INTO "public"."d_song" ("song_id", "title", "artist_id", "year", "duration") SELECT built."song_id", built."title", built."artist_id", built."year", built."duration" FROM "dwh_scratch"."difference_d_song" AS different INNER JOIN "dwh_scratch"."d_song" AS built ON built."song_id" = different."song_id";

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
