-- Neither.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S1', 'T', 'A1', 'N', NULL);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Other', 'T');
