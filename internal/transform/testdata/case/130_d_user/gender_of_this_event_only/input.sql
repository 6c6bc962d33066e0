-- An older event's gender is not asked.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name, gender) VALUES
    ('NextSong', '7', 1, 0, 1, 'Lily', 'F'),
    ('NextSong', '7', 1, 0, 2, 'Lily', NULL);
