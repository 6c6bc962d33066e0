-- A song that lacks an id matches nothing; one with an artist_id still tells the artist.
INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    (NULL, 'T', 'A3', 'N', NULL),
    ('', 'T', 'A2', 'N', NULL),
    ('S1', 'T', NULL, 'N', NULL),
    ('S1', 'T', '', 'N', NULL),
    ('S1', 'T', ' ', 'N', NULL);
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, artist, song) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'N', 'T');
