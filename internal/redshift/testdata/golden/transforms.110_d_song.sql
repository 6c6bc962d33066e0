-- d_song: one row per song_id.
-- key:  song_id
-- pick: year DESC, duration DESC, title, artist_id
-- from: song
SELECT
    song_id,
    title,
    artist_id,
    year,
    duration
FROM song
WHERE song_id <> '';
