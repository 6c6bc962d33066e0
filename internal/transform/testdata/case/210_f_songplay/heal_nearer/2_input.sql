INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S2', 'T', 'A2', 'N', 190.0);
