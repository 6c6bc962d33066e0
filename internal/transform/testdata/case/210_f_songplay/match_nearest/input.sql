-- Of several songs the nearest in duration.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S1', 'T', 'A1', 'N', 100.0),
    ('S2', 'T', 'A1', 'N', 205.0),
    ('S3', 'T', 'A1', 'N', 190.0);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, length) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T', 200.0);
