-- One row per hour.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1541106106796),
    ('NextSong', '7', 1, 1, 1541106106797),
    ('NextSong', '7', 1, 2, 1541109706796);
