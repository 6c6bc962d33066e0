-- played_at is exact to the millisecond, before 1970 too.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1541106106001),
    ('NextSong', '7', 1, 1, 1541106106999),
    ('NextSong', '7', 1, 2, 1541106106000),
    ('NextSong', '7', 1, 3, -1),
    ('NextSong', '7', 1, 4, -1001),
    ('NextSong', '7', 1, 5, -3600001),
    ('NextSong', '7', 1, 6, 253402300799999);
