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

-- songplay: rows of s_songplay_event without a group
SELECT COUNT(*)
FROM dwh_scratch.run__s_songplay_event_added AS r
WHERE r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: the groups that a change touches
CREATE TABLE dwh_scratch.songplay__touched AS
SELECT DISTINCT x.ts, x.session_id, x.item_in_session
FROM dwh_scratch.run__s_songplay_event_added AS x
WHERE x.ts IS NOT NULL AND x.session_id IS NOT NULL AND x.item_in_session IS NOT NULL;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__touched (ts, session_id, item_in_session);

-- songplay: the rows of s_songplay_event to look at, as they were before this run
CREATE TABLE dwh_scratch.songplay__s_songplay_event_before AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: the rows of s_songplay_event to look at, as they are now
CREATE TABLE dwh_scratch.songplay__s_songplay_event_now AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id FROM dwh_scratch.songplay__s_songplay_event_before AS r
UNION ALL
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM dwh_scratch.run__s_songplay_event_added AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: the rows of these groups, before pick
CREATE TABLE dwh_scratch.songplay__unpicked AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
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
    FROM dwh_scratch.songplay__s_songplay_event_now AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- songplay: no key stands in several groups
SELECT r.songplay_id
FROM dwh_scratch.songplay__unpicked AS r
GROUP BY r.songplay_id
HAVING MIN(r.ts) <> MAX(r.ts) OR MIN(r.session_id) <> MAX(r.session_id) OR MIN(r.item_in_session) <> MAX(r.item_in_session)
LIMIT 3;

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

-- songplay: the rows of these groups as they are now
CREATE TABLE dwh_scratch.songplay__result AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT u.songplay_id, u.start_time, u.played_at, u.user_id, u.session_id, u.item_in_session, u.ts, u.song, u.artist, u.length, u.level, u.location, u.user_agent, u.first_name, u.last_name, u.gender
FROM dwh_scratch.songplay__unpicked AS u
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.songplay__result AS r
WHERE r.songplay_id IS NULL OR r.ts IS NULL OR r.session_id IS NULL OR r.item_in_session IS NULL;

-- songplay: the rows of these groups as they were
CREATE TABLE dwh_scratch.songplay__was AS
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
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
    FROM dwh_scratch.songplay__s_songplay_event_before AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.songplay__touched AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- songplay: the rows that are there no more
CREATE TABLE dwh_scratch.songplay__removed AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.session_id, a.item_in_session, a.ts, a.song, a.artist, a.length, a.level, a.location, a.user_agent, a.first_name, a.last_name, a.gender FROM dwh_scratch.songplay__was AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.session_id, b.item_in_session, b.ts, b.song, b.artist, b.length, b.level, b.location, b.user_agent, b.first_name, b.last_name, b.gender FROM dwh_scratch.songplay__result AS b;

-- songplay: the rows that are new
CREATE TABLE dwh_scratch.songplay__added AS
SELECT a.songplay_id, a.start_time, a.played_at, a.user_id, a.session_id, a.item_in_session, a.ts, a.song, a.artist, a.length, a.level, a.location, a.user_agent, a.first_name, a.last_name, a.gender FROM dwh_scratch.songplay__result AS a
EXCEPT
SELECT b.songplay_id, b.start_time, b.played_at, b.user_id, b.session_id, b.item_in_session, b.ts, b.song, b.artist, b.length, b.level, b.location, b.user_agent, b.first_name, b.last_name, b.gender FROM dwh_scratch.songplay__was AS b;

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__removed (first_name, song, artist);

-- songplay: count the values that are joined by
ANALYZE dwh_scratch.songplay__added (first_name, song, artist);

-- name_sex: the rows that these make, as they are now
CREATE TABLE dwh_scratch.name_sex__made_now AS
SELECT
    RTRIM(name) AS name,
    RTRIM(sex) AS sex,
    births
FROM dwh_scratch.run__s_name_added AS s_name
WHERE name IS NOT NULL;

-- name_sex: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.name_sex__made_now AS r
WHERE r.name IS NULL;

-- name_sex: the keys that a change touches
CREATE TABLE dwh_scratch.name_sex__touched AS
SELECT DISTINCT x.name
FROM dwh_scratch.name_sex__made_now AS x
WHERE x.name IS NOT NULL;

-- name_sex: count the values that are joined by
ANALYZE dwh_scratch.name_sex__touched (name);

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
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__before_raw AS r
INNER JOIN dwh_scratch.name_sex__touched AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: the rows of these keys, as they are now
CREATE TABLE dwh_scratch.name_sex__result_now AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__now_raw AS r
INNER JOIN dwh_scratch.name_sex__touched AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- name_sex: the rows that are there no more
CREATE TABLE dwh_scratch.name_sex__removed AS
SELECT a.name, a.sex, a.births FROM dwh_scratch.name_sex__result_before AS a
EXCEPT
SELECT b.name, b.sex, b.births FROM dwh_scratch.name_sex__result_now AS b;

-- name_sex: the rows that are new
CREATE TABLE dwh_scratch.name_sex__added AS
SELECT a.name, a.sex, a.births FROM dwh_scratch.name_sex__result_now AS a
EXCEPT
SELECT b.name, b.sex, b.births FROM dwh_scratch.name_sex__result_before AS b;

-- name_sex: count the values that are joined by
ANALYZE dwh_scratch.name_sex__removed (name);

-- name_sex: count the values that are joined by
ANALYZE dwh_scratch.name_sex__added (name);

-- d_user: what changed in name_sex
CREATE TABLE dwh_scratch.d_user__name_sex_changed AS
SELECT x.name
FROM dwh_scratch.name_sex__removed AS x
WHERE x.name IS NOT NULL
UNION
SELECT x.name
FROM dwh_scratch.name_sex__added AS x
WHERE x.name IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_changed (name);

-- d_user: what the rows to compute look up in name_sex
CREATE TABLE dwh_scratch.d_user__name_sex_wanted AS
SELECT x.first_name AS name
FROM dwh_scratch.songplay__added AS x
WHERE x.first_name IS NOT NULL
UNION
SELECT x.first_name AS name
FROM dwh_scratch.songplay__removed AS x
WHERE x.first_name IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_wanted (name);

-- d_user: the rows of name_sex to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__name_sex_before AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__before_raw AS r
INNER JOIN dwh_scratch.d_user__name_sex_wanted AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_before (name);

-- d_user: the rows of name_sex to look at, as they are now
CREATE TABLE dwh_scratch.d_user__name_sex_now AS
SELECT r.name, r.sex, r.births FROM dwh_scratch.d_user__name_sex_before AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.name_sex__removed AS l WHERE l.name = r.name)
UNION ALL
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__added AS r
INNER JOIN dwh_scratch.d_user__name_sex_wanted AS v ON r.name = v.name;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_now (name);

-- d_user: the rows that these make, as they were before this run
CREATE TABLE dwh_scratch.d_user__made_before AS
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
FROM dwh_scratch.songplay__removed AS play
LEFT JOIN dwh_scratch.d_user__name_sex_before AS by_name
    ON by_name.name = play.first_name
) AS q;

-- d_user: the rows that these make, as they are now
CREATE TABLE dwh_scratch.d_user__made_now AS
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
FROM dwh_scratch.songplay__added AS play
LEFT JOIN dwh_scratch.d_user__name_sex_now AS by_name
    ON by_name.name = play.first_name
) AS q;

-- d_user: every row has its key
SELECT COUNT(*)
FROM dwh_scratch.d_user__made_now AS r
WHERE r.user_id IS NULL;

-- d_user: the rows that are made no more
CREATE TABLE dwh_scratch.d_user__gone AS
SELECT a.user_id, a.first_name, a.last_name, a.gender, a.level, a.last_ts, a.last_session_id, a.last_item_in_session FROM dwh_scratch.d_user__made_before AS a
EXCEPT
SELECT b.user_id, b.first_name, b.last_name, b.gender, b.level, b.last_ts, b.last_session_id, b.last_item_in_session FROM dwh_scratch.d_user__made_now AS b;

-- d_user: the rows that are made now
CREATE TABLE dwh_scratch.d_user__fresh AS
SELECT a.user_id, a.first_name, a.last_name, a.gender, a.level, a.last_ts, a.last_session_id, a.last_item_in_session FROM dwh_scratch.d_user__made_now AS a
EXCEPT
SELECT b.user_id, b.first_name, b.last_name, b.gender, b.level, b.last_ts, b.last_session_id, b.last_item_in_session FROM dwh_scratch.d_user__made_before AS b;

-- d_user: the stored rows that hold what changed in a lookup
CREATE TABLE dwh_scratch.d_user__outdated AS
SELECT DISTINCT x.user_id
FROM (
SELECT r.user_id
FROM public.d_user AS r
INNER JOIN dwh_scratch.d_user__name_sex_changed AS v ON r.first_name = v.name
) AS x
WHERE x.user_id IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__outdated (user_id);

-- d_user: the keys that a change touches
CREATE TABLE dwh_scratch.d_user__touched AS
SELECT x.user_id
FROM dwh_scratch.d_user__gone AS x
WHERE x.user_id IS NOT NULL
UNION
SELECT x.user_id
FROM dwh_scratch.d_user__fresh AS x
WHERE x.user_id IS NOT NULL
UNION
SELECT x.user_id
FROM dwh_scratch.d_user__outdated AS x
WHERE x.user_id IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__touched (user_id);

-- d_user: the keys whose stored row does not stand any more
CREATE TABLE dwh_scratch.d_user__lost AS
SELECT i.user_id FROM (
SELECT g.user_id, g.first_name, g.last_name, g.gender, g.level, g.last_ts, g.last_session_id, g.last_item_in_session FROM dwh_scratch.d_user__gone AS g
INTERSECT
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM public.d_user AS r
INNER JOIN dwh_scratch.d_user__touched AS v ON r.user_id = v.user_id
) AS i
UNION
SELECT i.user_id FROM (
SELECT s.user_id FROM dwh_scratch.d_user__outdated AS s
INTERSECT
(SELECT c.user_id FROM dwh_scratch.d_user__gone AS c
UNION
SELECT c.user_id FROM dwh_scratch.d_user__fresh AS c)
) AS i
UNION
SELECT r.user_id FROM (
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM public.d_user AS r
INNER JOIN dwh_scratch.d_user__outdated AS v ON r.user_id = v.user_id
) AS r
WHERE r.last_ts IS NULL OR r.last_session_id IS NULL OR r.last_item_in_session IS NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__lost (user_id);

-- d_user: the stored rows to make again
CREATE TABLE dwh_scratch.d_user__outdated_2 AS
SELECT a.user_id FROM dwh_scratch.d_user__outdated AS a
EXCEPT
SELECT b.user_id FROM dwh_scratch.d_user__lost AS b;

-- d_user: the keys whose stored row stands for all that lost to it
CREATE TABLE dwh_scratch.d_user__folded AS
SELECT a.user_id FROM dwh_scratch.d_user__touched AS a
EXCEPT
SELECT b.user_id FROM dwh_scratch.d_user__lost AS b;

-- d_user: the keys whose stored row stands for all that lost to it
CREATE TABLE dwh_scratch.d_user__folded_2 AS
SELECT a.user_id FROM dwh_scratch.d_user__folded AS a
EXCEPT
SELECT b.user_id FROM dwh_scratch.d_user__outdated_2 AS b;

-- d_user: the keys and picks of these rows
CREATE TABLE dwh_scratch.d_user__again AS
SELECT DISTINCT x.user_id, x.last_ts, x.last_session_id, x.last_item_in_session
FROM (
SELECT r.user_id, r.last_ts, r.last_session_id, r.last_item_in_session
FROM public.d_user AS r
INNER JOIN dwh_scratch.d_user__outdated_2 AS v ON r.user_id = v.user_id
) AS x
WHERE x.user_id IS NOT NULL AND x.last_ts IS NOT NULL AND x.last_session_id IS NOT NULL AND x.last_item_in_session IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__again (user_id, last_ts, last_session_id, last_item_in_session);

-- d_user: the groups of songplay to look at
CREATE TABLE dwh_scratch.d_user__songplay_groups AS
SELECT DISTINCT x.last_ts AS ts, x.last_session_id AS session_id, x.last_item_in_session AS item_in_session
FROM dwh_scratch.d_user__again AS x
WHERE x.last_ts IS NOT NULL AND x.last_session_id IS NOT NULL AND x.last_item_in_session IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__songplay_groups (ts, session_id, item_in_session);

-- d_user: the rows of s_songplay_event to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__s_songplay_event_before AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS r
INNER JOIN dwh_scratch.d_user__songplay_groups AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- d_user: the rows of songplay to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__songplay_before AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM (
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
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
    FROM dwh_scratch.d_user__s_songplay_event_before AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.d_user__songplay_groups AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS r
INNER JOIN dwh_scratch.d_user__again AS v ON r.user_id = v.user_id AND r.ts = v.last_ts AND r.session_id = v.last_session_id AND r.item_in_session = v.last_item_in_session;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__songplay_before (first_name);

-- d_user: the rows of songplay to look at, as they are now
CREATE TABLE dwh_scratch.d_user__songplay_now AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender FROM dwh_scratch.d_user__songplay_before AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.songplay__removed AS l WHERE l.songplay_id = r.songplay_id)
UNION ALL
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM dwh_scratch.songplay__added AS r
INNER JOIN dwh_scratch.d_user__again AS v ON r.user_id = v.user_id AND r.ts = v.last_ts AND r.session_id = v.last_session_id AND r.item_in_session = v.last_item_in_session;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__songplay_now (first_name);

-- d_user: what the rows to compute look up in name_sex
CREATE TABLE dwh_scratch.d_user__name_sex_wanted_2 AS
SELECT DISTINCT x.first_name AS name
FROM dwh_scratch.d_user__songplay_now AS x
WHERE x.first_name IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_wanted_2 (name);

-- d_user: the rows of name_sex to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__name_sex_before_2 AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__before_raw AS r
INNER JOIN dwh_scratch.d_user__name_sex_wanted_2 AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_before_2 (name);

-- d_user: the rows of name_sex to look at, as they are now
CREATE TABLE dwh_scratch.d_user__name_sex_now_2 AS
SELECT r.name, r.sex, r.births FROM dwh_scratch.d_user__name_sex_before_2 AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.name_sex__removed AS l WHERE l.name = r.name)
UNION ALL
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__added AS r
INNER JOIN dwh_scratch.d_user__name_sex_wanted_2 AS v ON r.name = v.name;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_now_2 (name);

-- songplay: its SELECT over the rows as they were before this run
CREATE VIEW dwh_scratch.songplay__before_raw AS
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
    FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;

-- d_user: the groups of songplay to look at
CREATE TABLE dwh_scratch.d_user__songplay_groups_2 AS
SELECT DISTINCT x.ts, x.session_id, x.item_in_session
FROM (
SELECT r.ts, r.session_id, r.item_in_session
FROM dwh_scratch.songplay__before_raw AS r
INNER JOIN dwh_scratch.d_user__lost AS v ON r.user_id = v.user_id
    AND HASHTEXT(r.user_id) = HASHTEXT(v.user_id)
) AS x
WHERE x.ts IS NOT NULL AND x.session_id IS NOT NULL AND x.item_in_session IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__songplay_groups_2 (ts, session_id, item_in_session);

-- d_user: the rows of s_songplay_event to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__s_songplay_event_before_2 AS
SELECT r.artist, r.auth, r.first_name, r.gender, r.item_in_session, r.last_name, r.length, r.level, r.location, r.method, r.page, r.registration, r.session_id, r.song, r.status, r.ts, r.user_agent, r.user_id
FROM (SELECT s.artist, s.auth, s.first_name, s.gender, s.item_in_session, s.last_name, s.length, s.level, s.location, s.method, s.page, s.registration, s.session_id, s.song, s.status, s.ts, s.user_agent, s.user_id FROM public.s_songplay_event AS s WHERE s.processed) AS r
INNER JOIN dwh_scratch.d_user__songplay_groups_2 AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session;

-- d_user: the rows of songplay to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__songplay_before_2 AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM (
SELECT w.songplay_id, w.start_time, w.played_at, w.user_id, w.session_id, w.item_in_session, w.ts, w.song, w.artist, w.length, w.level, w.location, w.user_agent, w.first_name, w.last_name, w.gender
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.songplay_id ORDER BY p.song COLLATE "C", p.artist COLLATE "C", p.length, p.level COLLATE "C", p.location COLLATE "C", p.user_agent COLLATE "C", p.first_name COLLATE "C", p.last_name COLLATE "C", p.gender COLLATE "C", p.session_id, p.item_in_session, p.ts, p.start_time, p.played_at, p.user_id COLLATE "C") AS dwh_place
    FROM (
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
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
    FROM dwh_scratch.d_user__s_songplay_event_before_2 AS s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event
) AS r
INNER JOIN dwh_scratch.d_user__songplay_groups_2 AS v ON r.ts = v.ts AND r.session_id = v.session_id AND r.item_in_session = v.item_in_session
    ) AS p
) AS w
WHERE w.dwh_place = 1
) AS r
INNER JOIN dwh_scratch.d_user__lost AS v ON r.user_id = v.user_id
    AND HASHTEXT(r.user_id) = HASHTEXT(v.user_id);

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__songplay_before_2 (user_id, first_name);

-- d_user: the rows of songplay to look at, as they are now
CREATE TABLE dwh_scratch.d_user__songplay_now_2 AS
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender FROM dwh_scratch.d_user__songplay_before_2 AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.songplay__removed AS l WHERE l.songplay_id = r.songplay_id)
UNION ALL
SELECT r.songplay_id, r.start_time, r.played_at, r.user_id, r.session_id, r.item_in_session, r.ts, r.song, r.artist, r.length, r.level, r.location, r.user_agent, r.first_name, r.last_name, r.gender
FROM dwh_scratch.songplay__added AS r
INNER JOIN dwh_scratch.d_user__lost AS v ON r.user_id = v.user_id
    AND HASHTEXT(r.user_id) = HASHTEXT(v.user_id);

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__songplay_now_2 (user_id, first_name);

-- d_user: what the rows to compute look up in name_sex
CREATE TABLE dwh_scratch.d_user__name_sex_wanted_3 AS
SELECT DISTINCT x.first_name AS name
FROM dwh_scratch.d_user__songplay_now_2 AS x
WHERE x.first_name IS NOT NULL;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_wanted_3 (name);

-- d_user: the rows of name_sex to look at, as they were before this run
CREATE TABLE dwh_scratch.d_user__name_sex_before_3 AS
SELECT w.name, w.sex, w.births
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.name ORDER BY p.births DESC NULLS LAST, p.sex COLLATE "C") AS dwh_place
    FROM (
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__before_raw AS r
INNER JOIN dwh_scratch.d_user__name_sex_wanted_3 AS v ON r.name = v.name
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_before_3 (name);

-- d_user: the rows of name_sex to look at, as they are now
CREATE TABLE dwh_scratch.d_user__name_sex_now_3 AS
SELECT r.name, r.sex, r.births FROM dwh_scratch.d_user__name_sex_before_3 AS r
WHERE NOT EXISTS (SELECT 1 FROM dwh_scratch.name_sex__removed AS l WHERE l.name = r.name)
UNION ALL
SELECT r.name, r.sex, r.births
FROM dwh_scratch.name_sex__added AS r
INNER JOIN dwh_scratch.d_user__name_sex_wanted_3 AS v ON r.name = v.name;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__name_sex_now_3 (name);

-- d_user: the rows of these keys as they are now
CREATE TABLE dwh_scratch.d_user__result AS
SELECT w.user_id, w.first_name, w.last_name, w.gender, w.level, w.last_ts, w.last_session_id, w.last_item_in_session
FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.user_id ORDER BY p.last_ts DESC NULLS LAST, p.last_session_id DESC NULLS LAST, p.last_item_in_session DESC NULLS LAST, p.first_name COLLATE "C", p.last_name COLLATE "C", p.level COLLATE "C", p.gender COLLATE "C") AS dwh_place
    FROM (
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM public.d_user AS r
INNER JOIN dwh_scratch.d_user__folded_2 AS v ON r.user_id = v.user_id
UNION ALL
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM dwh_scratch.d_user__fresh AS r
INNER JOIN dwh_scratch.d_user__folded_2 AS v ON r.user_id = v.user_id
UNION ALL
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM (
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
FROM dwh_scratch.d_user__songplay_now AS play
LEFT JOIN dwh_scratch.d_user__name_sex_now_2 AS by_name
    ON by_name.name = play.first_name
) AS q
) AS r
INNER JOIN dwh_scratch.d_user__outdated_2 AS v ON r.user_id = v.user_id
UNION ALL
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM (
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
FROM dwh_scratch.d_user__songplay_now_2 AS play
LEFT JOIN dwh_scratch.d_user__name_sex_now_3 AS by_name
    ON by_name.name = play.first_name
) AS q
) AS r
INNER JOIN dwh_scratch.d_user__lost AS v ON r.user_id = v.user_id
    ) AS p
) AS w
WHERE w.dwh_place = 1;

-- d_user: what is stored of them
CREATE TABLE dwh_scratch.d_user__stored AS
SELECT r.user_id, r.first_name, r.last_name, r.gender, r.level, r.last_ts, r.last_session_id, r.last_item_in_session
FROM public.d_user AS r
INNER JOIN dwh_scratch.d_user__touched AS v ON r.user_id = v.user_id;

-- d_user: the rows to take out
CREATE TABLE dwh_scratch.d_user__removed AS
SELECT a.user_id, a.first_name, a.last_name, a.gender, a.level, a.last_ts, a.last_session_id, a.last_item_in_session FROM dwh_scratch.d_user__stored AS a
EXCEPT
SELECT b.user_id, b.first_name, b.last_name, b.gender, b.level, b.last_ts, b.last_session_id, b.last_item_in_session FROM dwh_scratch.d_user__result AS b;

-- d_user: the rows to put in
CREATE TABLE dwh_scratch.d_user__added AS
SELECT a.user_id, a.first_name, a.last_name, a.gender, a.level, a.last_ts, a.last_session_id, a.last_item_in_session FROM dwh_scratch.d_user__result AS a
EXCEPT
SELECT b.user_id, b.first_name, b.last_name, b.gender, b.level, b.last_ts, b.last_session_id, b.last_item_in_session FROM dwh_scratch.d_user__stored AS b;

-- d_user: every text fits its column
SELECT COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.user_id)) > 64 THEN 1 END), COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.first_name)) > 256 THEN 1 END), COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.last_name)) > 256 THEN 1 END), COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.gender)) > 64 THEN 1 END), COUNT(CASE WHEN CHAR_LENGTH(RTRIM(r.level)) > 64 THEN 1 END)
FROM dwh_scratch.d_user__added AS r;

-- d_user: count the values that are joined by
ANALYZE dwh_scratch.d_user__removed (user_id);

-- d_user: take out what changed or went away
DELETE FROM public.d_user USING dwh_scratch.d_user__removed AS x WHERE public.d_user.user_id = x.user_id;

-- d_user: put in what is new
INSERT INTO public.d_user (user_id, first_name, last_name, gender, level, last_ts, last_session_id, last_item_in_session)
SELECT x.user_id, x.first_name, x.last_name, x.gender, x.level, x.last_ts, x.last_session_id, x.last_item_in_session
FROM dwh_scratch.d_user__added AS x
ORDER BY x.user_id;

-- d_user: count what changed and what was healed
SELECT COUNT(*), COUNT(CASE WHEN (o.user_id IS NULL OR o.user_id = w.user_id) AND (o.first_name IS NULL OR o.first_name = w.first_name) AND (o.last_name IS NULL OR o.last_name = w.last_name) AND (o.gender IS NULL OR o.gender = w.gender) AND (o.level IS NULL OR o.level = w.level) AND (o.last_ts IS NULL OR o.last_ts = w.last_ts) AND (o.last_session_id IS NULL OR o.last_session_id = w.last_session_id) AND (o.last_item_in_session IS NULL OR o.last_item_in_session = w.last_item_in_session) THEN 1 END)
FROM dwh_scratch.d_user__removed AS o
INNER JOIN dwh_scratch.d_user__added AS w ON o.user_id = w.user_id;

-- nothing stays of what this run computed in
DROP SCHEMA IF EXISTS "dwh_scratch" CASCADE;
