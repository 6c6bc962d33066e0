-- The delivery that counts may come later, or earlier.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, song, user_agent) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'B', 'late'),
    ('NextSong', '7', 1, 1, 1541106106796, 'A', 'early');
