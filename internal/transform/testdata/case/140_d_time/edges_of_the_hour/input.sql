-- The first and the last millisecond of an hour.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1541106000000),
    ('NextSong', '7', 1, 1, 1541109599999),
    ('NextSong', '7', 1, 2, 1541109600000);
