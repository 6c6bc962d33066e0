-- Equal years and durations: the first title by bytes, upper case before lower, NULL last.
INSERT INTO s_song (song_id, title) VALUES
    ('S1', 'b'),
    ('S1', 'a'),
    ('S1', 'Z'),
    ('S1', NULL);
