-- A song without song_id still tells of its artist, and its name is carried by no song.
INSERT INTO s_song (song_id, artist_id, artist_name) VALUES
    (NULL, 'A1', 'N'),
    ('', 'A2', 'N'),
    ('S1', 'A2', 'Longer');
