-- An hour that is touched again stays one row.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts) VALUES
    ('NextSong', '7', 1, 0, 1541106000000);
