-- 0 is Monday, 6 Sunday.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1541376000000),
    ('NextSong', '7', 1, 1, 1541462400000),
    ('NextSong', '7', 1, 2, 1541548800000),
    ('NextSong', '7', 1, 3, 1541635200000),
    ('NextSong', '7', 1, 4, 1541721600000),
    ('NextSong', '7', 1, 5, 1541808000000),
    ('NextSong', '7', 1, 6, 1541894400000);
