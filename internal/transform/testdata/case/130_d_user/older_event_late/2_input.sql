INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, level) VALUES
    ('NextSong', '7', 1, 0, 1, 'free');
