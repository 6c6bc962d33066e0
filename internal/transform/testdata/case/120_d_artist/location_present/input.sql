-- Then one with a location; an empty one and HTML are none.
INSERT INTO s_song (song_id, artist_id, artist_name, artist_location) VALUES
    ('S1', 'A1', 'N', ''),
    ('S2', 'A1', 'N', '<a href="x">y</a>'),
    ('S3', 'A1', 'N', 'Oslo');
