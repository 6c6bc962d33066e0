INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S2', 'A1', 'Longer'),
    ('S3', 'A1', 'Longer');
