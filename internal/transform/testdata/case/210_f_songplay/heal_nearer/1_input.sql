-- A late song that is nearer takes the play over.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S1', 'T', 'A1', 'N', 100.0);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, length) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T', 200.0);
