-- Blanks at the end do not make another artist or name.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1 ', 'N '),
    ('S2', 'A1', 'N'),
    ('S3', 'A1', 'M');
