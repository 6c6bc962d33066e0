-- The latest year wins.
INSERT INTO s_song (song_id, title, year, duration) VALUES
    ('S1', 'old', 1990, 900.0),
    ('S1', 'new', 2001, 1.0);
