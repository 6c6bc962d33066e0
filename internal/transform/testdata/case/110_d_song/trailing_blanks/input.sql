-- Blanks at the end never count: one song_id, and texts are stored without.
INSERT INTO s_song (song_id, title, artist_id, year) VALUES
    ('S1 ', 'T  ', 'A1 ', 1990),
    ('S1', 'T', 'A1', 1980);
