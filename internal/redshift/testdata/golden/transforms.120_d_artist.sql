-- d_artist: one row per artist_id.
-- reads:  s_song
-- writes: d_artist

-- The keys this run has to recompute.
CREATE TABLE touched_d_artist AS
SELECT DISTINCT
    RTRIM(song.artist_id) AS artist_id
FROM s_song AS song
WHERE NOT song.processed
    AND RTRIM(song.artist_id) <> '';



DELETE FROM d_artist
USING touched_d_artist
WHERE d_artist.artist_id = touched_d_artist.artist_id;

INSERT INTO d_artist (artist_id, name, location, latitude, longitude)
WITH candidate AS (
    -- every staged song of a touched artist; a location that is empty or HTML is none
    SELECT
        touched.artist_id,
        RTRIM(song.song_id) AS song_id,
        RTRIM(song.artist_name) AS name,
        CASE
            WHEN TRIM(song.artist_location) = '' THEN NULL
            WHEN LEFT(TRIM(song.artist_location), 1) = '<' THEN NULL
            ELSE TRIM(song.artist_location)
        END AS location,
        song.artist_latitude AS latitude,
        song.artist_longitude AS longitude
    FROM touched_d_artist AS touched
    INNER JOIN s_song AS song
        ON RTRIM(song.artist_id) = touched.artist_id
),
spelling AS (
    -- how many songs of an artist carry a name
    SELECT
        candidate.artist_id,
        candidate.name,
        COUNT(DISTINCT NULLIF(candidate.song_id, '')) AS songs
    FROM candidate
    WHERE candidate.name <> ''
    GROUP BY candidate.artist_id, candidate.name
),
pick AS (
    SELECT
        candidate.artist_id,
        candidate.name,
        candidate.location,
        candidate.latitude,
        candidate.longitude,
        ROW_NUMBER() OVER (
            PARTITION BY candidate.artist_id
            ORDER BY
                CASE WHEN candidate.name <> '' THEN 0 ELSE 1 END,
                COALESCE(spelling.songs, 0) DESC,
                LENGTH(candidate.name),
                candidate.name,
                CASE WHEN candidate.latitude IS NOT NULL THEN 0 ELSE 1 END,
                CASE WHEN candidate.location IS NOT NULL THEN 0 ELSE 1 END,
                candidate.song_id,
                candidate.location,
                candidate.latitude,
                candidate.longitude
        ) AS place
    FROM candidate
    LEFT JOIN spelling
        ON spelling.artist_id = candidate.artist_id
        AND spelling.name = candidate.name
)
SELECT
    pick.artist_id,
    pick.name,
    pick.location,
    pick.latitude,
    pick.longitude
FROM pick
WHERE pick.place = 1;
