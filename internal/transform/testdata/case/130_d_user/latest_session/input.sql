-- Equal times: the highest session_id.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, level) VALUES
    ('NextSong', '7', 2, 0, 1541106106796, 'free'),
    ('NextSong', '7', 1, 9, 1541106106796, 'paid');
