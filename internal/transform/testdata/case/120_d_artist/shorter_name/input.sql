-- Equal counts: the shorter name in characters, not bytes.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'ÉÉÉ'),
    ('S2', 'A1', 'Abcd');
