-- The distance is that of each staged record, not of d_song.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S1', 'T', 'A1', 'N', 500.0),
    ('S1', 'T', 'A1', 'N', 100.0),
    ('S2', 'T', 'A1', 'N', 120.0);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song, length) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T', 105.0);
