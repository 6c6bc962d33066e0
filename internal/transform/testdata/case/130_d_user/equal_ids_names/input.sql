-- Deliveries that differ in names or gender only: by first_name, last_name, gender, NULL last.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, first_name, last_name, gender) VALUES
    ('NextSong', '1', 1, 0, 1541106106796, 'B', 'A', NULL),
    ('NextSong', '1', 1, 0, 1541106106796, 'A', 'B', NULL),
    ('NextSong', '2', 1, 0, 1541106106796, 'A', 'B', 'F'),
    ('NextSong', '2', 1, 0, 1541106106796, 'A', 'A', 'M'),
    ('NextSong', '3', 1, 0, 1541106106796, NULL, NULL, 'M'),
    ('NextSong', '3', 1, 0, 1541106106796, NULL, NULL, 'F'),
    ('NextSong', '3', 1, 0, 1541106106796, NULL, NULL, NULL);
