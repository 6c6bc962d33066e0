-- One name: a row with a latitude wins over one with a location.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location, artist_latitude) VALUES
    ('S1', 'A1', 'N', 'Oslo', NULL),
    ('S2', 'A1', 'N', NULL, 0.0);
