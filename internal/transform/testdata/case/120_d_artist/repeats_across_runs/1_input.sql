-- Nor do repeats that come later.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'Longest Name'),
    ('S2', 'A1', 'Name');
