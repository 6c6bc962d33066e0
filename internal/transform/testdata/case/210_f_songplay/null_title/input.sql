-- A NULL title or name equals nothing.
INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1', NULL, 'A1', 'N'),
    ('S2', 'T', 'A2', NULL);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', NULL),
    ('NextSong', '7', 1, 1, 1541106106796, NULL, 'T'),
    ('NextSong', '7', 1, 2, 1541106106796, NULL, NULL);
