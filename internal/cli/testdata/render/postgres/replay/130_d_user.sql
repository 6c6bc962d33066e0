-- an earlier version may have left the scratch schema behind
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;

-- the schema that this run computes in
CREATE SCHEMA "dwh_scratch";

-- names without a schema mean the tables that readers use
SET search_path TO "public";

-- songplay: its SELECT over the rows as they are now
CREATE VIEW dwh_scratch.songplay__now_raw AS
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(id, 'UTF8')), 'hex')
    /*redshift SHA2(id, 256) */ AS songplay_id,
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

-- songplay: hardly any rows share them: read all rows, and sort
SELECT SET_CONFIG('enable_hashagg', 'off', TRUE),
    SET_CONFIG('enable_indexscan', pages.ways, TRUE),
    SET_CONFIG('enable_indexonlyscan', pages.ways, TRUE)
FROM (
    SELECT CASE WHEN relpages = 0 OR relallvisible < 0.9 * relpages THEN 'off' END AS ways
    FROM pg_catalog.pg_class
    WHERE oid = CAST('public.s_songplay_event' AS regclass)
) AS pages;

-- songplay: what several rows of s_songplay_event share
CREATE TABLE dwh_scratch.songplay__s_songplay_event_repeated AS
SELECT r.ts, r.session_id, r.item_in_session
FROM public.s_songplay_event AS r
WHERE r.ts IS NOT NULL AND r.session_id IS NOT NULL AND r.item_in_session IS NOT NULL
GROUP BY r.ts, r.session_id, r.item_in_session
HAVING COUNT(*) > 1;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__s_songplay_event_repeated (ts, session_id, item_in_session);

-- songplay: back to what the server prefers
SELECT SET_CONFIG('enable_hashagg', NULL, TRUE),
    SET_CONFIG('enable_indexscan', NULL, TRUE),
    SET_CONFIG('enable_indexonlyscan', NULL, TRUE);

-- songplay: the rows that compete, before pick
CREATE TABLE dwh_scratch.songplay__rivals AS
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(id, 'UTF8')), 'hex')
    /*redshift SHA2(id, 256) */ AS songplay_id,
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
    FROM (
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM public.s_songplay_event AS r WHERE EXISTS (SELECT 1 FROM dwh_scratch.songplay__s_songplay_event_repeated AS v WHERE v.ts = r.ts AND v.session_id = r.session_id AND v.item_in_session = r.item_in_session)
) AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__rivals AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

-- songplay: the rows of keys for which several compete
CREATE TABLE dwh_scratch.songplay__ranked AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT u.songplay_id, u.start_time, u.played_at, u.user_id, u.session_id, u.item_in_session, u.ts, u.song, u.artist, u.length, u.level, u.location, u.user_agent, u.first_name, u.last_name, u.gender FROM dwh_scratch.songplay__rivals AS u
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: its rows, once for all that read it
CREATE TABLE dwh_scratch.songplay__all AS
SELECT o.songplay_id, o.start_time, o.played_at, o.user_id, o.session_id, o.item_in_session, o.ts, o.song, o.artist, o.length, o.level, o.location, o.user_agent, o.first_name, o.last_name, o.gender
FROM (
SELECT
    /*postgres*/ ENCODE(SHA256(CONVERT_TO(id, 'UTF8')), 'hex')
    /*redshift SHA2(id, 256) */ AS songplay_id,
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
    FROM (
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM public.s_songplay_event AS r WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.songplay__s_songplay_event_repeated AS v WHERE v.ts = r.ts AND v.session_id = r.session_id AND v.item_in_session = r.item_in_session)
) AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS o
UNION ALL
SELECT k.songplay_id, k.start_time, k.played_at, k.user_id, k.session_id, k.item_in_session, k.ts, k.song, k.artist, k.length, k.level, k.location, k.user_agent, k.first_name, k.last_name, k.gender FROM dwh_scratch.songplay__ranked AS k;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__all (first_name, song, artist);

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__all AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

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
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT p.name, p.sex, p.births FROM dwh_scratch.name_sex__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: count the values that are joined by
ANALYZE dwh_scratch.name_sex__all (name);

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

-- d_user: TRUE: nothing differs, and the rest is left out; dwh draws the seed of the hashes
SELECT live.held = built.held AND live.hashes IS NOT DISTINCT FROM built.hashes, built.held FROM (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."level", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."gender", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."last_name", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."first_name", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."user_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."last_ts", r."last_session_id", r."last_item_in_session"))), '1'))))))) AS hashes FROM "public"."d_user" AS r) AS live CROSS JOIN (SELECT COUNT(*) AS held, SUM(HASHTEXTEXTENDED(COALESCE(r."level", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."gender", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."last_name", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."first_name", '1') COLLATE "C", HASHTEXTEXTENDED(COALESCE(r."user_id", '1') COLLATE "C", HASH_RECORD_EXTENDED(ROW(RECORD_SEND(ROW(r."last_ts", r."last_session_id", r."last_item_in_session"))), '1'))))))) AS hashes FROM (
SELECT CAST(pg_catalog."varchar"(CAST(made.user_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS user_id, CAST(pg_catalog."varchar"(CAST(made.first_name AS VARCHAR), 260, FALSE) AS character varying(256)) COLLATE "C" AS first_name, CAST(pg_catalog."varchar"(CAST(made.last_name AS VARCHAR), 260, FALSE) AS character varying(256)) COLLATE "C" AS last_name, CAST(pg_catalog."varchar"(CAST(made.gender AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS gender, CAST(pg_catalog."varchar"(CAST(made.level AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS level, CAST(made.last_ts AS bigint) AS last_ts, CAST(made.last_session_id AS bigint) AS last_session_id, CAST(made.last_item_in_session AS integer) AS last_item_in_session
FROM (
SELECT w.user_id, w.first_name, w.last_name, w.gender, w.level, w.last_ts, w.last_session_id, w.last_item_in_session
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.user_id ORDER BY p.last_ts DESC NULLS LAST, p.last_session_id DESC NULLS LAST, p.last_item_in_session DESC NULLS LAST, p.first_name COLLATE "C", p.last_name COLLATE "C", p.level COLLATE "C", p.gender COLLATE "C") AS dwh_place
    FROM (
SELECT p.user_id, p.first_name, p.last_name, p.gender, p.level, p.last_ts, p.last_session_id, p.last_item_in_session FROM dwh_scratch.d_user__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS made
) AS r) AS built;

-- d_user: all of its rows, with the types of the table
CREATE TABLE dwh_scratch.d_user AS
SELECT CAST(pg_catalog."varchar"(CAST(made.user_id AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS user_id, CAST(pg_catalog."varchar"(CAST(made.first_name AS VARCHAR), 260, FALSE) AS character varying(256)) COLLATE "C" AS first_name, CAST(pg_catalog."varchar"(CAST(made.last_name AS VARCHAR), 260, FALSE) AS character varying(256)) COLLATE "C" AS last_name, CAST(pg_catalog."varchar"(CAST(made.gender AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS gender, CAST(pg_catalog."varchar"(CAST(made.level AS VARCHAR), 68, FALSE) AS character varying(64)) COLLATE "C" AS level, CAST(made.last_ts AS bigint) AS last_ts, CAST(made.last_session_id AS bigint) AS last_session_id, CAST(made.last_item_in_session AS integer) AS last_item_in_session
FROM (
SELECT w.user_id, w.first_name, w.last_name, w.gender, w.level, w.last_ts, w.last_session_id, w.last_item_in_session
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.user_id ORDER BY p.last_ts DESC NULLS LAST, p.last_session_id DESC NULLS LAST, p.last_item_in_session DESC NULLS LAST, p.first_name COLLATE "C", p.last_name COLLATE "C", p.level COLLATE "C", p.gender COLLATE "C") AS dwh_place
    FROM (
SELECT p.user_id, p.first_name, p.last_name, p.gender, p.level, p.last_ts, p.last_session_id, p.last_item_in_session FROM dwh_scratch.d_user__now_raw AS p
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS made;

-- d_user: every row has its key, and no NULL where none may be
SELECT COUNT(*)
FROM dwh_scratch.d_user AS r
WHERE r.user_id IS NULL;

-- d_user: count the values of what was built
ANALYZE "dwh_scratch"."d_user";

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
