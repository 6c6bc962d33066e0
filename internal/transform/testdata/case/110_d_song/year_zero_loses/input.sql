-- Year 0 counts as none, behind every year, even a negative one.
INSERT INTO s_song (song_id, title, year, duration) VALUES
    ('S1', 'zero', 0, 900.0),
    ('S1', 'known', -3, 1.0);
