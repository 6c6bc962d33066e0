-- d_time: one row per hour in which a song was played.
-- reads:  s_songplay_event
-- writes: d_time

-- Blanks at the end of a page or a user do not count. PostgreSQL does not count those of a BPCHAR, and compares one in half the time that RTRIM takes
-- (https://www.postgresql.org/docs/current/datatype-character.html).

-- The hours this run has to recompute. Whole milliseconds first: a division would have to round times before 1970.
CREATE TABLE touched_d_time AS
SELECT
    TIMESTAMP 'epoch' + hour.ts / 1000 * INTERVAL '1 second' AS start_time
FROM (
    SELECT DISTINCT
        event.ts - MOD(MOD(event.ts, 3600000) + 3600000, 3600000) AS ts
    FROM s_songplay_event AS event
    WHERE NOT event.processed
        AND /*postgres*/ CAST(event.page AS BPCHAR) /*redshift RTRIM(event.page) */ = 'NextSong'
        AND /*postgres*/ CAST(event.user_id AS BPCHAR) /*redshift RTRIM(event.user_id) */ <> ''
        AND event.session_id IS NOT NULL
        AND event.item_in_session IS NOT NULL
        AND event.ts BETWEEN -62135596800000 AND 253402300799999  -- years 1 to 9999, what a TIMESTAMP holds
) AS hour;

/*postgres*/ ANALYZE touched_d_time /*redshift*/;

DELETE FROM d_time
USING touched_d_time
WHERE d_time.start_time = touched_d_time.start_time;

INSERT INTO d_time (start_time, hour, day, week, month, year, weekday)
SELECT
    touched.start_time,
    CAST(EXTRACT(hour FROM touched.start_time) AS INTEGER) AS hour,
    CAST(EXTRACT(day FROM touched.start_time) AS INTEGER) AS day,
    CAST(EXTRACT(week FROM touched.start_time) AS INTEGER) AS week,
    CAST(EXTRACT(month FROM touched.start_time) AS INTEGER) AS month,
    CAST(EXTRACT(year FROM touched.start_time) AS INTEGER) AS year,
    (CAST(EXTRACT(dow FROM touched.start_time) AS INTEGER) + 6) % 7 AS weekday
FROM touched_d_time AS touched;
