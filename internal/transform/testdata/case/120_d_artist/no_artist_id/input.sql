-- No artist_id, no row.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', NULL, 'N'),
    ('S2', '', 'N'),
    ('S3', ' ', 'N');
