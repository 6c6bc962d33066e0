-- Songs are counted by distinct song_id, so that repeats carry no weight.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'Longest Name'),
    ('S1', 'A1', 'Longest Name'),
    ('S1', 'A1', 'Longest Name'),
    ('S1 ', 'A1', 'Longest Name '),
    ('S2', 'A1', 'Name'),
    ('S3', 'A1', 'Name');
