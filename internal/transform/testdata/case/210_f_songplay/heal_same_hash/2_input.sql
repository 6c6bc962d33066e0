INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1', 'Artist 81624', 'A1', 'Artist 55428');
