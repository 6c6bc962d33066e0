-- Equal length: the first name by bytes.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'b'),
    ('S2', 'A1', 'a'),
    ('S3', 'A1', 'É'),
    ('S4', 'A1', 'Z');
