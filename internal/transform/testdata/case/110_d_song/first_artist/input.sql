-- Equal in all else: the first artist_id, NULL last.
INSERT INTO s_song (song_id, title, artist_id) VALUES
    ('S1', 'T', NULL),
    ('S1', 'T', 'A2'),
    ('S1', 'T', 'A1');
