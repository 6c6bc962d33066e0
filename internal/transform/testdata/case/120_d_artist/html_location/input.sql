-- A location that starts with < is none, blanks in front or not.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location) VALUES
    ('S1', 'A1', 'N', '<a href="http://x">x</a>'),
    ('S2', 'A2', 'N', '  <b>'),
    ('S3', 'A3', 'N', 'a < b');
