-- Titles compare by bytes: Z stands before É.
INSERT INTO s_song (song_id, title) VALUES
    ('S1', 'Épée'),
    ('S1', 'Zoo');
