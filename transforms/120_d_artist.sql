-- d_artist: one row per artist_id, from a song with the artist's most frequent name.
-- key:  artist_id
-- pick: has_name DESC, songs_with_name DESC, name_length, name, has_latitude DESC,
--       has_location DESC, song_id, location, latitude, longitude
-- from: song by artist_id
SELECT
    song.artist_id,
    song.artist_name AS name,
    song.location,
    song.latitude,
    song.longitude,
    CASE WHEN song.artist_name <> '' THEN 1 ELSE 0 END AS has_name,
    COALESCE(spelling.songs, 0) AS songs_with_name,
    LENGTH(song.artist_name) AS name_length,
    CASE WHEN song.latitude IS NULL THEN 0 ELSE 1 END AS has_latitude,
    CASE WHEN song.location IS NULL THEN 0 ELSE 1 END AS has_location,
    song.song_id
FROM song
LEFT JOIN (
    SELECT
        artist_id,
        artist_name,
        COUNT(DISTINCT NULLIF(song_id, '')) AS songs
    FROM song
    WHERE artist_name <> ''
    GROUP BY artist_id, artist_name
) AS spelling
    ON spelling.artist_id = song.artist_id
    AND spelling.artist_name = song.artist_name
WHERE song.artist_id <> '';
