-- A record that comes again counts once.
INSERT INTO s_song (song_id, title, year) VALUES
    ('S1', 'T', 1990),
    ('S1', 'T', 1990),
    ('S1', 'T', 1990);
