-- d_song: one row per song_id.
-- reads:  s_song
-- writes: d_song

-- The keys this run has to recompute.
CREATE TABLE touched_d_song AS
SELECT DISTINCT
    RTRIM(song.song_id) AS song_id
FROM s_song AS song
WHERE NOT song.processed
    AND RTRIM(song.song_id) <> '';



DELETE FROM d_song
USING touched_d_song
WHERE d_song.song_id = touched_d_song.song_id;

INSERT INTO d_song (song_id, title, artist_id, year, duration)
SELECT
    pick.song_id,
    pick.title,
    pick.artist_id,
    pick.year,
    pick.duration
FROM (
    SELECT
        touched.song_id,
        RTRIM(song.title) AS title,
        RTRIM(song.artist_id) AS artist_id,
        NULLIF(song.year, 0) AS year,
        song.duration,
        ROW_NUMBER() OVER (
            PARTITION BY touched.song_id
            ORDER BY
                CASE WHEN NULLIF(song.year, 0) IS NULL THEN 1 ELSE 0 END,
                NULLIF(song.year, 0) DESC,
                CASE WHEN song.duration IS NULL THEN 1 ELSE 0 END,
                song.duration DESC,
                RTRIM(song.title),
                RTRIM(song.artist_id)
        ) AS place
    FROM touched_d_song AS touched
    INNER JOIN s_song AS song
        ON RTRIM(song.song_id) = touched.song_id
) AS pick
WHERE pick.place = 1;
