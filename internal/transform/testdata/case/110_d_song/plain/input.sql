-- A song as it comes.
INSERT INTO s_song (song_id, title, artist_id, year, duration) VALUES
    ('S1', 'Setanta matins', 'A1', 1999, 269.58322);
