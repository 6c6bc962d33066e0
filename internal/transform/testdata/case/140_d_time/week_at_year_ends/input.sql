-- The ISO week: 2018-12-31 stands in week 1, 2021-01-01 in week 53.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1546232400000),
    ('NextSong', '7', 1, 1, 1609477200000),
    ('NextSong', '7', 1, 2, 1609736400000);
