INSERT INTO s_song (song_id, title, artist_id, artist_name, duration) VALUES
    ('S1', 'T', 'A1', 'N', NULL);
