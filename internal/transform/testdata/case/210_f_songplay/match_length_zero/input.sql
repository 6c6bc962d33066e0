-- Length 0 is a length.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S2', 'T', 'A1', 'N', 1.0),
    ('S1', 'T', 'A1', 'N', 5.0);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, length) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T', 0.0),
    ('NextSong', '7', 1, 1, 1541106106796, 'N', 'T', NULL);
