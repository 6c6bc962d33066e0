-- songplay_id is the SHA-256 of user_id|session_id|item_in_session|ts, trimmed, signs and all.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1541106106796),
    ('NextSong', 'Zoë ', -12, 3, -5);
