-- Then the first location, then latitude, then longitude.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location, artist_latitude, artist_longitude) VALUES
    ('S1', 'A1', 'N', 'B', 1.0, NULL),
    ('S1', 'A1', 'N', 'A', 9.0, 9.0),
    ('S1', 'A2', 'N', NULL, 2.0, 1.0),
    ('S1', 'A2', 'N', NULL, -2.0, 9.0),
    ('S1', 'A3', 'N', NULL, 2.0, NULL),
    ('S1', 'A3', 'N', NULL, 2.0, 3.5);
