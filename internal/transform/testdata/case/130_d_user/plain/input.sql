-- A user as the only play tells it.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name, last_name, gender, level) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Lily', 'Koch', 'F', 'paid');
