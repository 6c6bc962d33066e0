-- The latest play wins.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, level) VALUES
    ('NextSong', '7', 1, 0, 2, 'free'),
    ('NextSong', '7', 9, 9, 1, 'paid');
