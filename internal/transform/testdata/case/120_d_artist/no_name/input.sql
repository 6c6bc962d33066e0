-- No row has a name.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location) VALUES
    ('S2', 'A1', NULL, 'Oslo'),
    ('S1', 'A1', NULL, NULL);
