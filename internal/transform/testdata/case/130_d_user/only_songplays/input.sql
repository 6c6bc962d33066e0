-- Other pages, and events that lack a key, tell nothing of a user.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, level) VALUES
    ('NextSong', '7', 1, 0, 1, 'free'),
    ('Home', '7', 1, 0, 9, 'paid'),
    ('NextSong', '7', NULL, 0, 9, 'paid'),
    ('NextSong', '7', 1, NULL, 9, 'paid'),
    ('NextSong', '7', 1, 0, NULL, 'paid'),
    ('Home', '8', 1, 0, 1541106106796, NULL),
    ('NextSong', '', 1, 0, 1541106106796, NULL),
    ('NextSong', NULL, 1, 0, 1541106106796, NULL);
