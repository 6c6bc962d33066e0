INSERT INTO s_song (song_id, title, artist_id, artist_name) VALUES
    ('S3', 'Z', 'A4', 'N');
