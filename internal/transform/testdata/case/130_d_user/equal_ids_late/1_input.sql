-- A delivery of the latest play that comes later and stands first replaces the row.
INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, song, level) VALUES
    ('NextSong', '7', 1, 0, 1541106106796, 'B', 'free');
