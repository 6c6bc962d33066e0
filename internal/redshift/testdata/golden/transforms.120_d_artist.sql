-- d_artist: one row per artist_id, from a song that carries the artist's most frequent name.
-- key:  artist_id
-- pick: named DESC, songs DESC, letters, name, mapped DESC, placed DESC, song_id,
--       location, latitude, longitude
-- from: song by artist_id
SELECT
    song.artist_id,
    song.artist_name AS name,
    song.location,
    song.latitude,
    song.longitude,
    CASE WHEN song.artist_name <> '' THEN 1 ELSE 0 END AS named,
    COALESCE(spelling.songs, 0) AS songs,
    LENGTH(song.artist_name) AS letters,
    CASE WHEN song.latitude IS NULL THEN 0 ELSE 1 END AS mapped,
    CASE WHEN song.location IS NULL THEN 0 ELSE 1 END AS placed,
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
