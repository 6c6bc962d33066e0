-- Year 0 means that nobody knows it.
INSERT INTO s_song (song_id, title, year) VALUES
    ('S1', 'T', 0),
    ('S2', 'T', NULL);
