INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    (NULL, 'T', 'A1', 'N');
