-- A smaller artist_id of that name takes over plays without a song, and only those.
INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1', 'T', 'A5', 'N');
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T'),
    ('NextSong', '7', 1, 1, 1541106106796, 'N', 'X');
