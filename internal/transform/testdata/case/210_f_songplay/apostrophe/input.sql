-- Apostrophes, backslashes and other scripts match as they are.
INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1', 'Don''t \ 日本', 'A1', 'Sigur Rós');
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Sigur Rós', 'Don''t \ 日本');
