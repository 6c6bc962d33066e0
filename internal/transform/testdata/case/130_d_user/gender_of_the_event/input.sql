-- The event's gender goes before the name's.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name, gender) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'Lily', 'M');
INSERT INTO s_name (name, sex, births) VALUES
    ('Lily', 'F', 100);
