-- Among deliveries of the latest play the first counts: here by song.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, song, level, last_name) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'B', 'free', 'A'),
    ('NextSong', '7', 1, 0, 1541106106796, 'A', 'paid', 'B');
