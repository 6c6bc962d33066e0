INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S2', 'Z', 'A3', 'N');
