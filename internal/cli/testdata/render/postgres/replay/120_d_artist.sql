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

-- d_artist: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.d_artist__now_raw AS
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
FROM dwh_scratch.song__all AS song
LEFT JOIN (
    SELECT
        artist_id,
        artist_name,
        COUNT(DISTINCT NULLIF(song_id, '')) AS songs
    FROM dwh_scratch.song__all AS song
    WHERE artist_name <> ''
    GROUP BY artist_id, artist_name
) AS spelling
    ON spelling.artist_id = song.artist_id
    AND spelling.artist_name = song.artist_name
WHERE song.artist_id <> ''
) AS q;

-- d_artist: hardly any rows share them: read all rows, and sort
SELECT SET_CONFIG('enable_hashagg', 'off', TRUE),
    SET_CONFIG('enable_indexscan', 'off', TRUE),
    SET_CONFIG('enable_indexonlyscan', 'off', TRUE);

-- d_artist: what several rows of song share
CREATE TABLE dwh_scratch.d_artist__song_repeated AS
SELECT r.artist_id
FROM dwh_scratch.song__all AS r
WHERE r.artist_id IS NOT NULL
GROUP BY r.artist_id
HAVING COUNT(*) > 1;

-- d_artist: count the values that are joined by
ANALYZE dwh_scratch.d_artist__song_repeated (artist_id);

-- d_artist: back to what the server prefers
SELECT SET_CONFIG('enable_hashagg', NULL, TRUE),
    SET_CONFIG('enable_indexscan', NULL, TRUE),
    SET_CONFIG('enable_indexonlyscan', NULL, TRUE);

-- d_artist: the rows of keys for which several compete
CREATE TABLE dwh_scratch.d_artist__ranked AS
SELECT w.artist_id, w.name, w.location, w.latitude, w.longitude, w.has_name, w.songs_with_name, w.name_length, w.has_latitude, w.has_location, w.song_id
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.artist_id ORDER BY p.has_name DESC NULLS LAST, p.songs_with_name DESC NULLS LAST, p.name_length, p.name COLLATE "C", p.has_latitude DESC NULLS LAST, p.has_location DESC NULLS LAST, p.song_id COLLATE "C", p.location COLLATE "C", p.latitude, p.longitude) AS dwh_place
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
FROM (
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.song__all AS r WHERE EXISTS (SELECT 1 FROM dwh_scratch.d_artist__song_repeated AS v WHERE v.artist_id = r.artist_id)
) AS song
LEFT JOIN (
    SELECT
        artist_id,
        artist_name,
        COUNT(DISTINCT NULLIF(song_id, '')) AS songs
    FROM (
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.song__all AS r WHERE EXISTS (SELECT 1 FROM dwh_scratch.d_artist__song_repeated AS v WHERE v.artist_id = r.artist_id)
) AS song
    WHERE artist_name <> ''
    GROUP BY artist_id, artist_name
) AS spelling
    ON spelling.artist_id = song.artist_id
    AND spelling.artist_name = song.artist_name
WHERE song.artist_id <> ''
) AS q
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_artist: TRUE: nothing differs, and the rest is left out; dwh draws the seed of the hashes
SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."location", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."name", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."artist_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."latitude", r."longitude"))), '1'))))) AS hashes FROM "public"."d_artist" AS r) AS live CROSS JOIN (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."location", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."name", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."artist_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."latitude", r."longitude"))), '1'))))) AS hashes FROM (
SELECT CAST(pg_catalog."varchar"(CAST(made.artist_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS artist_id, CAST(pg_catalog."varchar"(CAST(made.name AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS name, CAST(pg_catalog."varchar"(CAST(made.location AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS location, CAST(made.latitude AS double precision) AS latitude, CAST(made.longitude AS double precision) AS longitude
FROM (
SELECT o.artist_id, o.name, o.location, o.latitude, o.longitude, o.has_name, o.songs_with_name, o.name_length, o.has_latitude, o.has_location, o.song_id
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
FROM (
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.song__all AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.d_artist__song_repeated AS v WHERE v.artist_id = r.artist_id)
) AS song
LEFT JOIN (
    SELECT
        artist_id,
        artist_name,
        COUNT(DISTINCT NULLIF(song_id, '')) AS songs
    FROM (
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.song__all AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.d_artist__song_repeated AS v WHERE v.artist_id = r.artist_id)
) AS song
    WHERE artist_name <> ''
    GROUP BY artist_id, artist_name
) AS spelling
    ON spelling.artist_id = song.artist_id
    AND spelling.artist_name = song.artist_name
WHERE song.artist_id <> ''
) AS q
) AS o
UNION ALL
SELECT k.artist_id, k.name, k.location, k.latitude, k.longitude, k.has_name, k.songs_with_name, k.name_length, k.has_latitude, k.has_location, k.song_id FROM dwh_scratch.d_artist__ranked AS k
) AS made
) AS r) AS built;

-- d_artist: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.d_artist AS
SELECT CAST(pg_catalog."varchar"(CAST(made.artist_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS artist_id, CAST(pg_catalog."varchar"(CAST(made.name AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS name, CAST(pg_catalog."varchar"(CAST(made.location AS VARCHAR), 1028, FALSE) AS character varying(1024)) COLLATE "C" AS location, CAST(made.latitude AS double precision) AS latitude, CAST(made.longitude AS double precision) AS longitude
FROM (
SELECT o.artist_id, o.name, o.location, o.latitude, o.longitude, o.has_name, o.songs_with_name, o.name_length, o.has_latitude, o.has_location, o.song_id
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
FROM (
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.song__all AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.d_artist__song_repeated AS v WHERE v.artist_id = r.artist_id)
) AS song
LEFT JOIN (
    SELECT
        artist_id,
        artist_name,
        COUNT(DISTINCT NULLIF(song_id, '')) AS songs
    FROM (
SELECT r.song_id, r.title, r.artist_id, r.artist_name, r.location, r.latitude, r.longitude, r.duration, r.year FROM dwh_scratch.song__all AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.d_artist__song_repeated AS v WHERE v.artist_id = r.artist_id)
) AS song
    WHERE artist_name <> ''
    GROUP BY artist_id, artist_name
) AS spelling
    ON spelling.artist_id = song.artist_id
    AND spelling.artist_name = song.artist_name
WHERE song.artist_id <> ''
) AS q
) AS o
UNION ALL
SELECT k.artist_id, k.name, k.location, k.latitude, k.longitude, k.has_name, k.songs_with_name, k.name_length, k.has_latitude, k.has_location, k.song_id FROM dwh_scratch.d_artist__ranked AS k
) AS made;

-- d_artist: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.d_artist AS r
WHERE r.artist_id IS NULL;

-- d_artist: count the values of what was built
ANALYZE "dwh_scratch"."d_artist";

-- d_artist: the keys whose rows differ from those that readers see
CREATE TABLE "dwh_scratch"."difference_d_artist" AS SELECT different."artist_id", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (SELECT side."artist_id", side."name", side."location", side."latitude", side."longitude", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (SELECT live."artist_id", live."name", live."location", live."latitude", live."longitude", 1 AS dwh_live, 0 AS dwh_built FROM "public"."d_artist" AS live UNION ALL SELECT built."artist_id", built."name", built."location", built."latitude", built."longitude", 0 AS dwh_live, 1 AS dwh_built FROM "dwh_scratch"."d_artist" AS built) AS side GROUP BY side."artist_id", side."name", side."location", side."latitude", side."longitude" HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)) AS different GROUP BY different."artist_id";

-- d_artist: how many are new, changed and gone
SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM "dwh_scratch"."difference_d_artist";

-- d_artist: take out what differs
DELETE FROM "public"."d_artist" USING "dwh_scratch"."difference_d_artist" WHERE "public"."d_artist"."artist_id" = "dwh_scratch"."difference_d_artist"."artist_id";

-- d_artist: put in what was built instead
INSERT INTO "public"."d_artist" ("artist_id", "name", "location", "latitude", "longitude") SELECT built."artist_id", built."name", built."location", built."latitude", built."longitude" FROM "dwh_scratch"."difference_d_artist" AS different INNER JOIN "dwh_scratch"."d_artist" AS built ON built."artist_id" = different."artist_id";

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
