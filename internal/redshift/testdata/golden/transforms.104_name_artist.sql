-- name_artist: one row per artist name, with its smallest artist_id, for plays without a song.
-- key:  name
-- from: song by artist_name as name
SELECT
    artist_name AS name,
    MIN(artist_id) AS artist_id
FROM song
WHERE artist_name IS NOT NULL
    AND artist_id <> ''
GROUP BY artist_name;
