-- Times before 1970 round down too.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, -1),
    ('NextSong', '7', 1, 1, -3600000),
    ('NextSong', '7', 1, 2, -3600001),
    ('NextSong', '7', 1, 3, 0);
