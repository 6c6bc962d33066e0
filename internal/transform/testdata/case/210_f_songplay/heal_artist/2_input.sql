INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S1', 'X', 'A1', 'N');
