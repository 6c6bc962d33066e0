-- No song: the smallest artist_id of that name.
INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1', 'X', 'A2', 'N'),
    ('S2', 'Y', 'A1', 'N '),
    ('S3', 'Y', 'A0', 'M');
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T');
