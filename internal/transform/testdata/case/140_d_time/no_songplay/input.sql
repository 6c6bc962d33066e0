-- Hours without a songplay have no row.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('Home', '7', 1, 0, 1541106106796),
    ('NextSong', '', 1, 0, 1541106106796),
    ('NextSong', NULL, 1, 0, 1541106106796),
    ('NextSong', '  ', 1, 0, 1541106106796),
    ('NextSong', '7', NULL, 0, 1541106106796),
    ('NextSong', '7', 1, NULL, 1541106106796),
    ('NextSong', '7', 1, 0, NULL),
    (NULL, '7', 1, 0, 1541106106796);
