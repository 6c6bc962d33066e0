-- The name that most songs carry wins over a shorter one.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'Longest Name'),
    ('S2', 'A1', 'Longest Name'),
    ('S3', 'A1', 'Short');
