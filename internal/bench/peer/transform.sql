-- The star of the staging tables by SQL that is tuned by hand for PostgreSQL 15 and later, in a
-- schema of its own. CREATE TABLE AS runs parallel plans, which INSERT ... SELECT cannot; keys are
-- added once the rows are there, so that the indexes are built in parallel. It neither flags nor
-- heals, and a play that was delivered twice fails the key.
\set ON_ERROR_STOP 1
SET max_parallel_workers_per_gather = 2;
SET max_parallel_maintenance_workers = 2;
SET parallel_setup_cost = 10;
SET min_parallel_table_scan_size = '1MB';
SET parallel_tuple_cost = 0.001;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET search_path = peer, public;

ANALYZE s_song;
ANALYZE s_songplay_event (page, user_id, ts, artist, song, level);

CREATE SCHEMA peer;

CREATE TABLE peer.d_artist AS
SELECT DISTINCT ON (artist_id)
    artist_id,
    artist_name AS name,
    artist_location AS location,
    artist_latitude AS latitude,
    artist_longitude AS longitude
FROM s_song
WHERE artist_id <> ''
ORDER BY artist_id, artist_name;

ALTER TABLE peer.d_artist ADD PRIMARY KEY (artist_id);

CREATE TABLE peer.d_song AS
SELECT DISTINCT ON (song_id)
    song_id,
    title,
    artist_id,
    year,
    duration
FROM s_song
WHERE song_id <> ''
ORDER BY song_id, title;

ALTER TABLE peer.d_song ADD PRIMARY KEY (song_id);

CREATE TABLE peer.d_time AS
SELECT
    t AS start_time,
    EXTRACT(hour FROM t)::INTEGER AS hour,
    EXTRACT(day FROM t)::INTEGER AS day,
    EXTRACT(week FROM t)::INTEGER AS week,
    EXTRACT(month FROM t)::INTEGER AS month,
    EXTRACT(year FROM t)::INTEGER AS year,
    EXTRACT(isodow FROM t)::INTEGER - 1 AS weekday
FROM (
    SELECT
        TO_TIMESTAMP(h * 3600) AT TIME ZONE 'UTC' AS t
    FROM (
        SELECT ts / 3600000 AS h
        FROM s_songplay_event
        WHERE page = 'NextSong'
            AND user_id <> ''
        GROUP BY 1
    ) AS hour
) AS moment;

ALTER TABLE peer.d_time ADD PRIMARY KEY (start_time);

CREATE TABLE peer.d_user AS
SELECT DISTINCT ON (user_id)
    user_id,
    first_name,
    last_name,
    gender,
    level
FROM (
    SELECT
        user_id,
        first_name,
        last_name,
        gender,
        level,
        MAX(ts * 10000 + item_in_session) AS latest
    FROM s_songplay_event
    WHERE page = 'NextSong'
        AND user_id <> ''
    GROUP BY 1, 2, 3, 4, 5
) AS seen
ORDER BY user_id, latest DESC;

ALTER TABLE peer.d_user ADD PRIMARY KEY (user_id);

CREATE UNLOGGED TABLE peer.m_song AS
SELECT DISTINCT ON (title, artist_name)
    title,
    artist_name AS name,
    song_id,
    artist_id
FROM s_song
WHERE song_id <> ''
    AND artist_id <> ''
ORDER BY title, artist_name, song_id;

CREATE UNLOGGED TABLE peer.m_artist AS
SELECT
    artist_name AS name,
    MIN(artist_id) AS artist_id
FROM s_song
WHERE artist_id <> ''
GROUP BY artist_name;

ANALYZE peer.m_song;
ANALYZE peer.m_artist;

CREATE TABLE peer.f_songplay AS
SELECT
    ENCODE(SHA256(CONVERT_TO(event.user_id || '|' || event.session_id || '|'
        || event.item_in_session || '|' || event.ts, 'UTF8')), 'hex') COLLATE "C" AS songplay_id,
    TO_TIMESTAMP(event.ts / 3600000 * 3600) AT TIME ZONE 'UTC' AS start_time,
    TO_TIMESTAMP(event.ts / 1000.0) AT TIME ZONE 'UTC' AS played_at,
    event.user_id,
    COALESCE(song.artist_id, artist.artist_id) AS artist_id,
    song.song_id,
    event.level,
    event.session_id,
    event.location,
    event.user_agent
FROM s_songplay_event AS event
LEFT JOIN peer.m_artist AS artist
    ON artist.name = event.artist
LEFT JOIN peer.m_song AS song
    ON song.title = event.song
    AND song.name = event.artist
WHERE event.page = 'NextSong'
    AND event.user_id <> '';

ALTER TABLE peer.f_songplay ADD PRIMARY KEY (songplay_id);

DROP TABLE peer.m_song, peer.m_artist;
