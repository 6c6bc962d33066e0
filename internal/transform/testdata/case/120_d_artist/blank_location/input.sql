-- A location loses the blanks on both sides; an empty one is none.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location) VALUES
    ('S1', 'A1', 'N', '  Oslo, Norway '),
    ('S2', 'A2', 'N', '   '),
    ('S3', 'A3', 'N', '');
