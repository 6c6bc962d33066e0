-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

-- songplay: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.songplay__now_raw AS
SELECT

               SHA2(id, 256)    AS songplay_id,
    DATE_TRUNC('hour', played_at) AS start_time,
    played_at,
    user_id,
    session_id,
    item_in_session,
    ts,
    song,
    artist,
    length,
    level,
    location,
    user_agent,
    first_name,
    last_name,
    gender
FROM (
    SELECT
        RTRIM(user_id)
            || '|' || CAST(session_id AS VARCHAR(20))
            || '|' || CAST(item_in_session AS VARCHAR(11))
            || '|' || CAST(ts AS VARCHAR(20)) AS id,
        -- Seconds and milliseconds are added separately: a fraction of a second would be rounded.
        TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second'
            + MOD(ts, 1000) * INTERVAL '0.001 second' AS played_at,
        RTRIM(user_id) AS user_id,
        session_id,
        item_in_session,
        ts,
        RTRIM(song) AS song,
        RTRIM(artist) AS artist,
        length,
        RTRIM(level) AS level,
        RTRIM(location) AS location,
        RTRIM(user_agent) AS user_agent,
        RTRIM(first_name) AS first_name,
        RTRIM(last_name) AS last_name,
        RTRIM(gender) AS gender
    FROM public.s_songplay_event AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;

-- songplay: its rows, once for all that read it
CREATE TABLE dwh_scratch.songplay__all AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender, p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id) AS dwh_place
    FROM (
SELECT p.songplay_id, p.start_time, p.played_at, p.user_id, p.session_id, p.item_in_session, p.ts, p.song, p.artist, p.length, p.level, p.location, p.user_agent, p.first_name, p.last_name, p.gender FROM dwh_scratch.songplay__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: count its rows
SELECT COUNT(*) FROM dwh_scratch.songplay__all;

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__all AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__now_raw AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

-- name_sex: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.name_sex__now_raw AS
SELECT
    RTRIM(name) AS name,
    RTRIM(sex) AS sex,
    births
FROM public.s_name AS s_name
WHERE name IS NOT NULL;

-- name_sex: its rows, once for all that read it
CREATE TABLE dwh_scratch.name_sex__all AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex) AS dwh_place
    FROM (
SELECT p.name, p.sex, p.births FROM dwh_scratch.name_sex__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: count its rows
SELECT COUNT(*) FROM dwh_scratch.name_sex__all;

-- name_sex: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.name_sex__all AS r
WHERE r.name IS NULL;

-- d_user: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.d_user__now_raw AS
SELECT q.user_id, q.first_name, q.last_name, q.gender, q.level, CAST(q.last_ts AS bigint) AS last_ts, CAST(q.last_session_id AS bigint) AS last_session_id, CAST(q.last_item_in_session AS integer) AS last_item_in_session
FROM (
SELECT
    play.user_id,
    play.first_name,
    play.last_name,
    COALESCE(NULLIF(play.gender, ''), NULLIF(by_name.sex, '')) AS gender,
    play.level,
    play.ts AS last_ts,
    play.session_id AS last_session_id,
    play.item_in_session AS last_item_in_session
FROM dwh_scratch.songplay__all AS play
LEFT JOIN dwh_scratch.name_sex__all AS by_name
    ON by_name.name = play.first_name
) AS q;

-- d_user: every text fits its column
SELECT COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.user_id)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.first_name)) > 256 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.last_name)) > 256 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.gender)) > 64 THEN 1 END), COUNT(CASE WHEN OCTET_LENGTH(RTRIM(r.level)) > 64 THEN 1 END)
FROM (
SELECT w.user_id, w.first_name, w.last_name, w.gender, w.level, w.last_ts, w.last_session_id, w.last_item_in_session
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.user_id ORDER BY p.last_ts DESC NULLS LAST, p.last_session_id DESC NULLS LAST, p.last_item_in_session DESC NULLS LAST, p.first_name, p.last_name, p.level, p.gender) AS dwh_place
    FROM (
SELECT p.user_id, p.first_name, p.last_name, p.gender, p.level, p.last_ts, p.last_session_id, p.last_item_in_session FROM dwh_scratch.d_user__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS r;

-- d_user: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.d_user AS
SELECT CAST(made.user_id AS character varying(64)) AS user_id, CAST(made.first_name AS character varying(256)) AS first_name, CAST(made.last_name AS character varying(256)) AS last_name, CAST(made.gender AS character varying(64)) AS gender, CAST(made.level AS character varying(64)) AS level, CAST(made.last_ts AS bigint) AS last_ts, CAST(made.last_session_id AS bigint) AS last_session_id, CAST(made.last_item_in_session AS integer) AS last_item_in_session
FROM (
SELECT w.user_id, w.first_name, w.last_name, w.gender, w.level, w.last_ts, w.last_session_id, w.last_item_in_session
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.user_id ORDER BY p.last_ts DESC NULLS LAST, p.last_session_id DESC NULLS LAST, p.last_item_in_session DESC NULLS LAST, p.first_name, p.last_name, p.level, p.gender) AS dwh_place
    FROM (
SELECT p.user_id, p.first_name, p.last_name, p.gender, p.level, p.last_ts, p.last_session_id, p.last_item_in_session FROM dwh_scratch.d_user__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS made;

-- d_user: count its rows
SELECT COUNT(*) FROM dwh_scratch.d_user;

-- d_user: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.d_user AS r
WHERE r.user_id IS NULL;

-- d_user: the keys whose rows differ from those that readers see
CREATE TABLE "dwh_scratch"."difference_d_user" AS SELECT different."user_id", SUM(different.dwh_live) AS dwh_live, SUM(different.dwh_built) AS dwh_built FROM (SELECT side."user_id", side."first_name", side."last_name", side."gender", side."level", side."last_ts", side."last_session_id", side."last_item_in_session", SUM(side.dwh_live) AS dwh_live, SUM(side.dwh_built) AS dwh_built FROM (SELECT live."user_id", live."first_name", live."last_name", live."gender", live."level", live."last_ts", live."last_session_id", live."last_item_in_session", 1 AS dwh_live, 0 AS dwh_built FROM "public"."d_user" AS live UNION ALL SELECT built."user_id", built."first_name", built."last_name", built."gender", built."level", built."last_ts", built."last_session_id", built."last_item_in_session", 0 AS dwh_live, 1 AS dwh_built FROM "dwh_scratch"."d_user" AS built) AS side GROUP BY side."user_id", side."first_name", side."last_name", side."gender", side."level", side."last_ts", side."last_session_id", side."last_item_in_session" HAVING SUM(side.dwh_live) <> SUM(side.dwh_built)) AS different GROUP BY different."user_id";

-- d_user: how many are new, changed and gone
SELECT COALESCE(SUM(CASE WHEN dwh_live = 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_live > 0 AND dwh_built > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN dwh_built = 0 THEN 1 ELSE 0 END), 0) FROM "dwh_scratch"."difference_d_user";

-- d_user: take out what differs
DELETE FROM "public"."d_user" USING "dwh_scratch"."difference_d_user" WHERE "public"."d_user"."user_id" = "dwh_scratch"."difference_d_user"."user_id";

-- d_user: put in what was built instead
INSERT INTO "public"."d_user" ("user_id", "first_name", "last_name", "gender", "level", "last_ts", "last_session_id", "last_item_in_session") SELECT built."user_id", built."first_name", built."last_name", built."gender", built."level", built."last_ts", built."last_session_id", built."last_item_in_session" FROM "dwh_scratch"."difference_d_user" AS different INNER JOIN "dwh_scratch"."d_user" AS built ON built."user_id" = different."user_id";

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
