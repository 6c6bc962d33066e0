INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    ('S1', 'A1', 'Longest Name'),
    ('S1', 'A1', 'Longest Name');
