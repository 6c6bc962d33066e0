-- A row with a name wins over rows without, however many.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location, artist_latitude) VALUES
    ('S1', 'A1', NULL, 'Oslo', 1.0),
    ('S2', 'A1', '  ', 'Oslo', NULL),
    ('S3', 'A1', 'Elena Longname', NULL, NULL);
