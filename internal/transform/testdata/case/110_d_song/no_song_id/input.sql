-- No song_id, no row.
INSERT INTO s_song (song_id, title) VALUES
    (NULL, 'T'),
    ('', 'T'),
    ('  ', 'T');
