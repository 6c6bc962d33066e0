-- songplay: one row per songplay, even if it was delivered several times. A songplay is a NextSong
--           event with user, session, item and time.
-- key:  songplay_id
-- pick: song, artist, length, level, location, user_agent, first_name, last_name, gender
-- from: s_songplay_event by ts, session_id, item_in_session

-- Of several deliveries the one that sorts first counts. Another choice would be right too, but it
-- must always be the same.
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
    FROM s_songplay_event
    WHERE RTRIM(page) = 'NextSong'
        AND RTRIM(user_id) <> ''
        AND session_id IS NOT NULL
        AND item_in_session IS NOT NULL
        AND ts BETWEEN -62135596800000 AND 253402300799999  -- the years 1 to 9999
) AS event;
