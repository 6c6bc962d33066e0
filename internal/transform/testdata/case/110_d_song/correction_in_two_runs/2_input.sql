INSERT INTO s_song (song_id, title, year) VALUES
    ('S1', 'early', 1990),
    ('S2', 'new', 2001);
