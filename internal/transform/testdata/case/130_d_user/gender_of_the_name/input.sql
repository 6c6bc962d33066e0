-- No gender: that of the name, which has to be equal.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name, gender) VALUES
    ('NextSong', '1', 1, 0, 1541106106796, 'Lily', NULL),
    ('NextSong', '2', 1, 0, 1541106106796, 'Lily ', ''),
    ('NextSong', '3', 1, 0, 1541106106796, 'lily', ' '),
    ('NextSong', '4', 1, 0, 1541106106796, NULL, NULL);
INSERT INTO s_name (name, sex, births) VALUES
    ('Lily', 'F', 100);
