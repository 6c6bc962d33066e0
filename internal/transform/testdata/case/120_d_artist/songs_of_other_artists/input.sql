-- Songs of another artist_id with that name do not count.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'Longer'),
    ('S2', 'A1', 'Short'),
    ('S3', 'A2', 'Longer'),
    ('S4', 'A2', 'Longer');
