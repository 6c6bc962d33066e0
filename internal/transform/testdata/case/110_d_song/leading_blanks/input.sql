-- Blanks in front do count.
INSERT INTO s_song (song_id, title) VALUES
    ('S1', ' T'),
    (' S1', 'U');
