-- Deliveries of one play: the first by length, NULL last, whatever follows.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, song, artist, length, level, location, user_agent) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'A', 'A', 2.0, 'free', 'A', 'lost'),
    ('NextSong', '7', 1, 0, 1541106106796, 'A', 'A', NULL, 'free', 'A', 'lost'),
    ('NextSong', '7', 1, 0, 1541106106796, 'A', 'A', 1.0, 'paid', 'B', 'won');
