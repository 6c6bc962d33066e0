-- Equal years: the longest wins, and none is shorter than any.
INSERT INTO s_song (song_id, title, year, duration) VALUES
    ('S1', 'none', 1990, NULL),
    ('S1', 'long', 1990, 200.5),
    ('S1', 'short', 1990, 200.25);
