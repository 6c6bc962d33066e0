-- Then the first song_id.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location) VALUES
    ('S2', 'A1', 'N', 'Aarhus'),
    ('S1', 'A1', 'N', 'Oslo'),
    (NULL, 'A1', 'N', 'Aa');
