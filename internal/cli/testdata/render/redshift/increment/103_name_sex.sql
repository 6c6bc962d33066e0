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

-- name_sex: the rows that these make, as they are now
CREATE TABLE dwh_scratch.name_sex__made_now AS
SELECT
    RTRIM(name) AS name,
    RTRIM(sex) AS sex,
    births
FROM dwh_scratch.run__s_name_added AS s_name
WHERE name IS NOT NULL;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__made_now;

-- name_sex: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.name_sex__made_now AS r
WHERE r.name IS NULL;

-- name_sex: the keys that a change touches
CREATE TABLE dwh_scratch.name_sex__touched AS
SELECT DISTINCT x.name
FROM dwh_scratch.name_sex__made_now AS x
WHERE x.name IS NOT NULL;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__touched;

-- name_sex: its SELECT over the rows as they were before this run
CREATE VIEW dwh_scratch.name_sex__before_raw AS
SELECT
    RTRIM(name) AS name,
    RTRIM(sex) AS sex,
    births
FROM (SELECT s.name, s.sex, s.births FROM public.s_name AS s WHERE s.processed) AS s_name
WHERE name IS NOT NULL;

-- name_sex: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.name_sex__now_raw AS
SELECT
    RTRIM(name) AS name,
    RTRIM(sex) AS sex,
    births
FROM public.s_name AS s_name
WHERE name IS NOT NULL;

-- name_sex: the rows of these keys, as they were before this run
CREATE TABLE dwh_scratch.name_sex__result_before AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex) AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__before_raw AS r
INNER JOIN dwh_scratch.name_sex__touched AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__result_before;

-- name_sex: the rows of these keys, as they are now
CREATE TABLE dwh_scratch.name_sex__result_now AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex) AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__now_raw AS r
INNER JOIN dwh_scratch.name_sex__touched AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__result_now;

-- name_sex: the rows that are there no more
CREATE TABLE dwh_scratch.name_sex__removed AS
SELECT a.name, a.sex, a.births FROM dwh_scratch.name_sex__result_before AS a
EXCEPT
SELECT b.name, b.sex, b.births FROM dwh_scratch.name_sex__result_now AS b;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__removed;

-- name_sex: the rows that are new
CREATE TABLE dwh_scratch.name_sex__added AS
SELECT a.name, a.sex, a.births FROM dwh_scratch.name_sex__result_now AS a
EXCEPT
SELECT b.name, b.sex, b.births FROM dwh_scratch.name_sex__result_before AS b;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__added;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
