-- The better record wins, whichever comes later.
INSERT INTO s_song (song_id, title, year) VALUES
    ('S1', 'late', 2001),
    ('S2', 'old', 1990);
