-- f_songplay: one row per songplay, with the song of the same title and artist name, the nearest in
--             duration. Without a song, it has an artist of the same name, or NULL.
-- key:   songplay_id
-- pick:  distance, song_id, artist_id
-- from:  songplay
-- joins: song by title = song, artist_name = artist
-- joins: name_artist by name = artist
-- refers: d_user by user_id, d_time by start_time,
--         d_song by song_id, d_artist by artist_id
SELECT
    play.songplay_id,
    play.start_time,
    play.played_at,
    play.user_id,
    COALESCE(song.artist_id, by_name.artist_id) AS artist_id,
    song.song_id,
    play.level,
    play.session_id,
    play.location,
    play.user_agent,
    ABS(song.duration - play.length) AS distance
FROM songplay AS play
LEFT JOIN song
    ON song.title = play.song
    AND song.artist_name = play.artist
    AND song.song_id <> ''
    AND song.artist_id <> ''
LEFT JOIN name_artist AS by_name
    ON by_name.name = play.artist;
