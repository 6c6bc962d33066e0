-- d_user: one row per user_id, from the user's latest songplay.
-- reads:  s_songplay_event, s_name
-- writes: d_user

-- Blanks at the end of a page or a user do not count. PostgreSQL does not count those of a BPCHAR, and compares one in half the time that RTRIM takes
-- (https://www.postgresql.org/docs/current/datatype-character.html).

-- When the latest songplay was of every user whom this run touches: of the plays that are new and the one that the row comes from
-- today. A user is touched by a new play, or by a new name that may tell the gender.
CREATE TABLE latest_moment AS
WITH newest AS (
    SELECT
        RTRIM(one.user_id) AS user_id,
        one.ts
    FROM (
        SELECT
            /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ AS user_id,
            MAX(event.ts) AS ts
        FROM s_songplay_event AS event
        WHERE NOT event.processed
            AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
            AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
            AND event.session_id IS NOT NULL
            AND event.item_in_session IS NOT NULL
            AND event.ts BETWEEN -62135596800000 AND 253402300799999  -- years 1 to 9999, what a TIMESTAMP holds
        GROUP BY /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */
    ) AS one
)
SELECT
    seen.user_id,
    MAX(seen.ts) AS ts
FROM (
    SELECT newest.user_id, newest.ts FROM newest
    UNION ALL
    SELECT d_user.user_id, d_user.last_ts AS ts
    FROM d_user
    INNER JOIN (
        SELECT newest.user_id FROM newest
        UNION
        SELECT named.user_id
        FROM d_user AS named
        INNER JOIN s_name AS name
            ON RTRIM(name.name) = named.first_name
        WHERE NOT name.processed
    ) AS touched
        ON touched.user_id = d_user.user_id
) AS seen
GROUP BY seen.user_id;

/*postgres*/ ANALYZE latest_moment /*redshift*/;

-- The new plays of that moment, as they came.
CREATE TABLE latest_event AS
SELECT
    moment.user_id,
    event.ts,
    event.session_id,
    event.item_in_session,
    event.song,
    event.artist,
    event.length,
    event.level,
    event.location,
    event.user_agent,
    event.first_name,
    event.last_name,
    event.gender
FROM latest_moment AS moment
INNER JOIN s_songplay_event AS event
    ON /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ = /*postgres*/ CAST(moment.user_id AS BPCHAR) /*redshift moment.user_id */
    AND event.ts = moment.ts
WHERE NOT event.processed
    AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
    AND event.session_id IS NOT NULL
    AND event.item_in_session IS NOT NULL;

/*postgres*/ ANALYZE latest_event (user_id, session_id, item_in_session) /*redshift*/;

-- The songplay of that moment.
CREATE TABLE touched_d_user AS
SELECT
    latest.user_id,
    latest.ts,
    latest.session_id,
    latest.item_in_session
FROM (
    SELECT
        candidate.user_id,
        candidate.ts,
        candidate.session_id,
        candidate.item_in_session,
        ROW_NUMBER() OVER (
            PARTITION BY candidate.user_id
            ORDER BY candidate.session_id DESC, candidate.item_in_session DESC
        ) AS place
    FROM (
        SELECT
            event.user_id,
            event.ts,
            event.session_id,
            event.item_in_session
        FROM latest_event AS event
        UNION ALL
        SELECT
            d_user.user_id,
            d_user.last_ts AS ts,
            d_user.last_session_id AS session_id,
            d_user.last_item_in_session AS item_in_session
        FROM latest_moment AS moment
        INNER JOIN d_user
            ON d_user.user_id = moment.user_id
            AND d_user.last_ts = moment.ts
    ) AS candidate
) AS latest
WHERE latest.place = 1;

/*postgres*/ ANALYZE touched_d_user /*redshift*/;

DELETE FROM d_user
USING touched_d_user
WHERE d_user.user_id = touched_d_user.user_id;

-- What the user was called then.
CREATE TABLE picked_d_user AS
WITH event AS (
    -- every delivery of those plays, new or processed
    SELECT
        touched.user_id, touched.ts, touched.session_id, touched.item_in_session, latest.song, latest.artist, latest.length,
        latest.level, latest.location, latest.user_agent, latest.first_name, latest.last_name, latest.gender
    FROM touched_d_user AS touched
    INNER JOIN latest_event AS latest
        ON latest.user_id = touched.user_id
        AND latest.session_id = touched.session_id
        AND latest.item_in_session = touched.item_in_session
    UNION ALL
    SELECT
        touched.user_id, touched.ts, touched.session_id, touched.item_in_session, staged.song, staged.artist, staged.length,
        staged.level, staged.location, staged.user_agent, staged.first_name, staged.last_name, staged.gender
    FROM touched_d_user AS touched
    INNER JOIN s_songplay_event AS staged
        ON RTRIM(staged.user_id) = touched.user_id
        AND staged.session_id = touched.session_id
        AND staged.item_in_session = touched.item_in_session
        AND staged.ts = touched.ts
    WHERE staged.processed
        AND /*postgres*/ CAST(staged.page AS BPCHAR) /*redshift RTRIM(staged.page) */ = 'NextSong'
),
pick AS (
    -- among deliveries with one id the first counts, as for f_songplay
    SELECT
        event.user_id,
        RTRIM(event.first_name) AS first_name,
        RTRIM(event.last_name) AS last_name,
        NULLIF(RTRIM(event.gender), '') AS gender,
        RTRIM(event.level) AS level,
        event.ts,
        event.session_id,
        event.item_in_session,
        ROW_NUMBER() OVER (
            PARTITION BY event.user_id
            ORDER BY
                RTRIM(event.song),
                RTRIM(event.artist),
                event.length,
                RTRIM(event.level),
                RTRIM(event.location),
                RTRIM(event.user_agent),
                RTRIM(event.first_name),
                RTRIM(event.last_name),
                RTRIM(event.gender)
        ) AS place
    FROM event
)
SELECT
    pick.user_id,
    pick.first_name,
    pick.last_name,
    pick.gender,
    pick.level,
    pick.ts,
    pick.session_id,
    pick.item_in_session
FROM pick
WHERE pick.place = 1;

INSERT INTO d_user (
    user_id,
    first_name,
    last_name,
    gender,
    level,
    last_ts,
    last_session_id,
    last_item_in_session
)
WITH wanted AS (
    -- the first names whose sex has to be looked up
    SELECT DISTINCT pick.first_name
    FROM picked_d_user AS pick
    WHERE pick.gender IS NULL
),
named AS (
    SELECT
        wanted.first_name,
        NULLIF(RTRIM(name.sex), '') AS sex,
        ROW_NUMBER() OVER (
            PARTITION BY wanted.first_name
            ORDER BY
                CASE WHEN name.births IS NULL THEN 1 ELSE 0 END,
                name.births DESC,
                RTRIM(name.sex)
        ) AS place
    FROM wanted
    INNER JOIN s_name AS name
        ON RTRIM(name.name) = wanted.first_name
)
SELECT
    pick.user_id,
    pick.first_name,
    pick.last_name,
    COALESCE(pick.gender, named.sex) AS gender,
    pick.level,
    pick.ts,
    pick.session_id,
    pick.item_in_session
FROM picked_d_user AS pick
LEFT JOIN named
    ON named.first_name = pick.first_name
    AND named.place = 1;
